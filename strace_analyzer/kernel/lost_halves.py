"""Counts first halves of calls that have no second half: takes what the tracker sees of them."""

from __future__ import annotations

from strace_analyzer.kernel.catalogue import ALWAYS_MATTER
from strace_analyzer.kernel.descriptor_calls import copies_fd
from strace_analyzer.kernel.open_calls import OpenCall, OpenCalls
from strace_analyzer.trace.events import EXECS, Detached, Unparsed

_GIVEN = ALWAYS_MATTER | {"dup", "dup2", "dup3"}
"""Calls of which a reader never skips a half."""
_COMMANDED = frozenset({"fcntl", "fcntl64"})
_WAITS_FOR_NOTHING = frozenset({"bind", "listen", "setsockopt", "socket"})


class LostHalves:
    """The lost halves of one trace; `calls` are those under way. Only calls that always matter to
    the model count, and copies: dup(), and fcntl() of a socket with F_DUPFD. A reader may have
    skipped the second half of any other call (trace/prefilter/scan.py)."""

    def __init__(self, calls: OpenCalls) -> None:
        self._calls = calls
        self.lost = 0
        """in the middle of the trace"""
        self.broke_off = 0
        """at the end of the trace"""
        self.in_execve: list[int] = []
        """tasks of `broke_off` that are in an execve()"""
        self.let_go: dict[int, None] = {}
        """tasks that strace left in an execve(), in order: with -b execve it does that as soon as
        the new program is there (docs/kernel.md, "How strace prints it")"""
        self._left: dict[int, OpenCall] = {}
        """calls in which strace left a task, unless it follows the task once more"""

    def lose(self, call: OpenCall) -> None:
        """The task of `call` has moved on to another call."""
        self.lost += _is_awaited(call)

    def detached(self, event: Detached) -> None:
        """strace no longer follows a task. What it waits for is known, but not what a call did that
        waits for nothing, or of which not even the arguments are shown. A socket() or setsockopt()
        after which nothing more is seen of its task hides no more than one that came later; a
        bind() may."""
        call = self._calls.get(event.tid)
        if call is None:
            return
        if call.half.name in EXECS:
            self.let_go[event.tid] = None
        is_shown = bool(call.half.args)
        call.is_over = is_shown and call.half.name not in _WAITS_FOR_NOTHING
        if is_shown and call.half.name != "bind":
            self._left[event.tid] = call

    def not_understood(self, event: Unparsed) -> None:
        """A line, or both halves of a call, could not be parsed: then the second half was there."""
        for call in self._calls.values():
            if call.half.span[:2] == event.span[:2]:
                call.is_over = True

    def close(self) -> None:
        """The end of the trace; call this while the calls under way are still listed."""
        awaited = {
            tid: call
            for tid, call in self._calls.items()
            if _is_awaited(call) and self._left.get(tid) is not call
        }
        self.broke_off = len(awaited)
        self.in_execve = [tid for tid, call in awaited.items() if call.half.name in EXECS]


def _is_awaited(call: OpenCall) -> bool:
    half = call.half
    if half.name in _COMMANDED:
        return not call.is_over and call.descriptor is not None and copies_fd(half)
    return not call.is_over and half.name in _GIVEN
