"""How many connections each destination has at once, and the highest of these numbers: N of
docs/ports.md.

Two connections can share a local port unless they have local address, remote address and remote
port in common (docs/kernel.md, "Who may share a port"). So the ports that connections need is the
highest number that agree in all three.
"""

from __future__ import annotations

from strace_analyzer.kernel.destination import Destination

Place = tuple[Destination, str | None]
"""Where connections meet that cannot share a port: the destination, and the local address, None
while nobody has shown it."""


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

    def place(self, destination: Destination, local: str | None) -> Place:
        """The place of a connection from `local` if the socket's own address is known, else from
        the route's."""
        return destination, self._known.get(destination) if local is None else local


class Concurrency:
    """Counts connections by destination and local address.

    `now` is the highest count at this moment, `peak` the highest ever.
    """

    __slots__ = ("_counts", "_having", "now", "peak")

    def __init__(self) -> None:
        self._counts: dict[Place, int] = {}
        self._having: dict[int, int] = {}
        """how many keys have this count: when none has the highest, it is the next lower"""
        self.now = 0
        self.peak = 0

    def count(self, place: Place) -> int:
        """How many there are now that a new one could not share a port with."""
        return self._counts.get(place, 0)

    def learned(self, place: Place) -> None:
        """`Sources` has just learned the local address there: who had none has that."""
        nowhere = place[0], None
        count = self._counts.get(nowhere, 0)
        if count:
            self.change(nowhere, -count)
            self.change(place, count)

    def change(self, key: Place, by: int) -> None:
        """One connection more (1), or one less (-1): the place is the one that it has now."""
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
            # `by` is -1 but for `learned`, whose second half makes up for the first
            self.now = new if by == -1 else max(having, default=0)
