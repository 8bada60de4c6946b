"""The kernel's state as the calls see it: tasks, sockets, and the steps that the current event has
made.

It is long because everything that a call can do to a descriptor that is known goes through here,
and nothing else does.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count

from strace_analyzer.kernel.arguments import FdArgument
from strace_analyzer.kernel.doubts import Doubt
from strace_analyzer.kernel.notes import contradicts, learned, was_bound_unseen
from strace_analyzer.kernel.objects import Descriptor, OpenFileDescription, Shown, Task, ThreadGroup
from strace_analyzer.kernel.open_calls import OpenCall, OpenCalls
from strace_analyzer.kernel.order import Order
from strace_analyzer.kernel.socket_state import (
    INET_OR_UNKNOWN,
    Binding,
    Connection,
    Evidence,
    Origin,
    Socket,
)
from strace_analyzer.kernel.step import DoubtAt, Step
from strace_analyzer.kernel.tasks import Tasks
from strace_analyzer.kernel.unclosed import Unclosed
from strace_analyzer.machine.facts import DEFAULT_RANGE
from strace_analyzer.trace.events import Exited, Killed, Syscall
from strace_analyzer.trace.sockaddr import SocketAddress

Cause = Syscall | Exited | Killed
_new = tuple.__new__


class Kernel:
    """What all calls act on. `steps` and `doubts` collect the effects of the current event."""

    def __init__(self) -> None:
        self.tasks = Tasks()
        self.steps: list[Step] = []
        self.doubts: list[DoubtAt] = []
        self.namespaces: dict[str, int] = {}
        """network namespaces that -y named (`net:[4026531840]`), by that name"""
        self.port_range = DEFAULT_RANGE
        """the range that the kernel chooses ports from, (low, high)"""
        self.takes_guesses = False
        """the trace starts after the program did: a descriptor that is copied may be a socket"""
        self.shows_bound_ports: set[int] = set()
        """network namespaces in which -yy has shown the port of a TCP socket that was bound and not
        connected"""
        self.unshared: set[int] = set()
        """network namespaces that a task left by unshare(2)"""
        self.has_unseen_copies = False
        """a number that was free, or was another socket, turned out to be a socket whose creation
        was not seen: it was copied there, or the task belongs to another process"""
        self.close_was_seen = False
        self.unclosed = Unclosed()
        self.started: ThreadGroup | None = None
        """the process of the first execve()"""
        self.started_script = ""
        """`python3 bills.py`: what that process runs, if execve() does not show its arguments"""
        self.new_socket_id = count().__next__
        """gives a number for a new socket, in order of first sight"""
        self._taken_for_closed: dict[tuple[Task, int], Socket] = {}
        """by maker and number: unconnected sockets whose number was given to another task that is
        assumed to be a thread of the same process, in a trace that shows no close()"""
        self.shown: dict[tuple[int, str | None, int], Shown] = {}
        """sockets that are known only by their notes: the latest for each network namespace,
        protocol and local port"""
        self.order: Order | None = None
        """set only if the files of a family have no common clock"""
        self.calls: OpenCalls = {}
        self.begun: OpenCall | None = None
        """the first half of the current call, if it came in two"""

    # sockets and descriptors

    def create(
        self,
        task: Task,
        call: Syscall,
        role: str,
        fd: FdArgument,
        *,
        origin: Origin,
        domain: str | None,
        type: str | None,
        protocol: str | None,
        close_on_exec: bool = False,
        doubts: frozenset[str] = frozenset(),
        peer: SocketAddress | None = None,
        local: SocketAddress | None = None,
        assigned_port: int | None = None,
    ) -> OpenFileDescription:
        """Create a socket at `fd` of `task`; `call` created it or is the first to show it.

        An accepted socket is bound (to its listener's port) and connected to `peer`.
        """
        self.number_was_given(task, fd.fd, call)  # this may show that the task is another process
        note = fd.socket
        if task.ambiguous and origin is Origin.INHERITED:
            doubts |= {Doubt.PAIRING}
        came_in = origin is Origin.ACCEPTED
        socket = Socket(
            self.new_socket_id(), task.namespace, origin, domain, type, protocol,
            binding=Binding.BOUND if came_in else Binding.UNBOUND,
            connection=Connection.CONNECTED if came_in else Connection.UNCONNECTED,
            local=local,
            assigned_port=assigned_port,
            peer=peer,
            inode=note.inode if note else None,
            doubts=doubts,
            trail=() if role == "inherited" else (_new(Evidence, (role, call, fd.fd)),),
        )  # fmt: skip
        description = OpenFileDescription(socket, task, fd.fd)
        if self.order is not None:
            self.used(task, fd.fd, description, call)
        task.table.set(fd.fd, Descriptor(description, close_on_exec))
        self.emit(call, role, task, fd.fd, description, None, socket)
        return description

    def entered_network(self, task: Task, name: str | None) -> int:
        """The network namespace that `task` entered by setns(2); `name` as -y shows it
        (`net:[4026531840]`).

        Entering a namespace that was left before gives the same number again. A name not seen
        before is taken for the only namespace left by unshare(2), if there is just one; without a
        name, for the only other namespace, if there is just one. Otherwise it is new.
        """
        known = None if name is None else self.namespaces.get(name)
        if known is None:
            left: Iterable[int] = range(self.tasks.namespaces)
            if name is not None:
                left = self.unshared - set(self.namespaces.values())
            others = [number for number in left if number != task.namespace]
            known = others[0] if len(others) == 1 else self.tasks.new_namespace()
        if name is not None:
            self.namespaces[name] = known
        return known

    def install(self, task: Task, fd: int, descriptor: Descriptor, call: Cause) -> None:
        """Put `descriptor` at `fd`; whatever was there has been closed, seen or not."""
        self.number_was_given(task, fd, call)
        task.table.set(fd, descriptor)

    def rests_on_the_number(self, task: Task, fd: FdArgument, socket: Socket) -> bool:
        """True if only the number says that this is `socket`: an io_uring may have given the
        number to another file."""
        note = fd.socket
        return note is None or note.inode is None or note.inode != socket.inode

    def number_was_given(self, task: Task, fd: int, call: Cause) -> None:
        """A call returned `fd`, so the number was free: what we still had there is gone."""
        table = task.table
        table.replaced.pop(fd, None)
        if fd not in table.slots:
            table.remove(fd)
            return
        self._separate_strangers(task, fd)  # nobody closed it: it belongs to another process
        if isinstance(call, Syscall) and fd in task.table.slots:
            if self.close_was_seen:
                self.doubt(Doubt.GIVEN_TWICE, task, fd, call)
            else:
                self.unclosed.add(task, task.table.slots[fd].description)
        self.close(task, fd, call)

    def _separate_strangers(self, task: Task, fd: int) -> None:
        """If the socket at `fd` was made by another task, and the two share a table only by
        assumption, they are not threads of one process after all. In a trace that shows no close()
        this proves nothing yet."""
        descriptor = task.table.slots.get(fd)
        if descriptor is None:
            return
        maker, socket = descriptor.description.maker, descriptor.description.socket
        if maker is task or not task.shares_by_assumption(maker):
            return
        if self.close_was_seen:
            if self.tasks.by_tid.get(maker.tid) is maker:
                self.tasks.tell_apart(task, maker)
        elif socket.connects == 0 and descriptor.description.fd == fd:
            self._taken_for_closed[maker, fd] = socket

    def _was_not_closed(self, task: Task, fd: int, call: Syscall) -> None:
        """`task` goes on using a number at which it made a socket, although another task was given
        the same number: they are not threads of one process, and each has its own socket."""
        descriptor = task.table.slots.get(fd)
        socket = self._taken_for_closed.pop((task, fd))
        if descriptor is None:
            return
        maker = descriptor.description.maker
        if maker is task or not task.shares_by_assumption(maker):
            return
        self.has_unseen_copies = True
        self.tasks.tell_apart(task, maker)
        socket = socket._replace(
            id=self.new_socket_id(), doubts=socket.doubts | {Doubt.KINSHIP, Doubt.FD_REUSE}
        )
        description = OpenFileDescription(socket, task, fd)
        task.table.set(fd, Descriptor(description))
        self.emit(call, "inherited", task, fd, description, None, socket)

    def close(self, task: Task, fd: int, call: Cause) -> None:
        """Remove `fd` from the task's table."""
        descriptor = task.table.remove(fd)
        if descriptor is not None:
            if self.order is not None:
                self.used(task, fd, descriptor.description, call)
            self.dropped(task, fd, descriptor, call)

    def release(self, tid: int, call: OpenCall, cause: Cause) -> None:
        """`tid` has returned from `call`, or the end of the call is not in the trace: drop what the
        call held."""
        number, held = call.number, call.descriptor
        if held is None or number is None:
            return
        held.description.references -= 1
        task = self.tasks.by_tid.get(tid) or self.tasks.speaker(tid)
        if task.table.slots.get(number) is not held:
            self.dropped(task, number, held, cause)

    def undo_close(self, task: Task) -> None:
        """The current close() was never made: put back what its first half removed."""
        begun = self.begun
        if begun is None or not begun.is_closing:
            return
        number, held = begun.number, begun.descriptor
        if number is not None and held is not None and number not in task.table.slots:
            task.table.set(number, held)

    def is_elsewhere(self, task: Task, fd: int) -> bool:
        """The current call began before `fd` got its present meaning: it acts on what the number
        meant then, and leaves the descriptor table alone."""
        return self.begun is not None and self.begun.is_elsewhere(task.table, fd)

    def dropped(self, task: Task, fd: int, descriptor: Descriptor, call: Cause) -> None:
        """A reference is gone; with the last one the socket is closed."""
        description = descriptor.description
        socket = description.socket
        if description.references == 0:
            self.emit(call, "close", task, fd, description, socket, None)
        elif (
            task.group is description.group
            and _is_connected(socket)
            and not self._has(task, description)
        ):
            self.emit(call, "left", task, fd, description, socket, socket)

    def _has(self, task: Task, description: OpenFileDescription) -> bool:
        """The process of `task` still has a descriptor for it."""
        tables, threads = description.held_in, self.tasks.by_tid
        if task.table in tables:
            return True
        if not tables or not task.group.has_several_tables:
            return False
        others = (threads.get(tid) for tid in task.group.tids)
        return any(other is not None and other.table in tables for other in others)

    def drop_close_on_exec(self, task: Task, call: Cause) -> None:
        """execve(2): close descriptors with FD_CLOEXEC."""
        for fd in task.table:
            descriptor = task.table.slots.get(fd)
            if descriptor is not None and descriptor.close_on_exec:
                task.table.replaced[fd] = descriptor
                self.close(task, fd, call)

    def find(self, task: Task, fd: FdArgument, call: Syscall) -> OpenFileDescription | None:
        """The socket at `fd`, or None if none is known there or the note contradicts it. For a call
        in two halves, what `fd` meant when it began; its note was printed then."""
        begun, descriptor = self.begun, task.table.slots.get(fd.fd)
        is_past = (
            begun is not None
            and begun.descriptor is not descriptor
            and begun.is_elsewhere(task.table, fd.fd)
        )
        if begun is not None and is_past:
            descriptor = begun.descriptor
        elif self._taken_for_closed and (task, fd.fd) in self._taken_for_closed:
            self._was_not_closed(task, fd.fd, call)
            descriptor = task.table.slots.get(fd.fd)
        if descriptor is None and task.table.replaced and not is_past:
            descriptor = self._believed_after_exec(task, fd, call)
        if descriptor is None:
            return None
        description, note = descriptor.description, fd.socket
        if fd.note is not None:
            if note is None or contradicts(description.socket, note):
                if not is_past:
                    self._is_another(task, fd, description.socket, call)
                return None
            description.socket = learned(description.socket, note)
        if self.order is not None:
            self.used(task, fd.fd, description, call)
        return description

    def _is_another(self, task: Task, fd: FdArgument, socket: Socket, call: Syscall) -> None:
        """The note says that `fd` is not `socket` any more."""
        if fd.socket is not None and was_bound_unseen(socket, fd.socket):
            self.doubt(Doubt.BIND_HIDDEN, task, fd.fd, call)
        self._separate_strangers(task, fd.fd)
        self.close(task, fd.fd, call)

    def used(self, task: Task, fd: int, description: OpenFileDescription, call: Cause) -> None:
        """`call` uses `description`. Unless it certainly comes after the previous use, it is
        uncertain which socket the call means and in which state."""
        order = self.order
        if order is None:
            return
        socket, last = description.socket, description.moved
        is_known = last is None or order.is_known(last)
        if not is_known and Doubt.NO_COMMON_CLOCK not in socket.doubts:
            doubts = socket.doubts | {Doubt.NO_COMMON_CLOCK}
            description.socket = socket._replace(doubts=doubts)
            self.doubt(Doubt.NO_COMMON_CLOCK, task, fd, call)
        description.moved = order.now

    def _believed_after_exec(self, task: Task, fd: FdArgument, call: Syscall) -> Descriptor | None:
        """FIONCLEX is often not traced: a close-on-exec number used after execve() was not
        closed."""
        descriptor = task.table.replaced.pop(fd.fd, None)
        if descriptor is not None:
            descriptor = descriptor._replace(close_on_exec=False)
            task.table.set(fd.fd, descriptor)
            description = descriptor.description
            if description.references == 1:
                self.emit(call, "inherited", task, fd.fd, description, None, description.socket)
        return descriptor

    # what happened

    def move(
        self,
        call: Syscall,
        role: str,
        task: Task,
        fd: int,
        description: OpenFileDescription,
        now: Socket,
        *,
        keep: bool = True,
    ) -> None:
        """The socket becomes `now`; `keep` adds the call to its trail."""
        was = description.socket
        if keep:
            trail = extended(now.trail, _new(Evidence, (role, call, fd)))
            now = _new(Socket, (*now[:-1], trail))  # like _replace(), in half the time
        description.socket = now
        self.emit(call, role, task, fd, description, was, now)

    def emit(
        self,
        call: Cause,
        role: str,
        task: Task,
        fd: int,
        description: OpenFileDescription,
        was: Socket | None,
        now: Socket | None,
    ) -> None:
        """Record a step, unless the socket is not an internet socket."""
        socket = was if now is None else now
        if description.is_guess:
            return  # it was copied and closed, as any file can be
        if socket is not None and socket.domain in INET_OR_UNKNOWN:
            if description.is_unseen:
                description.is_unseen = False
                self.steps.append(Step(call, "inherited", task, fd, description, None, was))
            self.steps.append(Step(call, role, task, fd, description, was, now))

    def contradicted(self, task: Task, fd: int, call: Cause) -> None:
        """The result of `call` is impossible in the socket's state as the model sees it. If no
        close() is traced this says little: the number was reused."""
        if self.close_was_seen:
            self.doubt(Doubt.IMPOSSIBLE, task, fd, call)

    def doubt(self, code: Doubt, task: Task | None, fd: int | None, call: Cause) -> None:
        """Record something that the trace does not tell."""
        self.doubts.append(DoubtAt(code, task, fd, call.span.source, call.span.first))


def _is_connected(socket: Socket) -> bool:
    return socket.connection is Connection.CONNECTED and socket.origin is Origin.CREATED


def extended(trail: tuple[Evidence, ...], item: Evidence) -> tuple[Evidence, ...]:
    """`trail` with `item` added; of a role that repeats only the first and the last are kept."""
    role, times, last = item.role, 0, 0
    for index, old in enumerate(trail):
        if old.role == role:
            times, last = times + 1, index
    if role == "setsockopt":
        return trail if times >= 8 else (*trail, item)
    return (*trail, item) if times < 2 else (*trail[:last], *trail[last + 1 :], item)
