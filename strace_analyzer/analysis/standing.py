"""Takes tasks, gives how many sockets they hold open now: for those who watch a trace being
made."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from strace_analyzer.kernel.objects import Task


class Standing(NamedTuple):
    """The sockets at this moment of the trace: `open` counts all, `pinned` those that bind() with
    port 0 and the wildcard address has given a port."""

    open: int
    pinned: int


def standing(tasks: Iterable[Task]) -> Standing:
    """What the tables of `tasks` hold, each socket once."""
    tables = {id(task.table): task.table for task in tasks}.values()
    sockets = {
        held.description.id: held.description.socket
        for table in tables
        for fd in table
        if (held := table.slots.get(fd)) is not None and held.description.socket.is_inet
    }
    pinned = sum(socket.is_bound_early for socket in sockets.values())
    return Standing(len(sockets), pinned)
