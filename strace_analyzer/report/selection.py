"""Select the part of an Analysis that the user asked to see.

The whole trace has driven the model; only what is reported is chosen here. Rule, process, command
and time decide what is reported and counts for the exit status; the level only decides what is
shown. It is long because all that can be chosen from is chosen here, by the same rules.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import date
from fnmatch import fnmatchcase
from typing import NamedTuple

from strace_analyzer.analysis import Analysis, TraceResult
from strace_analyzer.analysis.figures import FindingCounts
from strace_analyzer.errors import ConfigurationError
from strace_analyzer.findings import (
    Failure,
    Finding,
    Group,
    Level,
    PortUse,
    Process,
    ProcessRef,
    SocketLife,
    Unknown,
    Warning,
)
from strace_analyzer.report.cause import Cause
from strace_analyzer.report.cause import of_finding as of_finding_cause
from strace_analyzer.report.moment import Moment, of_finding
from strace_analyzer.report.redaction import Redaction
from strace_analyzer.report.retake import Retake
from strace_analyzer.report.suppression import Suppression, applied
from strace_analyzer.report.window import windows
from strace_analyzer.rules.words import Case
from strace_analyzer.strace_command import remedy_with

_NAMED = 10
"""Most processes named in a message."""


class Selection(NamedTuple):
    """What is reported; without any condition, everything. `pids` are thread or process ids,
    `commands` globs."""

    rules: frozenset[str] = frozenset()
    level: Level = Level.NOTE
    pids: frozenset[int] = frozenset()
    commands: tuple[str, ...] = ()
    since: Moment | None = None
    until: Moment | None = None
    known: frozenset[Cause] = frozenset()
    """causes already found in a baseline"""
    suppressions: tuple[Suppression, ...] = ()
    """accepted findings; only entries valid on `today` count"""
    today: date = date.max
    redaction: Redaction | None = None
    """replaces values in everything shown; conditions apply to the original values"""

    def shown(self, finding: Finding) -> Finding:
        """Return `finding` as it is shown."""
        return finding if self.redaction is None else self.redaction.finding(finding)

    @property
    def by_process(self) -> bool:
        return bool(self.pids or self.commands)

    @property
    def by_time(self) -> bool:
        return self.since is not None or self.until is not None

    def admits(self, finding: Finding) -> bool:
        """Whether a finding is reported, judged by itself: for findings printed before everything
        about their process is known."""
        process = finding.process
        return (
            (not self.rules or finding.rule in self.rules)
            and finding.level >= self.level
            and (not self.pids or bool(self.pids & {process.tgid, process.tid}))
            and (
                not self.commands
                or any(fnmatchcase(process.command or "", glob) for glob in self.commands)
            )
            and self.takes(finding)
        )

    @property
    def options(self) -> tuple[str, ...]:
        """The options that leave something out, as typed, except those about processes or times of
        this trace only."""
        rules = tuple(f"--rule {rule}" for rule in sorted(self.rules))
        level = () if self.level is Level.NOTE else (f"--level {self.level}",)
        of_this_trace = {
            "--pid": self.pids,
            "--command": self.commands,
            "--since": self.since is not None,
            "--until": self.until is not None,
            "--baseline": self.known,
        }
        return (*rules, *level, *(name for name, given in of_this_trace.items() if given))

    @property
    def by_finding(self) -> bool:
        """Whether some findings of a group may be reported and others not."""
        return self.by_time or bool(self.known)

    def takes(self, finding: Finding) -> bool:
        """Whether it is in the time asked for and not known already."""
        return self.is_in_time(finding) and self.is_new(finding)

    def is_new(self, finding: Finding) -> bool:
        """Whether no baseline contains it."""
        return not self.known or of_finding_cause(finding) not in self.known

    def is_in_time(self, finding: Finding) -> bool:
        """Whether it is between `since` and `until`, judged by itself; a finding without times is
        not. `windows` is more precise, once the trace has been read."""
        if not self.by_time:
            return True
        moment = of_finding(finding)
        if moment is None:
            return False
        since, until = self.since, self.until
        return (since is None or not moment.before(since)) and (
            until is None or not moment.after(until)
        )


EVERYTHING = Selection()


class Selected:
    """An Analysis seen through a Selection. `findings()` and `sockets()` are streamed; nothing is
    copied."""

    def __init__(self, analysis: Analysis, selection: Selection = EVERYTHING) -> None:
        """Raises ConfigurationError for a time window that matches nothing in any trace, and for
        processes that do not exist."""
        self._original = analysis
        redaction = selection.redaction
        self.analysis = analysis if redaction is None else redaction.analysis(analysis)
        """everything found, as it is shown"""
        self.selection = selection
        self.traces: tuple[TraceResult, ...] = self.analysis.traces
        self.rules = {rule.id: rule for rule in self.analysis.rules}
        """by id; they provide the texts of their findings"""
        self._windows = (
            windows(selection.since, selection.until, analysis.traces) if selection.by_time else {}
        )
        self._tids = {
            (process.trace, process.id): process.tids
            for process in analysis.processes
            if selection.pids
        }
        self.processes = tuple(p for p in analysis.processes if self._keeps(p))
        if selection.by_process and analysis.processes and not self.processes:
            raise ConfigurationError(
                "no process of the trace has this --pid or --command; there are "
                + _some(f"{p.command or '?'} ({p.tgid or p.id})" for p in analysis.processes)
            )
        groups = self._groups()
        self.suppressed = applied(selection.suppressions, groups, selection.today)
        """the effect of each suppression; suppressed findings are not counted"""
        kept_out = {id(group) for item in self.suppressed for group in item.groups}
        self.judged = tuple(group for group in groups if id(group) not in kept_out)
        """groups that count for the verdict, whatever their level"""
        self.groups = tuple(g for g in self.judged if g.level >= selection.level)
        """groups that are shown"""
        self.left_out_of: Counter[str] = Counter()
        """by trace: findings known from a baseline"""
        if selection.known:
            self.left_out_of.update(_counted(analysis.groups))
            self.left_out_of.subtract(_counted(groups))
        self.unasked_of: dict[str, Counter[str]] = {trace.id: Counter() for trace in self.traces}
        """by trace and rule: findings on the selected processes, but of other rules or times than
        those asked for"""
        if selection.rules or selection.by_time:
            self._count_unasked(analysis.groups, groups)
        if redaction is not None:
            self.processes = tuple(map(redaction.process, self.processes))
            self.judged = tuple(map(redaction.group, self.judged))
            self.groups = tuple(map(redaction.group, self.groups))
            self.suppressed = tuple(map(redaction.suppressed, self.suppressed))
        self._by_id = {(process.trace, process.id): process for process in self.processes}
        self._shown = {(group.trace, group.id) for group in self.groups}
        self._retakes = {trace.id: self._retake(trace) for trace in self.traces}
        self.unknown: tuple[Unknown, ...] = tuple(
            replace(entry, remedy=self._remedy(entry, entry.process))
            for entry in self.analysis.unknown
            if not selection.by_process
            or entry.process is None
            or (entry.trace, entry.process) in self._by_id
        )
        self.failures: tuple[Failure, ...] = tuple(
            entry
            for entry in self.analysis.failed_calls
            if not selection.by_process or (entry.trace, entry.process) in self._by_id
        )
        """socket calls that failed"""
        self.warnings: tuple[Warning, ...] = tuple(
            replace(entry, remedy=self._remedy(entry)) for entry in self.analysis.warnings
        )
        self.blind = frozenset(t.id for t in analysis.traces if t.inconclusive is not None)
        """traces that could not be judged: options hid bind() or connect(), or the file is
        damaged"""
        self.refused = tuple(
            account.refused
            for trace in self.traces
            for account in trace.sources
            if account.refused is not None
        )
        """why traces could not be read, while others could"""
        self.interrupted = next(
            (
                account.signal
                for trace in analysis.traces
                for account in trace.sources
                if account.signal is not None
            ),
            None,
        )
        """the signal that kept a trace from being read to its end"""
        self.failed_rules = bool(analysis.failures)
        """a rule raised an error"""

    def findings(self) -> Iterator[Finding]:
        """Yield the findings that are shown, in the order in which they were found."""
        for finding in self._original.findings:
            if (finding.trace, finding.group) in self._shown and self._takes(finding):
                yield self.selection.shown(finding)

    def sockets(
        self, wanted: Callable[[SocketLife], bool] = lambda life: True
    ) -> Iterator[SocketLife]:
        """Yield every socket of the selected processes for which `wanted` is true."""
        redaction = self.selection.redaction
        for life in self._original.sockets:
            if self._keeps_process(life.trace, life.process) and wanted(life):
                yield life if redaction is None else redaction.life(life)

    def process(self, trace: str, id: str) -> Process | None:
        """Return the process with this id, or None."""
        return self._by_id.get((trace, id))

    def ports(self, group: Group) -> PortUse | None:
        """Return the port usage in the network namespace of the group's sockets, or None."""
        uses = next((trace.ports for trace in self.traces if trace.id == group.trace), ())
        return next((use for use in uses if use.namespace == group.namespace), None)

    def case(self, group: Group) -> Case:
        """Return what the rule needs to describe the group."""
        process = self.process(group.trace, group.process.id)
        return Case(group, process, self.ports(group), is_excerpt=self.selection.by_time)

    def _retake(self, trace: TraceResult) -> Retake:
        own = (process for process in self.processes if process.trace == trace.id)
        return Retake(trace, own, is_redacted=self.selection.redaction is not None)

    def _remedy(self, entry: Unknown | Warning, process: str | None = None) -> str:
        """Return what to do about `entry`, with the command line for its trace."""
        line = self._retakes[entry.trace].line(process)
        return remedy_with(entry.code, line) or entry.remedy

    def _groups(self) -> tuple[Group, ...]:
        kept = [
            group
            for group in self._original.groups
            if (not self.selection.rules or group.rule in self.selection.rules)
            and self._keeps_process(group.trace, group.process)
        ]
        if not self.selection.by_finding:
            return tuple(kept)
        figures = {
            (group.trace, group.id): FindingCounts(has_failed_calls=bool(group.failed_calls))
            for group in kept
        }
        samples: dict[tuple[str, str], Finding] = {}
        for finding in self._original.findings:
            key = finding.trace, finding.group or ""
            counted = figures.get(key)
            if counted is not None and self._takes(finding) and counted.add(finding):
                samples[key] = finding
        return tuple(
            figures[group.trace, group.id].applied(group, samples[group.trace, group.id])
            for group in kept
            if (group.trace, group.id) in samples
        )

    def _count_unasked(self, found: Iterable[Group], asked: Iterable[Group]) -> None:
        for group in found:
            if self._keeps_process(group.trace, group.process):
                self.unasked_of[group.trace][group.rule] += group.count
        for group in asked:
            self.unasked_of[group.trace][group.rule] -= group.count

    @property
    def unasked(self) -> int:
        """Findings of other rules or times than those asked for."""
        return sum(rules.total() for rules in self.unasked_of.values())

    @property
    def suppressed_findings(self) -> int:
        """Suppressed findings."""
        return sum(item.findings for item in self.suppressed)

    @property
    def left_out(self) -> int:
        """Findings known from a baseline."""
        return self.left_out_of.total()

    def _takes(self, finding: Finding) -> bool:
        if self.selection.by_time:
            window = self._windows.get(finding.trace)
            moment = of_finding(finding)
            if window is None or moment is None or not window.holds(moment.elapsed):
                return False
        return self.selection.is_new(finding)

    def _keeps(self, process: Process) -> bool:
        selection = self.selection
        if selection.pids and not selection.pids & {process.tgid, *process.tids}:
            return False
        return not selection.commands or any(
            fnmatchcase(name, pattern)
            for name in _names(process.command, process.programs)
            for pattern in selection.commands
        )

    def _keeps_process(self, trace: str, process: ProcessRef) -> bool:
        selection = self.selection
        if not selection.by_process:
            return True
        if selection.pids:
            known = {process.tgid, process.tid, *self._tids.get((trace, process.id), ())}
            if not selection.pids & known:
                return False
        return not selection.commands or any(
            fnmatchcase(name, pattern)
            for name in _names(process.command, ())
            for pattern in selection.commands
        )


def _counted(groups: Iterable[Group]) -> Counter[str]:
    """Return the number of findings in these groups by trace."""
    counts: Counter[str] = Counter()
    for group in groups:
        counts[group.trace] += group.count
    return counts


def _some(names: Iterable[str]) -> str:
    """Format the first names, and how many more there are."""
    every = list(dict.fromkeys(names))
    more = f" and {len(every) - _NAMED:,} more" if len(every) > _NAMED else ""
    return ", ".join(every[:_NAMED]) + more


def _names(command: str | None, programs: Iterable[str]) -> Iterator[str]:
    """Yield the names by which a process may be selected: its command, and paths and names of what
    it ran."""
    if command is not None:
        yield command
    for path in programs:
        yield path
        yield path.rpartition("/")[2]
