"""How close a namespace came to the end of its port range, as it is and without its early binds.

Counts everything that holds a port of the range: early binds, idle bound sockets, listeners,
explicit ports, and the connections that share ports; then again including those in TIME_WAIT.
"""

from __future__ import annotations

from typing import NamedTuple

from strace_analyzer.ports.binds import Binds
from strace_analyzer.ports.claim import Claims, Owned
from strace_analyzer.ports.concurrency import Concurrency, Place
from strace_analyzer.ports.port_range import PortRange


class InUse:
    """The ports of the range that are in use at once, the fewest possible: those that `binds` hold,
    and those that the connections in `shared` need. `peak` is the highest number that `note` saw.
    """

    __slots__ = ("_size", "binds", "peak", "shared")

    def __init__(self, whole: PortRange) -> None:
        self._size = whole.size
        self.binds = Binds(whole.low, whole.high)
        self.shared = Concurrency()
        self.peak = 0

    @property
    def used(self) -> int:
        """How many, at most the size of the range."""
        return min(self._size, self.binds.closed + self.shared.now)


class Bounds(NamedTuple):
    """The ports in use without TIME_WAIT (`open`) and with it (`high`)."""

    open: InUse
    high: InUse


class Headroom:
    """The ports in use `as_is`, and what they would be `without` early binds.

    Whoever begins or ends a connection counts it in their `shared`.
    """

    def __init__(self, whole: PortRange) -> None:
        self.as_is, self.without = (Bounds(InUse(whole), InUse(whole)) for _ in range(2))
        self.all = (*self.as_is, *self.without)

    def move(self, old: Claims, new: Claims, *, waits: bool = False) -> None:
        """A socket claims `new` instead of `old`. With `waits` its connection goes to TIME_WAIT:
        call `expire` with `old` when that is over."""
        for bounds, before, after in zip((self.as_is, self.without), old, new, strict=True):
            if before == after:
                continue
            if isinstance(before, Owned):
                bounds.open.binds.change(before, -1)
                if not waits:
                    bounds.high.binds.change(before, -1)
            if isinstance(after, Owned):
                for ports in bounds:
                    ports.binds.change(after, 1)
        self.note()

    def expire(self, claims: Claims) -> None:
        """TIME_WAIT is over for a socket that claimed this."""
        for bounds, claim in zip((self.as_is, self.without), claims, strict=True):
            if isinstance(claim, Owned):
                bounds.high.binds.change(claim, -1)

    def learned(self, place: Place) -> None:
        """The source address of connections to a destination has become known."""
        for ports in self.all:
            ports.shared.learned(place)

    def note(self) -> None:
        """Ports were taken: keep the peaks."""
        for ports in self.all:
            used = ports.binds.closed + ports.shared.now
            if used > ports.peak:
                ports.peak = used
