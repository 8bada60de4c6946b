"""As test_labels.py, on the second set: programs that recorded each call of theirs, families, and
figures of ports that were counted with ss."""

from __future__ import annotations

import pytest
from label_checks import disagreements
from shared_folder import TRACES2, labels

pytestmark = pytest.mark.labels


@pytest.mark.parametrize("name", labels(TRACES2))
def test_what_the_labels_say(name: str) -> None:
    assert disagreements(TRACES2 / name) == []
