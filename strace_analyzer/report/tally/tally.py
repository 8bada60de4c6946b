"""Sum rows of events: one line per group with calls, errors and durations.

Calls count if they count for strace -c: those that returned. `exit_group() = ?` and calls under way
at the end did not, and are counted separately as `unreturned`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from strace_analyzer.report.events.row import EventRow
from strace_analyzer.report.rows import NUMBER, SECONDS, TEXT
from strace_analyzer.report.tally.keys import By, Key
from strace_analyzer.report.tally.quantiles import Quantiles

FIGURES = {
    "calls": NUMBER, "errors": NUMBER, "unreturned": NUMBER, "total_seconds": SECONDS,
    "mean_seconds": SECONDS, "p50_seconds": SECONDS, "p95_seconds": SECONDS,
    "p99_seconds": SECONDS, "max_seconds": SECONDS,
}  # fmt: skip
"""The columns after those of the key. Times are those of -T; without it they are missing."""

Line = dict[str, object]


class _Group:
    __slots__ = ("calls", "errors", "times", "unreturned")

    def __init__(self) -> None:
        self.calls = self.errors = self.unreturned = 0
        self.times = Quantiles()

    def add(self, row: EventRow) -> None:
        if row.ret is None and row.errno is None:
            self.unreturned += 1
            return
        self.calls += 1
        self.errors += row.errno is not None
        if row.duration is not None:
            self.times.add(row.duration)

    def figures(self) -> Line:
        times = self.times
        known = times.count > 0
        return {
            "calls": self.calls,
            "errors": self.errors,
            "unreturned": self.unreturned,
            "total_seconds": round(times.total, 6) if known else None,
            "mean_seconds": round(times.total / times.count, 9) if known else None,
            "p50_seconds": times.quantile(0.50),
            "p95_seconds": times.quantile(0.95),
            "p99_seconds": times.quantile(0.99),
            "max_seconds": times.most if known else None,
        }


class Tally:
    """Calls of all traces, summed `by` one key and never across traces."""

    def __init__(self, by: By) -> None:
        self._by = by
        self._key_of = by.begin()
        self._groups: dict[tuple[str, Key], _Group] = {}
        self.columns = {"trace": TEXT, **by.columns, **FIGURES}

    def add(self, rows: Iterable[EventRow]) -> None:
        """Count these rows, ignoring those that are not calls."""
        key_of, groups = self._key_of, self._groups
        for row in rows:
            key = key_of(row) if row.type == "syscall" else None
            if key is None:
                continue
            group = groups.get((row.trace, key))
            if group is None:
                group = groups[row.trace, key] = _Group()
            group.add(row)

    def lines(self) -> Iterator[Line]:
        """Yield the groups; in each trace, those that took longest or have most calls come
        first."""
        ordered = sorted(
            self._groups.items(),
            key=lambda item: (
                item[0][0].zfill(9), -item[1].times.total, -item[1].calls, str(item[0][1])
            ),
        )  # fmt: skip
        for (trace, key), group in ordered:
            named = dict(zip(self._by.columns, key, strict=True))
            yield {"trace": trace, **named, **group.figures()}
