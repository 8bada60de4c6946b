"""The ports that one process, or one network namespace, pins and needs: takes moves, keeps the
peaks.

*Pinned* ports are those that bind() with port 0 and the wildcard address holds for a socket that
connects later. *Needed* are the ports that the same connections would have fitted in. Both are
counted without TIME_WAIT (the lower bound) and with it (the upper bound). docs/ports.md has the
definitions.
"""

from __future__ import annotations

from typing import NamedTuple

from strace_analyzer.findings import ProcessUse
from strace_analyzer.ports.concurrency import Concurrency, Place
from strace_analyzer.ports.late_peak import Interval, LatePeak


class Pin(NamedTuple):
    """A port that bind() holds: one interval for the lower bound and one for the upper."""

    low: tuple[LatePeak, Interval]
    high: tuple[LatePeak, Interval]

    def confirm(self) -> None:
        """A connect() followed: the bind was an early one."""
        for peak, interval in self:
            peak.confirm(interval)

    def release(self) -> None:
        """The socket released the port; the upper bound counts it until `expire`."""
        peak, interval = self.low
        peak.end(interval)

    def expire(self) -> None:
        """The port is free for everyone."""
        peak, interval = self.high
        peak.end(interval)


class Usage:
    """Counts for one process in one namespace, or for the whole namespace."""

    __slots__ = ("_at_address", "exhausted", "needed", "needed_high", "pinned", "pinned_high")

    def __init__(self) -> None:
        self.pinned = LatePeak()
        self.pinned_high = LatePeak()
        self.needed = Concurrency()
        self.needed_high = Concurrency()
        self.exhausted = False
        """it certainly met E1 or E2 of docs/kernel.md"""
        self._at_address: dict[str, tuple[LatePeak, LatePeak]] = {}

    def pin(self, address: str | None, when: float | None) -> Pin:
        """bind() took a port on the wildcard (None) or on a specific address; the latter is counted
        separately."""
        low, high = self.pinned, self.pinned_high
        if address is not None:
            low, high = self._at_address.setdefault(address, (LatePeak(), LatePeak()))
        return Pin((low, low.begin(when)), (high, high.begin(when)))

    def moved(self, old: Place, new: Place) -> None:
        """getsockname() showed where a connection comes from."""
        for needed in (self.needed, self.needed_high):
            needed.change(old, -1)
            needed.change(new, 1)

    def learned(self, place: Place) -> None:
        """The source address of connections to a destination has become known."""
        self.needed.learned(place)
        self.needed_high.learned(place)

    @property
    def is_idle(self) -> bool:
        """Nothing is bound, connected or in TIME_WAIT: counting can start again from zero."""
        peaks = [self.pinned, self.pinned_high]
        for both in self._at_address.values():
            peaks += both
        return (
            not self.needed.now and not self.needed_high.now and all(peak.is_idle for peak in peaks)
        )

    @property
    def waiting(self) -> int:
        """Ports that were pinned on the wildcard address and are in TIME_WAIT now."""
        return self.pinned_high.count - self.pinned.count

    @property
    def pinned_at_address(self) -> int:
        """Ports pinned now on specific addresses: the maximum over the addresses."""
        return max([low.count for low, _ in self._at_address.values()], default=0)

    def addresses(self) -> list[tuple[str, int, int]]:
        """(local address, peak, total) of ports pinned on specific addresses, highest peak
        first."""
        rows = [
            (address, low.peak[0], low.total)
            for address, (low, _) in self._at_address.items()
            if low.total
        ]
        return sorted(rows, key=lambda row: (-row[1], row[0]))

    def of(self, process: str, timed: bool) -> ProcessUse:
        """These counts as the part of `process`. Without times it is unknown how many ports were in
        TIME_WAIT at once; `most_pinned` and `most_needed` then assume all of them."""
        return ProcessUse(
            process=process,
            peak_pinned=self.pinned.peak[0],
            total_pinned=self.pinned.total,
            peak_needed=self.needed.peak,
            peak_pinned_with_time_wait=self.pinned_high.peak[0] if timed else None,
            peak_needed_with_time_wait=self.needed_high.peak if timed else None,
            exhausted=self.exhausted,
            peak_pinned_at_address=max((peak for _, peak, _ in self.addresses()), default=0),
            most_pinned=self.pinned_high.peak[0],
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
