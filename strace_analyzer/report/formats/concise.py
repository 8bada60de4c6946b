"""One line per finding, in the form that editors and CI tools link to.

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
    """Write a line per finding, then one per unknown or hidden thing; nothing for a clean trace."""
    stream.writelines(line(finding) for finding in report.selected.findings())
    stream.writelines(_remarks(report.selected))


class Once:
    """Prints each finding once; at the end, one line per rule whose findings turned out to have a
    higher level. Formats that use other lines pass their own `line`."""

    def __init__(self, selection: Selection, line: Callable[[Finding], str]) -> None:
        self._selection = selection
        self._line = line
        self._told: dict[int, Level] = {}

    def lines(self, finding: Finding) -> Iterator[str]:
        """Yield the line of `finding` if it is selected and was not printed before."""
        if not self._selection.admits(finding):
            return
        shown = self._selection.shown(finding)
        if hash(shown.id) not in self._told:
            self._told[hash(shown.id)] = shown.level
            yield self._line(shown)

    def untold(self, selected: Selected) -> Iterator[str]:
        """At the end of the trace, yield the lines of findings never printed; then, by process,
        rule and level, how many of the printed ones have a higher level now."""
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
    """Yield a line per unknown or hidden thing."""
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
    """Return the line of one finding."""
    return safe(f"{finding.at}: {finding.level}: {subject(finding)}") + "\n"


def subject(finding: Finding) -> str:
    """Return `RULE-ID: beam.smp[4510] fd 19 -> 127.0.0.1:8001`, not escaped."""
    peer = f" -> {finding.peer}" if finding.peer is not None else ""
    doubt = " (probable)" if finding.confidence is Confidence.PROBABLE else ""
    failed = " (failed)" if finding.outcome is Outcome.FAILED else ""
    return f"{finding.rule}: {who(finding.process)} fd {finding.fd}{peer}{failed}{doubt}"


def who(process: ProcessRef) -> str:
    """Return `beam.smp[4510]`, not escaped."""
    number = process.tgid if process.tgid is not None else process.tid
    return f"{process.command or 'process'}[{number if number is not None else '?'}]"
