"""Sockets whose making the trace does not show: takes a descriptor that a call uses, gives the
socket that it must be, as far as its note and the use tell."""

from __future__ import annotations

from strace_analyzer.kernel.arguments import FdArgument
from strace_analyzer.kernel.doubts import Doubt
from strace_analyzer.kernel.notes import TYPES, fits_note, learned
from strace_analyzer.kernel.objects import Descriptor, OpenFileDescription, Shown, Task
from strace_analyzer.kernel.socket_state import Origin, Socket
from strace_analyzer.kernel.state import Kernel
from strace_analyzer.trace.events import Syscall


def find_or_adopt(
    kernel: Kernel, task: Task, fd: FdArgument, call: Syscall, domain: str | None
) -> OpenFileDescription | None:
    """Like `Kernel.find`, but an unknown number that only sockets can be used with is adopted as a
    socket older than the trace."""
    known = kernel.find(task, fd, call)
    if known is not None:
        if known.is_guess:
            known.is_guess, known.is_unseen = False, True
            known.socket = known.socket._replace(domain=known.socket.domain or domain)
        return known
    note = fd.socket
    if fd.note is not None and (note is None or note.foreign):
        return None
    if kernel.is_elsewhere(task, fd.fd):
        return None  # it was older than the trace, and has left its number since
    return _copied_unseen(kernel, task, fd, call) or adopt(kernel, task, fd, call, domain)


def adopt(
    kernel: Kernel, task: Task, fd: FdArgument, call: Syscall, domain: str | None
) -> OpenFileDescription:
    """A socket whose creation the trace does not show."""
    note = fd.socket
    protocol = note.protocol if note else None
    if fd.fd in task.table.freed:
        kernel.has_unseen_copies = True
    return kernel.create(
        task, call, "inherited", fd,
        origin=Origin.INHERITED,
        domain=note.domain if note and note.domain else domain,
        type=TYPES.get(protocol or ""),
        protocol=protocol,
        doubts=frozenset({Doubt.OLDER}),
    )  # fmt: skip


def guess(kernel: Kernel, task: Task, fd: FdArgument) -> OpenFileDescription | None:
    """A placeholder for a file at `fd` that is older than the trace and may be a socket: it is
    reported once it is used as one. None if the trace shows what was there."""
    is_older = kernel.takes_guesses and not kernel.is_elsewhere(task, fd.fd)
    if not is_older or not fd.may_be_socket or task.table.knows(fd.fd):
        return None
    socket = Socket(
        kernel.new_socket_id(), task.namespace, Origin.INHERITED, None, None, None,
        doubts=frozenset({Doubt.OLDER}),
    )  # fmt: skip
    description = OpenFileDescription(socket, task, fd.fd)
    description.is_guess = True
    task.table.set(fd.fd, Descriptor(description))
    return description


def _copied_unseen(
    kernel: Kernel, task: Task, fd: FdArgument, call: Syscall
) -> OpenFileDescription | None:
    """The socket copied to `fd` by a dup() that is not traced, or None. -yy shows a bound
    socket at a new number, and the process has a socket that it bound to port 0 and has not
    connected: take the one known to have this port, else the latest one of this thread, else
    the latest."""
    note = fd.socket
    if note is None or not note.is_bound_to_any:
        return None
    held = [task.table.slots.get(number) for number in task.table]
    bound = [one.description for one in held if one and fits_note(one.description, note)]
    port = note.local_port
    bound = [one for one in bound if one.socket.assigned_port == port] or bound
    mine = [description for description in bound if description.maker is task] or bound
    if not mine:
        return None
    description = max(mine, key=lambda one: one.socket.id)
    kernel.has_unseen_copies = True
    kernel.install(task, fd.fd, Descriptor(description), call)
    socket = learned(description.socket, note)
    description.socket = socket._replace(doubts=socket.doubts | {Doubt.FD_REUSE})
    return description


def adopt_received(kernel: Kernel, task: Task, fd: FdArgument, call: Syscall) -> None:
    """A descriptor arrived from another process: perhaps a socket that was bound there
    (unix(7))."""
    note = fd.socket
    protocol = note.protocol if note else None
    kernel.create(
        task, call, "inherited", fd,
        origin=Origin.RECEIVED,
        domain=note.domain if note else None,
        type=TYPES.get(protocol or ""),
        protocol=protocol,
        doubts=frozenset({Doubt.RECEIVED}),
    )  # fmt: skip


def note_shown(kernel: Kernel, task: Task, fd: FdArgument, call: Syscall) -> None:
    """Note the socket at `fd` of a call that moves data or works only on sockets: its note may
    be all that is known of it."""
    note, table = fd.socket, task.table
    if note is None or fd.note is None or note.protocol not in TYPES or not note.local_port:
        return
    if table.knows(fd.fd) or kernel.is_elsewhere(task, fd.fd):
        return
    shown = table.shown.get(fd.fd)
    if shown is None or shown.note != fd.note:
        table.remove(fd.fd)
        shown = Shown(task.group, fd.fd, fd.note, note, call.span.first)
        table.shown[fd.fd] = shown
        protocol = "UDP" if note.protocol == "UDPLITE" else note.protocol
        kernel.shown[task.namespace, protocol, note.local_port] = shown
    shown.listens = shown.listens or call.name in ("accept", "accept4", "listen")
