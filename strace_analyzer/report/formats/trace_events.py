"""A timeline in the Trace Event Format, for Perfetto, chrome://tracing and the Firefox Profiler.

Calls are slices of processes and threads. Sockets are async spans, since they overlap, and contain
another span for the time bind() held their port. Pinned and needed ports are a counter. In a trace
without times, each line takes a microsecond. Of the arguments, the Firefox Profiler shows only
`detail`; it pairs spans by name and thread, in the order of the file. Format: "Trace Event Format",
docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TextIO

from strace_analyzer.analysis import TraceResult
from strace_analyzer.findings import CallRecord, ProcessRef, SocketLife
from strace_analyzer.plain import safe
from strace_analyzer.report import document
from strace_analyzer.report.cannot_tell import reasons
from strace_analyzer.report.elements import JsonObject
from strace_analyzer.report.excerpt import excerpt
from strace_analyzer.report.formats.format import Report
from strace_analyzer.report.formats.json import encode
from strace_analyzer.report.verdicts import verdicts

SOCKETS = True
"""the timeline shows every socket's life"""


def write(report: Report, stream: TextIO) -> None:
    """Write the whole document, one event per line."""
    stream.write('{"traceEvents": [')
    between = "\n"
    for event in _events(report):
        stream.write(between + encode(event))
        between = ",\n"
    clocks = {trace.name: trace.clock for trace in report.selected.traces}
    other = {
        "tool": document.tool(),
        "clocks": clocks,
        "suppressed": [safe(str(item)) for item in report.selected.suppressed],
        "verdict": report.judgement.verdict,
        "cannot_tell": [reason.document() for reason in reasons(report.selected)],
    }
    stream.write(f'\n], "displayTimeUnit": "ms", "otherData": {encode(other)}}}\n')


@dataclass(slots=True)
class _Process:
    """A process of the timeline: its number there, and the calls of each of its threads."""

    number: int
    name: str
    threads: dict[int, list[CallRecord]] = field(default_factory=dict)


def _events(report: Report) -> Iterator[JsonObject]:
    selected = report.selected
    timed = {trace.id: trace.clock != "none" for trace in selected.traces}
    processes: dict[str, _Process] = {}
    spans: list[JsonObject] = []
    found = verdicts(selected)
    for number, life in enumerate(selected.sockets(), 1):
        process = _process(life.process, processes)
        for call in life.trail:
            process.threads.setdefault(call.tid or 0, []).append(call)
        spans += _socket(life, number, process.number, timed[life.trace], str(found.of(life)))
    for finding in selected.findings():
        threads = _process(finding.process, processes).threads
        for call in finding.trail:  # including failed ones
            threads.setdefault(call.tid or 0, []).append(call)
    for process in processes.values():
        yield _named("process_name", process.number, 0, process.name)
        for tid in sorted(process.threads):
            yield _named("thread_name", process.number, tid, f"thread {tid}")
    for id, process in processes.items():
        is_timed = timed[id.partition(":")[0]]
        for tid, calls in sorted(process.threads.items()):
            yield from _thread(process.number, tid, calls, is_timed)
    yield from spans
    for at, trace in enumerate(selected.traces, 1):
        yield from _ports(trace, len(processes) + at)


def _process(ref: ProcessRef, processes: dict[str, _Process]) -> _Process:
    known = processes.get(ref.id)
    if known is None:
        name = f"{ref.command or 'process'} (pid {ref.tgid or ref.tid or '?'})"
        known = processes[ref.id] = _Process(len(processes) + 1, safe(name))
    return known


def _named(what: str, pid: int, tid: int, name: str) -> JsonObject:
    return {"ph": "M", "name": what, "pid": pid, "tid": tid, "args": {"name": name}}


def _thread(pid: int, tid: int, calls: list[CallRecord], timed: bool) -> Iterator[JsonObject]:
    """Yield the calls as complete events inside one from the first to the last. A call that would
    outlast the one it began in is cut: slices of a thread are nested or separate."""
    distinct = {(call.source, call.line, call.name): call for call in calls}.values()
    slices = sorted(((*_span(call, timed), call) for call in distinct), key=lambda s: (s[0], -s[1]))
    if not slices:
        return
    begin, end = slices[0][0], max(stop for _, stop, _ in slices)
    yield _slice(pid, tid, begin, end, f"thread {tid}: socket calls", {})
    open_ends = [end]
    for start, stop, call in slices:
        while start >= open_ends[-1] and len(open_ends) > 1:
            open_ends.pop()
        stop = min(stop, open_ends[-1])
        open_ends.append(stop)
        told = {
            "detail": f"line {call.line}: {excerpt(call.text, 200)}",
            "line": f"{safe(call.source)}:{call.line}",
            "fd": call.fd,
        }
        yield _slice(pid, tid, start, stop, call.name, told)


def _slice(
    pid: int, tid: int, start: float, stop: float, name: str, args: JsonObject
) -> JsonObject:
    return {
        "ph": "X",
        "cat": "call",
        "name": name,
        "pid": pid,
        "tid": tid,
        "ts": start,
        "dur": round(stop - start, 3),
        "args": args,
    }


def _span(call: CallRecord, timed: bool) -> tuple[float, float]:
    """Return begin and end of a call in microseconds; without times, its lines."""
    if not timed or call.seconds is None:
        return float(call.line), float(max(call.line, call.end_line) + 1)
    start = round(call.seconds * 1e6, 3)
    return start, round(start + (call.duration or 0.0) * 1e6, 3)


def _socket(
    life: SocketLife, number: int, pid: int, timed: bool, verdict: str
) -> Iterator[JsonObject]:
    """Yield a span from the first call to the last, and inside it one for the port that bind()
    took."""
    if not life.trail:
        return
    spans = [_span(call, timed) for call in life.trail]
    begin, end = min(start for start, _ in spans), max(stop for _, stop in spans)
    peer = f" to {life.peer}" if life.peer is not None else ""
    told = {
        "verdict": verdict,
        "line": f"{safe(life.opened.source)}:{life.opened.line}",
        "outcome": life.outcome.value,
    }
    base = {
        "cat": "socket",
        "id2": {"local": f"0x{number:x}"},  # scoped to the process, so it is drawn there
        "pid": pid,
        "tid": life.process.tid or 0,
    }
    outer = {**base, "name": f"fd {life.fd}{peer}: {verdict}"}
    yield {"ph": "b", "ts": begin, **outer, "args": told}
    bind = next((call for call in life.trail if call.role == "bind" and call.errno is None), None)
    if bind is not None:
        inner = {**base, "name": f"port {life.local.assigned_port or life.local.port or '?'} held"}
        yield {"ph": "b", "ts": _span(bind, timed)[0], **inner, "args": {}}
        yield {"ph": "e", "ts": end, **inner, "args": {}}
    yield {"ph": "e", "ts": end, **outer, "args": {}}


def _ports(trace: TraceResult, pid: int) -> Iterable[JsonObject]:
    """Yield pinned and needed ports of each network namespace."""
    if not any(use.timeline for use in trace.ports):
        return
    yield _named("process_name", pid, 0, f"local ports of {safe(trace.name)}")
    scale = 1.0 if trace.clock == "none" else 1e6
    for use in trace.ports:
        for point in use.timeline:
            yield {
                "ph": "C",
                "name": f"ports, network namespace {use.namespace}",
                "pid": pid,
                "tid": 0,
                "ts": round(point.at * scale, 3),
                "args": {"pinned": point.held, "needed": point.needed},
            }
