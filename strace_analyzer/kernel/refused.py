"""Takes a call that failed and changed nothing, gives the step that reports it."""

from __future__ import annotations

from strace_analyzer.kernel.arguments import FdArgument, argument
from strace_analyzer.kernel.asked import asked_address
from strace_analyzer.kernel.notes import TYPES
from strace_analyzer.kernel.objects import OpenFileDescription, Task
from strace_analyzer.kernel.socket_state import Origin, Socket
from strace_analyzer.kernel.state import Kernel
from strace_analyzer.kernel.step import FAILED, LOCAL, Step
from strace_analyzer.kernel.transport import INET, domain_of, transport
from strace_analyzer.trace.events import Syscall

UNDER_WAY = frozenset({
    "EAGAIN", "EALREADY", "EINPROGRESS", "EINTR", "EISCONN", "ERESTART", "ERESTARTNOHAND",
    "ERESTARTNOINTR", "ERESTARTSYS", "ERESTART_RESTARTBLOCK", "EWOULDBLOCK",
})  # fmt: skip
"""Errors of a call that did not really fail: it is still going on, or is to be repeated."""
_BACKLOG_FULL = "connect", "EAGAIN"
"""of a UNIX socket that does not block (net/unix/af_unix.c unix_stream_connect)"""
_GIVING = frozenset({"accept", "accept4", "socket"})
"""calls that return a new descriptor, whatever the kind of socket"""
_NO_ROOM = frozenset({"EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"})
_NO_ID = -1
"""the id of a socket that is only a placeholder"""
_NO_NUMBER = -1
"""the descriptor of a call that has none"""


def refused(kernel: Kernel, task: Task, call: Syscall, fd: FdArgument | None) -> None:
    """Report `call`, one of catalogue.SOCKET_CALLS, acting on `fd`, if it failed and none of its
    steps shows that yet."""
    error = call.result.errno
    if error is None or call.result.injected:
        return
    if error in UNDER_WAY and (call.name, error) != _BACKLOG_FULL:
        return
    if any(step.event is call for step in kernel.steps):
        return
    number = _NO_NUMBER if fd is None else fd.fd
    address = asked_address(call)
    if address is not None and address.family not in (*INET, "AF_UNSPEC"):
        if address.family == "AF_UNIX" and call.name in ("bind", "connect"):
            _tell(kernel, task, call, number, "AF_UNIX")
        return  # the number is not what we believed
    if error in UNDER_WAY:
        return
    known = None if fd is None else _known(kernel, task, number)
    if known is None:
        socket = (
            _made(kernel, task, call) if call.name == "socket" else _used(kernel, task, call, fd)
        )
        if socket is None:
            if call.name in _GIVING and error in _NO_ROOM:
                _tell(kernel, task, call, number, None)
            return
        known = OpenFileDescription(socket, task, number)
    kernel.emit(call, FAILED, task, number, known, known.socket, known.socket)


def _tell(kernel: Kernel, task: Task, call: Syscall, number: int, domain: str | None) -> None:
    """Report a failure of a socket that the model does not follow."""
    socket = Socket(_NO_ID, task.namespace, Origin.INHERITED, domain, None, None)
    placeholder = OpenFileDescription(socket, task, number)
    kernel.steps.append(Step(call, LOCAL, task, number, placeholder, socket, socket))


def _known(kernel: Kernel, task: Task, fd: int) -> OpenFileDescription | None:
    begun = kernel.begun
    if begun is not None and begun.is_elsewhere(task.table, fd):
        return None if begun.descriptor is None else begun.descriptor.description
    descriptor = task.table.slots.get(fd)
    return None if descriptor is None else descriptor.description


def _made(kernel: Kernel, task: Task, call: Syscall) -> Socket | None:
    """The internet socket that socket(2) failed to create; None if it would have been another
    kind."""
    domain = domain_of(argument(call.args, 0))
    if domain not in INET:
        return None
    kind, protocol = transport(domain, argument(call.args, 1), argument(call.args, 2))
    return Socket(_NO_ID, task.namespace, Origin.CREATED, domain, kind, protocol)


def _used(kernel: Kernel, task: Task, call: Syscall, fd: FdArgument | None) -> Socket | None:
    """The socket at a number we do not know, if its note or the address tells the family."""
    note = None if fd is None else fd.socket
    if note is not None and note.foreign:
        return None
    address = asked_address(call)
    domain = note.domain if note else None
    if domain is None and address is not None:
        domain = address.family
    if domain not in INET:
        return None
    protocol = note.protocol if note else None
    return Socket(
        _NO_ID, task.namespace, Origin.INHERITED, domain,
        TYPES.get(protocol or ""), protocol,
    )  # fmt: skip
