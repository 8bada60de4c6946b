"""Corpus files that hold no inet bind: any early-bind finding is false."""

from __future__ import annotations

import pytest
from shared_folder import CORPUS, negatives

import strace_analyzer as sa

pytestmark = pytest.mark.corpus


@pytest.mark.parametrize("name", negatives())
def test_no_finding_without_a_bind(name: str) -> None:
    analysis = sa.analyze(CORPUS / name)
    assert [f for f in analysis.findings if f.rule.startswith("bind-")] == []
