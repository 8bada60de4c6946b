"""The state of a socket at one moment, as a value: where it is bound, what it is connected to, and
how we know.

Theory of operation
-------------------

Two facts about a socket are independent, so there are two small state machines, not their product.

*Binding*: who chose the local port, and is it held?

    UNBOUND    no local port
    DEFERRED   bind() with port 0 under IP_BIND_ADDRESS_NO_PORT: the port is chosen at connect()
    EPHEMERAL  bind() with port 0: the kernel took a port at once, for this socket alone
    BOUND      bind() with an explicit port
    AUTOBOUND  the kernel chose a port at connect(), listen() or the first send

*Connection*:

    UNCONNECTED -> CONNECTING -> CONNECTED, and LISTENING

The tables in `transitions.py` drive both. A failed call changes nothing, except where the kernel
does: some failed connects release an EPHEMERAL port (docs/kernel.md, "Which failures release a
port").
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from strace_analyzer.records import replaced_often
from strace_analyzer.trace.events import Syscall
from strace_analyzer.trace.sockaddr import SocketAddress


class State(Enum):
    """A fact that is used as a table key. Each member exists once, so it hashes by identity."""

    __hash__ = object.__hash__


class Binding(State):
    """Who chose the local port, and when."""

    UNBOUND = "unbound"
    DEFERRED = "deferred"
    EPHEMERAL = "ephemeral"
    BOUND = "bound"
    AUTOBOUND = "autobound"


class Connection(State):
    """How far the socket has come towards a peer."""

    UNCONNECTED = "unconnected"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    LISTENING = "listening"


class Outcome(State):
    """The outcome of the last connect(); `connected` also if only later calls showed it."""

    CONNECTED = "connected"
    IN_PROGRESS = "in-progress"
    FAILED = "failed"
    NONE = "none"


class Origin(State):
    """How the trace came to know the socket."""

    CREATED = "created"
    """by socket(), seen"""
    ACCEPTED = "accepted"
    """by accept(): an incoming connection"""
    INHERITED = "inherited"
    """it is older than the trace, or its socket() was not traced"""
    RECEIVED = "received"
    """over a UNIX socket (SCM_RIGHTS) or by pidfd_getfd()"""


class Ending(State):
    """How the connection ended, as far as the calls show; decides whether TIME_WAIT follows."""

    OPEN = "open"
    PEER_CLOSED = "peer-closed"
    """end of file was read before we closed: TIME_WAIT is on the peer's side, not ours"""
    RESET = "reset"
    """ECONNRESET, EPIPE, or SO_LINGER {1, 0}: no TIME_WAIT on either side"""


class Options(NamedTuple):
    """The socket options that matter here, with their current values."""

    no_port: bool = False
    """IP_BIND_ADDRESS_NO_PORT"""
    reuse_address: bool = False
    reuse_port: bool = False
    port_range: tuple[int, int] | None = None
    """IP_LOCAL_PORT_RANGE, as (low, high); None means the host's range"""
    linger_zero: bool = False
    """SO_LINGER {l_onoff=1, l_linger=0}: close() sends RST"""
    ipv6_only: bool = False
    transparent: bool = False
    """IP_TRANSPARENT or IP_FREEBIND"""


class Evidence(NamedTuple):
    """A call that shaped the socket's state. `role` is what the call did: `socket accept setsockopt
    bind getsockname connect outcome listen shutdown release eof reset close`."""

    role: str
    call: Syscall
    fd: int


TCP = frozenset(("TCP", "MPTCP"))
"""The protocols of a socket that is certainly TCP."""
UDP = frozenset(("UDP", "UDPLITE"))
"""The same for UDP."""
UNMEASURED = ("SCTP", "DCCP")
"""Protocols that connect as TCP does according to their sources, which was not measured
(docs/kernel.md)."""
_LIKE_TCP = frozenset((*TCP, *UNMEASURED, None))
INET_OR_UNKNOWN = frozenset(("AF_INET", "AF_INET6", None))
"""The domains that matter here; a socket of unknown domain may be one of them."""


@replaced_often
class Socket(NamedTuple):
    """A socket at one moment. Immutable: a Step carries the one before and the one after."""

    id: int
    """unique in its trace, in order of first sight"""
    namespace: int
    """the network namespace in which it was created, numbered from 0 in order of first sight"""
    origin: Origin
    domain: str | None
    """`AF_INET`, `AF_INET6` ...; None if the trace does not tell"""
    type: str | None
    """`SOCK_STREAM` ... without its flags; None if the trace does not tell"""
    protocol: str | None
    """the transport: `TCP UDP MPTCP UDPLITE SCTP DCCP RAW`, another protocol's name, or None"""
    binding: Binding = Binding.UNBOUND
    connection: Connection = Connection.UNCONNECTED
    outcome: Outcome = Outcome.NONE
    ending: Ending = Ending.OPEN
    local: SocketAddress | None = None
    """the address given to bind(); for an unbound socket what getsockname() showed"""
    assigned_port: int | None = None
    """the port that the kernel chose, if getsockname() or -yy showed it"""
    peer: SocketAddress | None = None
    """the address of the last connect()"""
    options: Options = Options()
    connects: int = 0
    """connect() calls with an address since the binding was made (or since the socket was)"""
    was_released: bool = False
    """a binding to port 0 was released by a failed connect, a reset or connect(AF_UNSPEC)"""
    proved_pinned: bool = False
    """-yy showed the connecting descriptor bound to a port: `3<TCP:[0.0.0.0:PORT]>`"""
    shows_no_port: bool = False
    """-yy showed the connecting descriptor only by its inode, although it was bound"""
    inode: int | None = None
    """the number in `<TCP:[1234]>` or `<socket:[1234]>`, if -y or -yy showed it"""
    shut_down: bool = False
    """shutdown(SHUT_WR) or SHUT_RDWR by us, or any shutdown() while it was connecting"""
    doubts: frozenset[str] = frozenset()
    """codes of what could make statements about this socket wrong (see doubts.Doubt)"""
    trail: tuple[Evidence, ...] = ()
    """the calls that led to this state, in order; of a repeated role, the first and the last"""

    @property
    def is_inet(self) -> bool:
        """AF_INET or AF_INET6, or of unknown domain."""
        return self.domain in INET_OR_UNKNOWN

    @property
    def early_address(self) -> SocketAddress | None:
        """The address of an early bind: bind() with port 0 took a port at once, and the socket
        connects as TCP does, or its protocol is not told. None for any other socket, or if the
        address is unknown."""
        is_early = self.binding is Binding.EPHEMERAL and self.protocol in _LIKE_TCP
        return self.local if is_early else None

    @property
    def is_bound_early(self) -> bool:
        """It has an early bind to the wildcard address: what bind-any-port-zero flags when it
        connects."""
        address = self.early_address
        return address is not None and address.is_wildcard

    def evidence(self, role: str) -> Evidence | None:
        """The first call with this role since the binding was made, or None."""
        for item in self.trail:
            if item.role == role:
                return item
        return None
