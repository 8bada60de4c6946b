"""The unit of work: how traces are to be judged and one trace in, its digest out.

Both go from process to process: they are plain data, and name rule files instead of holding rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from strace_analyzer.analysis import Settings
from strace_analyzer.analysis.analyze import analyze_traces
from strace_analyzer.errors import TraceError
from strace_analyzer.machine import Listing
from strace_analyzer.report.gate import Gate
from strace_analyzer.report.merged.digest import TraceDigest, refusal
from strace_analyzer.report.merged.of_trace import digest
from strace_analyzer.report.selection import Selection
from strace_analyzer.rules import Rule, catalogue
from strace_analyzer.rules.load import installed_rules, rules_in, together
from strace_analyzer.trace.reader import TraceInput


class Judging(NamedTuple):
    """What is looked for, and what is reported of it."""

    selection: Selection = Selection()
    gate: Gate = Gate()
    rule_files: tuple[str, ...] = ()
    port_range: tuple[int, int] | None = None
    autobind_reuse: bool = False
    strict: bool = False
    machine: Listing | None = None


class Job(NamedTuple):
    """One trace of many."""

    number: int
    """by the order of the command line"""
    label: str
    """its host, or what else it is grouped by"""
    trace: TraceInput


def digest_of(trace: TraceInput, judging: Judging) -> TraceDigest:
    """Read and judge one trace. One that cannot be read gives a digest that says why."""
    try:
        analysis = analyze_traces([trace], _settings(judging))
    except TraceError as error:
        return refusal(trace.name, str(error))
    size = sum(source.size for source in trace.sources)
    return digest(analysis, judging.selection, judging.gate, trace.name, size)


def digests_of(traces: Sequence[TraceInput], judging: Judging) -> list[TraceDigest]:
    """The digests of several traces, read one after the other."""
    return [digest_of(trace, judging) for trace in traces]


def _settings(judging: Judging) -> Settings:
    return Settings(
        rules=_rules(judging.rule_files),
        port_range=judging.port_range,
        autobind_reuse=judging.autobind_reuse,
        strict=judging.strict,
        machine=judging.machine,
    )


@lru_cache(maxsize=4)
def _rules(files: Sequence[str]) -> tuple[type[Rule], ...]:
    return together(catalogue(), installed_rules(), *(rules_in(Path(file)) for file in files))
