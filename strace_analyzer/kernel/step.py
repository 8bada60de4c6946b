"""What one event did to one socket: the door between `kernel` and the rooms that judge it."""

from __future__ import annotations

from typing import NamedTuple

from strace_analyzer.kernel.doubts import Doubt
from strace_analyzer.kernel.objects import OpenFileDescription, Task
from strace_analyzer.kernel.socket_state import Socket
from strace_analyzer.trace.events import Exited, Killed, Syscall

MAKING = frozenset({"socket", "accept", "inherited"})
"""Roles of the first step of a socket: `was` is None."""
MOVING = frozenset({
    "bind", "close", "connect", "eof", "getsockname", "listen", "outcome", "release", "reset",
    "send", "setsockopt", "shutdown",
})  # fmt: skip
"""Roles of all other steps."""


class Step(NamedTuple):
    """One event moved, or tried to move, one socket.

    `event` is the call (or the exit or execve that closed descriptors); `role` says what it did, in
    the words of socket_state.Evidence. A failed call is a step too, with `was` and `now` equal: its
    `event.result.errno` says why. `was` is None for a socket just made or first seen, `now` is None
    when the last reference to it is gone. `fd` is the descriptor the call used.
    """

    event: Syscall | Exited | Killed
    role: str
    task: Task
    fd: int
    description: OpenFileDescription
    was: Socket | None
    now: Socket | None

    @property
    def socket(self) -> Socket:
        """The socket after the step, or what it last was."""
        socket = self.was if self.now is None else self.now
        assert socket is not None
        return socket

    @property
    def errno(self) -> str | None:
        """The error of the call, None where it succeeded or was no call."""
        return self.event.result.errno if isinstance(self.event, Syscall) else None


class DoubtAt(NamedTuple):
    """A doubt, and the line that raised it. `task` may be None for the whole trace."""

    code: Doubt
    task: Task | None
    fd: int | None
    source: int
    line: int
