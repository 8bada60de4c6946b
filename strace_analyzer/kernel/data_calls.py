"""Calls that move data. They show whether a connection was established, which side closed it first,
and which descriptors were passed."""

from __future__ import annotations

from strace_analyzer.kernel.adoption import adopt_received
from strace_analyzer.kernel.arguments import FdArgument, argument, passed_fds
from strace_analyzer.kernel.asked import target
from strace_analyzer.kernel.connect_calls import connect_to, established, shows_a_hidden_connect
from strace_analyzer.kernel.doubts import Doubt
from strace_analyzer.kernel.objects import OpenFileDescription, Task
from strace_analyzer.kernel.option_calls import connection_failed, connection_lost
from strace_analyzer.kernel.socket_state import TCP, UDP, Binding, Connection, Ending
from strace_analyzer.kernel.state import Kernel
from strace_analyzer.kernel.step import AFTER_END
from strace_analyzer.kernel.system_call import NETWORK, SystemCall
from strace_analyzer.kernel.transitions import PORT_AT_CONNECT, RESET_ERRORS
from strace_analyzer.kernel.transport import INET
from strace_analyzer.trace.constants import MSG_FLAGS, includes, number
from strace_analyzer.trace.events import Syscall
from strace_analyzer.trace.prefilter.watch import When
from strace_analyzer.trace.sockaddr import socket_address

_SIZE_ARGUMENT = {"read": 2, "recv": 2, "recvfrom": 2}
_FLAGS_ARGUMENT = {"sendto": 3, "send": 3, "sendmsg": 2, "sendmmsg": 3}


def received(kernel: Kernel, task: Task, call: Syscall, fd: FdArgument) -> None:
    """read(2), recv(2) and similar calls: a result of 0, if more was asked for, is the peer's
    FIN."""
    description = kernel.find(task, fd, call)
    if call.name in ("recvmsg", "recvmmsg") and not call.result.failed:
        _take_rights(kernel, task, call)
    if description is None:
        return
    size = number(argument(call.args, _SIZE_ARGUMENT.get(call.name, 99)))
    was = description.socket
    if call.result.value == 0 and size != 0 and was.type == "SOCK_STREAM" and _is_up(description):
        now = was._replace(ending=Ending.PEER_CLOSED if not was.shut_down else was.ending)
        if was.connection is Connection.CONNECTING:
            established(kernel, task, call, fd.fd, description)
            now = description.socket._replace(ending=now.ending)
        if now.ending is not was.ending:
            kernel.move(call, "eof", task, fd.fd, description, now)
        return
    _moved(kernel, task, call, fd.fd, description)


def sent(kernel: Kernel, task: Task, call: Syscall, fd: FdArgument) -> None:
    """write(2), send(2) and similar calls. A send with MSG_FASTOPEN connects; a send on an unbound
    UDP socket binds it."""
    flags = argument(call.args, _FLAGS_ARGUMENT.get(call.name, 99))
    to = target(call)
    if flags is not None and includes(flags, "MSG_FASTOPEN", MSG_FLAGS) and to is not None:
        connect_to(kernel, task, call, fd, socket_address(to))
        return
    description = kernel.find(task, fd, call)
    if call.name in ("sendmsg", "sendmmsg") and not call.result.failed:
        _give_rights(kernel, task, call)
    if description is None:
        return
    was = description.socket
    if was.protocol in UDP and was.binding in PORT_AT_CONNECT:
        address = socket_address(to) if to is not None else None
        if call.result.failed:
            kernel.move(call, "send", task, fd.fd, description, was, keep=False)
        elif address is not None and address.family in INET:
            now = was._replace(binding=PORT_AT_CONNECT[was.binding])
            kernel.move(call, "send", task, fd.fd, description, now, keep=False)
        return
    _moved(kernel, task, call, fd.fd, description)
    if was.ending is Ending.PEER_CLOSED and (call.result.value or 0) > 0 and was.protocol in TCP:
        kernel.move(call, AFTER_END, task, fd.fd, description, description.socket, keep=False)


def _moved(
    kernel: Kernel, task: Task, call: Syscall, fd: int, description: OpenFileDescription
) -> None:
    """What any transfer on a TCP socket shows: data means that it is connected, and some errors
    mean that the connection has ended."""
    was = description.socket
    if was.type != "SOCK_STREAM":
        return
    error = call.result.errno
    if error is None:
        if (call.result.value or 0) <= 0:
            return
        if was.connection is Connection.CONNECTING:
            established(kernel, task, call, fd, description)
        else:
            shows_a_hidden_connect(kernel, task, call, fd, description)
    elif error == "EADDRNOTAVAIL" and _is_up(description):
        # TCP_FASTOPEN_CONNECT delays connect() until the first data is sent (tcp(7))
        connection_failed(kernel, task, call, fd, description)
    elif error in RESET_ERRORS and _is_up(description):
        if error == "EPIPE" and was.shut_down:
            return
        description.socket = was._replace(ending=Ending.RESET)
        connection_lost(kernel, task, call, fd, description)


def _is_up(description: OpenFileDescription) -> bool:
    return description.socket.connection in (Connection.CONNECTING, Connection.CONNECTED)


def _give_rights(kernel: Kernel, task: Task, call: Syscall) -> None:
    """SCM_RIGHTS: the receiver has the socket too, whatever happens to our descriptor."""
    for fd in passed_fds(argument(call.args, 1)):
        description = kernel.find(task, fd, call)
        if description is not None and description.socket.is_inet:
            socket = description.socket
            description.socket = socket._replace(doubts=socket.doubts | {Doubt.PASSED})
            if socket.binding is Binding.EPHEMERAL:
                kernel.doubt(Doubt.PASSED, task, fd.fd, call)


def _take_rights(kernel: Kernel, task: Task, call: Syscall) -> None:
    for fd in passed_fds(argument(call.args, 1)):
        kernel.number_was_given(task, fd.fd, call)
        if fd.may_be_socket:
            adopt_received(kernel, task, fd, call)


_MESSAGE_IN = SystemCall(on=received, shown_by=NETWORK, lean="")
_MESSAGE_OUT = SystemCall(on=sent, shown_by=NETWORK, lean="")
"""These can carry descriptors, so they matter for any socket."""
_IN, _OUT = (call._replace(when=When.MOVED) for call in (_MESSAGE_IN, _MESSAGE_OUT))

_FILES = "^(read|write)v?$"
"""Calls that move data of any file."""

RECEIVING = {
    **dict.fromkeys(("read", "readv"), _IN._replace(shown_by=_FILES)),
    **dict.fromkeys(("recv", "recvfrom"), _IN),
    **dict.fromkeys(("recvmsg", "recvmmsg"), _MESSAGE_IN),
}
SENDING = {
    **dict.fromkeys(("sendfile", "sendfile64"), _OUT._replace(shown_by="sendfile")),
    **dict.fromkeys(("write", "writev"), _OUT._replace(shown_by=_FILES)),
    **dict.fromkeys(("send", "sendto"), _OUT),
    **dict.fromkeys(("sendmsg", "sendmmsg"), _MESSAGE_OUT),
}
CALLS = {**SENDING, **RECEIVING}
