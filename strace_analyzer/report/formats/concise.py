"""Takes the findings that were selected, gives one line each, in the form that editors and CI
jump to.

`trace.txt:403: warning: RULE-ID: beam.smp[4510] fd 19 -> 127.0.0.1:8001`
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import TextIO

from strace_analyzer.findings import Confidence, Finding, Level, ProcessRef
from strace_analyzer.kernel.socket_state import Outcome
from strace_analyzer.plain import safe
from strace_analyzer.report.formats.format import Report
from strace_analyzer.report.selection import Selected, Selection


def write(report: Report, stream: TextIO) -> None:
    """A line per finding, then one per thing unknown or hidden; nothing at all for a clean
    trace."""
    stream.writelines(line(finding) for finding in report.selected.findings())
    stream.writelines(_remarks(report.selected))


class Once:
    """Each finding as one line, the first time; at the end one line of a rule where levels of its
    findings turned out higher. Other formats tell theirs by `line`."""

    def __init__(self, selection: Selection, line: Callable[[Finding], str]) -> None:
        self._selection = selection
        self._line = line
        self._told: dict[int, Level] = {}

    def lines(self, finding: Finding) -> Iterator[str]:
        """The line of `finding` if it is selected and has not been told."""
        if not self._selection.admits(finding):
            return
        shown = self._selection.shown(finding)
        if hash(shown.id) not in self._told:
            self._told[hash(shown.id)] = shown.level
            yield self._line(shown)

    def untold(self, selected: Selected) -> Iterator[str]:
        """The lines of those that were never told, at the end of the trace; then how many of those
        that were told are of a higher level now, by process, rule and level."""
        risen: dict[tuple[str, str, Level], Finding] = {}
        counts: Counter[tuple[str, str, Level]] = Counter()
        for finding in selected.findings():
            told = self._told.get(hash(finding.id))
            if told is None:
                yield self._line(finding)
            elif told < finding.level:
                kind = finding.process.id, finding.rule, finding.level
                risen.setdefault(kind, finding)
                counts[kind] += 1
        for kind, first in risen.items():
            more = f" ({counts[kind]:,} told above are of this level)" if counts[kind] > 1 else ""
            yield self._line(first).removesuffix("\n") + f"{more}\n"


class _Teller:
    def __init__(self, selection: Selection) -> None:
        self._once = Once(selection, line)

    def lines(self, finding: Finding) -> Iterator[str]:
        return self._once.lines(finding)

    def rest(self, report: Report, provisional: Iterable[Finding], stream: TextIO) -> None:
        stream.writelines(self._once.untold(report.selected))
        stream.writelines(_remarks(report.selected))


teller = _Teller


def _remarks(selected: Selected) -> Iterator[str]:
    """A line per thing unknown or hidden."""
    names = {trace.id: trace.name for trace in selected.traces}
    for unknown in selected.unknown:
        process = f"process {unknown.process.rpartition(':')[2]}: " if unknown.process else ""
        yield safe(f"{unknown.first}: unknown: {unknown.code}: {process}{unknown.reason}") + "\n"
    for item in selected.suppressed:
        yield safe(f"{item.state}: {item}") + "\n"
    for warning in selected.warnings:
        name = names.get(warning.trace, warning.trace)
        yield safe(f"{name}: hidden: {warning.code}: {warning.message}") + "\n"


def line(finding: Finding) -> str:
    """The line of one finding."""
    return safe(f"{finding.at}: {finding.level}: {subject(finding)}") + "\n"


def subject(finding: Finding) -> str:
    """`RULE-ID: beam.smp[4510] fd 19 -> 127.0.0.1:8001`, not made safe."""
    peer = f" -> {finding.peer}" if finding.peer is not None else ""
    doubt = " (probable)" if finding.confidence is Confidence.PROBABLE else ""
    failed = " (failed)" if finding.outcome is Outcome.FAILED else ""
    return f"{finding.rule}: {who(finding.process)} fd {finding.fd}{peer}{failed}{doubt}"


def who(process: ProcessRef) -> str:
    """`beam.smp[4510]`, not made safe."""
    number = process.tgid if process.tgid is not None else process.tid
    return f"{process.command or 'process'}[{number if number is not None else '?'}]"
