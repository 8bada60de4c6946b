"""How many connections each destination has at once, and the highest of these numbers: N of
docs/ports.md.

Two connections can share a local port unless they have local address, remote address and remote
port in common (docs/kernel.md, "Who may share a port"). So the ports that connections need is the
highest number that agree in all three.
"""

from __future__ import annotations

from strace_analyzer.kernel.destination import Destination


class Sources:
    """Which local address the route to a destination gives, learned from getsockname().

    A socket without a local address gets it from the route, the same for all of them; so once one
    of them has shown it, the others to that destination stand there too.
    """

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[Destination, str] = {}

    def learn(self, destination: Destination, address: str) -> bool:
        """An unbound socket connected there showed `address`; True if that is news."""
        if destination in self._known:
            return False
        self._known[destination] = address
        return True

    def of(self, destination: Destination, local: str | None) -> str | None:
        """`local` if the socket's own is known, else the route's, else None."""
        return local if local is not None else self._known.get(destination)


class Concurrency:
    """Counts connections by local address and destination.

    `now` is the highest count at this moment, `peak` the highest ever.
    """

    __slots__ = ("_counts", "_having", "_sources", "now", "peak")

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._counts: dict[tuple[Destination, str | None], int] = {}
        self._having: dict[int, int] = {}
        """how many keys have this count: when none has the highest, it is the next lower"""
        self.now = 0
        self.peak = 0

    def count(self, destination: Destination, local: str | None) -> int:
        """How many there are now that a new one from `local` could not share a port with."""
        return self._counts.get((destination, self._sources.of(destination, local)), 0)

    def add(self, destination: Destination, local: str | None) -> None:
        """One more connection. `local` is None where only the route knows."""
        self._change((destination, self._sources.of(destination, local)), 1)

    def remove(self, destination: Destination, local: str | None) -> None:
        """One less. `local` is what it was added or last moved with."""
        self._change((destination, self._sources.of(destination, local)), -1)

    def learned(self, destination: Destination) -> None:
        """`Sources` has just learned this destination's address: who had none stands there."""
        count = self._counts.get((destination, None), 0)
        if count:
            self._change((destination, None), -count)
            self._change((destination, self._sources.of(destination, None)), count)

    def _change(self, key: tuple[Destination, str | None], by: int) -> None:
        old = self._counts.get(key, 0)
        new = old + by
        having = self._having
        if old:
            having[old] -= 1
            if not having[old]:
                del having[old]
        if new:
            self._counts[key] = new
            having[new] = having.get(new, 0) + 1
        else:
            self._counts.pop(key, None)
        if new > self.now:
            self.now = new
            self.peak = max(self.peak, new)
        elif old == self.now and old not in having:
            # `by` is -1 but for `learned`, whose second half makes up for the first
            self.now = new if by == -1 else max(having, default=0)
