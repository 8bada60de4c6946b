"""`analyze` for complete traces, `Analyzer` for one that is still being written.

It is long because both ways in, and what becomes of an input that cannot be read, are here.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from strace_analyzer.alike import one_of
from strace_analyzer.analysis.corridor import TraceAnalysis
from strace_analyzer.analysis.groups import fingerprint
from strace_analyzer.analysis.listed import Listed, listed
from strace_analyzer.analysis.results import Analysis, Joined, TraceResult
from strace_analyzer.analysis.settings import Settings
from strace_analyzer.analysis.sources import Source, resolved
from strace_analyzer.errors import AllUnreadableError, SeveralStreamsError, TraceError
from strace_analyzer.findings import Finding, Group, Process, Unknown, Warning
from strace_analyzer.kernel.seed import ran_already
from strace_analyzer.machine import parse
from strace_analyzer.machine.facts import Facts, read
from strace_analyzer.rules import Rule, catalogue
from strace_analyzer.rules.evidence import made
from strace_analyzer.rules.spoken import rehearse, spoken
from strace_analyzer.rules.words import Case, program
from strace_analyzer.trace.input.content import SMALL_BLOCK, blocks
from strace_analyzer.trace.input.source import SourceInput, TraceInput
from strace_analyzer.trace.input.wrapping.stage import NOBODY
from strace_analyzer.trace.reader import (
    Accounting,
    EventStream,
    EveryLineMattersError,
    TraceReader,
)

_Done = tuple[TraceInput, TraceAnalysis, TraceResult]


def analyze(
    source: Source,
    *,
    port_range: tuple[int, int] | None = None,
    autobind_reuse: bool = False,
    rules: Sequence[type[Rule]] | None = None,
    sockets: bool = True,
    ss: Listed | None = None,
) -> Analysis:
    """Analyse one or more traces to their end.

    `source` is a path (a file, a directory of -ff files, or their prefix), several paths (each a
    trace of its own), or a trace itself: an open file, text or bytes of more than a line, a list of
    lines. `port_range` is the ephemeral range (low, high), if it was not the default;
    `autobind_reuse` says that net.ipv4.ip_autobind_reuse was 1. `rules` replace the catalogue.
    Without `sockets`, the lives of sockets are not collected. `ss` lists the sockets of the traced
    machine, to name who holds ports: the output of `ss -tanp` or /proc/net/tcp* as a path, several
    paths, its text or its lines. Raises TraceError if no source can be read (one unreadable source
    of several is a warning) or `ss` lists no socket, TypeError if one of them is none of these or
    `port_range` is not a pair of ports.
    """
    settings = Settings(
        rules=tuple(rules) if rules is not None else catalogue(),
        port_range=None if port_range is None else _pair(port_range),
        autobind_reuse=autobind_reuse,
        keep_sockets=sockets,
        machine=None if ss is None else listed(ss),
    )
    return analyze_traces(resolved(source), settings)


def _pair(port_range: object) -> tuple[int, int]:
    """`port_range`, checked. Raises TypeError unless it is a pair of ports, low <= high."""
    match port_range:
        case (int(low), int(high)) if 0 < low <= high < 1 << 16:
            return low, high
    raise TypeError(f"port_range is two ports, (low, high), and not {port_range!r}")


def analyze_traces(inputs: Sequence[TraceInput], settings: Settings) -> Analysis:
    """Like `analyze`, for inputs that are already resolved. An input that cannot be read is
    reported in the result; raises TraceError if none can be read."""
    done: list[_Done] = []
    refused: list[TraceError] = []
    for trace in inputs:
        try:
            done += _analyzed(trace, settings)
        except TraceError as error:
            refused.append(error)
            done.append(_refused(trace, error, settings))
    if len(refused) == len(inputs) > 0:
        raise refused[0] if len(refused) == 1 else AllUnreadableError(map(str, refused))
    analysis = joined([(analysis, result) for _, analysis, result in done], settings)
    return replace(analysis, inputs=tuple(trace for trace, _, _ in done))


def _analyzed(trace: TraceInput, settings: Settings) -> list[_Done]:
    """One result, or one for each container whose lines are in the file."""
    reader, analysis = opened(trace, settings)
    try:
        for events in reader.batches():
            analysis.feed(events)
    except EveryLineMattersError:
        return _analyzed(trace, replace(settings, strict=True))
    except SeveralStreamsError as several:
        if not all(source.can_be_read_again for source in trace.sources):
            raise
        return [
            done
            for number, stream in enumerate(several.streams, 1)
            for done in _analyzed(_one_of(trace, number, stream, several.streams), settings)
        ]
    analysis.close()
    return [(trace, analysis, result(reader, analysis))]


def _refused(trace: TraceInput, error: TraceError, settings: Settings) -> _Done:
    """The result of a trace that cannot be read: nothing is known of it but the reason."""
    analysis = TraceAnalysis(trace.id, trace.name, [trace.name], settings)
    analysis.close()
    return trace, analysis, analysis.result("none", (Accounting(trace.name, refused=str(error)),))


def _one_of(trace: TraceInput, number: int, stream: str, streams: tuple[str, ...]) -> TraceInput:
    """The lines of one container as a trace of its own. Lines that belong to none of `streams` go
    to the one without a name, or to the first."""
    has_rest = stream == (NOBODY if NOBODY in streams else streams[0])
    others = tuple(other for other in streams if other != stream) if has_rest else ()
    only = None if has_rest else stream
    sources = tuple(replace(source, only=only, others=others) for source in trace.sources)
    name = f"{trace.name} ({stream})"
    return replace(trace, id=f"{trace.id}.{number}", name=name, sources=sources)


def opened(
    trace: TraceInput, settings: Settings, *, once: bool = False
) -> tuple[TraceReader, TraceAnalysis]:
    """The reader of `trace`, and the analysis to feed its events to, live or not.

    Unless `settings.strict` is set, the reader may raise EveryLineMattersError while it is read:
    open the trace again, strictly. It never does so for a stream, nor if the trace is read `once`.
    """
    settings, facts = _with_facts(trace, settings)
    names = [source.name for source in trace.sources]
    analysis = TraceAnalysis(trace.id, trace.name, names, settings)
    if facts.processes:
        analysis.seed(ran_already(facts))
    watch = None if settings.strict else analysis.attention
    reader = TraceReader(trace, watch, settings.jobs, once=once)
    if not reader.is_ordered:
        analysis.keep_order()
    elif len(names) > 1:
        analysis.expect_entry_times()
    return reader, analysis


def _with_facts(trace: TraceInput, settings: Settings) -> tuple[Settings, Facts]:
    """The settings, completed by what the head of the trace says about its machine and by the list
    of sockets that `collect` saved next to it, unless these are known already."""
    source = trace.sources[0]
    if settings.machine is None and (listed := source.beside("ss.txt")):
        machine = parse(listed.decode("utf-8", "replace").splitlines())
        settings = replace(settings, machine=machine if machine.is_answer else None)
    if settings.host_range is not None:
        return settings, Facts({})
    facts = read(_first_lines(source))
    told = replace(
        settings,
        host_range=facts.port_range,
        autobind_reuse=settings.autobind_reuse or facts.autobind_reuse,
        tw_reuse=facts.tw_reuse,
        nothing_hidden=settings.nothing_hidden or facts.nothing_hidden,
        something_hidden=facts.something_hidden and not settings.nothing_hidden,
        started_script=facts.started_script,
    )
    return told, facts


_HEAD = 1 << 16
"""bytes at the head of a trace that contain all the facts (machine/facts.py)"""


def _first_lines(source: SourceInput) -> Iterator[bytes]:
    """Yield the lines at the head; only as many blocks are read as are asked for."""
    again = source.can_be_read_again
    first = source.blocks(SMALL_BLOCK) if again else blocks(io.BytesIO(source.ahead()), SMALL_BLOCK)
    rest, taken = b"", 0
    with suppress(TraceError):  # reported later; the end of compressed data is missing here
        for block in first:  # of compressed data it may be a few lines
            *lines, rest = (rest + block).split(b"\n")
            yield from lines
            taken += len(block)
            if taken >= _HEAD:
                break
    yield rest


def result(reader: TraceReader, analysis: TraceAnalysis) -> TraceResult:
    """The result of a trace that was read to its end."""
    accounts = tuple(reader.accounting)
    return analysis.result(reader.clock, accounts, reader.steps_back, reader.left_out)


def joined(done: Sequence[tuple[TraceAnalysis, TraceResult]], settings: Settings) -> Analysis:
    """One Analysis of finished traces; nothing is summed across them."""
    processes: list[Process] = []
    unknown: list[Unknown] = []
    warnings: list[Warning] = []
    groups: list[Group] = []
    ours = frozenset(catalogue())
    for analysis, _ in done:
        unknown += analysis.unknowns.all()
        warnings += analysis.warnings()
    failures = [failure for analysis, _ in done for failure in analysis.failures]
    rules = {r.id: r if r in ours else spoken(r, failures) for r in settings.rules}
    for analysis, result in done:
        of_trace = analysis.processes()
        processes += of_trace
        groups += _told(analysis, of_trace, result, rules)
    return Analysis(
        traces=tuple(result for _, result in done),
        groups=tuple(groups),
        findings=Joined(analysis for analysis, _ in done),
        processes=tuple(processes),
        sockets=Joined(analysis.lives for analysis, _ in done),
        unknown=tuple(unknown),
        warnings=tuple(warnings),
        rules=tuple(rules.values()),
        failures=tuple(failures),
        lives=tuple(life for analysis, _ in done for life in analysis.process_lives()),
        failed_calls=tuple(failed for analysis, _ in done for failed in analysis.failed_calls),
    )


def _told(
    analysis: TraceAnalysis,
    processes: Iterable[Process],
    result: TraceResult,
    rules: Mapping[str, type[Rule]],
) -> Iterator[Group]:
    """The groups with their rules' words: what was found, and what to do for this runtime; and with
    fingerprints that distinguish two scripts of one interpreter."""
    ours = frozenset(catalogue())
    by_id = {process.id: process for process in processes}
    groups = analysis.groups.take()
    groups.reverse()
    while groups:  # each goes as it is told
        group = groups.pop()
        use = next((use for use in result.ports if use.namespace == group.namespace), None)
        case = Case(group, by_id.get(group.process.id), use)
        rule, name = rules[group.rule], program(group.process.command, case.process)
        if rule not in ours:
            rehearse(rule, case)
        yield replace(
            group,
            fingerprint=one_of(fingerprint(group.sample, group.call_site, name)),
            message=rule.summary(case),
            advice=one_of(rule.advice(case).text),
        )


class Analyzer:
    """Analyses one trace line by line, for streams: findings come as soon as they can be proved.

    `feed` returns the findings that a line made or changed, with provisional level and confidence;
    a repeated `id` is an update. `close` returns the Analysis.
    """

    def __init__(self, name: str = "<stream>", settings: Settings | None = None) -> None:
        self._settings = settings or Settings(rules=catalogue())
        self._analysis = TraceAnalysis("t1", name, [name], self._settings)
        self._stream = EventStream(name)

    def feed(self, line: str | bytes) -> list[Finding]:
        """Take in one line, with or without its line ending."""
        raw = line.encode("utf-8", "surrogateescape") if isinstance(line, str) else line
        return [made(found) for found in self._analysis.feed(self._stream.feed(raw))]

    def close(self) -> Analysis:
        """The end of the stream."""
        self._analysis.feed(self._stream.close())
        self._analysis.close()
        clock = self._stream.clock
        accounts = (self._stream.accounting,)
        result = self._analysis.result(clock.kind, accounts, clock.steps_back)
        return joined([(self._analysis, result)], self._settings)
