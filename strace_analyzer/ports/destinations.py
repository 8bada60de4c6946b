"""Connections by destination and protocol: how many in all, how many bound early, how many at
once."""

from __future__ import annotations

from dataclasses import dataclass

from strace_analyzer.findings import DestinationUse
from strace_analyzer.kernel.destination import Destination, in_order


@dataclass(slots=True)
class DestinationCount:
    """The connections to one destination. Whoever ends one counts it out of `now`."""

    connections: int = 0
    early_bound: int = 0
    now: int = 0
    peak: int = 0


class Destinations:
    """Grows with the number of distinct destinations, not with the trace."""

    def __init__(self) -> None:
        self._rows: dict[tuple[Destination, str], DestinationCount] = {}

    @property
    def connections(self) -> int:
        """The total of all destinations."""
        return sum(row.connections for row in self._rows.values())

    def connect(self, to: Destination, protocol: str, early_bound: bool) -> DestinationCount:
        """A connection was made or tried on the wire; returns where it is counted."""
        row = self._rows.get((to, protocol))
        if row is None:
            row = self._rows[to, protocol] = DestinationCount()
        row.connections += 1
        row.early_bound += early_bound
        row.now += 1
        if row.now > row.peak:
            row.peak = row.now
        return row

    def table(self) -> tuple[DestinationUse, ...]:
        """The destinations, those with the most connections first."""
        uses = [
            DestinationUse(
                to.address, to.port, protocol, row.connections, row.early_bound, row.peak
            )
            for (to, protocol), row in self._rows.items()
        ]
        return tuple(
            sorted(uses, key=lambda use: (-use.connections, in_order(use.address), use.port))
        )
