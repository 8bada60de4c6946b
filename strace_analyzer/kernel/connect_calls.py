"""connect(2) and the calls that show how a connection fared: one function and one table row per
call."""

from __future__ import annotations

from ipaddress import ip_address

from strace_analyzer.kernel.adoption import adopt, find_or_adopt
from strace_analyzer.kernel.arguments import FdArgument, argument
from strace_analyzer.kernel.doubts import Doubt
from strace_analyzer.kernel.notes import had_a_port
from strace_analyzer.kernel.objects import OpenFileDescription, Task
from strace_analyzer.kernel.socket_state import (
    TCP,
    UDP,
    Binding,
    Connection,
    Origin,
    Outcome,
    Socket,
)
from strace_analyzer.kernel.state import Kernel
from strace_analyzer.kernel.system_call import NETWORK, SystemCall
from strace_analyzer.kernel.transitions import (
    CONNECT,
    PORT_AT_CONNECT,
    ConnectResult,
    connect_result,
    release,
)
from strace_analyzer.kernel.transport import INET
from strace_analyzer.trace.events import Syscall
from strace_analyzer.trace.sockaddr import SocketAddress, socket_address

NO_SOCKET = frozenset({"EBADF", "ENOTSOCK", "EFAULT"})
"""Errors that say nothing about the socket, or mean that there is none."""


def connect(kernel: Kernel, task: Task, call: Syscall, fd: FdArgument) -> None:
    """connect(2)."""
    connect_to(kernel, task, call, fd, socket_address(argument(call.args, 1)))


def connect_to(
    kernel: Kernel, task: Task, call: Syscall, fd: FdArgument, address: SocketAddress | None
) -> None:
    """connect(2), or a send with MSG_FASTOPEN, which connects (tcp(7))."""
    description = socket_for(kernel, task, fd, call, address)
    if description is None:
        if address is None and fd.may_be_socket and call.result.errno not in NO_SOCKET:
            kernel.doubt(Doubt.UNDECODED, task, fd.fd, call)
        elif kernel.is_elsewhere(task, fd.fd) and address is not None and address.family in INET:
            kernel.doubt(Doubt.OLDER, task, fd.fd, call)
        return
    was = description.socket
    if address is not None and address.family == "AF_UNSPEC":
        _disconnect(kernel, task, call, fd, description)
        return
    has_returned = call.result.value is not None
    if address is None or address.port is None or not (has_returned or _is_whole(address)):
        if call.result.errno in NO_SOCKET:
            return
        if was.is_inet and (address is None or address.family in INET):
            if has_returned:  # otherwise it was under way as the trace ended, which is said anyway
                kernel.doubt(Doubt.UNDECODED, task, fd.fd, call)
            now = was._replace(doubts=was.doubts | {Doubt.UNDECODED}, connects=was.connects + 1)
            kernel.move(call, "connect", task, fd.fd, description, now, keep=False)
        return
    result = _result(call, was, address)
    if result is ConnectResult.INVALID:
        if not kernel.is_elsewhere(task, fd.fd):
            kernel.number_was_given(task, fd.fd, call)  # there is no socket at this number
        return
    if _cannot_connect_again(was, result, address) and not kernel.is_elsewhere(task, fd.fd):
        kernel.contradicted(task, fd.fd, call)
        kernel.close(task, fd.fd, call)
        description = adopt(kernel, task, fd, call, address.family)
        was = description.socket
    if Doubt.UNDECODED in was.doubts:
        bound = was.evidence("bind") if was.local is None else None
        kernel.doubt(Doubt.UNDECODED, task, fd.fd, call if bound is None else bound.call)
    elif Doubt.RECEIVED in was.doubts:
        kernel.doubt(Doubt.RECEIVED, task, fd.fd, call)
    elif Doubt.OLDER in was.doubts and was.binding is Binding.UNBOUND and not was.was_released:
        kernel.doubt(Doubt.OLDER, task, fd.fd, call)
    elif had_a_port(was) and was.evidence("getsockname") is None:
        kernel.doubt(Doubt.BIND_HIDDEN, task, fd.fd, call)
    if description.maker is not task:
        if task.shares_by_assumption(description.maker):
            was = was._replace(doubts=was.doubts | {Doubt.KINSHIP})
        if task.ambiguous:
            was = was._replace(doubts=was.doubts | {Doubt.PAIRING})
    if task.table.has_ring and kernel.rests_on_the_number(task, fd, was):
        was = was._replace(doubts=was.doubts | {Doubt.IO_URING})
    note = fd.socket
    shown = note is not None and note.peer is None and note.local is not None and note.local[1] > 0
    hides = note is not None and note.inode is not None and was.binding is Binding.EPHEMERAL
    if shown and was.protocol in TCP:
        kernel.shows_bound_ports.add(was.namespace)
    unclear = result is ConnectResult.UNCLEAR
    polled = was.connection is Connection.CONNECTING
    now = _connected(was, result, address)._replace(
        proved_pinned=was.proved_pinned or shown,
        shows_no_port=was.shows_no_port or (hides and was.connects == 0),
        connects=was.connects + (not polled),
        doubts=was.doubts | {Doubt.RELEASE_UNCLEAR} if unclear else was.doubts,
    )
    role = "outcome" if polled else "connect"
    kernel.move(call, role, task, fd.fd, description, now, keep=not (polled and now == was))


def _is_whole(address: SocketAddress) -> bool:
    """The line did not break off within the address."""
    return address.address is not None or address.family not in INET


def shows_a_hidden_connect(
    kernel: Kernel, task: Task, call: Syscall, fd: int, description: OpenFileDescription
) -> None:
    """`call` succeeded although it works only on connections, or it asks for the outcome of one. If
    the trace has no connect() for this socket, either connect() is not traced, or -z left it out
    because it was in progress and so "failed". Reported once per socket."""
    was = description.socket
    if (
        was.protocol in TCP
        and was.origin is Origin.CREATED
        and was.connection is Connection.UNCONNECTED
        and was.connects == 0
        and not was.doubts & {Doubt.CONNECT_HIDDEN, Doubt.PASSED}
    ):
        description.socket = was._replace(doubts=was.doubts | {Doubt.CONNECT_HIDDEN})
        kernel.doubt(Doubt.CONNECT_HIDDEN, task, fd, call)


def _result(call: Syscall, was: Socket, address: SocketAddress) -> ConnectResult:
    result = call.result
    if result.errno is None:  # `= ?`, or a half that never came back, is going on
        return ConnectResult.GOING_ON if result.value is None else ConnectResult.DONE
    if result.injected:
        return ConnectResult.NOT_TRIED  # the kernel has never seen this call
    connecting = was.connection is Connection.CONNECTING
    if result.errno == "ENETUNREACH" and not connecting and is_for_many(address):
        return ConnectResult.NOT_TRIED  # however long strace took
    return connect_result(result.errno, call.elapsed, connecting=connecting)


def is_for_many(address: SocketAddress) -> bool:
    """True for multicast and broadcast: tcp_v4_connect (net/ipv4/tcp_ipv4.c) and tcp_v6_connect
    (net/ipv6/tcp_ipv6.c) themselves return ENETUNREACH for these."""
    try:
        target = ip_address((address.address or "").partition("%")[0])
    except ValueError:
        return False
    return target.is_multicast or target == _BROADCAST


_BROADCAST = ip_address("255.255.255.255")


def _cannot_connect_again(was: Socket, result: ConnectResult, address: SocketAddress) -> bool:
    """A connected or listening TCP socket returns EISCONN; any other result means that the number
    belongs to another socket now."""
    if was.connection is Connection.LISTENING:
        return result is ConnectResult.DONE
    return (
        was.connection is Connection.CONNECTED
        and was.protocol not in UDP
        and was.protocol != "RAW"
        and result in (ConnectResult.GOING_ON, ConnectResult.DONE, ConnectResult.REFUSED)
        and not (result is ConnectResult.DONE and address == was.peer and _took_time(was))
    )


def _took_time(was: Socket) -> bool:
    """True if some connect() of this socket did not return 0 at once: the first connect() after the
    connection is established then returns 0 (connect(2), net/ipv4/af_inet.c __inet_stream_connect,
    SS_CONNECTING)."""
    return any(item.role == "connect" and item.call.result.value != 0 for item in was.trail)


def _connected(was: Socket, result: ConnectResult, address: SocketAddress) -> Socket:
    connection = CONNECT.get((was.connection, result), was.connection)
    match result:
        case ConnectResult.DONE:
            outcome = Outcome.CONNECTED
        case ConnectResult.GOING_ON:
            outcome = Outcome.IN_PROGRESS
        case ConnectResult.ALREADY_CONNECTED:
            if was.connection is Connection.LISTENING:
                return was
            outcome = Outcome.CONNECTED
        case _:
            now = was._replace(peer=address, connection=connection, outcome=Outcome.FAILED)
            return release(now) if result is ConnectResult.REFUSED else now
    binding = PORT_AT_CONNECT.get(was.binding, was.binding)
    return was._replace(peer=address, binding=binding, connection=connection, outcome=outcome)


def _disconnect(
    kernel: Kernel, task: Task, call: Syscall, fd: FdArgument, description: OpenFileDescription
) -> None:
    """connect(AF_UNSPEC): tcp_disconnect (net/ipv4/tcp.c) releases the port, unless the
    connection was closed already (TCP_CLOSE)."""
    was = description.socket
    if call.result.failed or was.connection is Connection.UNCONNECTED:
        return
    now = release(was)._replace(connection=Connection.UNCONNECTED, peer=None)
    kernel.move(call, "release", task, fd.fd, description, now)


def getpeername(kernel: Kernel, task: Task, call: Syscall, fd: FdArgument) -> None:
    """getpeername(2): succeeds only if there is a peer."""
    address = socket_address(argument(call.args, 1))
    if call.result.failed or address is None or address.family not in INET:
        return
    description = kernel.find(task, fd, call)
    if description is None:
        return
    if description.socket.connection is Connection.CONNECTING:
        established(kernel, task, call, fd.fd, description)
    else:
        shows_a_hidden_connect(kernel, task, call, fd.fd, description)


def established(
    kernel: Kernel, task: Task, call: Syscall, fd: int, description: OpenFileDescription
) -> None:
    """A call showed that the pending connection was established."""
    now = description.socket._replace(connection=Connection.CONNECTED, outcome=Outcome.CONNECTED)
    kernel.move(call, "outcome", task, fd, description, now)


def socket_for(
    kernel: Kernel, task: Task, fd: FdArgument, call: Syscall, address: SocketAddress | None
) -> OpenFileDescription | None:
    """The socket of a bind() or connect(). With an internet address, an unknown number is adopted
    as a socket older than the trace."""
    if address is not None and address.family in INET:
        if call.result.errno in NO_SOCKET:
            return kernel.find(task, fd, call)
        return find_or_adopt(kernel, task, fd, call, address.family)
    return kernel.find(task, fd, call)


CALLS = {
    "connect": SystemCall(
        on=connect, is_attempt=True, is_made=True, shown_by=NETWORK, lean="connect"
    ),
    "getpeername": SystemCall(on=getpeername, shown_by=NETWORK, lean="peer"),
}
