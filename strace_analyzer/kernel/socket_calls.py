"""Calls on sockets: one function and one table row per system call. The state changes are in
transitions.py.

It is long because each of eight calls has its function.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from strace_analyzer.kernel.adoption import adopt, find_or_adopt
from strace_analyzer.kernel.arguments import (
    FdArgument,
    argument,
    pair_of_fds,
    result_fd,
    returned_fd,
)
from strace_analyzer.kernel.connect_calls import socket_for
from strace_analyzer.kernel.doubts import Doubt
from strace_analyzer.kernel.notes import had_a_port, learned, proved_bound, settled
from strace_analyzer.kernel.objects import Task
from strace_analyzer.kernel.socket_state import (
    TCP,
    Binding,
    Connection,
    Ending,
    Origin,
    Outcome,
    Socket,
)
from strace_analyzer.kernel.state import Kernel
from strace_analyzer.kernel.system_call import NETWORK, SOCKET_FACTS, SystemCall
from strace_analyzer.kernel.transitions import (
    BIND,
    PORT_AT_CONNECT,
    Request,
    ended,
    release,
)
from strace_analyzer.kernel.transport import INET, domain_of, transport
from strace_analyzer.trace.constants import (
    SHUTDOWN_HOW,
    SOCKET_TYPES,
    includes,
    number,
)
from strace_analyzer.trace.events import Syscall
from strace_analyzer.trace.prefilter.watch import When
from strace_analyzer.trace.sockaddr import SocketAddress, socket_address
from strace_analyzer.trace.values import Value


def socket(kernel: Kernel, task: Task, call: Syscall) -> None:
    """socket(2)."""
    fd = result_fd(call)
    if fd is None or _is_foreign(kernel, task, fd, call):
        return
    made = _asked_for(call.args)
    kernel.create(
        task, call, "socket", fd,
        origin=Origin.CREATED, domain=made.domain, type=made.type, protocol=made.protocol,
        close_on_exec=made.close_on_exec,
    )  # fmt: skip


class _Made(NamedTuple):
    domain: str | None
    type: str | None
    protocol: str | None
    close_on_exec: bool


@lru_cache
def _asked_for(args: tuple[Value, ...]) -> _Made:
    """What the arguments of socket(2) ask for; cached, since programs ask for few kinds."""
    domain = domain_of(argument(args, 0))
    kind, protocol = transport(domain, argument(args, 1), argument(args, 2))
    return _Made(domain, kind, protocol, _closes_on_exec(argument(args, 1)))


def _is_foreign(kernel: Kernel, task: Task, fd: FdArgument, call: Syscall) -> bool:
    """True if the note of the new descriptor names another kind of socket (`<UNIX-STREAM:[7]>`): it
    is not kept, so no call on it needs a look."""
    if fd.may_be_socket:
        return False
    kernel.number_was_given(task, fd.fd, call)
    return True


def socketpair(kernel: Kernel, task: Task, call: Syscall) -> None:
    """socketpair(2): two descriptors that are certainly not internet sockets."""
    for fd in _pair(call):
        kernel.number_was_given(task, fd.fd, call)


def _pair(call: Syscall) -> tuple[FdArgument, ...]:
    return () if call.result.failed else pair_of_fds(argument(call.args, 3))


def accept(kernel: Kernel, task: Task, call: Syscall, listener: FdArgument) -> None:
    """accept(2), accept4(2): an incoming connection, on the listener's port."""
    new = result_fd(call)
    if new is None or _is_foreign(kernel, task, new, call):
        return
    known = kernel.find(task, listener, call)
    if (
        known is not None
        and known.socket.protocol in TCP
        and known.socket.origin is Origin.CREATED
        and known.socket.connection is not Connection.LISTENING
    ):  # net/ipv4/inet_connection_sock.c inet_csk_accept: EINVAL unless TCP_LISTEN
        kernel.contradicted(task, listener.fd, call)
    peer = socket_address(argument(call.args, 1))
    domain = None if known is None else known.socket.domain
    if domain is None and peer is not None:
        domain = peer.family
        if known is not None:  # what was seen to listen() only: of what family, this tells
            known.socket = known.socket._replace(domain=domain)
    note, local, port = new.socket, None, None
    if note is not None and note.local is not None and note.domain is not None:
        local = SocketAddress(note.domain, *note.local)
    elif known is not None and known.socket.local is not None:
        port = known.socket.local.port or None
    noted = None if note is None else note.protocol
    kernel.create(
        task, call, "accept", new,
        origin=Origin.ACCEPTED,
        domain=domain,
        type=known.socket.type if known else "SOCK_STREAM",
        protocol=noted if known is None else known.socket.protocol or noted,
        close_on_exec=_closes_on_exec(argument(call.args, 3)),
        peer=peer if peer is not None and peer.family in INET else None,
        local=local,
        assigned_port=port,
    )  # fmt: skip


def bind(kernel: Kernel, task: Task, call: Syscall, fd: FdArgument) -> None:
    """the family of a listener that was first seen at listen()"""
    address = socket_address(argument(call.args, 1))
    description = socket_for(kernel, task, fd, call, address)
    if description is None:
        return
    was = description.socket
    decoded = address is not None and address.port is not None and address.address is not None
    result = call.result
    if result.errno is not None or result.value is None:
        kernel.move(call, "bind", task, fd.fd, description, was, keep=False)
        if result.errno == "EADDRINUSE" and not decoded and was.is_inet:
            kernel.doubt(Doubt.UNDECODED, task, fd.fd, call)
        return
    if was.protocol in TCP and was.shut_down:
        was = ended(was)  # as this result shows
        kernel.move(call, "release", task, fd.fd, description, was, keep=False)
    request = Request.PORT
    if decoded and address is not None and address.port == 0:
        request = Request.LATER if was.options.no_port else Request.ANY_PORT
    cannot_be_it = (was.binding, request) not in BIND and was.protocol != "RAW"
    if cannot_be_it and not kernel.is_elsewhere(task, fd.fd):
        # it was bound already, and bind() cannot succeed twice: the number is another socket now
        kernel.contradicted(task, fd.fd, call)
        kernel.close(task, fd.fd, call)
        description = adopt(kernel, task, fd, call, was.domain)
        was = description.socket._replace(doubts=description.socket.doubts | {Doubt.FD_REUSE})
    doubts = settled(was) if decoded else was.doubts | {Doubt.UNDECODED}
    now = was._replace(
        binding=BIND.get((was.binding, request), was.binding),
        local=address if decoded else None,
        assigned_port=None,
        connects=0,
        outcome=Outcome.NONE,
        was_released=False,
        proved_pinned=False,
        shows_no_port=False,
        doubts=doubts,
        trail=tuple(item for item in was.trail if item.role in _BEFORE_BIND),
    )
    kernel.move(call, "bind", task, fd.fd, description, now)


_BEFORE_BIND = frozenset({"socket", "accept", "setsockopt"})


def listen(kernel: Kernel, task: Task, call: Syscall, fd: FdArgument) -> None:
    """listen(2): a socket without a port is given one."""
    description = find_or_adopt(kernel, task, fd, call, None)
    if description is None:
        return
    was = description.socket
    if call.result.failed:
        kernel.move(call, "listen", task, fd.fd, description, was, keep=False)
        return
    if was.protocol in TCP and (
        was.connection is Connection.CONNECTED
        or (was.connection is Connection.CONNECTING and not was.shut_down)
    ):  # net/ipv4/af_inet.c inet_listen: EINVAL unless SS_UNCONNECTED; shutdown() ends an attempt
        kernel.contradicted(task, fd.fd, call)
    if fd.socket is not None:
        was = learned(was, fd.socket)
    binding = PORT_AT_CONNECT.get(was.binding, was.binding)
    now = was._replace(binding=binding, connection=Connection.LISTENING)
    kernel.move(call, "listen", task, fd.fd, description, now)


def getsockname(kernel: Kernel, task: Task, call: Syscall, fd: FdArgument) -> None:
    """getsockname(2): shows whether the socket has a port, and which."""
    address = socket_address(argument(call.args, 1))
    if call.result.errno is not None or address is None or address.family not in INET:
        return
    description = find_or_adopt(kernel, task, fd, call, address.family)
    if description is None or address.port is None:
        return
    was = description.socket
    now = _shown(was, address)
    first = was.evidence("getsockname") is None
    if first and (had_a_port(now) or _listens_elsewhere(now, kernel.port_range)):
        kernel.doubt(Doubt.BIND_HIDDEN, task, fd.fd, call)
    kernel.move(call, "getsockname", task, fd.fd, description, now)


def _listens_elsewhere(socket: Socket, port_range: tuple[int, int]) -> bool:
    """listen() gave a port to a socket that was not seen to be bound, and the port lies outside
    `port_range` (low, high), from which the kernel chooses, or is one of a specific address, which
    only bind() gives to a listener."""
    port, (low, high) = socket.assigned_port, port_range
    listens = socket.connection is Connection.LISTENING and socket.origin is Origin.CREATED
    is_wild = socket.local is None or socket.local.is_wildcard
    is_chosen = is_wild and port is not None and low <= port <= high
    return listens and socket.binding is Binding.AUTOBOUND and not is_chosen


def _shown(was: Socket, address: SocketAddress) -> Socket:
    if address.port == 0:
        # it has no port: it is not bound, or IP_BIND_ADDRESS_NO_PORT is in force
        binding = Binding.DEFERRED if was.binding is Binding.EPHEMERAL else was.binding
        return was._replace(binding=binding, doubts=was.doubts - {Doubt.OLDER})
    if was.was_released and was.binding is Binding.DEFERRED:
        return was  # the stale port of a released binding (docs/kernel.md)
    was = proved_bound(was, address.port or 0)
    domain = was.domain or address.family
    if was.binding in (Binding.UNBOUND, Binding.AUTOBOUND):
        return was._replace(local=address, assigned_port=address.port, domain=domain)
    doubts = was.doubts
    if was.binding is Binding.EPHEMERAL and was.connection is Connection.UNCONNECTED:
        doubts -= {Doubt.OPTIONS_HIDDEN}
    return was._replace(assigned_port=address.port, domain=domain, doubts=doubts)


def shutdown(kernel: Kernel, task: Task, call: Syscall, fd: FdArgument) -> None:
    """shutdown(2): our FIN. If the peer's came first, the connection is over and the port is free
    (LAST_ACK)."""
    description = kernel.find(task, fd, call)
    how = number(argument(call.args, 1), SHUTDOWN_HOW)
    if description is None or call.result.failed:
        return
    was = description.socket
    if was.connection is Connection.LISTENING:
        # net/ipv4/af_inet.c inet_shutdown: TCP_LISTEN without RCV_SHUTDOWN does nothing
        if how in (_SHUT_RD, _SHUT_RDWR):
            now = release(was)._replace(connection=Connection.UNCONNECTED)
            kernel.move(call, "shutdown", task, fd.fd, description, now)
        return
    if how not in (_SHUT_WR, _SHUT_RDWR) and was.connection is not Connection.CONNECTING:
        return
    # CONNECTING: any `how` ends TCP_SYN_SENT, but the connection may be established already
    now = was._replace(shut_down=True)
    if was.ending is Ending.PEER_CLOSED and was.protocol in TCP:
        now = release(now)._replace(connection=Connection.UNCONNECTED)
        kernel.move(call, "release", task, fd.fd, description, now)
        return
    kernel.move(call, "shutdown", task, fd.fd, description, now)


_SHUT_RD, _SHUT_WR, _SHUT_RDWR = 0, 1, 2

# reading the arguments


def _closes_on_exec(value: Value | None) -> bool:
    return bool(includes(value, "SOCK_CLOEXEC", SOCKET_TYPES)) if value is not None else False


_ACCEPT = SystemCall(on=accept, gives=returned_fd, shown_by=NETWORK, lean="accept")
CALLS = {
    "accept": _ACCEPT,
    "accept4": _ACCEPT,
    "bind": SystemCall(on=bind, shown_by=NETWORK, lean="^bind"),
    "getsockname": SystemCall(
        on=getsockname, when=When.OUTGOING, shown_by=NETWORK, lean=SOCKET_FACTS
    ),
    "listen": SystemCall(on=listen, shown_by=NETWORK, lean="listen"),
    "shutdown": SystemCall(on=shutdown, shown_by=NETWORK, lean=""),
    "socket": SystemCall(socket, gives=returned_fd, shown_by=NETWORK, lean="socket$"),
    "socketpair": SystemCall(socketpair, gives=_pair, shown_by=NETWORK, lean=""),
}
