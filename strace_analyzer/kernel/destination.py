"""Facts of a Socket: where it connects to, which port space it takes its own port from, and the
address family of that port."""

from __future__ import annotations

from functools import lru_cache
from socket import AF_INET, AF_INET6, inet_pton
from typing import NamedTuple

from strace_analyzer.kernel.socket_state import INET_OR_UNKNOWN, Binding, Origin, Socket, State
from strace_analyzer.trace.sockaddr import SocketAddress

MAPPED = "::ffff:"


def is_loopback(address: str) -> bool:
    """Whether it is an address of this host itself."""
    return address.startswith("127.") or address == "::1"


class Destination(NamedTuple):
    """A remote address and port. An IPv4-mapped address is stored as the IPv4 address: both use the
    same ports."""

    address: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """It is this host."""
        return is_loopback(self.address)

    @property
    def is_link_local(self) -> bool:
        """The address is valid only on one link, which it does not name (ipv6(7),
        sin6_scope_id)."""
        return self.address.lower().startswith(("fe8", "fe9", "fea", "feb"))


class Family(State):
    """The address family in which a port is taken. DUAL is an AF_INET6 wildcard without
    IPV6_V6ONLY."""

    V4 = "IPv4"
    V6 = "IPv6"
    DUAL = "IPv4 and IPv6"


def space(socket: Socket) -> str | None:
    """The port space that the socket takes a port from: its protocol's; None if it takes none.

    A socket of unknown protocol is assumed to be TCP, unless it is a datagram socket.
    """
    return space_of(socket.origin, socket.domain, socket.type, socket.protocol)


def space_held(socket: Socket) -> str | None:
    """The port space in which the socket has its port: also that of an accepted connection, which
    takes none but keeps its listener's."""
    return space_of(Origin.INHERITED, socket.domain, socket.type, socket.protocol)


@lru_cache
def space_of(
    origin: Origin, domain: str | None, type: str | None, protocol: str | None
) -> str | None:
    """Like `space`, for all sockets with these facts; the combinations are few."""
    if domain not in INET_OR_UNKNOWN or origin is Origin.ACCEPTED:
        return None  # an accepted connection uses its listener's port
    if protocol in ("TCP", "MPTCP"):
        return "TCP"
    if protocol in ("UDP", "UDPLITE", "DCCP", "SCTP"):
        return protocol
    if protocol is None and type in ("SOCK_STREAM", None):
        return "TCP"
    return None


@lru_cache(maxsize=1024)
def destination(peer: SocketAddress | None) -> Destination | None:
    """The address of the last connect() as a destination; None if it is not an internet address."""
    if peer is None or peer.address is None or peer.port is None:
        return None
    return Destination(unmapped(peer.address), peer.port)


def unmapped(address: str) -> str:
    """An IPv4-mapped address as plain IPv4 (ipv6(7)); any other unchanged."""
    return address.removeprefix(MAPPED) if "." in address else address


@lru_cache(maxsize=4096)
def in_order(address: str) -> tuple[int, bytes]:
    """Sort key: IPv4 before IPv6, each by number; anything else last, by its text."""
    for version, family in ((4, AF_INET), (6, AF_INET6)):
        try:
            return version, inet_pton(family, address.partition("%")[0])
        except (OSError, ValueError):
            continue
    return 9, address.encode("utf-8", "surrogatepass")


@lru_cache(maxsize=1024)
def specific(address: SocketAddress | None) -> str | None:
    """The text of `address`, IPv4-mapped as IPv4; None for a wildcard, or if it is unknown."""
    if address is None or address.address is None or address.is_wildcard:
        return None
    return unmapped(address.address)


def local_port(socket: Socket) -> int | None:
    """The local port of the socket; None if it has none or the trace does not show it."""
    if socket.binding is Binding.BOUND:
        return socket.assigned_port if socket.local is None else socket.local.port
    if socket.binding is Binding.UNBOUND and (socket.connects or socket.was_released):
        return None  # the port that was shown is no longer held
    return socket.assigned_port


def family(socket: Socket, address: SocketAddress | None) -> Family:
    """The family of a port that `socket` holds at `address` (None if it is not bound)."""
    text = None if address is None else address.address
    if text is not None:
        if "." in text:
            return Family.V4
        if text != "::":
            return Family.V6
    if socket.domain != "AF_INET6":
        return Family.V4
    return Family.V6 if socket.options.ipv6_only else Family.DUAL
