"""Takes the findings that were selected, gives one line each, in the form that editors and CI
jump to.

`trace.txt:403: warning: bind-any-port-zero: beam.smp[4510] fd 19 -> 127.0.0.1:8001`
"""

from __future__ import annotations

from collections.abc import Iterator

from strace_analyzer.findings import Confidence, Finding
from strace_analyzer.kernel.socket_state import Outcome
from strace_analyzer.report.gate import Judgement
from strace_analyzer.report.plain import safe
from strace_analyzer.report.selection import Selected


def report(selected: Selected, judgement: Judgement) -> Iterator[str]:
    """A line per finding, then one per thing unknown or hidden; nothing at all for a clean
    trace."""
    for finding in selected.findings():
        yield line(finding)
    yield from remarks(selected)


def remarks(selected: Selected) -> Iterator[str]:
    """A line per thing unknown or hidden."""
    names = {trace.id: trace.name for trace in selected.traces}
    for unknown in selected.unknown:
        process = f"process {unknown.process.rpartition(':')[2]}: " if unknown.process else ""
        yield safe(f"{unknown.first}: unknown: {unknown.code}: {process}{unknown.reason}") + "\n"
    for warning in selected.warnings:
        name = names.get(warning.trace, warning.trace)
        yield safe(f"{name}: hidden: {warning.code}: {warning.message}") + "\n"


def line(finding: Finding) -> str:
    """The line of one finding."""
    process = finding.process
    number = process.tgid if process.tgid is not None else process.tid
    who = f"{process.command or 'process'}[{number if number is not None else '?'}]"
    peer = f" -> {finding.peer}" if finding.peer is not None else ""
    doubt = " (probable)" if finding.confidence is Confidence.PROBABLE else ""
    failed = " (failed)" if finding.outcome is Outcome.FAILED else ""
    text = (
        f"{finding.at}: {finding.level}: {finding.rule}: {who} fd {finding.fd}{peer}{failed}{doubt}"
    )
    return safe(text) + "\n"
