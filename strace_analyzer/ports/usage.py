"""The ports that one process, or one network namespace, pins and needs: takes moves, keeps the
peaks.

*Pinned* ports are those that bind() with port 0 and the wildcard address holds for a socket that
connects later. *Needed* are the ports that the same connections would have fitted in. Both are
counted without TIME_WAIT (the lower bound) and with it (the upper bound). docs/ports.md has the
definitions.
"""

from __future__ import annotations

from strace_analyzer.findings import ProcessUse
from strace_analyzer.ports.concurrency import Concurrency, Place
from strace_analyzer.ports.late_peak import Interval, LatePeak

Pin = tuple[LatePeak, Interval]
"""A port that bind() holds, and where it is counted."""


class Usage:
    """Counts for one process in one namespace, or for the whole namespace."""

    __slots__ = ("_at_address", "exhausted", "needed", "needed_high", "pinned")

    def __init__(self) -> None:
        self.pinned = LatePeak()
        self.needed = Concurrency()
        self.needed_high = Concurrency()
        self.exhausted = False
        """it certainly met E1 or E2 of docs/kernel.md"""
        self._at_address: dict[str, LatePeak] = {}

    def pin(self, address: str | None, when: float | None) -> Pin:
        """bind() took a port on the wildcard (None) or on a specific address; the latter is counted
        separately."""
        peak = self.pinned
        if address is not None:
            peak = self._at_address.setdefault(address, LatePeak())
        return peak, peak.begin(when)

    def learned(self, place: Place) -> None:
        """The source address of connections to a destination has become known."""
        self.needed.learned(place)
        self.needed_high.learned(place)

    @property
    def is_idle(self) -> bool:
        """Nothing is bound, connected or in TIME_WAIT: counting can start again from zero."""
        return (
            not self.needed.now
            and not self.needed_high.now
            and all(peak.is_idle for peak in (self.pinned, *self._at_address.values()))
        )

    @property
    def pinned_at_address(self) -> int:
        """Ports pinned now on specific addresses: the maximum over the addresses."""
        if not self._at_address:
            return 0
        return max(peak.count for peak in self._at_address.values())

    def addresses(self) -> list[tuple[str, int, int]]:
        """(local address, peak, total) of ports pinned on specific addresses, highest peak
        first."""
        rows = [
            (address, pinned.peak[0], pinned.total)
            for address, pinned in self._at_address.items()
            if pinned.total
        ]
        return sorted(rows, key=lambda row: (-row[1], row[0]))

    def of(self, process: str, timed: bool) -> ProcessUse:
        """These counts as the part of `process`. Without times it is unknown how many ports were in
        TIME_WAIT at once; `most_pinned` and `most_needed` then assume all of them."""
        most_pinned = self.pinned.peak_with_waiting
        return ProcessUse(
            process=process,
            peak_pinned=self.pinned.peak[0],
            total_pinned=self.pinned.total,
            peak_needed=self.needed.peak,
            peak_pinned_with_time_wait=most_pinned if timed else None,
            peak_needed_with_time_wait=self.needed_high.peak if timed else None,
            exhausted=self.exhausted,
            peak_pinned_at_address=max((peak for _, peak, _ in self.addresses()), default=0),
            most_pinned=most_pinned,
            most_needed=self.needed_high.peak,
        )


def together(before: ProcessUse | None, since: ProcessUse) -> ProcessUse:
    """The use of one process, combined from the parts `before` and `since` a moment at which it was
    idle. Both must have times."""
    if before is None:
        return since
    return ProcessUse(
        process=since.process,
        peak_pinned=max(before.peak_pinned, since.peak_pinned),
        total_pinned=before.total_pinned + since.total_pinned,
        peak_needed=max(before.peak_needed, since.peak_needed),
        peak_pinned_with_time_wait=max(before.most_pinned, since.most_pinned),
        peak_needed_with_time_wait=max(before.most_needed, since.most_needed),
        exhausted=before.exhausted or since.exhausted,
        peak_pinned_at_address=max(before.peak_pinned_at_address, since.peak_pinned_at_address),
        most_pinned=max(before.most_pinned, since.most_pinned),
        most_needed=max(before.most_needed, since.most_needed),
    )
