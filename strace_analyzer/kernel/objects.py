"""The kernel's own objects: tasks, thread groups, descriptor tables, open file descriptions.

The terms are the kernel's (include/linux/fdtable.h, clone(2), fork(2)): a *descriptor* is one entry
of a table, a pair of an open file description and a close-on-exec flag; the *open file description*
is what dup() and fork() share, and holds the socket. Only sockets are kept: other files do not
matter here, except that their number is not the socket it was before.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from strace_analyzer.kernel.order import EventPlace
from strace_analyzer.kernel.socket_state import Socket
from strace_analyzer.trace.annotation import SocketNote


class OpenFileDescription:
    """A socket as all its descriptors share it. `references` counts its descriptors in all tables,
    plus the calls under way that hold it; `maker` is the task that created it or was first seen
    with it, at descriptor `fd`."""

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
        """the tables that contain it, each with the number of its descriptors there"""
        self.maker = maker
        self.group = maker.group
        self.fd = fd
        self.moved: EventPlace | None = None
        """when it was last used; kept only if the order between files is unknown"""
        self.is_guess = False
        """something older than the trace that was copied: a socket only if it is ever used as
        one"""
        self.is_unseen = False
        """it existed when tracing began, and no call in the trace has touched it yet"""


class Descriptor(NamedTuple):
    """One entry of a descriptor table."""

    description: OpenFileDescription
    close_on_exec: bool = False


class Shown:
    """A socket whose creation was not seen, and whose note (-yy) shows its local port: who was
    first seen with it, at which descriptor and on which line. The model keeps nothing else about
    it; `is_gone` is set once it is seen to be closed."""

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
    """The descriptors of one task, or of several under CLONE_FILES. `users` counts the tasks."""

    __slots__ = ("freed", "has_ring", "replaced", "shown", "slots", "users")

    def __init__(self) -> None:
        self.freed: set[int] = set()
        """numbers that were sockets and have not been sockets again since, as far as the trace
        shows"""
        self.has_ring = False
        """io_uring(7) calls, which strace does not see, can close and reuse its numbers"""
        self.slots: dict[int, Descriptor] = {}
        """read only; `set` and `remove` keep the reference counts"""
        self.replaced: dict[int, Descriptor] = {}
        """sockets that execve() closed, unless their close-on-exec flag was cleared unseen"""
        self.shown: dict[int, Shown] = {}
        """sockets that are known only by their notes"""
        self.users = 1

    def __iter__(self) -> Iterator[int]:
        return iter(tuple(self.slots))

    def knows(self, fd: int | None) -> bool:
        """True if `fd` is a socket, or was one until execve()."""
        return fd in self.slots or fd in self.replaced

    def may_be_socket(self, fd: int | None) -> bool:
        """Like `knows`, or a note shows that `fd` is a socket."""
        return fd in self.slots or fd in self.replaced or fd in self.shown

    def set(self, fd: int, descriptor: Descriptor) -> None:
        """Put `descriptor` at `fd`, replacing what was there."""
        if fd in self.slots or fd in self.shown:
            self.remove(fd)
        descriptor.description.references += 1
        held_in = descriptor.description.held_in
        held_in[self] = held_in.get(self, 0) + 1
        self.slots[fd] = descriptor
        self.freed.discard(fd)

    def set_close_on_exec(self, fd: int, close_on_exec: bool) -> None:
        """FD_CLOEXEC of fcntl(2), FIOCLEX of ioctl(2); no effect on a number that is not a
        socket."""
        descriptor = self.slots.get(fd)
        if descriptor is not None:
            self.slots[fd] = descriptor._replace(close_on_exec=close_on_exec)

    def remove(self, fd: int) -> Descriptor | None:
        """Remove `fd` and drop its reference; returns the descriptor, or None if there was none or
        only a note showed it."""
        descriptor = self.slots.pop(fd, None)
        if fd in self.shown:
            self.shown.pop(fd).is_gone = True
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
    """A process: the tasks made with CLONE_THREAD. `tgid` is None if the trace does not tell it."""

    __slots__ = (
        "argv",
        "argv_cut",
        "argv_truncated",
        "command",
        "ended_at",
        "exit_status",
        "has_several_tables",
        "id",
        "parent",
        "programs",
        "tgid",
        "tids",
    )

    def __init__(self, id: str, tgid: int | None, parent: ThreadGroup | None = None) -> None:
        self.id = id
        """stable name of the process within its trace: the tgid or first tid, with `#2` if that
        number is reused"""
        self.tgid = tgid
        self.parent = parent
        self.tids: list[int] = []
        self.ended_at: float | None = None
        """seconds at which the last of its threads ended, of those that have; None without times"""
        self.exit_status: int | None = None
        """what the last of its threads that have ended gave to exit(2); None if a signal ended it,
        or the trace does not show it"""
        self.has_several_tables = False
        """one of its threads may have a descriptor table of its own"""
        self.command: str | None = parent.command if parent else None
        """base name of the running program, from execve() or -Y"""
        self.argv: tuple[str, ...] = parent.argv if parent else ()
        self.argv_truncated: bool = parent.argv_truncated if parent else False
        self.argv_cut: frozenset[int] = parent.argv_cut if parent else frozenset()
        """indexes of the words in `argv` that strace cut short"""
        self.programs: list[str] = []
        """paths given to execve(), in order"""


class Task:
    """A thread, as the kernel schedules it: its number, process, descriptors and network
    namespace."""

    __slots__ = ("ambiguous", "family", "group", "is_stranger", "namespace", "table", "tid")

    def __init__(self, tid: int, group: ThreadGroup, table: FdTable, namespace: int) -> None:
        self.tid = tid
        self.group = group
        self.table = table
        self.namespace = namespace
        self.ambiguous = False
        """more than one clone could have made it: what it inherited is uncertain"""
        self.is_stranger = False
        """the trace does not tell whose child or thread it is: group and table are assumed"""
        self.family: Task = self
        """the first of the tasks with which it certainly shares its table"""

    def shares_by_assumption(self, other: Task) -> bool:
        """True if the two share a table only by assumption, because nothing is known about one of
        them."""
        mine, theirs = self.family, other.family
        return (
            mine is not theirs
            and mine.table is theirs.table
            and (mine.is_stranger or theirs.is_stranger)
        )
