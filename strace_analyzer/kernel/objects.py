"""The kernel's own objects: tasks, thread groups, descriptor tables, open file descriptions.

The words are the kernel's (include/linux/fdtable.h, clone(2), fork(2)): a *descriptor* is a
number's entry in a table, a pair of an open file description and its close-on-exec flag; the *open
file description* is what dup() and fork() share, and holds the socket. Only sockets are kept: what
else a number may stand for does not matter here, except that it is not the socket it was before.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from strace_analyzer.kernel.order import Moment
from strace_analyzer.kernel.socket_state import Socket
from strace_analyzer.trace.annotation import SocketNote


class OpenFileDescription:
    """A socket as all its descriptors share it. `references` counts descriptors in all tables, and
    the calls under way that hold it; `maker` is the task that made it, or was first seen with it,
    at `fd`."""

    __slots__ = (
        "fd",
        "group",
        "held_in",
        "id",
        "is_guess",
        "is_unseen",
        "maker",
        "moved",
        "references",
        "socket",
    )

    def __init__(self, socket: Socket, maker: Task, fd: int) -> None:
        self.id = socket.id
        self.socket = socket
        self.references = 0
        self.held_in: dict[FdTable, int] = {}
        """the tables that have it, each with the number of its descriptors there"""
        self.maker = maker
        self.group = maker.group
        self.fd = fd
        self.moved: Moment | None = None
        """when it was last used; kept where the order between files is not known"""
        self.is_guess = False
        """something older than the trace that was copied: a socket if it is ever used as one"""
        self.is_unseen = False
        """it was there when tracing began, and no call of the trace has touched it yet"""


class Descriptor(NamedTuple):
    """One number's entry in a table."""

    description: OpenFileDescription
    close_on_exec: bool = False


class Shown:
    """A socket that nobody was seen to make, and whose note (-yy) shows its local port: who was
    first seen with it, at which descriptor and on which line. It is no part of the model but for
    this; `is_gone` once it is seen to be closed."""

    __slots__ = ("fd", "group", "is_gone", "line", "listens", "note", "socket")

    def __init__(
        self, group: ThreadGroup, fd: int, note: str, socket: SocketNote, line: int
    ) -> None:
        self.group = group
        self.fd = fd
        self.note = note
        self.socket = socket
        self.line = line
        self.listens = False
        self.is_gone = False


class FdTable:
    """The descriptors of one or, under CLONE_FILES, several tasks. `users` counts them."""

    __slots__ = ("freed", "has_ring", "replaced", "shown", "slots", "users")

    def __init__(self) -> None:
        self.freed: set[int] = set()
        """numbers that were sockets, and that no call which makes sockets has given since"""
        self.has_ring = False
        """calls that strace does not see can close its numbers and make them anew (io_uring(7))"""
        self.slots: dict[int, Descriptor] = {}
        """to be read; `set` and `remove` keep count of the references"""
        self.replaced: dict[int, Descriptor] = {}
        """sockets that execve() closed, if nobody has cleared their close-on-exec flag unseen"""
        self.shown: dict[int, Shown] = {}
        """sockets that are known by their notes only"""
        self.users = 1

    def __iter__(self) -> Iterator[int]:
        return iter(tuple(self.slots))

    def knows(self, fd: int | None) -> bool:
        """True where `fd` is a socket, or was one until execve()."""
        return fd in self.slots or fd in self.replaced

    def may_be_socket(self, fd: int | None) -> bool:
        """As `knows`, or a note shows that `fd` is a socket."""
        return fd in self.slots or fd in self.replaced or fd in self.shown

    def set(self, fd: int, descriptor: Descriptor) -> None:
        """Put `descriptor` at `fd`, in the place of what stood there."""
        self.remove(fd)
        descriptor.description.references += 1
        held_in = descriptor.description.held_in
        held_in[self] = held_in.get(self, 0) + 1
        self.slots[fd] = descriptor
        self.freed.discard(fd)
        self.hide(fd)

    def hide(self, fd: int) -> None:
        """What was shown at `fd` by its note only is closed."""
        shown = self.shown.pop(fd, None)
        if shown is not None:
            shown.is_gone = True

    def set_close_on_exec(self, fd: int, close_on_exec: bool) -> None:
        """FD_CLOEXEC of fcntl(2), FIOCLEX of ioctl(2); no effect on a number that is no socket."""
        descriptor = self.slots.get(fd)
        if descriptor is not None:
            self.slots[fd] = descriptor._replace(close_on_exec=close_on_exec)

    def remove(self, fd: int) -> Descriptor | None:
        """Take `fd` out and drop its reference; what stood there, or None."""
        descriptor = self.slots.pop(fd, None)
        if descriptor is not None:
            descriptor.description.references -= 1
            held_in = descriptor.description.held_in
            held_in[self] -= 1
            if not held_in[self]:
                del held_in[self]
            self.freed.add(fd)
        return descriptor

    def fork(self) -> FdTable:
        """A copy that shares every open file description (clone without CLONE_FILES)."""
        copy = FdTable()
        for fd, descriptor in self.slots.items():
            copy.set(fd, descriptor)
        copy.has_ring = self.has_ring
        copy.freed = set(self.freed)
        return copy


class ThreadGroup:
    """A process: the tasks made with CLONE_THREAD. `tgid` is None where the trace does not tell
    it."""

    __slots__ = (
        "argv",
        "argv_cut",
        "argv_truncated",
        "command",
        "has_several_tables",
        "id",
        "parent",
        "programs",
        "tgid",
        "tids",
    )

    def __init__(self, id: str, tgid: int | None, parent: ThreadGroup | None = None) -> None:
        self.id = id
        """stable name of the process within its trace: the tgid or first tid, `#2` when used
        again"""
        self.tgid = tgid
        self.parent = parent
        self.tids: list[int] = []
        self.has_several_tables = False
        """a thread of it may have a descriptor table of its own"""
        self.command: str | None = parent.command if parent else None
        """base name of the program that runs, from execve() or -Y"""
        self.argv: tuple[str, ...] = parent.argv if parent else ()
        self.argv_truncated: bool = parent.argv_truncated if parent else False
        self.argv_cut: frozenset[int] = parent.argv_cut if parent else frozenset()
        """which of `argv` are only the beginnings of words"""
        self.programs: list[str] = []
        """paths given to execve(), in order"""


class Task:
    """A thread, what the kernel schedules: its number, its process, its descriptors, its
    network."""

    __slots__ = ("ambiguous", "family", "group", "is_stranger", "namespace", "table", "tid")

    def __init__(self, tid: int, group: ThreadGroup, table: FdTable, namespace: int) -> None:
        self.tid = tid
        self.group = group
        self.table = table
        self.namespace = namespace
        self.ambiguous = False
        """more than one clone could have made it: what it inherited is not certain"""
        self.is_stranger = False
        """nothing tells whose child or thread it is: group and table are assumed"""
        self.family: Task = self
        """the first of the tasks with which it shares its table for certain"""

    def shares_by_assumption(self, other: Task) -> bool:
        """True where the two have one table only because nothing is known of one of them."""
        mine, theirs = self.family, other.family
        return (
            mine is not theirs
            and mine.table is theirs.table
            and (mine.is_stranger or theirs.is_stranger)
        )
