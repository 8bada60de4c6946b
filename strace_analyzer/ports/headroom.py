"""How close a namespace came to the end of its port range, as it is and without its early binds.

Counts everything that holds a port of the range: early binds, idle bound sockets, listeners,
explicit ports, and the connections that share ports; then again including those in TIME_WAIT.
"""

from __future__ import annotations

from typing import NamedTuple

from strace_analyzer.ports.binds import Binds
from strace_analyzer.ports.claim import Own
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

    def move(self, old: Own, new: Own, *, waits: bool = False) -> None:
        """A socket has `new` for itself instead of `old`. With `waits` its connection goes to
        TIME_WAIT: call `expire` with `old` when that is over."""
        for bounds, before, after in zip((self.as_is, self.without), old, new, strict=True):
            if before == after:
                continue
            if before is not None:
                bounds.open.binds.change(before, -1)
                if not waits:
                    bounds.high.binds.change(before, -1)
            if after is not None:
                bounds.open.binds.change(after, 1)
                bounds.high.binds.change(after, 1)

    def expire(self, own: Own) -> None:
        """TIME_WAIT is over for a socket that had this for itself."""
        for bounds, owned in zip((self.as_is, self.without), own, strict=True):
            if owned is not None:
                bounds.high.binds.change(owned, -1)

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
