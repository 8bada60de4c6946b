"""Make the digest of one analysed trace."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from strace_analyzer.analysis import Analysis
from strace_analyzer.errors import ConfigurationError
from strace_analyzer.findings import Confidence, Group
from strace_analyzer.plain import shell_line
from strace_analyzer.report.complaints import complaints
from strace_analyzer.report.excerpt import excerpt
from strace_analyzer.report.gate import Gate, grounds
from strace_analyzer.report.merged.digest import (
    CauseDigest,
    CauseKey,
    CommandDigest,
    DestinationDigest,
    FailureDigest,
    Remark,
    TraceDigest,
    day_of,
)
from strace_analyzer.report.selection import Selected, Selection
from strace_analyzer.rules import words
from strace_analyzer.strace_command import remedy_with, strace_command

_DESTINATIONS = 200
"""destinations kept per trace, those with the most early binds first"""
_PEERS = 20
"""destinations kept per cause"""
_PROOF = 12
"""calls kept of an example"""
_COMPLAINTS = 20
_NOT_KNOWN = "?"
"""a program whose execve() is not in the trace"""


def digest(
    analysis: Analysis, selection: Selection, gate: Gate, name: str, size: int = 0
) -> TraceDigest:
    """Return the digest of one analysed trace of `size` bytes. Only what is selected goes into it,
    redacted if the selection says so."""
    hiding = None if selection.redaction is None else selection.redaction.values
    unmatched = None
    try:
        selected = Selected(analysis, selection)
    except ConfigurationError as error:  # nothing in it was asked for
        unmatched = str(error) if hiding is None else hiding.about_processes(str(error))
        selected = Selected(_without_processes(analysis), Selection(redaction=selection.redaction))
    result = analysis.traces[0]
    sources = [source for trace in analysis.traces for source in trace.sources]
    pinned = [use for trace in selected.traces for use in trace.ports]
    going = () if unmatched else _destinations(selected)
    began = result.began if result.clock == "epoch" else None
    return TraceDigest(
        name=name if hiding is None else hiding.source(name),
        grounds=grounds(selected, gate),
        clock=result.clock,
        began=began,
        seconds=result.seconds,
        day=day_of(name, began),
        lines=sum(source.lines for source in sources),
        calls=sum(source.calls for source in sources),
        unparsed=sum(source.unparsed for source in sources),
        size=size,
        causes=_causes(selected),
        commands=_commands(selected),
        destinations=going[:_DESTINATIONS],
        more_destinations=len(going[_DESTINATIONS:]),
        failures=_failures(selected),
        remarks=_remarks(selected),
        pinned=sum(use.peak_pinned for use in pinned),
        needed=sum(use.peak_needed for use in pinned),
        unmatched=unmatched,
        complaints=tuple(islice(complaints(analysis), _COMPLAINTS)),
    )


def _without_processes(analysis: Analysis) -> Analysis:
    return replace(
        analysis,
        groups=(),
        processes=(),
        failed_calls=(),
        unknown=tuple(entry for entry in analysis.unknown if entry.process is None),
    )


def _program(command: str | None, selected: Selected, trace: str, id: str) -> str:
    return words.program(command, selected.process(trace, id)) or _NOT_KNOWN


def _causes(selected: Selected) -> tuple[CauseDigest, ...]:
    folded: dict[CauseKey, list[Group]] = {}
    for group in selected.groups:
        program = _program(group.process.command, selected, group.trace, group.process.id)
        key = CauseKey(
            int(group.level), group.rule, program, group.call_site or "", group.cause or ""
        )
        folded.setdefault(key, []).append(group)
    return tuple(_folded(key, groups, selected) for key, groups in sorted(folded.items()))


def _folded(key: CauseKey, groups: Sequence[Group], selected: Selected) -> CauseDigest:
    head = max(groups, key=lambda group: (group.confidence is Confidence.CERTAIN, group.count))
    going: Counter[str] = Counter()
    for group in groups:
        for peer in group.peers:
            going[str(peer.peer)] += peer.count
    rule, case, sample = selected.rules[key.rule], selected.case(head), head.sample
    return CauseDigest(
        key=key,
        findings=sum(group.count for group in groups),
        probable=sum(g.count for g in groups if g.confidence is Confidence.PROBABLE),
        connected=sum(group.connected for group in groups),
        failed=sum(group.failed for group in groups),
        processes=len({group.process.id for group in groups}),
        destinations=tuple(sorted(going.items(), key=lambda item: (-item[1], item[0])))[:_PEERS],
        at=str(sample.at),
        line=sample.at.line,
        message=rule.summary(case),
        advice=rule.advice(case).text,
        proof=tuple((call.line, excerpt(call.text, 100)) for call in sample.trail[:_PROOF]),
    )


def _commands(selected: Selected) -> tuple[CommandDigest, ...]:
    sums: dict[str, list[int]] = {}
    for process in selected.processes:
        program = _program(process.command, selected, process.trace, process.id)
        figures = (
            1, process.sockets, process.tcp_connections, process.early_bound, process.failed
        )  # fmt: skip
        known = sums.setdefault(program, [0] * len(figures))
        for at, figure in enumerate(figures):
            known[at] += figure
    return tuple(CommandDigest(program, *figures) for program, figures in sorted(sums.items()))


def _destinations(selected: Selected) -> tuple[DestinationDigest, ...]:
    sums: dict[tuple[str, int, str], list[int]] = {}
    for trace in selected.traces:
        for use in trace.ports:
            for item in use.destinations:
                known = sums.setdefault((item.address, item.port, item.protocol), [0, 0])
                known[0] += item.connections
                known[1] += item.early_bound
    found = [DestinationDigest(*key, *figures) for key, figures in sums.items()]
    return tuple(sorted(found, key=lambda one: (-one.early_bound, -one.connections, one)))


def _failures(selected: Selected) -> tuple[FailureDigest, ...]:
    sums: dict[tuple[str, str, str], list[Any]] = {}
    for failure in selected.failures:
        key = (failure.call, failure.errno, failure.explanation)
        known = sums.setdefault(key, [0, str(failure.first)])
        known[0] += failure.times
    return tuple(FailureDigest(*key, *figures) for key, figures in sorted(sums.items()))


def _remarks(selected: Selected) -> tuple[Remark, ...]:
    """Return warnings, and the unknowns of single processes, each code once. Their remedies name
    no program: one is printed for many traces."""
    sums: dict[str, Remark] = {}
    said = [(w.code, w.effect, w.count, w.message, w.remedy) for w in selected.warnings]
    said += [(u.code, "unknown", u.count, u.reason, u.remedy) for u in selected.unknown]
    general = shell_line(strace_command())
    for code, effect, times, message, own in said:
        remedy = remedy_with(code, general) or own
        known = sums.setdefault(code, Remark(code, effect, 0, message, remedy))
        sums[code] = known._replace(times=known.times + times)
    return tuple(sorted(sums.values()))
