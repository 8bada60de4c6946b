"""Which local ports a socket's state claims: takes a Socket, gives a Claim or None.

docs/kernel.md, "Who may share a port": a port belongs to one socket alone if bind() or listen()
took it, and is shared between destinations if connect() did. All of this is about one port *space*:
TCP's, which MPTCP uses too, UDP's, or that of another protocol.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from strace_analyzer.kernel.destination import (
    Destination,
    Family,
    destination,
    family,
    space,
    specific,
)
from strace_analyzer.kernel.socket_state import Binding, Connection, Socket


class Owned(NamedTuple):
    """A port for this socket alone. `address` is None for the wildcard; `port` is None if the
    kernel chose it.

    `reusable` says that bind() may give the same port to other such sockets: SO_REUSEADDR on UDP,
    and on TCP under ip_autobind_reuse=1.
    """

    family: Family
    address: str | None
    port: int | None = None
    reusable: bool = False


class Shared(NamedTuple):
    """A port chosen by connect(). `local` is None if the route chose the address."""

    family: Family
    destination: Destination
    local: str | None


Claim = Owned | Shared
Claims = tuple[Claim | None, Claim | None]
"""what a socket claims as it is, and without early binds"""
NOTHING: Claims = (None, None)
"""it claims no port"""


def is_up(socket: Socket) -> bool:
    """It is connected or connecting."""
    return socket.connection in (Connection.CONNECTED, Connection.CONNECTING)


def pins(socket: Socket, autobind_reuse: bool = False) -> bool:
    """bind() with port 0 holds a port for this socket alone, and it is not a listener."""
    return (
        socket.binding is Binding.EPHEMERAL
        and socket.connection is not Connection.LISTENING
        and not (autobind_reuse and socket.options.reuse_address)
    )


def claims(socket: Socket, autobind_reuse: bool = False) -> Claims:
    """What the socket claims now, and what it would claim if its port were chosen at connect()
    (IP_BIND_ADDRESS_NO_PORT, or no bind())."""
    as_is = claim(socket, autobind_reuse)
    if not pins(socket):
        return as_is, as_is
    return as_is, shared(socket, specific(socket.local)) if is_up(socket) else None


def claim(socket: Socket, autobind_reuse: bool = False) -> Claim | None:
    """What the socket claims now; `autobind_reuse` is the sysctl net.ipv4.ip_autobind_reuse.

    A connection over a port that bind() took claims that port; one over a port that connect() chose
    shares it. UDP has no sharing: a socket has its port alone, whoever chose it.
    """
    claimed = _CLAIMED.get(socket.binding)
    return None if claimed is None else claimed(socket, autobind_reuse)


def _ephemeral(socket: Socket, autobind_reuse: bool) -> Claim | None:
    if autobind_reuse and socket.options.reuse_address and is_up(socket):
        return shared(socket, specific(socket.local))
    return owned(socket, autobind_reuse)


def _bound(socket: Socket, autobind_reuse: bool) -> Claim | None:
    if socket.local is None or not socket.local.port:
        return None
    return owned(socket)._replace(port=socket.local.port)


def _autobound(socket: Socket, autobind_reuse: bool) -> Claim | None:
    if space(socket) != "TCP" or socket.connection is Connection.LISTENING:
        return owned(socket)
    return shared(socket, specific(socket.local)) if is_up(socket) else None


_CLAIMED: dict[Binding, Callable[[Socket, bool], Claim | None]] = {
    Binding.EPHEMERAL: _ephemeral,
    Binding.BOUND: _bound,
    Binding.AUTOBOUND: _autobound,
}


def shared(socket: Socket, local: str | None) -> Shared | None:
    """The socket's claim if connect() chooses its port; None without a destination."""
    to = destination(socket.peer)
    if to is None:
        return None
    return Shared(Family.V6 if ":" in to.address else Family.V4, to, local)


def owned(socket: Socket, autobind_reuse: bool = False) -> Owned:
    """The socket's claim if it has its port for itself."""
    bound = None if socket.binding is Binding.AUTOBOUND else socket.local
    reusable = socket.options.reuse_address and (autobind_reuse or space(socket) == "UDP")
    return Owned(family(socket, bound), specific(bound), reusable=reusable)
