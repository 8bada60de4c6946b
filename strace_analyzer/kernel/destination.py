"""Where a socket connects to, and from which space of ports it takes its own: facts of a Socket."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from strace_analyzer.kernel.socket_state import INTERNET, Origin, Socket
from strace_analyzer.trace.sockaddr import SocketAddress

MAPPED = "::ffff:"


class Destination(NamedTuple):
    """A remote address and port. An IPv4-mapped address is the IPv4 address: their ports are the
    same."""

    address: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """It is this host itself."""
        return self.address.startswith("127.") or self.address == "::1"

    @property
    def is_link_local(self) -> bool:
        """It is on a network that the address alone does not tell (ipv6(7), sin6_scope_id)."""
        return self.address.lower().startswith(("fe8", "fe9", "fea", "feb"))


def space(socket: Socket) -> str | None:
    """The space of ports it takes one from: its protocol's, None if it takes none.

    A socket whose protocol the trace does not tell is taken for TCP unless it is a datagram socket.
    """
    if socket.domain not in INTERNET or socket.origin is Origin.ACCEPTED:
        return None  # an accepted connection stands on its listener's port
    if socket.protocol in ("TCP", "MPTCP"):
        return "TCP"
    if socket.protocol in ("UDP", "UDPLITE", "DCCP", "SCTP"):
        return socket.protocol
    if socket.protocol is None and socket.type in ("SOCK_STREAM", None):
        return "TCP"
    return None


@lru_cache(maxsize=4096)
def destination(peer: SocketAddress | None) -> Destination | None:
    """The address of the last connect() as a destination; None where it is none of the internet."""
    if peer is None or peer.address is None or peer.port is None:
        return None
    return Destination(
        peer.address.removeprefix(MAPPED) if "." in peer.address else peer.address, peer.port
    )
