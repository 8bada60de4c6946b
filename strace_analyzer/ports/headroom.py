"""How near to the end of the range a namespace came, as it is and without its early binds.

Counts everything that holds a port of the range: early binds, idle bound sockets, listeners, named
ports, and the connections that share.
"""

from __future__ import annotations

from strace_analyzer.kernel.destination import Destination
from strace_analyzer.kernel.socket_state import Socket
from strace_analyzer.ports.claim import Claim, claim, is_up, local_address, pins, shared
from strace_analyzer.ports.concurrency import Sources
from strace_analyzer.ports.port_range import PortRange
from strace_analyzer.ports.port_table import PortTable

NOTHING: tuple[Claim | None, Claim | None] = (None, None)
"""what a socket claims, as it is and without early binds, where it claims no port"""


class Headroom:
    """`peak` and `peak_without_bind` are the most ports of the range in use at once (the fewest
    possible)."""

    def __init__(self, whole: PortRange, sources: Sources, autobind_reuse: bool) -> None:
        self.peak = 0
        self.peak_without_bind = 0
        self._autobind_reuse = autobind_reuse
        self._as_is = PortTable(whole.low, whole.high, sources)
        self._without = PortTable(whole.low, whole.high, sources)
        self._claims: dict[int, tuple[Claim | None, Claim | None]] = {}

    def move(self, socket: int, now: Socket | None) -> None:
        """The socket with this id is now `now`, None when it is closed."""
        old = self._claims.get(socket, NOTHING)
        new = NOTHING if now is None else self._wanted(now)
        if new == old:
            return
        _replace(self._as_is, old[0], new[0])
        _replace(self._without, old[1], new[1])
        if new == NOTHING:
            del self._claims[socket]
        else:
            self._claims[socket] = new
            self._note()

    def tried(self, socket: int, attempt: Claim) -> None:
        """A connect() that failed on the wire had claimed this while it ran."""
        as_is, without = self._claims.get(socket, NOTHING)
        for held, table in ((as_is, self._as_is), (without, self._without)):
            if held is None:
                table.take(attempt)
        self._note()
        for held, table in ((as_is, self._as_is), (without, self._without)):
            if held is None:
                table.give_back(attempt)

    def learned(self, destination: Destination) -> None:
        """The source address of connections to this destination has become known."""
        self._as_is.learned(destination)
        self._without.learned(destination)

    def _note(self) -> None:
        self.peak = max(self.peak, self._as_is.used)
        self.peak_without_bind = max(self.peak_without_bind, self._without.used)

    def _wanted(self, now: Socket) -> tuple[Claim | None, Claim | None]:
        """What it claims, and what it would claim if its port were chosen at connect():
        IP_BIND_ADDRESS_NO_PORT, or no bind()."""
        as_is = claim(now, self._autobind_reuse)
        if not pins(now):
            return as_is, as_is
        return as_is, shared(now, local_address(now)) if is_up(now) else None


def _replace(table: PortTable, old: Claim | None, new: Claim | None) -> None:
    if old == new:
        return
    if old is not None:
        table.give_back(old)
    if new is not None:
        table.take(new)
