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

from strace_analyzer.kernel.destination import Destination, Family
from strace_analyzer.ports.binds import Binds, Stack
from strace_analyzer.ports.claim import Claim, Owned, Shared
from strace_analyzer.ports.concurrency import Concurrency, Sources, begin, end


class PortTable:
    """The ports in use in one port space of one network namespace; `low` and `high` are the
    ephemeral range."""

    def __init__(self, low: int, high: int, sources: Sources) -> None:
        self._size = high - low + 1
        self._sources = sources
        self._binds = Binds(low, high)
        self._shared = {Family.V4: Concurrency(), Family.V6: Concurrency()}
        self._from: dict[str, dict[Destination, int]] = {}
        """shared ports by local address, if it is known: a bind() to an address meets those"""

    @property
    def used(self) -> int:
        """How many ports all claims together need, at most the size of the range.

        The count is one too high only if a bind to a specific address got a port that a connection
        from another address already had.
        """
        shared = max(count.now for count in self._shared.values())
        return min(self._size, self._binds.closed + shared)

    def change(self, claim: Claim, by: int) -> None:
        """Add `claim` (1), whether or not it fits, or remove it (-1)."""
        if isinstance(claim, Owned):
            self._binds.change(claim, by)
            return
        place = self._sources.place(claim.destination, claim.local)
        (begin if by > 0 else end)((self._shared[claim.family],), place)
        self._note(claim.destination, place[1])

    def learned(self, destination: Destination) -> None:
        """`Sources` has just learned where connections to this destination come from."""
        place = self._sources.place(destination, None)
        for count in self._shared.values():
            count.learned(place)
        self._note(*place)

    def fits(self, claim: Claim) -> bool:
        """Could the kernel serve one more such claim? An explicit port always fits: the kernel does
        not choose it."""
        if isinstance(claim, Shared):
            place = self._sources.place(claim.destination, claim.local)
            taken = self._shared[claim.family].count(place)
            return self._binds.closed + taken < self._size
        return claim.port is not None or self._closed_to_bind(claim) < self._size

    def _closed_to_bind(self, claim: Owned) -> int:
        binds = self._binds
        if claim.family is Family.DUAL:
            none = max(self._open_to_none(family, claim) for family in self._shared)
            return binds.dual + none
        if claim.address is None:
            return binds.dual + self._open_to_none(claim.family, claim)
        stack = self._stack(claim.family)
        here = max(self._from.get(claim.address, {}).values(), default=0)
        reusable = 0 if claim.reusable else min(1, stack.reusable)
        return binds.dual + stack.wildcard + reusable + stack.at_address[claim.address] + here

    def _open_to_none(self, family: Family, claim: Owned) -> int:
        """Ports of one family that a wildcard bind cannot have."""
        stack = self._stack(family)
        if claim.reusable:  # it may use ports of other reusable sockets, and what these share
            return stack.bound - min(1, stack.reusable)
        return stack.bound + self._shared[family].now

    def _stack(self, family: Family) -> Stack:
        return self._binds.v6 if family is Family.V6 else self._binds.v4

    def _note(self, destination: Destination, address: str | None) -> None:
        """The number of connections to `destination` from `address` has changed."""
        if address is None:
            return
        count = max(count.count((destination, address)) for count in self._shared.values())
        here = self._from.setdefault(address, {})
        here[destination] = count
        if not count:
            del here[destination]
            if not here:
                del self._from[address]
