"""How close a namespace came to the end of its port range, as it is and without its early binds.

Counts everything that holds a port of the range: early binds, idle bound sockets, listeners,
explicit ports, and the connections that share ports; then again including those in TIME_WAIT.
"""

from __future__ import annotations

from typing import NamedTuple

from strace_analyzer.kernel.destination import Destination, specific
from strace_analyzer.kernel.socket_state import Socket
from strace_analyzer.ports.claim import Claim, Shared, claim, is_up, pins, shared
from strace_analyzer.ports.concurrency import Sources
from strace_analyzer.ports.port_range import PortRange
from strace_analyzer.ports.port_table import PortTable

Claims = tuple[Claim | None, Claim | None]
"""what a socket claims as it is, and without early binds"""
NOTHING: Claims = (None, None)
"""it claims no port"""


def parted(claims: Claims) -> tuple[Claims, Claims]:
    """Of a connection in TIME_WAIT: the claims of ports that it shares, and the others."""
    as_is, without = claims
    first, second = isinstance(as_is, Shared), isinstance(without, Shared)
    return (
        (as_is if first else None, without if second else None),
        (None if first else as_is, None if second else without),
    )


class Tables(NamedTuple):
    """Ports in use as it is, and without early binds."""

    as_is: PortTable
    without: PortTable

    def replace(self, old: Claims, new: Claims) -> None:
        """A socket claims `new` instead of `old`."""
        for table, before, after in zip(self, old, new, strict=True):
            if before != after:
                if before is not None:
                    table.change(before, -1)
                if after is not None:
                    table.change(after, 1)


class Headroom:
    """`open` counts the ports of the range that are in use at once (the fewest possible), `high`
    the same with TIME_WAIT."""

    def __init__(self, whole: PortRange, sources: Sources, autobind_reuse: bool) -> None:
        low, high = whole.low, whole.high
        self.open, self.high = (
            Tables(PortTable(low, high, sources), PortTable(low, high, sources)) for _ in range(2)
        )
        self._autobind_reuse = autobind_reuse
        self._claims: dict[int, Claims] = {}

    def move(self, socket: int, now: Socket | None, *, waits: bool = False) -> Claims:
        """The socket with this id is now `now`, None if it is closed. With `waits` its connection
        goes to TIME_WAIT: pass the returned claims to `expire` when that is over."""
        old = self._claims.get(socket, NOTHING)
        new = NOTHING if now is None else self._wanted(now)
        if new == old:
            return NOTHING
        self.open.replace(old, new)
        if not waits:
            self.high.replace(old, new)
        if new == NOTHING:
            del self._claims[socket]
        else:
            self._claims[socket] = new
        return old if waits else NOTHING

    def expire(self, claims: Claims) -> None:
        """TIME_WAIT is over for these claims."""
        self.high.replace(claims, NOTHING)

    def tried(self, socket: int, attempt: Claim) -> None:
        """A connect() that failed on the wire had claimed this while it ran."""
        held = self._claims.get(socket, NOTHING)
        trying = (attempt if held[0] is None else None, attempt if held[1] is None else None)
        for tables in (self.open, self.high):
            tables.replace(NOTHING, trying)
            tables.replace(trying, NOTHING)

    def learned(self, destination: Destination) -> None:
        """The source address of connections to this destination has become known."""
        for table in (*self.open, *self.high):
            table.learned(destination)

    def _wanted(self, now: Socket) -> Claims:
        """What the socket claims, and what it would claim if its port were chosen at connect()
        (IP_BIND_ADDRESS_NO_PORT, or no bind())."""
        as_is = claim(now, self._autobind_reuse)
        if not pins(now):
            return as_is, as_is
        return as_is, shared(now, specific(now.local)) if is_up(now) else None
