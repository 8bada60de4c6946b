"""Takes tasks, gives who holds which socket now: for rules that must name the holder of a port."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from strace_analyzer.kernel.destination import local_port
from strace_analyzer.kernel.objects import Descriptor, FdTable, Task, ThreadGroup
from strace_analyzer.rules.evidence import Held


def held(tasks: Iterable[Task], namespace: int, port: int | None) -> Iterator[Held]:
    """The open internet sockets of `namespace`, each once per process that has it: all of them, or
    only those with this local port."""
    for table, group in _tables(tasks):
        yield from _with_port(table.slots, group, namespace, port)


def closing(
    calls: Iterable[tuple[Task, int, Descriptor]], namespace: int, port: int
) -> Iterator[Held]:
    """The internet sockets with this local port that close() `calls` under way are about to
    close."""
    for task, fd, descriptor in calls:
        yield from _with_port({fd: descriptor}, task.group, namespace, port)


def closed_on_exec(tasks: Iterable[Task], namespace: int, port: int) -> Iterator[Held]:
    """The internet sockets with this local port that execve() closed: their processes still have
    them if FD_CLOEXEC was cleared unseen."""
    for table, group in _tables(tasks):
        yield from _with_port(table.replaced, group, namespace, port)


def _tables(tasks: Iterable[Task]) -> Iterable[tuple[FdTable, ThreadGroup]]:
    """Each table once, with the process of the first task that uses it."""
    tables: dict[int, tuple[FdTable, ThreadGroup]] = {}
    for task in tasks:
        tables.setdefault(id(task.table), (task.table, task.group))
    return tables.values()


def _with_port(
    descriptors: dict[int, Descriptor], group: ThreadGroup, namespace: int, port: int | None
) -> Iterator[Held]:
    for fd, (description, _) in descriptors.items():
        socket = description.socket
        if socket.namespace != namespace or not socket.is_inet:
            continue
        if port is None or local_port(socket) == port:
            yield Held(group, fd, description)
