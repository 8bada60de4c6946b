"""Which local ports a socket's state claims: takes a Socket, gives a Claim or None.

docs/kernel.md, "Who may share a port": a port belongs to one socket alone if bind() or listen()
took it, and is shared between destinations if connect() did. All of this is about one port *space*:
TCP's, which MPTCP uses too, UDP's, or that of another protocol.
"""

from __future__ import annotations

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
Own = tuple[Owned | None, Owned | None]
"""the port that a socket has for itself, as it is, and without early binds"""
NOTHING: Own = (None, None)
"""it has no port for itself"""


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


def own(socket: Socket, autobind_reuse: bool = False) -> Owned | None:
    """The socket's claim if it has its port for itself, else None; `autobind_reuse` is the sysctl
    net.ipv4.ip_autobind_reuse.

    UDP has no sharing: a socket has its port alone, whoever chose it.
    """
    binding = socket.binding
    if binding is Binding.EPHEMERAL:
        shares = autobind_reuse and socket.options.reuse_address and is_up(socket)
        return None if shares else owned(socket, autobind_reuse)
    if binding is Binding.BOUND:
        port = None if socket.local is None else socket.local.port
        return owned(socket)._replace(port=port) if port else None
    if binding is Binding.AUTOBOUND:
        is_alone = socket.connection is Connection.LISTENING or space(socket) != "TCP"
        return owned(socket) if is_alone else None
    return None


def own_both(socket: Socket, autobind_reuse: bool = False) -> Own:
    """What the socket has for itself now, and what it would have if its port were chosen at
    connect() (IP_BIND_ADDRESS_NO_PORT, or no bind())."""
    mine = own(socket, autobind_reuse)
    return mine, None if mine is None or pins(socket) else mine


def shares(socket: Socket) -> bool:
    """It is connected over a port that connect() chose or, if it has it not for itself, bind()."""
    return is_up(socket) and socket.binding in (Binding.AUTOBOUND, Binding.EPHEMERAL)


def claim(socket: Socket, autobind_reuse: bool = False) -> Claim | None:
    """What the socket claims now.

    A connection over a port that bind() took claims that port; one over a port that connect() chose
    shares it.
    """
    mine = own(socket, autobind_reuse)
    if mine is not None or not shares(socket):
        return mine
    return shared(socket, specific(socket.local))


def shared(socket: Socket, local: str | None) -> Shared | None:
    """The socket's claim if connect() chooses its port; None without a destination."""
    to = destination(socket.peer)
    if to is None:
        return None
    return Shared(Family.V6 if ":" in to.address else Family.V4, to, local)


def owned(socket: Socket, autobind_reuse: bool = False) -> Owned:
    """The claim of a socket that has its port for itself."""
    bound = None if socket.binding is Binding.AUTOBOUND else socket.local
    reusable = socket.options.reuse_address and (autobind_reuse or space(socket) == "UDP")
    return Owned(family(socket, bound), specific(bound), reusable=reusable)
