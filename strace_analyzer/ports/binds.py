"""The ports that sockets have for themselves, by bind() or listen(): takes claims, gives the fewest
ports that they can hold.

It follows net/ipv4/inet_connection_sock.c (inet_csk_find_open_port, conflicts of bind), as measured
in docs/kernel.md, "Who may share a port", but without port numbers: which port the kernel picks is
chance.
"""

from __future__ import annotations

from collections import Counter

from strace_analyzer.kernel.destination import Family
from strace_analyzer.ports.claim import Owned


class Stack:
    """The binds of IPv4, or of IPv6. `bound` is the fewest ports that they can hold."""

    __slots__ = ("at_address", "bound", "reusable", "wildcard")

    def __init__(self) -> None:
        self.wildcard = 0
        self.reusable = 0
        self.at_address: Counter[str] = Counter()
        self.bound = 0

    def change(self, claim: Owned, by: int) -> None:
        """Add (1) or remove (-1) a bind."""
        if claim.reusable:
            self.reusable += by
        elif claim.address is None:
            self.wildcard += by
        else:
            self.at_address[claim.address] += by
            if not self.at_address[claim.address]:
                del self.at_address[claim.address]
        at_address = max(self.at_address.values()) if self.at_address else 0
        self.bound = self.wildcard + min(1, self.reusable) + at_address


class Binds:
    """The binds of one port space in one network namespace; `low` and `high` are the ephemeral
    range.

    `closed` is how many ports connect() avoids: every port that a bind() of either family holds, on
    any address.
    """

    __slots__ = ("_high", "_low", "_named", "closed", "dual", "v4", "v6")

    def __init__(self, low: int, high: int) -> None:
        self._low, self._high = low, high
        self._named: Counter[Owned] = Counter()
        self.v4, self.v6 = Stack(), Stack()
        self.dual = 0
        """binds to the wildcard of both families"""
        self.closed = 0

    def change(self, claim: Owned, by: int) -> None:
        """Add `claim` (1), whether or not it fits, or remove it (-1)."""
        if claim.port is not None:
            if not self._low <= claim.port <= self._high:
                return
            before = self._named[claim]
            self._named[claim] += by
            if not self._named[claim]:
                del self._named[claim]
            if before and before + by:
                return  # several sockets on one port count once
        if claim.family is Family.V6:
            self.v6.change(claim, by)
        elif claim.family is Family.V4 or claim.reusable:  # both families: the fewest
            self.v4.change(claim, by)
        else:
            self.dual += by
        self.closed = self.dual + max(self.v4.bound, self.v6.bound)
