"""First halves of calls without the second: takes what the tracker sees of them, gives how many."""

from __future__ import annotations

from strace_analyzer.kernel.catalogue import ALWAYS_MATTER
from strace_analyzer.kernel.open_calls import OpenCall, OpenCalls
from strace_analyzer.trace.events import Detached, Unparsed

_GIVEN = ALWAYS_MATTER | {"dup", "dup2", "dup3"}
"""Both halves of these are always given."""


class LostHalves:
    """Of one trace, whose `calls` are those under way. Only calls that always matter to the model
    count, and dup(): of others a reader may have left the second half out
    (trace/prefilter/scan.py)."""

    def __init__(self, calls: OpenCalls) -> None:
        self._calls = calls
        self.lost = 0
        """in the middle of the trace"""
        self.broke_off = 0
        """at its end"""

    def lose(self, call: OpenCall) -> None:
        """Its task goes on to another call."""
        self.lost += _is_awaited(call)

    def detached(self, event: Detached) -> None:
        """strace follows a task no longer."""
        if event.tid in self._calls:
            self._calls[event.tid].is_over = True

    def not_understood(self, event: Unparsed) -> None:
        """A line, or both halves of a call: then the second one did come."""
        for call in self._calls.values():
            if call.half.span[:2] == event.span[:2]:
                call.is_over = True

    def close(self) -> None:
        """The end of the trace, while the calls that are under way still are."""
        self.broke_off = sum(map(_is_awaited, self._calls.values()))


def _is_awaited(call: OpenCall) -> bool:
    return not call.is_over and call.half.name in _GIVEN
