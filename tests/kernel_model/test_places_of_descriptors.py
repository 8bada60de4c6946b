"""Calls whose descriptor is not the first argument: a row says where it stands."""

from __future__ import annotations

import pytest
from kernel_model.following import GOING_ON, TCP, WEB, follow

from strace_analyzer.kernel.catalogue import CALLS
from strace_analyzer.kernel.data_calls import sent
from strace_analyzer.kernel.socket_state import Connection
from strace_analyzer.kernel.system_call import SystemCall
from strace_analyzer.trace.prefilter.watch import When

BEGINNING = f"""
7 execve("/bin/a", ["a"], 0x7ffd1 /* 3 vars */) = 0
7 socket({TCP}) = 3
7 connect(3, {WEB}) = {GOING_ON}
"""


@pytest.fixture(autouse=True)
def _with_splice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CALLS, "splice", SystemCall(on=sent, fds=(2, 0)))


@pytest.mark.parametrize(
    "call", ["splice(4, NULL, 3, NULL, 1000, 0", "splice(3, NULL, 4, NULL, 1000, 0"]
)
@pytest.mark.parametrize("closed", ["", "8 close(3) = 0\n"])
@pytest.mark.parametrize("in_halves", [False, True])
def test_a_row_finds_the_socket_among_several_descriptors(
    call: str, closed: str, in_halves: bool
) -> None:
    lines = f"7 {call} <unfinished ...>\n{closed}7 <... splice resumed>) = 1000\n"
    whole = f"7 {call}) = 1000\n"
    followed = follow(BEGINNING + (lines if in_halves else whole))
    outcome = next(step for step in followed.steps if step.role == "outcome")
    assert outcome.fd == 3
    assert outcome.now is not None
    assert outcome.now.connection is Connection.CONNECTED


def test_only_calls_whose_first_argument_is_the_descriptor_are_skipped_by_it() -> None:
    """The prefilter looks nowhere else (trace/prefilter/scan.py)."""
    assert [
        name for name, row in CALLS.items() if row.fds != (0,) and row.when is not When.ALWAYS
    ] == []
