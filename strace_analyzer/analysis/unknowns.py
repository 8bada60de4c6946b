"""Doubts in, one Unknown for each code and process out."""

from __future__ import annotations

from strace_analyzer.findings import Location, Unknown
from strace_analyzer.kernel.step import Doubt
from strace_analyzer.rules.evidence import Context

REASONS = {
    "io-uring": "io_uring was set up: calls made through it are invisible to strace",
    "received-descriptor": "a descriptor came from another process: its binding is not known",
    "passed-descriptor": "a bound socket was passed to another process: its connect may be there",
    "undecoded-address": "strace did not decode the address of this bind() or connect()",
    "older-socket": "connect() on a socket older than the trace: it may have been bound early",
    "bind-hidden": "a socket had a port before connect(), and no bind() of it is in the trace",
    "connect-hidden": "data moved on a socket whose connect() is not in the trace",
    "pairing": "it is not certain which clone() made this task, and so which descriptors it has",
    "rule-failed": "a rule raised an error here: it may have missed findings",
}


class Unknowns:
    """Folds the doubts of one trace."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._folded: dict[tuple[str, str | None], Unknown] = {}

    def __len__(self) -> int:
        return len(self._folded)

    def feed(self, doubt: Doubt) -> None:
        """Count `doubt` with the others of its code and process."""
        process = None if doubt.task is None else f"{self._context.trace}:{doubt.task.group.id}"
        self.add(
            doubt.code,
            process,
            doubt.fd,
            Location(self._context.source_name(doubt.source), doubt.line),
        )

    def add(self, code: str, process: str | None, fd: int | None, at: Location) -> None:
        """Count one more `code` at `at`; `fd` is kept only while all have the same."""
        known = self._folded.get((code, process))
        if known is None:
            unknown = Unknown(code, REASONS[code], 1, self._context.trace, process, fd, at, at)
        else:
            same_fd = fd if known.fd == fd else None
            unknown = Unknown(
                code, known.reason, known.count + 1, known.trace, process, same_fd, known.first, at
            )
        self._folded[code, process] = unknown

    def count(self, code: str) -> int:
        """How often `code` was raised, over all processes."""
        return sum(entry.count for entry in self._folded.values() if entry.code == code)

    def all(self) -> tuple[Unknown, ...]:
        """What has been folded, in order of first sight."""
        return tuple(self._folded.values())
