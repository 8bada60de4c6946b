"""Steps: which roles begin a socket's life, over every trace in samples/."""

from __future__ import annotations

from pathlib import Path

import pytest

from strace_analyzer.kernel import Tracker
from strace_analyzer.kernel.step import FAILED, LOCAL, MAKING, MOVING
from strace_analyzer.trace.reader import TraceReader, traces

SAMPLES = Path(__file__).resolve().parents[2] / "samples"


@pytest.mark.parametrize("sample", sorted(SAMPLES.glob("*.strace")), ids=lambda path: path.stem)
def test_a_role_says_whether_there_was_a_socket_before(sample: Path) -> None:
    tracker, seen = Tracker(), set[str]()
    (trace,) = traces([str(sample)])
    for event in TraceReader(trace):
        for step in tracker.feed(event):
            assert (step.was is None) == (step.role in MAKING)
            assert step.was is None or step.role in MOVING | {FAILED, LOCAL}
            seen.add(step.role)
    assert seen & MAKING
    assert seen & MOVING
