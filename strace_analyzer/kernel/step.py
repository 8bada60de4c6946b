"""What one event did to one socket: the door between `kernel` and the rooms that judge it."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from strace_analyzer.kernel.destination import space_of
from strace_analyzer.kernel.doubts import Doubt
from strace_analyzer.kernel.objects import OpenFileDescription, Task
from strace_analyzer.kernel.socket_state import Socket
from strace_analyzer.trace.events import Exited, Killed, Syscall

MAKING = frozenset({"socket", "accept", "inherited"})
"""Roles of the first step of a socket: `was` is None."""
MOVING = frozenset({
    "bind", "close", "connect", "eof", "getsockname", "left", "listen", "outcome", "release",
    "reset", "send", "setsockopt", "shutdown",
})  # fmt: skip
"""Roles of all other steps. `left`: the process that made the socket no longer has it, but another
one does."""
AFTER_END = "sent"
"""Role of a send on a connection that succeeds after end of file was read: nothing has changed, but
the program still uses it."""
FAILED = "failed"
"""Role of a failed call that none of these steps covers: nothing has changed. If it created no
socket, or its number is unknown, the step's socket is a placeholder."""

LOCAL = "local"
"""Role of a failed call on a UNIX socket, or where nothing shows whether the socket is one: only
for the list of failures. The step's socket is a placeholder."""


class Code(Enum):
    """The call that found no port: docs/kernel.md, "What exhaustion looks like"."""

    BIND = "E1"
    CONNECT = "E2"
    DATAGRAM = "E3"
    LISTEN = "E4"


class Dry(NamedTuple):
    """A call that found no port. `certain` is False if an address could be the reason."""

    code: Code
    certain: bool


class Step:
    """One event changed, or tried to change, one socket.

    `event` is the call (or the exit or execve that closed descriptors); `role` says what it did, in
    the words of socket_state.Evidence. A failed call is a step too, with `was` and `now` equal.
    `was` is None for a socket just created or first seen; `now` is None when the last reference to
    it is gone. `fd` is the descriptor that the call used; `socket` is the socket after the step, or
    its last state; `errno` is the error of the call, None if it succeeded or the event is not a
    call; `space` is the port space of the socket (kernel.destination). `failure`, `dry` and
    `reached_ipv6` are set by the judge of steps (exhaustion.py): `failure` is `errno`, or the error
    that SO_ERROR reported; `dry` is not None if the call found no port; `reached_ipv6` is whether a
    connection to an IPv6 address has found a port in this namespace so far.
    """

    __slots__ = (
        "description", "dry", "errno", "event", "failure", "fd", "now", "reached_ipv6", "role",
        "socket", "space", "task", "was",
    )  # fmt: skip

    def __init__(
        self,
        event: Syscall | Exited | Killed,
        role: str,
        task: Task,
        fd: int,
        description: OpenFileDescription,
        was: Socket | None,
        now: Socket | None,
    ) -> None:
        socket = was if now is None else now
        assert socket is not None
        self.event = event
        self.role = role
        self.task = task
        self.fd = fd
        self.description = description
        self.was = was
        self.now = now
        self.socket = socket
        self.space = space_of(socket.origin, socket.domain, socket.type, socket.protocol)
        self.dry: Dry | None = None
        self.reached_ipv6 = False
        self.errno = event.result.errno if isinstance(event, Syscall) else None
        self.failure = self.errno

    def leading_to(self, now: Socket) -> Step:
        """This step, as if it had left the socket as `now`."""
        return Step(self.event, self.role, self.task, self.fd, self.description, self.was, now)


class DoubtAt(NamedTuple):
    """A doubt and the line that raised it. `task` is None if it is about the whole trace."""

    code: Doubt
    task: Task | None
    fd: int | None
    source: int
    line: int
