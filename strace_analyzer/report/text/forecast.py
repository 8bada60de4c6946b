"""The block that says whether another port range would have been enough."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.console import RenderableType
from rich.text import Text

from strace_analyzer.analysis import TraceResult
from strace_analyzer.plain import count, duration, number, safe
from strace_analyzer.ports import Forecast
from strace_analyzer.report.text.style import FAINT, HEADING, indented, table

_REMARK = (
    "Where the kernel could have shared a port or not, it is taken to have shared it: what runs "
    "out here would certainly have run out. TIME_WAIT: what we closed first keeps its port for "
    "60 s."
)


def forecasts(result: TraceResult) -> Iterator[RenderableType]:
    """Yield a table for each namespace and protocol: as is, without early binds, with NO_PORT."""
    several = len({item.namespace for item in result.forecasts}) > 1
    for (namespace, protocol), items in groupby(
        result.forecasts, key=lambda item: (item.namespace, item.protocol)
    ):
        rows = list(items)
        low, high = rows[0].range
        where = f", network namespace {namespace}" if several else ""
        size = count(high - low + 1, "port")
        title = f"What if {protocol} had ports {low}-{high} ({size}){where}?"
        yield Text(title, style=HEADING)
        yield indented(_table(rows, result))
        yield Text("")
    if result.forecasts:
        yield indented(Text(_REMARK, style=FAINT))


def _table(rows: Sequence[Forecast], result: TraceResult) -> RenderableType:
    grid = table("", "TIME_WAIT", ">USED", "~ENOUGH?")
    for change, both in groupby(rows, key=lambda row: row.change):
        low, *more = both
        high = more[0] if more else low
        if (low.first, low.peak) == (high.first, high.peak):
            waits = "either way" if more else "-"
            grid.add_row(change.value, waits, number(low.peak), verdict(low, result))
            continue
        grid.add_row(change.value, "left out", number(low.peak), verdict(low, result))
        grid.add_row("", "counted", number(high.peak), verdict(high, result))
    return grid


def verdict(row: Forecast, result: TraceResult) -> str:
    """Format `yes`, or the first call that would have found no port, when, and how many in
    total."""
    first = row.first
    if first is None:
        return "yes"
    source = safe(result.sources[first.source].name) if len(result.sources) > 1 else "line"
    where = f"{source} {first.line:,}" if source == "line" else f"{source}:{first.line}"
    when = "" if first.seconds is None else f" after {duration(first.seconds)}"
    return (
        f"no: {first.call}() {first.errno}{when}, {where}, with "
        f"{count(first.connections, 'connection')} made; {row.refused:,} in all"
    )
