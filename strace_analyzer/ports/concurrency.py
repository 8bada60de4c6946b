"""How many connections each destination has at once, and the maximum of these: N of docs/ports.md.

Two connections can share a local port unless local address, remote address and remote port are all
equal (docs/kernel.md, "Who may share a port"). So the ports that a set of connections needs is the
largest number of them that agree in all three.
"""

from __future__ import annotations

from collections.abc import Iterable

from strace_analyzer.kernel.destination import Destination

Place = tuple[Destination, str | None]
"""Connections with the same place cannot share a port: destination and local address, None while
the local address is unknown."""


class Sources(dict[Destination, str]):
    """The local address that the route to each destination gives, learned from getsockname().

    A socket without a local address gets it from the route, and all such sockets get the same one;
    so once one of them has shown it, it is known for the others to that destination.
    """

    def place(self, destination: Destination, local: str | None) -> Place:
        """The place of a connection, using the socket's own address `local` if it is known, else
        the address that the route gives."""
        return destination, local or self.get(destination)

    def learn(self, destination: Destination, address: str) -> bool:
        """An unbound socket connected to `destination` showed `address`; True if that is new."""
        is_new = destination not in self
        self.setdefault(destination, address)
        return is_new


class Concurrency:
    """Counts connections by destination and local address; `begin` and `end` change it.

    `now` is the highest count at this moment, `peak` the highest ever.
    """

    __slots__ = ("_counts", "_having", "now", "peak")

    def __init__(self) -> None:
        self._counts: dict[Place, int] = {}
        self._having = [0]
        """how many places have each count from 1 on: once none has the highest, the next lower is
        the highest"""
        self.now = 0
        self.peak = 0

    def count(self, place: Place) -> int:
        """How many connections there are now that a new one could not share a port with."""
        return self._counts.get(place, 0)

    def learned(self, place: Place) -> None:
        """`Sources` has just learned the local address for this place: connections counted without
        an address move to it."""
        moved = self._counts.pop((place[0], None), 0)
        if not moved:
            return
        old = self._counts.get(place, 0)
        new = self._counts[place] = old + moved
        having = self._having
        having += [0] * (new + 1 - len(having))
        having[moved] -= 1
        having[old] -= 1
        having[new] += 1
        self.now = max(self.now, new)
        self.peak = max(self.peak, new)


def begin(counts: Iterable[Concurrency], place: Place) -> None:
    """A connection begins at `place`; it is one of those that each of `counts` counts."""
    for count in counts:
        old = count._counts.get(place, 0)
        new = count._counts[place] = old + 1
        having = count._having
        having[old] -= 1
        if new < len(having):
            having[new] += 1
        else:
            having.append(1)
        if new > count.now:
            count.now = new
            if new > count.peak:
                count.peak = new


def end(counts: Iterable[Concurrency], place: Place) -> None:
    """A connection ends that began in each of `counts`; `place` is where it is counted by now."""
    for count in counts:
        old = count._counts[place]
        new = old - 1
        if new:
            count._counts[place] = new
        else:
            del count._counts[place]
        having = count._having
        having[old] -= 1
        having[new] += 1
        if old == count.now and not having[old]:
            count.now = new
