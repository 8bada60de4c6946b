"""Doubts in, one Unknown for each code and process out."""

from __future__ import annotations

from strace_analyzer.findings import Location, Unknown
from strace_analyzer.kernel.doubts import Doubt
from strace_analyzer.kernel.step import DoubtAt
from strace_analyzer.rules.evidence import Context
from strace_analyzer.strace_command import remedy


class Unknowns:
    """Folds the doubts of one trace."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._folded: dict[tuple[Doubt, str | None], Unknown] = {}

    def __len__(self) -> int:
        return len(self._folded)

    def feed(self, raised: DoubtAt) -> None:
        """Count a doubt with the others of the same code and process."""
        process = None if raised.task is None else f"{self._context.trace}:{raised.task.group.id}"
        at = Location(self._context.source_name(raised.source), raised.line)
        self.add(raised.code, process, raised.fd, at)

    def add(self, doubt: Doubt, process: str | None, fd: int | None, at: Location) -> None:
        """Count one more `doubt` at `at`; `fd` is kept only as long as all have the same."""
        known = self._folded.get((doubt, process))
        count, first = (1, at) if known is None else (known.count + 1, known.first)
        self._folded[doubt, process] = Unknown(
            code=doubt.value,
            reason=doubt.reason,
            count=count,
            trace=self._context.trace,
            process=process,
            fd=fd if known is None or known.fd == fd else None,
            first=first,
            last=at,
            remedy=remedy(doubt),
        )

    def count(self, doubt: Doubt) -> int:
        """How often `doubt` was raised, over all processes."""
        return sum(entry.count for entry in self._folded.values() if entry.code == doubt)

    def all(self) -> tuple[Unknown, ...]:
        """What has been folded, in order of first sight."""
        return tuple(self._folded.values())
