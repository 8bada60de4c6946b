"""Compares what -y and -yy say about a descriptor with what the model believes of its socket."""

from __future__ import annotations

from strace_analyzer.kernel.doubts import Doubt
from strace_analyzer.kernel.objects import OpenFileDescription
from strace_analyzer.kernel.socket_state import TCP, Binding, Connection, Origin, Outcome, Socket
from strace_analyzer.trace.annotation import SocketNote

TYPES = {
    "TCP": "SOCK_STREAM",
    "MPTCP": "SOCK_STREAM",
    "UDP": "SOCK_DGRAM",
    "UDPLITE": "SOCK_DGRAM",
}


def contradicts(socket: Socket, note: SocketNote) -> bool:
    """True if -yy names another socket than the one we believe to be there: then a close() was
    missed."""
    if note.foreign:
        return socket.is_inet
    if note.protocol and socket.protocol and note.protocol != socket.protocol:
        # an MPTCP socket is shown as the TCP socket of its first subflow
        return not (note.protocol == "TCP" and socket.protocol == "MPTCP")
    if note.inode is not None and socket.inode is not None:
        return note.inode != socket.inode
    return note.local_port > 0 and socket.protocol in TCP and has_another_port(socket, note)


def has_another_port(socket: Socket, note: SocketNote) -> bool:
    """True if the note shows another local port. A socket keeps its port until the connection fails
    or is dissolved. -yy shows the wildcard address only for a socket that was bound to it, or
    listens."""
    if socket.was_released or socket.outcome is Outcome.FAILED or is_only_bound(socket):
        return False
    if socket.assigned_port is not None:
        return socket.assigned_port != note.local_port
    if not note.is_bound_to_any or socket.connection is Connection.LISTENING:
        return False
    if socket.binding is Binding.BOUND:
        # no address: strace did not decode the argument of bind()
        return socket.local is not None and socket.local.port != note.local_port
    return socket.binding is not Binding.EPHEMERAL


def is_only_bound(socket: Socket) -> bool:
    """bind() with port 0 under IP_BIND_ADDRESS_NO_PORT, and nothing yet that would give the socket
    a port."""
    return (
        socket.binding is Binding.DEFERRED
        and socket.connection is Connection.UNCONNECTED
        and socket.connects == 0
        and not socket.was_released
    )


def proved_bound(socket: Socket, port: int) -> Socket:
    """`socket` after getsockname() or -yy showed this local port. Under IP_BIND_ADDRESS_NO_PORT a
    socket that is only bound has no port, so the option was not in force, whatever setsockopt()
    said (it was cleared unseen, or was set on another socket)."""
    if not is_only_bound(socket):
        return socket
    return socket._replace(
        binding=Binding.EPHEMERAL,
        assigned_port=port,
        options=socket.options._replace(no_port=False),
        doubts=socket.doubts - {Doubt.OPTIONS_HIDDEN},
    )


def had_a_port(socket: Socket) -> bool:
    """`socket` was shown to have a port, but no bind() or connect() of it was seen."""
    return (
        socket.protocol in TCP
        and socket.origin is Origin.CREATED
        and socket.binding is Binding.UNBOUND
        and socket.connects == 0
        and socket.assigned_port is not None
    )


def was_bound_unseen(socket: Socket, note: SocketNote) -> bool:
    """-yy shows a port at the wildcard address of a `socket` that was not seen to be bound,
    connected or closed: one of these calls is missing from the trace."""
    return note.is_bound_to_any and had_a_port(socket._replace(assigned_port=note.local_port))


def fits_note(description: OpenFileDescription, note: SocketNote) -> bool:
    """True if this can be the socket that -yy shows: bound to port 0 of this address, and not
    connected."""
    socket = description.socket
    return (
        socket.binding is Binding.EPHEMERAL
        and socket.connection is Connection.UNCONNECTED
        and socket.connects == 0
        and socket.protocol == note.protocol
        and socket.domain == note.domain
        and socket.local is not None
        and note.local is not None
        and socket.local.address == note.local[0]
        and socket.assigned_port in (None, note.local_port)
    )


def is_accepted(socket: Socket, note: SocketNote) -> bool:
    """True if the note shows the connection that accept() made, with both ends."""
    local, peer = socket.local, socket.peer
    return (
        socket.origin is Origin.ACCEPTED
        and local is not None
        and peer is not None
        and note.local == (local.address, local.port)
        and note.peer == (peer.address, peer.port)
    )


def learned(socket: Socket, note: SocketNote) -> Socket:
    """`socket` with what the note adds to it."""
    tells_protocol = socket.protocol is None and note.protocol
    tells_inode = socket.inode is None and note.inode is not None
    if note.local_port and note.peer is None:
        socket = proved_bound(socket, note.local_port)
    port = note.local_port or socket.assigned_port
    if not tells_protocol and not tells_inode and port == socket.assigned_port:
        return socket
    now = socket._replace(
        protocol=note.protocol if tells_protocol else socket.protocol,
        domain=(socket.domain or note.domain) if tells_protocol else socket.domain,
        type=(socket.type or TYPES.get(note.protocol or "")) if tells_protocol else socket.type,
        inode=note.inode if tells_inode else socket.inode,
        assigned_port=port,
    )
    if Doubt.OLDER in now.doubts and now.evidence("bind"):
        return now._replace(doubts=settled(now))
    return now


def settled(socket: Socket) -> frozenset[str]:
    """The doubts that remain about `socket` once the trace shows its bind(). If its creation is
    older than the trace, one question remains: is it TCP?"""
    return socket.doubts - {Doubt.OLDER} if socket.protocol in TCP else socket.doubts
