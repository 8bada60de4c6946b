"""Counts sockets whose number was given out again while a trace had shown no close() so far: some
of their lines are missing."""

from __future__ import annotations

from strace_analyzer.kernel.objects import OpenFileDescription, Task
from strace_analyzer.kernel.socket_state import TCP, Origin


class Unclosed:
    """`count` is the total; `accepted` of them came from accept(), and `unused` are TCP sockets of
    which the trace shows only the creation, so what they were made for is missing."""

    def __init__(self) -> None:
        self.count = 0
        self.accepted = 0
        self.unused = 0

    def add(self, task: Task, description: OpenFileDescription) -> None:
        """The number of `description` was given to `task` again. If another task made the socket
        this proves nothing: it may not be a thread of the same process."""
        if description.maker is not task:
            return
        self.count += 1
        socket = description.socket
        self.accepted += socket.origin is Origin.ACCEPTED
        is_made_only = not socket.trail or socket.trail[-1].role == "socket"
        self.unused += socket.protocol in TCP and is_made_only
