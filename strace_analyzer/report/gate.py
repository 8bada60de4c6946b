"""Decide the verdict and the exit status of `check` from what was selected and the gate
(`--fail-on`).

    findings        something was found; or everything found is known from a baseline or suppressed;
                    or nothing that was asked for (--rule, --since) was found, but a connection
                    failed for want of a port or an address
    clean           nothing was found, at least one outgoing connection is seen to have been made,
                    none failed for want of a local port or address, and nothing is hidden
    no-connections  nothing was found, and no outgoing TCP connection is seen to have been made
    inconclusive    nothing was found, or notes only and those below the gate, but something is
                    hidden, unread or unknown; or nothing was found, and something failed for want
                    of a port or an address without a rule that says why; or what was found is
                    below the gate, and all of it in traces that cannot be judged

Exit status: 0 nothing at or above the gate; 1 something is (or a trace made fewer connections than
--min-connections); 2 a trace could not be judged (inconclusive, or one of several was; or nothing
in it is at the gate, and what is hidden, unread or unknown may be), one of several could not be
read at all, or a rule raised an error; 128+N a trace was not read to its end because of signal N
(130 after Ctrl-C), and nothing is at the gate. Exit 0 means: looked at, and nothing there at the
gate. With --fail-on never, what was found makes the status 0, unless the verdict is inconclusive.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

from strace_analyzer.analysis import TraceResult
from strace_analyzer.errors import ConfigurationError
from strace_analyzer.findings import Confidence, Failure, Group, Level, Process, Unknown, Warning
from strace_analyzer.plain import count
from strace_analyzer.report.grounds import Grounds, decide
from strace_analyzer.report.nearest import nearest

LEVELS = {"note": Level.NOTE, "warning": Level.WARNING, "error": Level.ERROR}


class Judged(Protocol):
    """What can be judged: everything selected, or one trace's section of it (section.py)."""

    @property
    def traces(self) -> tuple[TraceResult, ...]: ...
    @property
    def judged(self) -> tuple[Group, ...]: ...
    @property
    def processes(self) -> tuple[Process, ...]: ...
    @property
    def unknown(self) -> tuple[Unknown, ...]: ...
    @property
    def failures(self) -> tuple[Failure, ...]: ...
    @property
    def warnings(self) -> tuple[Warning, ...]: ...
    @property
    def blind(self) -> frozenset[str]: ...
    @property
    def left_out(self) -> int: ...
    @property
    def suppressed_findings(self) -> int: ...
    @property
    def unasked(self) -> int: ...
    @property
    def failed_rules(self) -> bool: ...
    @property
    def refused(self) -> tuple[str, ...]: ...
    @property
    def interrupted(self) -> int | None: ...


class Gate(NamedTuple):
    """What makes the exit status 1. If everything is empty, nothing does (`--fail-on never`).

    `min_connections` (--min-connections) is independent of --fail-on: either is enough.
    """

    level: Level | None = Level.WARNING
    rules: frozenset[str] = frozenset()
    unknown: bool = False
    words: tuple[str, ...] = ("warning",)
    """as written by the user"""
    min_connections: int = 0
    """a trace that made fewer outgoing TCP connections fails, whatever else it shows"""

    @property
    def is_never(self) -> bool:
        """`--fail-on never`: no finding is at the gate."""
        return self.level is None and not self.rules and not self.unknown

    def fails(self, selected: Judged) -> bool:
        """Whether anything selected is at or above the gate."""
        return (self.unknown and bool(selected.unknown)) or any(
            self.stops(group) for group in selected.judged
        )

    def stops(self, group: Group) -> bool:
        """Whether this group is at or above the gate."""
        if self.level is not None and group.level >= self.level:
            return True
        return group.rule in self.rules and group.count > group.failed


def parse_gate(words: Sequence[str], rules: Iterable[str], min_connections: int = 0) -> Gate:
    """Parse the values of all `--fail-on` options. `rules` are the existing ids.

    Raises ConfigurationError for a word that is neither a level, a rule, `unknown` nor `never`.
    """
    if not words:
        return Gate(min_connections=min_connections)
    known = frozenset(rules)
    for word in words:
        if word not in LEVELS and word not in known and word not in ("unknown", "never"):
            choices = (*LEVELS, "unknown", "never", *sorted(known))
            raise ConfigurationError(
                f"--fail-on {word}: no such level or rule{nearest(word, choices)}"
            )
    if "never" in words and len(set(words)) > 1:
        raise ConfigurationError("--fail-on never cannot be combined with another --fail-on")
    levels = [LEVELS[word] for word in words if word in LEVELS]
    return Gate(
        level=min(levels) if levels else None,
        rules=known.intersection(words),
        unknown="unknown" in words,
        words=tuple(dict.fromkeys(words)),
        min_connections=min_connections,
    )


class Judgement(NamedTuple):
    """The verdict in one word, the exit status, and the counts behind them (findings, not
    groups)."""

    verdict: str
    exit_status: int
    error: int
    warning: int
    note: int
    probable: int
    unknown: int
    connections: int
    """outgoing TCP connections that were tried and judged"""
    made: int
    """those of them that the trace shows to have been made"""
    blind: bool
    """a trace could not be judged"""
    suppressed: int = 0
    """suppressed findings, which are in no other count"""
    idle: tuple[str, ...] = ()
    """as text, the traces that made fewer connections than --min-connections requires"""


def grounds(selected: Judged, gate: Gate) -> Grounds:
    """Return the grounds of the verdict over everything selected, whatever its level."""
    counts = dict.fromkeys(Level, 0)
    hidden = {warning.trace for warning in selected.warnings if warning.effect == "may-miss"}
    doubted = selected.blind | hidden | {entry.trace for entry in selected.unknown}
    for group in selected.judged:
        counts[group.level] += group.count
    known = Grounds(
        levels=(counts[Level.ERROR], counts[Level.WARNING], counts[Level.NOTE]),
        probable=sum(g.count for g in selected.judged if g.confidence is Confidence.PROBABLE),
        unknown=sum(entry.count for entry in selected.unknown),
        connections=sum(process.tcp_connections for process in selected.processes),
        made=sum(process.connected for process in selected.processes),
        failed_connections=sum(process.failed for process in selected.processes),
        left_out=selected.left_out,
        suppressed=selected.suppressed_findings,
        unasked=selected.unasked,
        fails=gate.fails(selected),
        sighted=any(
            group.trace not in (selected.blind if group.level > Level.NOTE else doubted)
            for group in selected.judged
        ),
        blind=bool(selected.blind),
        may_miss=bool(hidden),
        lacked=any(failure.lacked for failure in selected.failures),
        broken=bool(selected.failed_rules or selected.refused),
        signal=selected.interrupted,
        idle=any(_idle(selected, gate.min_connections)),
    )
    if len(selected.traces) < 2:
        is_open = bool(doubted) and not gate.is_never
        return known._replace(inconclusive=is_open or decide(known)[0] == "inconclusive")
    parts = (_Part(selected, trace) for trace in selected.traces)
    return known._replace(inconclusive=any(grounds(part, gate).inconclusive for part in parts))


class _Part:
    """What was selected of one trace out of several. Of findings that are not shown, only the sum
    is known."""

    def __init__(self, whole: Judged, trace: TraceResult) -> None:
        self.traces = (trace,)
        self.judged = tuple(one for one in whole.judged if one.trace == trace.id)
        self.processes = tuple(one for one in whole.processes if one.trace == trace.id)
        self.unknown = tuple(one for one in whole.unknown if one.trace == trace.id)
        self.failures = tuple(one for one in whole.failures if one.trace == trace.id)
        self.warnings = tuple(one for one in whole.warnings if one.trace == trace.id)
        self.blind = whole.blind & {trace.id}
        self.left_out = whole.left_out
        self.suppressed_findings = whole.suppressed_findings
        self.unasked = whole.unasked
        self.failed_rules = False
        self.refused: tuple[str, ...] = ()
        self.interrupted: int | None = None


def judge(selected: Judged, gate: Gate) -> Judgement:
    """Return the verdict over everything selected, whatever its level."""
    known = grounds(selected, gate)
    verdict, exit_status = decide(known)
    error, warning, note = known.levels
    return Judgement(
        verdict=verdict,
        exit_status=exit_status,
        error=error,
        warning=warning,
        note=note,
        probable=known.probable,
        unknown=known.unknown,
        connections=known.connections,
        made=known.made,
        blind=known.blind,
        suppressed=known.suppressed,
        idle=tuple(_idle(selected, gate.min_connections)),
    )


def _idle(selected: Judged, least: int) -> Iterator[str]:
    """Yield `a.strace made 2 outgoing TCP connections, --min-connections asks for 5` for each trace
    that made too few. A connection that failed or got no answer was not made."""
    for trace in selected.traces:
        own = [process for process in selected.processes if process.trace == trace.id]
        made = sum(process.connected for process in own)
        if made < least:
            connections = count(made, "outgoing TCP connection")
            yield f"{trace.name} made {connections}, --min-connections asks for {least:,}"
