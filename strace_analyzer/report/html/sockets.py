"""The sockets of a report as data for the page, compact enough for ten thousand of them, with their
positions on the timeline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from math import ceil, floor, log10
from typing import NamedTuple

from strace_analyzer.findings import CallRecord, SocketLife
from strace_analyzer.plain import count, duration, safe
from strace_analyzer.report.elements import JsonObject
from strace_analyzer.report.excerpt import excerpt
from strace_analyzer.report.selection import Selected
from strace_analyzer.report.socket_words import kind, local_end
from strace_analyzer.report.verdicts import Verdict, verdicts

MOST = 10_000
"""sockets on the page; those with the worst findings are kept"""
_LANES = 40
"""processes on one timeline, those with the most sockets"""
_ROWS = 12
"""bars stacked in a lane; further ones are drawn over the last"""
_WIDTH = 10_000
_ROW = 10
_BAR = 8
_LEAST = 12
"""width of a bar that took no time"""

_short = lru_cache(maxsize=65536)(excerpt)


@dataclass(slots=True)
class SocketData:
    """`rows` index into `strings` and `verdicts`. `lanes` maps the lanes of all timelines, in
    order, to rows, to find the socket that was clicked."""

    strings: list[str] = field(default_factory=list)
    rows: list[list[object]] = field(default_factory=list)
    verdicts: list[tuple[str, str]] = field(default_factory=list)
    timelines: list[JsonObject] = field(default_factory=list)
    lanes: list[list[tuple[int, int, int, int]]] = field(default_factory=list)
    total: int = 0


class _Kept(NamedTuple):
    life: SocketLife
    verdict: Verdict
    start: float
    end: float


class _Index:
    """Numbers strings and pairs, storing each once."""

    def __init__(self) -> None:
        self.known: dict[object, int] = {}

    def of(self, item: object) -> int:
        return self.known.setdefault(item, len(self.known))


def socket_data(selected: Selected) -> SocketData:
    """Return every socket, or the `MOST` that matter most, in order of their first call."""
    found = verdicts(selected)
    timed = {trace.id: trace.clock != "none" for trace in selected.traces}
    every = [_kept(life, found.of(life), timed[life.trace]) for life in selected.sockets()]
    data = SocketData(total=len(every))
    worst = sorted(range(len(every)), key=lambda at: -(every[at].verdict.level or 0))[:MOST]
    kept = [every[at] for at in sorted(worst)]
    strings, words = _Index(), _Index()
    for item in kept:
        data.rows.append(_row(item, strings, words, timed[item.life.trace]))
    data.strings = [str(text) for text in strings.known]
    data.verdicts = [
        (str(verdict.level or "plain"), verdict.words)
        for verdict in words.known
        if isinstance(verdict, Verdict)
    ]
    for trace in selected.traces:
        members = [(at, item) for at, item in enumerate(kept) if item.life.trace == trace.id]
        if members:
            timeline, lanes = _timeline(safe(trace.name), members, timed[trace.id])
            data.timelines.append(timeline)
            data.lanes += lanes
    return data


def _kept(life: SocketLife, verdict: Verdict, timed: bool) -> _Kept:
    times = [_at(call, timed) for call in life.trail] or [0.0]
    return _Kept(life, verdict, min(times), max(times))


def _at(call: CallRecord, timed: bool) -> float:
    """Return the time in seconds, or the line if the trace has no times."""
    return call.seconds if timed and call.seconds is not None else float(call.line)


def _row(item: _Kept, strings: _Index, words: _Index, timed: bool) -> list[object]:
    life = item.life
    lasted = ""
    if timed and life.seconds_open is not None:
        lasted = duration(life.seconds_open)
    return [
        strings.of(process_name(life)),
        life.fd,
        strings.of(safe(kind(life))),
        strings.of(safe(local_end(life))),
        strings.of("-" if life.peer is None else safe(str(life.peer))),
        words.of(item.verdict),
        strings.of(life.outcome.value),
        life.opened.line,
        strings.of(safe(life.opened.source)),
        life.seconds_open,
        strings.of(lasted),
        [
            [call.line, strings.of(_short(call.text, 100)), _micro(call, item.start, timed)]
            for call in life.trail
        ],
    ]


def process_name(life: SocketLife) -> str:
    """Format `beam.smp (pid 4510)`."""
    ref = life.process
    return safe(f"{ref.command or 'process'} (pid {ref.tgid or ref.tid or '?'})")


def _micro(call: CallRecord, start: float, timed: bool) -> int | None:
    """Return microseconds since the socket's first call."""
    if not timed or call.seconds is None:
        return None
    return round((call.seconds - start) * 1e6)


def _timeline(
    name: str, members: list[tuple[int, _Kept]], timed: bool
) -> tuple[JsonObject, list[list[tuple[int, int, int, int]]]]:
    begin = min(item.start for _, item in members)
    end = max(item.end for _, item in members)
    span = (end - begin) or 1.0
    by_process: dict[str, list[tuple[int, _Kept]]] = {}
    for member in members:
        by_process.setdefault(member[1].life.process.id, []).append(member)
    chosen = sorted(by_process.values(), key=lambda some: -len(some))[:_LANES]
    lanes, places = [], []
    for some in chosen:
        rows, placed = _placed(some, begin, span)
        places.append([(left, right, row, at) for left, right, row, at, _ in placed])
        lanes.append(
            {
                "name": process_name(some[0][1].life),
                "count": count(len(some), "socket"),
                "height": rows * _ROW,
                "paths": list(_paths(placed)),
            }
        )
    timeline = {
        "name": name,
        "lanes": lanes,
        "left_out": len(by_process) - len(lanes),
        "ticks": list(_ticks(begin, span, timed)),
        "width": _WIDTH,
    }
    return timeline, places


def _ticks(begin: float, span: float, timed: bool) -> Iterator[tuple[float, str]]:
    """Yield round moments (or lines) of the span: percent of its width, and label. Four to nine of
    them, at least one at the beginning."""
    step = 10.0 ** floor(log10(span / 4))
    step = next(step * by for by in (1, 2, 5, 10) if span / (step * by) < 9)
    first = ceil(begin / step)
    for at in range(first, floor((begin + span) / step) + 1):
        said = _moment(at * step, step) if timed else f"line {at * step:,.0f}"
        yield round((at * step - begin) / span * 100, 2), said


def _moment(seconds: float, step: float) -> str:
    """Format `0.6 s`, with enough digits to distinguish neighbours."""
    digits = max(0, -floor(log10(step)))
    return f"{seconds:,.{digits}f} s"


def _placed(
    members: Iterable[tuple[int, _Kept]], begin: float, span: float
) -> tuple[int, list[tuple[int, int, int, int, str]]]:
    """Place each bar in the first free row: left, right, row, socket, level."""
    free: list[int] = []
    placed = []
    for at, item in sorted(members, key=lambda member: member[1].start):
        left = round((item.start - begin) / span * (_WIDTH - _LEAST))
        right = max(left + _LEAST, round((item.end - begin) / span * _WIDTH))
        row = next((row for row, until in enumerate(free) if until <= left), None)
        if row is None and len(free) < _ROWS:
            row = len(free)
            free.append(0)
        row = len(free) - 1 if row is None else row
        free[row] = max(free[row], right)
        placed.append((left, right, row, at, str(item.verdict.level or "plain")))
    return len(free), placed


def _paths(placed: Iterable[tuple[int, int, int, int, str]]) -> Iterator[tuple[str, str]]:
    """Yield one path per colour: ten thousand elements would take seconds to draw."""
    by_level: dict[str, list[str]] = {}
    for left, right, row, _, level in placed:
        by_level.setdefault(level, []).append(f"M{left} {row * _ROW}h{right - left}v{_BAR}H{left}z")
    for level in ("plain", "note", "warning", "error"):
        if level in by_level:
            yield level, "".join(by_level[level])
