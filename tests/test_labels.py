"""Every labelled trace, against every rule: recall and precision 1.0, the right lines."""

from __future__ import annotations

import pytest
from label_checks import disagreements
from shared_folder import TRACES, labels

pytestmark = pytest.mark.labels


@pytest.mark.parametrize("name", labels())
def test_what_the_labels_say(name: str) -> None:
    assert disagreements(TRACES / name) == []
