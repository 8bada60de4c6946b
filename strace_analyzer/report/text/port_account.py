"""The text of `ports`: the full account of local ports, one part per network namespace."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from strace_analyzer.analysis import Analysis, TraceResult
from strace_analyzer.findings import Endpoint, PortUse
from strace_analyzer.machine import Listing
from strace_analyzer.plain import count, duration, number, rate, safe
from strace_analyzer.report.cannot_tell import Reason
from strace_analyzer.report.cost import NO_RATE, in_words, is_unlikely, taken
from strace_analyzer.report.text.doubts import cannot_tell
from strace_analyzer.report.text.forecast import forecasts
from strace_analyzer.report.text.port_chart import ASCII, BLOCKS, chart
from strace_analyzer.report.text.style import FAINT, HEADING, indented, path, table

_ROWS = 10
_SOURCES = {
    "option": "given by --port-range",
    "host": "of the traced machine",
    "socket-option": "set by IP_LOCAL_PORT_RANGE",
    "assumed": "assumed: --port-range LO-HI says otherwise",
}
BLANK = Text("")


def page(
    analysis: Analysis,
    doubts: Sequence[Reason] = (),
    *,
    width: int,
    everything: bool,
    blocks: bool,
    machine: Listing | None = None,
) -> Iterator[RenderableType]:
    """Yield the whole account. With `everything`, no table is shortened. `blocks`: the output can
    show block characters. `machine` is the list of the traced machine's sockets (--ss), `doubts`
    why figures may be too low."""
    names = {
        process.id: safe(_name(process.command, process.tgid)) for process in analysis.processes
    }
    for position, result in enumerate(analysis.traces):
        if position:
            yield BLANK
        own = [doubt for doubt in doubts if doubt.trace == result.id]
        yield from cannot_tell(own, "what follows is what it shows")
        if not result.ports:
            yield Text(f"{safe(result.name)}: no TCP socket was bound or connected")
        for number_of, use in enumerate(result.ports):
            if number_of:
                yield BLANK
            yield from _account(result, use, names, width, everything, blocks)
            if machine is not None:
                yield BLANK
                yield indented(_holders(machine, use, everything))
        if result.forecasts:
            yield BLANK
            yield from forecasts(result)


def _account(
    result: TraceResult,
    use: PortUse,
    names: dict[str, str],
    width: int,
    everything: bool,
    blocks: bool,
) -> Iterator[RenderableType]:
    yield path(safe(result.name), FAINT)
    yield Text(_headline(result, use), style=HEADING)
    yield BLANK
    yield indented(_taken(use))
    yield BLANK
    yield indented(_left(use))
    yield indented(Text("\n".join(_remarks(use)), style=FAINT))
    timed = use.peak_time is not None or use.connections_per_second is not None
    lines = chart(use.timeline, width - 4, BLOCKS if blocks else ASCII, timed)
    if lines:
        yield BLANK
        yield indented(Text("\n".join(lines), no_wrap=True))
    for grid in _tables(use, names, everything):
        yield BLANK
        yield indented(grid)


def _holders(machine: Listing, use: PortUse, everything: bool) -> Table:
    """Return who holds the ports of the range, according to the list of the machine's sockets."""
    grid = table("HOLDER OF LOCAL PORTS, BY --ss", ">PORTS")
    held = machine.by_holder(*use.range)
    held += [(f"UDP: {who}", ports) for who, ports in machine.by_holder(*use.range, "UDP")]
    shown = held if everything else held[:_ROWS]
    if not held:
        grid.add_row("nobody", number(0))
    for who, ports in shown:
        grid.add_row(safe(who), number(ports))
    if len(shown) < len(held):
        rest = sum(ports for _, ports in held[len(shown) :])
        grid.add_row(f"{len(held) - len(shown):,} more: --all", number(rest), style=FAINT)
    return grid


def _headline(result: TraceResult, use: PortUse) -> str:
    where = f"network namespace {use.namespace}: " if len(result.ports) > 1 else ""
    early = sum(item.early_bound for item in use.destinations)
    made = count(use.total_connections, "outgoing TCP connection")
    return f"{where}{made}, {early:,} of them bound early"


def _taken(use: PortUse) -> Table:
    grid = table("LOCAL PORTS TAKEN", ">BY EARLY BINDS", ">NEEDED BY ALL CONNECTIONS")
    for row in taken(use):
        grid.add_row(*row)
    return grid


def _left(use: PortUse) -> Table:
    grid = table("LOCAL PORTS LEFT", ">AS IT IS", ">WITHOUT THE BINDS")
    open_left = use.headroom, use.headroom_without_bind
    left = use.headroom_with_time_wait, use.headroom_without_bind_with_time_wait
    if use.chosen is not None:  # of another range
        open_left = left = (0 if use.headroom == 0 else None), None
    grid.add_row("at most", *map(_at_most, open_left))
    if left != open_left:
        when = "with 60 s of TIME_WAIT" if use.is_timed else "if all happened within 60 s"
        grid.add_row(when, *map(_at_most, left))
    if is_unlikely(use):
        rates: tuple[str, ...] = ("not known", "not known")
    else:
        rates = tuple(text.replace("/s", " conn/s") or NO_RATE for text in in_words(use))
    grid.add_row("none, closing first, at", *rates)
    return grid


def _at_most(ports: int | None) -> str:
    return "not known" if ports is None else number(ports)


def _remarks(use: PortUse) -> Iterator[str]:
    low, high = use.range
    yield f"range {low}-{high} ({count(high - low + 1, 'port')}), {_SOURCES[use.range_source]}"
    if use.chosen is not None:
        yield str(use.chosen)
    if use.peak_time is not None:
        yield f"most ports pinned first {duration(use.peak_time)} after the trace began"
    if use.connections_per_second is not None:
        yield f"{rate(use.connections_per_second)} connections per second in this trace"
    else:
        yield "no times in this trace: no rates; the order of the calls counts"
    least = use.headroom_with_time_wait if use.is_timed else use.headroom
    if use.ran_out is None and least == 0:
        yield "at the busiest moment the range was full"
    else:
        yield use.headroom_reason
    if use.dry_after is not None:
        after = duration(use.dry_after)
        yield f"at the rate of this trace the ports run out after {after} at most"
    if use.gain is not None and use.gain > 1:
        yield f"the early binds take {use.gain:.1f} times the ports that are needed"
    if use.censored:
        yield f"{count(use.censored, 'port')} still pinned when the trace ends"


def _tables(use: PortUse, names: dict[str, str], everything: bool) -> Iterator[Table]:
    processes = sorted(
        (
            part
            for part in use.by_process
            if part.peak_needed or part.total_pinned or part.exhausted
        ),
        key=lambda part: (-part.peak_pinned, -part.peak_needed, part.process),
    )
    if processes:
        grid = table("PROCESS", ">PINNED", ">IN ALL", ">NEEDED", ">WITH TIME_WAIT", "RAN OUT")
        for part in processes[: None if everything else _ROWS]:
            high, low = part.peak_pinned_with_time_wait, part.peak_needed_with_time_wait
            grid.add_row(
                names.get(part.process, part.process),
                number(part.peak_pinned),
                number(part.total_pinned),
                number(part.peak_needed),
                "-" if high is None or low is None else f"{high:,} / {low:,}",
                "yes" if part.exhausted else "",
            )
        yield _rest(grid, len(processes), everything)
    if use.destinations:
        grid = table("DESTINATION", ">CONNECTIONS", ">EARLY-BOUND", ">AT ONCE", "PROTOCOL")
        for item in use.destinations[: None if everything else _ROWS]:
            grid.add_row(
                safe(str(Endpoint(item.address, item.port))),
                number(item.connections),
                number(item.early_bound),
                number(item.peak_concurrent),
                item.protocol,
            )
        yield _rest(grid, len(use.destinations), everything)
    if use.by_address:
        grid = table("BOUND TO ADDRESS, PORT 0", ">PINNED", ">IN ALL")
        for own in use.by_address[: None if everything else _ROWS]:
            grid.add_row(safe(own.address), number(own.peak_pinned), number(own.total_pinned))
        yield _rest(grid, len(use.by_address), everything)


def _rest(grid: Table, rows: int, everything: bool) -> Table:
    if rows > _ROWS and not everything:
        grid.add_row(f"{rows - _ROWS:,} more: --all", style=FAINT)
    return grid


def _name(command: str | None, tgid: int | None) -> str:
    return f"{command or '-'}[{'?' if tgid is None else tgid}]"
