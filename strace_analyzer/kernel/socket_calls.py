"""Calls on sockets: one function and one table row per system call. What they do is in
transitions.py."""

from __future__ import annotations

from strace_analyzer.kernel.arguments import (
    FdArgument,
    argument,
    fd_argument,
    pair_of_fds,
)
from strace_analyzer.kernel.objects import OpenFileDescription, Task
from strace_analyzer.kernel.process_calls import Handler
from strace_analyzer.kernel.socket_state import Binding, Connection, Origin, Outcome, Socket
from strace_analyzer.kernel.state import OLDER, RECEIVED, Kernel
from strace_analyzer.kernel.transitions import (
    BIND,
    CONNECT,
    PORT_AT_CONNECT,
    ConnectResult,
    Request,
    connect_result,
    release,
)
from strace_analyzer.trace.constants import (
    ADDRESS_FAMILIES,
    PROTOCOLS,
    SHUTDOWN_HOW,
    SOCK_TYPE_MASK,
    SOCKET_TYPES,
    includes,
    number,
)
from strace_analyzer.trace.events import Syscall
from strace_analyzer.trace.sockaddr import SocketAddress, socket_address
from strace_analyzer.trace.values import Name, Value, plain

INET = ("AF_INET", "AF_INET6")
UNDECODED = "undecoded-address"
KINSHIP = "clone-hidden"
"""Two tasks are taken for threads of one process only because the trace does not show who made
them."""

_TYPE_NAMES = {
    1: "SOCK_STREAM", 2: "SOCK_DGRAM", 3: "SOCK_RAW", 4: "SOCK_RDM", 5: "SOCK_SEQPACKET",
    6: "SOCK_DCCP", 10: "SOCK_PACKET",
}  # fmt: skip
_PROTOCOL_NAMES = {6: "TCP", 17: "UDP", 33: "DCCP", 132: "SCTP", 136: "UDPLITE", 262: "MPTCP"}
_DEFAULT_PROTOCOL = {"SOCK_STREAM": "TCP", "SOCK_DGRAM": "UDP", "SOCK_DCCP": "DCCP"}


def socket(kernel: Kernel, task: Task, call: Syscall) -> None:
    """socket(2)."""
    fd = _new_fd(call)
    if fd is None:
        return
    domain = _domain(argument(call.args, 0))
    kind, protocol = transport(domain, argument(call.args, 1), argument(call.args, 2))
    kernel.create(
        task, call, "socket", fd,
        origin=Origin.CREATED, domain=domain, type=kind, protocol=protocol,
        close_on_exec=_closes_on_exec(argument(call.args, 1)),
    )  # fmt: skip


def socketpair(kernel: Kernel, task: Task, call: Syscall) -> None:
    """socketpair(2): two numbers that are certainly no internet sockets."""
    if not call.result.failed:
        for fd in pair_of_fds(argument(call.args, 3)):
            kernel.number_was_given(task, fd.fd, call)


def accept(kernel: Kernel, task: Task, call: Syscall) -> None:
    """accept(2), accept4(2): an incoming connection, on the listener's port."""
    new, listener = _new_fd(call), fd_argument(argument(call.args, 0))
    if new is None:
        return
    known = None if listener is None else kernel.find(task, listener, call)
    peer = socket_address(argument(call.args, 1))
    domain = known.socket.domain if known else peer.family if peer else None
    description = kernel.create(
        task, call, "accept", new,
        origin=Origin.ACCEPTED,
        domain=domain,
        type=known.socket.type if known else "SOCK_STREAM",
        protocol=known.socket.protocol if known else None,
        close_on_exec=_closes_on_exec(argument(call.args, 3)),
    )  # fmt: skip
    description.socket = description.socket._replace(
        binding=Binding.BOUND,
        connection=Connection.CONNECTED,
        peer=peer if peer is not None and peer.family in INET else None,
    )


def bind(kernel: Kernel, task: Task, call: Syscall) -> None:
    """bind(2)."""
    fd, address = fd_argument(argument(call.args, 0)), socket_address(argument(call.args, 1))
    if fd is None:
        return
    description = _socket_for(kernel, task, fd, call, address)
    if description is None:
        return
    was = description.socket
    decoded = address is not None and address.port is not None and address.address is not None
    if call.result.failed or call.result.value is None:
        kernel.move(call, "bind", task, fd.fd, description, was, keep=False)
        if call.result.errno == "EADDRINUSE" and not decoded and was.is_inet:
            kernel.doubt(UNDECODED, task, fd.fd, call)
        return
    request = Request.PORT
    if decoded and address is not None and address.port == 0:
        request = Request.LATER if was.options.no_port else Request.ANY_PORT
    if (was.binding, request) not in BIND:
        # it was bound already, and that cannot be done twice: another socket has got the number
        kernel.close(task, fd.fd, call)
        description = kernel.adopt(task, fd, call, was.domain)
        was = description.socket._replace(doubts=description.socket.doubts | {"fd-reuse"})
    doubts = was.doubts if decoded else was.doubts | {UNDECODED}
    now = was._replace(
        binding=BIND[was.binding, request],
        local=address if decoded else None,
        assigned_port=None,
        connects=0,
        outcome=Outcome.NONE,
        was_released=False,
        proved_pinned=False,
        doubts=doubts,
        trail=tuple(item for item in was.trail if item.role in _BEFORE_BIND),
    )
    kernel.move(call, "bind", task, fd.fd, description, now)


_BEFORE_BIND = frozenset({"socket", "accept", "setsockopt"})


def connect(kernel: Kernel, task: Task, call: Syscall) -> None:
    """connect(2)."""
    fd, address = fd_argument(argument(call.args, 0)), socket_address(argument(call.args, 1))
    if fd is not None:
        connect_to(kernel, task, call, fd, address)


def connect_to(
    kernel: Kernel, task: Task, call: Syscall, fd: FdArgument, address: SocketAddress | None
) -> None:
    """connect(2), or a send with MSG_FASTOPEN, which connects (tcp(7))."""
    description = _socket_for(kernel, task, fd, call, address)
    if description is None:
        return
    was = description.socket
    if address is not None and address.family == "AF_UNSPEC":
        _disconnect(kernel, task, call, fd, description)
        return
    if address is None or address.port is None:
        if was.is_inet and (address is None or address.family in INET):
            kernel.doubt(UNDECODED, task, fd.fd, call)
            now = was._replace(doubts=was.doubts | {UNDECODED}, connects=was.connects + 1)
            kernel.move(call, "connect", task, fd.fd, description, now, keep=False)
        return
    if address.family not in INET:
        return
    result = _result(call)
    if result is ConnectResult.INVALID:
        return
    if _cannot_connect_again(was, result, address):
        kernel.close(task, fd.fd, call)
        description = kernel.adopt(task, fd, call, address.family)
        was = description.socket
    if UNDECODED in was.doubts:
        kernel.doubt(UNDECODED, task, fd.fd, call)
    elif RECEIVED in was.doubts:
        kernel.doubt(RECEIVED, task, fd.fd, call)
    elif OLDER in was.doubts and was.binding is Binding.UNBOUND and not was.was_released:
        kernel.doubt(OLDER, task, fd.fd, call)
    if description.maker != task.tid and kernel.tasks.is_assumed_thread(task):
        was = was._replace(doubts=was.doubts | {KINSHIP})
    note = fd.socket
    shown = note is not None and note.peer is None and note.local is not None and note.local[1] > 0
    now = _connected(was, result, address)._replace(proved_pinned=was.proved_pinned or shown)
    polled = was.connection is Connection.CONNECTING
    now = now._replace(connects=was.connects + (not polled))
    if result is ConnectResult.UNCLEAR:
        now = now._replace(doubts=now.doubts | {"release-unclear"})
    role = "outcome" if polled else "connect"
    kernel.move(call, role, task, fd.fd, description, now, keep=not (polled and now == was))


def _result(call: Syscall) -> ConnectResult:
    if call.result.value is None and call.result.errno is None:
        return ConnectResult.GOING_ON  # `= ?`, or a half that never came back
    return connect_result(call.result.errno, call.elapsed)


def _cannot_connect_again(was: Socket, result: ConnectResult, address: SocketAddress) -> bool:
    """A connected TCP socket answers EISCONN; anything else means the number is another
    socket's."""
    return (
        was.connection is Connection.CONNECTED
        and not was.is_udp
        and was.protocol != "RAW"
        and result in (ConnectResult.GOING_ON, ConnectResult.DONE, ConnectResult.REFUSED)
        and not (result is ConnectResult.DONE and address == was.peer)
    )


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
    """connect(AF_UNSPEC): net/ipv4/tcp.c tcp_disconnect gives the port back if it was not closed
    yet."""
    was = description.socket
    if call.result.failed or was.connection is Connection.UNCONNECTED:
        return
    now = release(was)._replace(connection=Connection.UNCONNECTED, peer=None)
    kernel.move(call, "release", task, fd.fd, description, now)


def listen(kernel: Kernel, task: Task, call: Syscall) -> None:
    """listen(2): a socket without a port gets one."""
    fd = fd_argument(argument(call.args, 0))
    description = None if fd is None else kernel.find_or_adopt(task, fd, call, None)
    if fd is None or description is None:
        return
    was = description.socket
    if call.result.failed:
        kernel.move(call, "listen", task, fd.fd, description, was, keep=False)
        return
    binding = PORT_AT_CONNECT.get(was.binding, was.binding)
    now = was._replace(binding=binding, connection=Connection.LISTENING)
    kernel.move(call, "listen", task, fd.fd, description, now)


def getsockname(kernel: Kernel, task: Task, call: Syscall) -> None:
    """getsockname(2): shows whether a port is taken, and which."""
    fd, address = fd_argument(argument(call.args, 0)), socket_address(argument(call.args, 1))
    if fd is None or call.result.failed or address is None or address.family not in INET:
        return
    description = kernel.find_or_adopt(task, fd, call, address.family)
    if description is None or address.port is None:
        return
    was = description.socket
    kernel.move(call, "getsockname", task, fd.fd, description, _shown(was, address))


def _shown(was: Socket, address: SocketAddress) -> Socket:
    if address.port == 0:
        # no port is taken: it is not bound, or IP_BIND_ADDRESS_NO_PORT is in force
        binding = Binding.DEFERRED if was.binding is Binding.EPHEMERAL else was.binding
        return was._replace(binding=binding, doubts=was.doubts - {OLDER})
    if was.was_released and was.binding is Binding.DEFERRED:
        return was  # the stale port of a released binding (docs/kernel.md)
    domain = was.domain or address.family
    if was.binding in (Binding.UNBOUND, Binding.AUTOBOUND):
        return was._replace(local=address, assigned_port=address.port, domain=domain)
    return was._replace(assigned_port=address.port, domain=domain)


def getpeername(kernel: Kernel, task: Task, call: Syscall) -> None:
    """getpeername(2): answers only where there is a peer."""
    fd, address = fd_argument(argument(call.args, 0)), socket_address(argument(call.args, 1))
    if fd is None or call.result.failed or address is None or address.family not in INET:
        return
    description = kernel.find(task, fd, call)
    if description is not None and description.socket.connection is Connection.CONNECTING:
        established(kernel, task, call, fd.fd, description)


def established(
    kernel: Kernel, task: Task, call: Syscall, fd: int, description: OpenFileDescription
) -> None:
    """A call showed that the connection in progress has been made."""
    now = description.socket._replace(connection=Connection.CONNECTED, outcome=Outcome.CONNECTED)
    kernel.move(call, "outcome", task, fd, description, now)


def shutdown(kernel: Kernel, task: Task, call: Syscall) -> None:
    """shutdown(2): our FIN. After the peer's, the connection is over and the port is free
    (LAST_ACK)."""
    fd = fd_argument(argument(call.args, 0))
    description = None if fd is None else kernel.find(task, fd, call)
    how = number(argument(call.args, 1), SHUTDOWN_HOW)
    if fd is None or description is None or call.result.failed or how not in (1, 2):
        return
    was = description.socket
    now = was._replace(shut_down=True)
    if was.connection is Connection.LISTENING:
        # inet_shutdown on a listener is tcp_disconnect: it stops listening
        now = release(now)._replace(connection=Connection.UNCONNECTED)
    elif was.ending.value != "open" and was.is_tcp:
        now = release(now)._replace(connection=Connection.UNCONNECTED)
        kernel.move(call, "release", task, fd.fd, description, now)
        return
    kernel.move(call, "shutdown", task, fd.fd, description, now)


# reading the arguments


def _socket_for(
    kernel: Kernel, task: Task, fd: FdArgument, call: Syscall, address: SocketAddress | None
) -> OpenFileDescription | None:
    """The socket of bind() or connect(); an unknown number is an older socket if the address is
    inet."""
    if address is not None and address.family in INET:
        if call.result.errno in ("EBADF", "ENOTSOCK"):
            return kernel.find(task, fd, call)
        return kernel.find_or_adopt(task, fd, call, address.family)
    return kernel.find(task, fd, call)


def _new_fd(call: Syscall) -> FdArgument | None:
    value = call.result.value
    if call.result.failed or value is None or value < 0:
        return None
    return FdArgument(value, call.result.annotation)


def _domain(value: Value | None) -> str | None:
    family = number(value, ADDRESS_FAMILIES)
    if family is None:
        inner = None if value is None else plain(value)
        return inner.text if isinstance(inner, Name) else None
    return _DOMAIN_NAMES.get(family, f"AF_{family}")


_DOMAIN_NAMES = {
    value: name
    for name, value in reversed(ADDRESS_FAMILIES.items())
    if name.startswith("AF_") and name not in ("AF_LOCAL", "AF_FILE", "AF_ROUTE")
}


def transport(
    domain: str | None, type_value: Value | None, protocol_value: Value | None
) -> tuple[str | None, str | None]:
    """Type and transport of socket(domain, type, protocol); protocol 0 is the type's own
    (ip(7))."""
    bits = number(type_value, SOCKET_TYPES)
    kind = (
        None if bits is None else _TYPE_NAMES.get(bits & SOCK_TYPE_MASK, str(bits & SOCK_TYPE_MASK))
    )
    if domain not in INET or kind is None:
        return kind, None
    chosen = number(protocol_value, PROTOCOLS)
    if kind in ("SOCK_RAW", "SOCK_PACKET"):
        return kind, "RAW"
    if chosen == 0:
        return kind, _DEFAULT_PROTOCOL.get(kind)
    if chosen is None:
        return kind, None
    return kind, _PROTOCOL_NAMES.get(chosen, str(chosen))


def _closes_on_exec(value: Value | None) -> bool:
    return bool(includes(value, "SOCK_CLOEXEC", SOCKET_TYPES)) if value is not None else False


CALLS: dict[str, Handler] = {
    "accept": accept,
    "accept4": accept,
    "bind": bind,
    "connect": connect,
    "getpeername": getpeername,
    "getsockname": getsockname,
    "listen": listen,
    "shutdown": shutdown,
    "socket": socket,
    "socketpair": socketpair,
}
