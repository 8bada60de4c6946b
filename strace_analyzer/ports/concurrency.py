"""How many connections each destination has at once, and the maximum of these: N of docs/ports.md.

Two connections can share a local port unless local address, remote address and remote port are all
equal (docs/kernel.md, "Who may share a port"). So the ports that a set of connections needs is the
largest number of them that agree in all three.
"""

from __future__ import annotations

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
    """Counts connections by destination and local address.

    `now` is the highest count at this moment, `peak` the highest ever.
    """

    __slots__ = ("_counts", "_having", "now", "peak")

    def __init__(self) -> None:
        self._counts: dict[Place, int] = {}
        self._having: dict[int, int] = {}
        """how many places have each count: once none has the highest, the next lower is the
        highest"""
        self.now = 0
        self.peak = 0

    def count(self, place: Place) -> int:
        """How many connections there are now that a new one could not share a port with."""
        return self._counts.get(place, 0)

    def learned(self, place: Place) -> None:
        """`Sources` has just learned the local address for this place: connections counted without
        an address move to it."""
        nowhere = place[0], None
        count = self._counts.get(nowhere, 0)
        if count:
            self.change(nowhere, -count)
            self.change(place, count)

    def change(self, key: Place, by: int) -> None:
        """Add (1) or remove (-1) one connection at its present place."""
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
            if new > self.peak:
                self.peak = new
        elif old == self.now and old not in having:
            # `by` is -1, except from `learned`, whose second half restores the first
            self.now = new if by == -1 else max(having, default=0)
