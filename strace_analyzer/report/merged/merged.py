"""Sum digests: by host, program, cause, destination and date, and list each trace.

`add` and `merge` can be called in any order, and parts can be merged elsewhere first: traces have
their numbers from the command line, which decide the order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from strace_analyzer.report.grounds import Grounds
from strace_analyzer.report.merged.digest import (
    CauseDigest,
    CauseKey,
    FailureDigest,
    Remark,
    TraceDigest,
)
from strace_analyzer.report.merged.sums import Least, Sums

_FILES = 10
"""traces listed for a cause, those with the most findings first"""


class Contribution(NamedTuple):
    """What one trace contributes to one cause."""

    key: CauseKey
    findings: int
    at: str


class TraceRow(NamedTuple):
    """One trace as listed in the report."""

    number: int
    label: str
    name: str
    day: str | None
    verdict: str
    lines: int
    connections: int
    early_bound: int
    failed: int
    errors: int
    warnings: int
    notes: int
    pinned: int
    needed: int
    reason: str | None
    """why it could not be read"""
    parts: tuple[Contribution, ...]

    @property
    def worst(self) -> tuple[int, ...]:
        """Sort key of traces, the worst first."""
        unread = self.verdict in ("refused", "inconclusive")
        return (-self.errors, -self.warnings, -int(unread), -self.notes, self.number)


class Merged:
    """The sum of many traces. Figures count traces, connections, findings ...: `HOST` and the like
    name them in order."""

    LEVELS = ("errors", "warnings", "notes")
    HOST = ("traces", "not_read", "connections", "early_bound", "failed", *LEVELS)
    PROGRAM = (
        "traces", "processes", "sockets", "connections", "early_bound", "failed", *LEVELS
    )  # fmt: skip
    CAUSE = ("findings", "probable", "connected", "failed", "processes", "traces")
    DESTINATION = ("connections", "early_bound", "traces")
    FAILURE = ("count", "traces")
    DAY = ("traces", "connections", "early_bound", "failed", "findings")
    REMARK = ("count", "traces")
    TOTALS = (
        "traces", "not_read", "unmatched", "lines", "calls", "unparsed", "bytes",
        "more_destinations",
    )  # fmt: skip

    def __init__(self, redacted: Sequence[str] = ()) -> None:
        self.redacted = redacted
        """what is replaced in it (--redact)"""
        self.grounds = Grounds()
        self.totals: Sums[None] = Sums(len(self.TOTALS))
        self.hosts: Sums[str] = Sums(len(self.HOST))
        self.programs: Sums[str] = Sums(len(self.PROGRAM))
        self.causes: Sums[CauseKey] = Sums(len(self.CAUSE))
        self.cause_hosts: Sums[tuple[CauseKey, str]] = Sums(1)
        self.cause_peers: Sums[tuple[CauseKey, str]] = Sums(1)
        self.exemplars: Least[CauseKey, CauseDigest] = Least()
        self.files: Least[CauseKey, tuple[str, int, str]] = Least(_FILES)
        """trace, findings, FILE:LINE"""
        self.destinations: Sums[tuple[str, int, str]] = Sums(len(self.DESTINATION))
        self.failures: Sums[tuple[str, str, str]] = Sums(len(self.FAILURE))
        self.first_failures: Least[tuple[str, str, str], FailureDigest] = Least()
        self.days: Sums[str] = Sums(len(self.DAY))
        self.remarks: Sums[str] = Sums(len(self.REMARK))
        self.first_remarks: Least[str, Remark] = Least()
        self.unmatched: Least[None, str] = Least()
        self._rows: dict[int, TraceRow] = {}

    def add(self, number: int, label: str, one: TraceDigest) -> None:
        """Add the digest of trace number `number` on the command line, of the host or group
        `label`."""
        known = one.grounds
        self.grounds = self.grounds.with_(known)
        refused = int(one.refused is not None)
        early = sum(command.early_bound for command in one.commands)
        row = TraceRow(
            number, label, one.name, one.day, one.verdict, one.lines, known.connections,
            early, known.failed_connections, *known.levels, one.pinned, one.needed, one.refused,
            tuple(Contribution(cause.key, cause.findings, cause.at) for cause in one.causes),
        )  # fmt: skip
        self._rows[number] = row
        unmatched = int(one.unmatched is not None)
        size = (one.lines, one.calls, one.unparsed, one.size, one.more_destinations)
        self.totals.add(None, (1, refused, unmatched, *size))
        if one.unmatched is not None:
            self.unmatched.add(None, number, one.unmatched)
        reach = (known.connections, early, known.failed_connections)
        self.hosts.add(label, (1, refused, *reach, *known.levels))
        if row.day is not None:
            self.days.add(row.day, (1, *reach, sum(known.levels)))
        self._add_programs(one)
        for cause in one.causes:
            self._add_cause(number, label, one.name, cause)
        for item in one.destinations:
            place = (item.address, item.port, item.protocol)
            self.destinations.add(place, (item.connections, item.early_bound, 1))
        for failure in one.failures:
            self.failures.add(failure[:3], (failure.times, 1))
            self.first_failures.add(failure[:3], number, failure)
        for remark in one.remarks:
            self.remarks.add(remark.code, (remark.times, 1))
            self.first_remarks.add(remark.code, number, remark)

    def _add_programs(self, one: TraceDigest) -> None:
        for program, *figures in one.commands:
            levels = [
                sum(
                    c.findings
                    for c in one.causes
                    if c.key.program == program and c.key.level == level
                )
                for level in (3, 2, 1)
            ]
            self.programs.add(program, (1, *figures, *levels))

    def _add_cause(self, number: int, label: str, name: str, one: CauseDigest) -> None:
        key = one.key
        self.causes.add(
            key, (one.findings, one.probable, one.connected, one.failed, one.processes, 1)
        )
        self.cause_hosts.add((key, label), (one.findings,))
        for place, count in one.destinations:
            self.cause_peers.add((key, place), (count,))
        self.exemplars.add(key, (one.probable == one.findings, number), one)
        self.files.add(key, (-one.findings, number), (name, one.findings, one.at))

    def merge(self, other: Merged) -> None:
        """Add the sums of `other`, which has other traces."""
        self.grounds = self.grounds.with_(other.grounds)
        self._rows.update(other._rows)
        for name, mine in vars(self).items():
            if isinstance(mine, (Sums, Least)):
                mine.merge(getattr(other, name))

    def rows(self) -> Iterator[TraceRow]:
        """Return the traces, the worst first."""
        return iter(sorted(self._rows.values(), key=lambda row: row.worst))

    def in_order(self) -> Iterator[TraceRow]:
        """Return the traces in command line order."""
        return iter(sorted(self._rows.values()))

    def total(self, name: str) -> int:
        """Return one of TOTALS."""
        return self.totals[None][self.TOTALS.index(name)]

    def peers_of(self) -> dict[CauseKey, Counter[str]]:
        """Return by cause where its findings went, with counts."""
        return _by_cause(self.cause_peers)

    def hosts_of(self) -> dict[CauseKey, Counter[str]]:
        """Return by cause which hosts have it, with numbers of findings."""
        return _by_cause(self.cause_hosts)


def _by_cause(sums: Sums[tuple[CauseKey, str]]) -> dict[CauseKey, Counter[str]]:
    found: dict[CauseKey, Counter[str]] = {}
    for (key, word), (count,) in sums:
        found.setdefault(key, Counter())[word] += count
    return found
