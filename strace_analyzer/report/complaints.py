"""Takes an analysis, gives what failed in it by a fault of ours or of a rule; takes why inputs
could not be read, or how much is known already: lines to be said."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from strace_analyzer.analysis import Analysis
from strace_analyzer.faults import FAULT
from strace_analyzer.plain import count, listed

_ONE_BY_ONE = 8
"""inputs that could not be read; more are told together"""
_KINDS = 8
"""reasons that are told of these"""


def complaints(analysis: Analysis) -> Iterator[str]:
    """A line each: lines of the trace on which we failed, and rules that raised an error."""
    for account in (account for trace in analysis.traces for account in trace.sources):
        for fault in account.faults:
            where = f"{account.name}:{fault.line}" if fault.line else account.name
            yield f"{FAULT}, with line {where}: {fault.error}"
    for failure in analysis.failures:
        where = f" at {failure.source}:{failure.line}" if failure.source else ""
        yield f"rule {failure.rule} failed{where}: {failure.error}"


def refusals(reasons: Iterable[str]) -> Iterator[str]:
    """Why inputs could not be read, each `NAME: why`. Of many, as in a directory of other things, a
    line for each reason: `638 files: not the output of strace: /etc/fstab, /etc/group ...`."""
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
    """How many findings are not reported, since those of --baseline are known."""
    return f"{count(findings, 'finding')} left out: known from the baseline"
