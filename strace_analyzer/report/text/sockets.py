"""Socket lives: a line each, or the whole life of a few selected ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from strace_analyzer.findings import SocketLife
from strace_analyzer.plain import count, duration, safe
from strace_analyzer.report.cannot_tell import Reason
from strace_analyzer.report.events.row import EPOCH_FROM
from strace_analyzer.report.excerpt import excerpt
from strace_analyzer.report.lives import WantedSockets, lives
from strace_analyzer.report.selection import Selected
from strace_analyzer.report.socket_words import kind, local_end
from strace_analyzer.report.spot import Folded, Spot
from strace_analyzer.report.text.doubts import cannot_tell
from strace_analyzer.report.text.style import FAINT, HEADING, indented, laid_out, path

_WHOLE = 2
_LEAST_OF_A_CALL = 30
"""columns below which a call is under its line's name and not next to it"""
_HEADINGS = ("LINE", "PROCESS", "FD", "KIND", "LOCAL", "PEER", "STATE", "OPEN")
_HEAD = ((0, (7, 0)), (1, (9, 28)), (2, (33, 29)), (3, (35, 40)))
_ON_ONE = (*_HEAD, (4, (41, 59)), (5, (60, 80)), (6, (81, 92)), (7, (100, 93)))
_LAYOUTS = (
    (_ON_ONE,),
    ((*_HEAD, (6, (41, 52)), (7, (60, 53))), ((4, (9, 32)), (5, (33, 60)))),
    ((*_HEAD[:2],), ((2, (33, 29)), (3, (35, 40)), (6, (41, 52)), (7, (60, 53))),
     ((4, (9, 32)),), ((5, (9, 60)),)),
)  # fmt: skip
"""On one line; on two if the page is narrow; on four if names and addresses are long."""
_BINDINGS = {
    "unbound": "no local port",
    "deferred": "bound to port 0 under IP_BIND_ADDRESS_NO_PORT: the port is chosen at connect()",
    "ephemeral": "bound to port 0: the kernel gave it a port of its own",
    "bound": "bound to a port of its choice",
    "autobound": "the kernel chose the local port at connect(), listen() or the first send",
}


def page(
    selected: Selected,
    wanted: WantedSockets,
    doubts: Sequence[Reason] = (),
    spots: Sequence[Spot] = (),
    calls: Mapping[str, Sequence[Folded]] | None = None,
    *,
    width: int,
    everything: bool,
) -> Iterator[RenderableType]:
    """Yield what is on the selected line; one or two sockets in full, more as a list (with
    `everything`, all in full), preceded by the `doubts` for which some may be missing. `calls` are
    all calls of the sockets by id; without them, only the defining ones are shown."""
    yield from cannot_tell(doubts, "sockets may be missing here")
    for spot in spots:
        yield from _spot(spot, wanted.line, width)
    found = lives(selected, wanted)
    first = list(islice(found, _WHOLE + 1))
    if not first:
        if any(spot.row is not None for spot in spots):
            return
        where = f" with a call on line {wanted.line}" if wanted.line is not None else ""
        yield Text(f"no internet socket{where}")
        return
    if len(first) <= _WHOLE or everything:
        for life in chain(first, found):
            yield from _whole(life, width, (calls or {}).get(life.id), spots)
        return
    yield from (path(line, FAINT) for line in _row(_HEADINGS, width))
    total = 0
    for life in chain(first, found):
        total += 1
        yield from map(path, _row(_cells(life), width))
    yield Text(f"{count(total, 'socket')}. One in full: --line N", style=FAINT)


def _cells(life: SocketLife) -> Sequence[str]:
    return (
        str(life.opened.line),
        _process(life),
        str(life.fd),
        kind(life),
        local_end(life),
        str(life.peer or "-"),
        _state(life),
        "-" if life.seconds_open is None else duration(life.seconds_open),
    )


def _row(cells: Sequence[str], width: int) -> list[str]:
    return [safe(line) for line in laid_out(cells, _LAYOUTS, width)]


def _spot(spot: Spot, line: int | None, width: int) -> Iterator[RenderableType]:
    """Yield `trace.txt:407  [4519]  recvfrom(19, "", 16384, 0) = 74`, and why it is no call of a
    socket."""
    row = spot.row
    if row is None:
        return
    title = path(safe(f"{row.source}:{line}"), HEADING)
    if not spot.call:
        yield title
    else:
        said = path(f"  [{row.tid}]  " if row.tid else "  ", FAINT)
        room = width - len(title.plain) - len(said.plain)
        if room < _LEAST_OF_A_CALL:
            yield title
            title, room = Text(no_wrap=True, overflow="ignore"), width - len(said.plain)
        said.append(excerpt(spot.call, room), style="not bold default")
        yield title.append_text(said)
    if spot.answer:
        yield indented(Text(spot.answer))
    else:
        yield Text("")


def _whole(
    life: SocketLife, width: int, calls: Sequence[Folded] | None, spots: Sequence[Spot]
) -> Iterator[RenderableType]:
    """Yield title, how the port was chosen, and every defining call with its line, including those
    of `spots`; or all `calls`."""
    title = Text(f"{kind(life)} socket, fd {life.fd} of {safe(_process(life))}", style=HEADING)
    title.append(f"  {safe(life.opened.source)}", style="not bold")
    yield title
    came_in = life.origin == "accepted"
    chosen = _ON_THE_LISTENERS if came_in else _BINDINGS.get(life.binding, life.binding)
    end = local_end(life) if life.local.address or life.local.assigned_port else ""
    facts = [f"{chosen} ({end})" if end else chosen]
    if life.peer is not None:
        facts.append(f"peer {life.peer}" + ("" if came_in else f": {life.outcome.value}"))
    if life.connection == "listening":
        facts.append("listening")
    if life.origin != "created":
        facts.append(_ORIGINS.get(life.origin, life.origin))
    if life.closed is None:
        facts.append("still open when the trace ends")
    for fact in facts:
        yield indented(Text(safe(fact)))
    yield indented(_calls(life, width, spots) if calls is None else _all_calls(calls, width))
    yield Text("")


_ON_THE_LISTENERS = "on the port of its listener"
_ORIGINS = {
    "accepted": "an incoming connection, from accept()",
    "inherited": "older than the trace, or its socket() was not traced",
    "received": "received from another process",
}


def _calls(life: SocketLife, width: int, spots: Sequence[Spot]) -> Table:
    """Return the table of calls. A failed call is no part of a life, but is shown if it was asked
    for."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(justify="right", no_wrap=True, style=FAINT, min_width=5)
    grid.add_column(no_wrap=True, style=FAINT)
    grid.add_column(no_wrap=True, style=FAINT)
    grid.add_column(no_wrap=True, overflow="ellipsis")
    rows = [(call.line, call.time or "", call.tid, call.text) for call in life.trail]
    known = {(call.source, call.line) for call in life.trail}
    for spot in spots:
        row = spot.row
        if row is None or row.errno is None or row.socket != life.id:
            continue
        if (row.source, row.line) not in known:
            like = next((time for _, time, _, _ in rows if time), "")
            rows.append((row.line, _as_printed(row.at, like), row.tid, spot.call))
            rows.sort(key=lambda cells: cells[0])
    threads = [f"[{tid}]" if tid else "" for _, _, tid, _ in rows]
    times = [time for _, time, _, _ in rows]
    taken = 2 + 7 + max(map(len, threads), default=0) + 2 + max(map(len, times), default=0) + 2
    for (line, time, _, text), thread in zip(rows, threads, strict=True):
        grid.add_row(str(line), time, thread, excerpt(text, max(30, width - taken)))
    return grid


def _as_printed(at: float | None, like: str) -> str:
    """Format `at`, a time by the trace's clock, in the way of the time `like`; "" where the trace
    has times since the line before (-r), or none."""
    hours, _, seconds = like.rpartition(":")
    decimals = len(seconds.partition(".")[2])
    if at is None or not like:
        return ""
    if hours:
        minutes, rest = divmod(round(at % 86400, decimals), 60)
        width = 3 + decimals if decimals else 2
        return f"{minutes // 60:02.0f}:{minutes % 60:02.0f}:{rest:0{width}.{decimals}f}"
    return f"{at:.{decimals}f}" if at >= EPOCH_FROM else ""


def _all_calls(calls: Sequence[Folded], width: int) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(justify="right", no_wrap=True, style=FAINT, min_width=5)
    grid.add_column(no_wrap=True, style=FAINT)
    grid.add_column(no_wrap=True, style=FAINT)
    grid.add_column(no_wrap=True, overflow="ellipsis")
    threads = [f"[{call.first.tid}]" if call.first.tid else "" for call in calls]
    times = [_since_start(call) for call in calls]
    taken = 2 + 7 + max(map(len, threads), default=0) + 2 + max(map(len, times), default=0) + 2
    for call, thread, time in zip(calls, threads, times, strict=True):
        text = excerpt(call.text, max(30, width - taken))
        grid.add_row(str(call.first.line), time, thread, text)
        if call.remark:
            grid.add_row("", "", "", Text(f"  {call.remark}", style=FAINT))
    return grid


def _since_start(call: Folded) -> str:
    """Format the seconds since the first time of the trace, `+0.001250`; "" without times."""
    seconds = call.first.seconds
    return "" if seconds is None else f"{seconds:+.6f}"


def _process(life: SocketLife) -> str:
    number = life.process.tgid if life.process.tgid is not None else life.process.tid
    return f"{life.process.command or '-'}[{number or '?'}]"


def _state(life: SocketLife) -> str:
    if life.connection == "listening":
        return "listening"
    if life.outcome.value != "none":
        return life.outcome.value
    return "incoming" if life.origin == "accepted" else life.binding
