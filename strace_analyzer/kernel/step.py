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
"""Roles of all other steps. `left`: the process that made it has it no more, another one has."""
FAILED = "failed"
"""Role of a call that failed and is no step of these: nothing has moved. Where it made no socket,
or the number is none that is known, the socket stands for that which it was about."""


class Code(Enum):
    """The call that found no port: docs/kernel.md, "What exhaustion looks like"."""

    BIND = "E1"
    CONNECT = "E2"
    DATAGRAM = "E3"
    LISTEN = "E4"


class Dry(NamedTuple):
    """A call that found no port. `certain` is False where an address could be the reason."""

    code: Code
    certain: bool


class Step:
    """One event moved, or tried to move, one socket.

    `event` is the call (or the exit or execve that closed descriptors); `role` says what it did, in
    the words of socket_state.Evidence. A failed call is a step too, with `was` and `now` equal: its
    `event.result.errno` says why. `was` is None for a socket just made or first seen, `now` is None
    when the last reference to it is gone. `fd` is the descriptor the call used, `socket` the socket
    after the step, or what it last was; `errno` the error of the call, None where it succeeded or
    was no call; `space` the space of ports that the socket takes one from (kernel.destination).
    `dry` and `reached_ipv6` are set by who judges steps (exhaustion.py): not None where the call
    found no port; whether a connection to an IPv6 address has found one in this namespace so far.
    """

    __slots__ = (
        "description", "dry", "errno", "event", "fd", "now", "reached_ipv6", "role", "socket",
        "space", "task", "was",
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

    def leading_to(self, now: Socket) -> Step:
        """This step, if it had made `now` of the socket."""
        return Step(self.event, self.role, self.task, self.fd, self.description, self.was, now)


class DoubtAt(NamedTuple):
    """A doubt, and the line that raised it. `task` may be None for the whole trace."""

    code: Doubt
    task: Task | None
    fd: int | None
    source: int
    line: int
