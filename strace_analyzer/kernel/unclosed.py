"""Sockets whose number was given out again, in a trace that shows no close(): lines of theirs are
missing. Counts them."""

from __future__ import annotations

from strace_analyzer.kernel.objects import OpenFileDescription, Task
from strace_analyzer.kernel.socket_state import Origin


class Unclosed:
    """`count` of them in all; of them `accepted` came in, and `unused` are TCP sockets of which the
    trace shows nothing but how they were made: what they were made for is not in it."""

    def __init__(self) -> None:
        self.count = 0
        self.accepted = 0
        self.unused = 0

    def add(self, task: Task, description: OpenFileDescription) -> None:
        """The number of `description` was given to `task`. That of a socket of another task, which
        may be no thread of its process, says nothing."""
        if description.maker is not task:
            return
        self.count += 1
        socket = description.socket
        self.accepted += socket.origin is Origin.ACCEPTED
        self.unused += socket.is_tcp and all(item.role == "socket" for item in socket.trail)
