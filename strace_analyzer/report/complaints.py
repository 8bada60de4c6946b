"""Messages for standard error: failures of ours or of a rule in an analysis, inputs that could not
be read, and how many findings were known already."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from strace_analyzer.analysis import Analysis
from strace_analyzer.faults import FAULT
from strace_analyzer.plain import count, listed

_ONE_BY_ONE = 8
"""Up to this many unreadable inputs are listed; more are grouped by reason."""
_KINDS = 8
"""Most reasons listed then."""


def complaints(analysis: Analysis) -> Iterator[str]:
    """Yield a line for each trace line on which we failed, and for each rule that raised an
    error."""
    for account in (account for trace in analysis.traces for account in trace.sources):
        for fault in account.faults:
            where = f"{account.name}:{fault.line}" if fault.line else account.name
            yield f"{FAULT}, with line {where}: {fault.error}"
    for failure in analysis.failures:
        where = f" at {failure.source}:{failure.line}" if failure.source else ""
        yield f"rule {failure.rule} failed{where}: {failure.error}"


def refusals(reasons: Iterable[str]) -> Iterator[str]:
    """Yield why inputs could not be read, each as `NAME: why`. For many, as in a directory of other
    files, yield a line per reason: `638 files: not the output of strace: /etc/fstab, /etc/group
    ...`."""
    told = list(reasons)
    if len(told) <= _ONE_BY_ONE:
        yield from told
        return
    names: dict[str, list[str]] = {}
    for reason in told:
        name, _, why = reason.partition(": ")
        names.setdefault(why, []).append(name)
    common = sorted(names, key=lambda why: -len(names[why]))
    for why in common[:_KINDS]:
        yield f"{count(len(names[why]), 'file')}: {why}: {listed(names[why])}"
    rest = [name for why in common[_KINDS:] for name in names[why]]
    if rest:
        yield f"{count(len(rest), 'file')}: for other reasons: {listed(rest)}"


def known_already(findings: int) -> str:
    """Format how many findings are not reported because the --baseline contains them."""
    return f"{count(findings, 'finding')} left out: known from the baseline"
