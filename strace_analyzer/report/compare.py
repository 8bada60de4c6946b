"""Compare two reports (schema 1): did the fix work?

Findings are the same if rule, program, kind of local address and destination are the same, whatever
their pid, descriptor or line, which change from run to run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from strace_analyzer.findings import Level
from strace_analyzer.kernel.doubts import Doubt
from strace_analyzer.report.cause import Cause, of_document
from strace_analyzer.report.gate import LEVELS, Gate


@dataclass(frozen=True, slots=True)
class Side:
    """One report as counts. `failed` counts the findings of a cause that ended in failure."""

    name: str
    connections: int = 0
    early_bound: int = 0
    failed_connections: int = 0
    pinned: int = 0
    needed: int = 0
    judged: bool = False
    """the trace could be judged: nothing hid bind() or connect()"""
    interrupted: str | None = None
    """how far it was read, if a signal ended reading early"""
    selected: frozenset[str] = frozenset()
    """the options that left findings out, and fingerprints of suppressed ones"""
    counts: Mapping[Cause, int] = field(default_factory=dict)
    failed: Mapping[Cause, int] = field(default_factory=dict)
    levels: Mapping[Cause, Level] = field(default_factory=dict)

    @classmethod
    def unread(cls, name: str) -> Side:
        """Return a side that was not begun, because a signal came before."""
        return cls(name, interrupted="interrupted before it was begun")

    def share(self, cause: Cause) -> float:
        """Findings of `cause` per connection."""
        return self.counts.get(cause, 0) / self.connections if self.connections else 0.0


class CauseChange(NamedTuple):
    """One cause, before and after."""

    cause: Cause
    level: Level
    before: int
    after: int
    larger: bool
    """new, or more findings per connection than before"""


class Comparison(NamedTuple):
    """`obstacle` says why the two cannot be compared, and there are then no `changes`; None if they
    can."""

    before: Side
    after: Side
    changes: tuple[CauseChange, ...]
    obstacle: str | None
    exit_status: int

    def of(self, kind: str) -> tuple[CauseChange, ...]:
        """Return the changes of one kind: `gone`, `new` or `kept`."""
        return tuple(change for change in self.changes if kind_of(change) == kind)


def kind_of(change: CauseChange) -> str:
    """Return `gone`, `new` or `kept`."""
    if not change.after:
        return "gone"
    return "kept" if change.before else "new"


def side(name: str, report: Mapping[str, Any]) -> Side:
    """Count a report. Raises KeyError or TypeError if it does not follow schema 1."""
    counts: Counter[Cause] = Counter()
    failed: Counter[Cause] = Counter()
    levels: dict[Cause, Level] = {}
    for finding in report["findings"]:
        cause = of_document(finding)
        counts[cause] += 1
        failed[cause] += finding["outcome"] == "failed"
        level = LEVELS[finding["level"]]
        levels[cause] = max(level, levels.get(cause, level))
    processes = report["processes"]
    uses = [use for trace in report["traces"] for use in trace["ports"]]
    return Side(
        name=name,
        connections=sum(process["tcp_connections"] for process in processes),
        early_bound=sum(process["early_bound"] for process in processes),
        failed_connections=sum(process["failed"] for process in processes),
        pinned=sum(use["peak_pinned"] for use in uses),
        needed=sum(use["peak_needed"] for use in uses),
        judged=report["summary"]["exit_status"] != 2,
        interrupted=next(
            (w["message"] for w in report["warnings"] if w["code"] == Doubt.INTERRUPTED), None
        ),
        selected=frozenset(_left_out(report)),
        counts=counts,
        failed=failed,
        levels=levels,
    )


def _left_out(report: Mapping[str, Any]) -> Iterator[str]:
    """Yield what kept findings out of a report; reports of earlier versions do not list their
    options."""
    yield from report.get("selected", ())
    for entry in report["suppressions"]:
        if entry["findings"]:
            yield f"--suppressions ({entry['fingerprint']})"


def compare(before: Side, after: Side, gate: Gate, signal: int | None = None) -> Comparison:
    """Compare, the worst change first. The exit status is 2 if the sides cannot be compared, 128+N
    if that is because `signal` N ended the reading, 1 if something at the gate is new or larger,
    else 0."""
    why_not = obstacle(before, after)
    every = {**before.levels, **after.levels}
    changes = [_change(cause, before, after, level) for cause, level in every.items()]
    changes.sort(key=lambda change: (-change.level, -change.after, -change.before, change.cause))
    if why_not is not None:  # what is missing may merely not have been seen
        return Comparison(before, after, (), why_not, 2 if signal is None else 128 + signal)
    worse = any(change.larger and _stops(change, after, gate) for change in changes)
    return Comparison(before, after, tuple(changes), None, int(worse))


def _change(cause: Cause, before: Side, after: Side, level: Level) -> CauseChange:
    return CauseChange(
        cause,
        level,
        before.counts.get(cause, 0),
        after.counts.get(cause, 0),
        after.share(cause) > before.share(cause),
    )


def _stops(change: CauseChange, after: Side, gate: Gate) -> bool:
    """Whether the change fails the gate: as for `check`, by its level, or by its rule unless all of
    it failed."""
    if gate.level is not None and change.level >= gate.level:
        return True
    return change.cause.rule in gate.rules and change.after > after.failed.get(change.cause, 0)


def obstacle(before: Side, after: Side) -> str | None:
    """Return why the two cannot be compared; None if they can."""
    for one in (before, after):
        if one.interrupted is not None:
            return f"{one.name} was not read to its end: {one.interrupted}"
        if not one.judged:
            return f"{one.name} could not be judged"
        if not one.connections:
            return f"{one.name} has no outgoing TCP connection"
    for one, other in ((before, after), (after, before)):
        only_here = sorted(one.selected - other.selected)
        if only_here:
            return f"{one.name} was made with {', '.join(only_here)}, {other.name} was not"
    return None


def headline(made: Comparison) -> str:
    """Format `early-bound 40 of 40 -> 0 of 40 TCP connections`, or why there is no comparison."""
    if made.obstacle is not None:
        return f"not comparable: {made.obstacle}"
    before, after = made.before, made.after
    return (
        f"early-bound {before.early_bound:,} of {before.connections:,} -> "
        f"{after.early_bound:,} of {after.connections:,} TCP connections"
    )


def figures(made: Comparison) -> tuple[tuple[str, int, int], ...]:
    """Return what is counted on both sides: name, before, after."""
    before, after = made.before, made.after
    return (
        ("Outgoing TCP connections", before.connections, after.connections),
        ("Early-bound", before.early_bound, after.early_bound),
        ("Failed connections", before.failed_connections, after.failed_connections),
        ("Ports pinned at the same time", before.pinned, after.pinned),
        ("Ports needed at the same time", before.needed, after.needed),
    )
