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
from strace_analyzer.report.merged.digest import TraceDigest, day_of, refusal
from strace_analyzer.report.merged.of_trace import digest
from strace_analyzer.report.redaction import Redaction
from strace_analyzer.report.redaction.tokens import Keyed
from strace_analyzer.report.selection import Selection
from strace_analyzer.rules import Rule, catalogue
from strace_analyzer.rules.load import installed_rules, rules_in, together
from strace_analyzer.trace.reader import TraceInput


class Hiding(NamedTuple):
    """What is replaced in what is reported, and the key of the tokens that all who read traces put
    in its place."""

    kinds: tuple[str, ...]
    key: bytes

    def redaction(self) -> Redaction:
        """For one trace."""
        return Redaction(self.kinds, Keyed(self.key))


class Judging(NamedTuple):
    """What is looked for, and what is reported of it."""

    selection: Selection = Selection()
    gate: Gate = Gate()
    rule_files: tuple[str, ...] = ()
    port_range: tuple[int, int] | None = None
    autobind_reuse: bool = False
    strict: bool = False
    machine: Listing | None = None
    hiding: Hiding | None = None


class Job(NamedTuple):
    """One trace of many."""

    number: int
    """by the order of the command line"""
    label: str
    """its host, or what else it is grouped by"""
    trace: TraceInput


def digest_of(trace: TraceInput, judging: Judging) -> TraceDigest:
    """Read and judge one trace. One that cannot be read gives a digest that says why."""
    selection = judging.selection
    if judging.hiding is not None:
        selection = selection._replace(redaction=judging.hiding.redaction())
    try:
        analysis = analyze_traces([trace], _settings(judging))
    except TraceError as error:
        return not_read(trace.name, str(error), judging)
    size = sum(source.size for source in trace.sources)
    return digest(analysis, selection, judging.gate, trace.name, size)


def not_read(name: str, reason: str, judging: Judging, signal: int | None = None) -> TraceDigest:
    """The digest of a trace that could not be read, or was left out because a signal came."""
    day = day_of(name, None)
    if judging.hiding is not None:
        values = judging.hiding.redaction().values
        name, reason = values.source(name), values.sentence(reason)
    return refusal(name, reason, signal, day=day)


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
