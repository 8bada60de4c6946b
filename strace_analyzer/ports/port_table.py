"""A model of the kernel's ports: claims come and go, and it says how many ports are used and
whether one more claim fits.

It follows net/ipv4/inet_connection_sock.c (inet_csk_find_open_port, conflicts of bind) and
net/ipv4/inet_hashtables.c (__inet_hash_connect), as measured in docs/kernel.md, "Who may share a
port", but without port numbers: which port the kernel picks is chance. If it could have picked
shared or separate ports, the model assumes the fewest, so that what it finds full is certainly
full:

- sockets bound to two specific addresses may share a port, so these count as the larger of the
  two groups;
- connections to different destinations may share a port, so they count as the largest destination;
- all SO_REUSEADDR sockets that share their ports may be on one port;
- a wildcard bind conflicts with all of these, and connect() avoids whatever bind() holds, so those
  add up.
"""

from __future__ import annotations

from collections import Counter
from typing import TypeVar

from strace_analyzer.kernel.destination import Destination, Family
from strace_analyzer.ports.claim import Claim, Owned, Shared
from strace_analyzer.ports.concurrency import Concurrency, Sources

Key = TypeVar("Key")


class _Stack:
    """What uses the ports of IPv4, or of IPv6."""

    def __init__(self) -> None:
        self.wildcard = 0
        self.reusable = 0
        self.at_address: Counter[str] = Counter()
        self.bound = 0
        """the fewest ports that its binds can hold"""
        self.shared = Concurrency()

    def bind(self, claim: Owned, by: int) -> None:
        """Add (1) or remove (-1) a bind."""
        if claim.reusable:
            self.reusable += by
        elif claim.address is None:
            self.wildcard += by
        else:
            _count(self.at_address, claim.address, by)
        at_address = max(self.at_address.values(), default=0)
        self.bound = self.wildcard + min(1, self.reusable) + at_address


class PortTable:
    """The ports in use in one port space of one network namespace; `low` and `high` are the
    ephemeral range."""

    def __init__(self, low: int, high: int, sources: Sources) -> None:
        self.low = low
        self.high = high
        self.size = high - low + 1
        """how many ports the range has"""
        self._sources = sources
        self._v4, self._v6 = _Stack(), _Stack()
        self._stacks = {Family.V4: self._v4, Family.V6: self._v6}
        self._dual = 0
        self._closed_to_connect = 0
        """connect() avoids every port that a bind() of either family holds, on any address"""
        self._named: Counter[Owned] = Counter()
        self.used = 0
        """How many ports all claims together need, at most the size of the range.

        The count is one too high only if a bind to a specific address got a port that a connection
        from another address already had.
        """
        self.peak = 0
        """the highest value of `used` after a claim"""

    def learned(self, destination: Destination) -> None:
        """`Sources` has just learned where connections to this destination come from."""
        place = self._sources.place(destination, None)
        for stack in self._stacks.values():
            stack.shared.learned(place)
        self._count()

    def change(self, claim: Claim, by: int) -> None:
        """Add `claim` (1), whether or not it fits, or remove it (-1)."""
        if isinstance(claim, Shared):
            place = self._sources.place(claim.destination, claim.local)
            self._stacks[claim.family].shared.change(place, by)
        elif claim.port is None:
            self._change_owned(claim, by)
        elif self.low <= claim.port <= self.high:
            before = self._named[claim]
            self._named[claim] += by
            if not self._named[claim]:
                del self._named[claim]
            if 0 in (before, before + by):  # several sockets on one port count once
                self._change_owned(claim, by)
        self._count()
        if self.used > self.peak:
            self.peak = self.used

    def _count(self) -> None:
        v4, v6 = self._v4.shared.now, self._v6.shared.now
        used = self._closed_to_connect + (v4 if v4 > v6 else v6)
        self.used = used if used < self.size else self.size

    def _change_owned(self, claim: Owned, by: int) -> None:
        if claim.family is not Family.DUAL:
            self._stacks[claim.family].bind(claim, by)
        elif claim.reusable:
            self._v4.bind(claim, by)  # counted with IPv4's: the fewest
        else:
            self._dual += by
        self._closed_to_connect = self._dual + max(self._v4.bound, self._v6.bound)


class ScarcePorts(PortTable):
    """The same, and able to say whether one more claim fits: a bind() to an address must know which
    shared ports it would meet."""

    def __init__(self, low: int, high: int, sources: Sources) -> None:
        super().__init__(low, high, sources)
        self._from: dict[str, dict[Destination, int]] = {}
        """shared ports by local address, if it is known"""

    def fits(self, claim: Claim) -> bool:
        """Could the kernel serve one more such claim? An explicit port always fits: the kernel does
        not choose it."""
        if isinstance(claim, Shared):
            place = self._sources.place(claim.destination, claim.local)
            taken = self._stacks[claim.family].shared.count(place)
            return self._closed_to_connect + taken < self.size
        return claim.port is not None or self._closed_to_bind(claim) < self.size

    def _closed_to_bind(self, claim: Owned) -> int:
        if claim.family is Family.DUAL:
            return self._dual + max(_open_to_none(s, claim) for s in self._stacks.values())
        stack = self._stacks[claim.family]
        if claim.address is None:
            return self._dual + _open_to_none(stack, claim)
        here = max(self._from.get(claim.address, {}).values(), default=0)
        reusable = 0 if claim.reusable else min(1, stack.reusable)
        return self._dual + stack.wildcard + reusable + stack.at_address[claim.address] + here

    def learned(self, destination: Destination) -> None:
        """Like PortTable.learned."""
        super().learned(destination)
        place = self._sources.place(destination, None)
        address = place[1]
        count = max(stack.shared.count(place) for stack in self._stacks.values())
        if address is not None and count:
            self._from.setdefault(address, {})[destination] = count

    def change(self, claim: Claim, by: int) -> None:
        """Like PortTable.change."""
        super().change(claim, by)
        if not isinstance(claim, Shared):
            return
        address = self._sources.place(claim.destination, claim.local)[1]
        if address is not None:
            here = self._from.setdefault(address, {})
            _count(here, claim.destination, by)
            if not here:
                del self._from[address]


def _open_to_none(stack: _Stack, claim: Owned) -> int:
    """Ports of one family that a wildcard bind cannot have."""
    if claim.reusable:  # it may use ports of other reusable sockets, and what these share
        return stack.bound - min(1, stack.reusable)
    return stack.bound + stack.shared.now


def _count(counts: dict[Key, int], key: Key, by: int) -> None:
    count = counts.get(key, 0) + by
    if count:
        counts[key] = count
    else:
        del counts[key]
