"""Convert an Analysis to pandas DataFrames: sockets, findings, processes, ports, events.

The only module that imports pandas, which takes longer to load than most traces take to read. Empty
tables have their columns too. Text is `string`, backed by Arrow if pyarrow is installed; names with
few distinct values are categories, levels in their order; integers that may be missing are `Int64`;
seconds of other formats are time spans with microseconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import pandas as pd

from strace_analyzer.analysis import Analysis
from strace_analyzer.errors import TraceError
from strace_analyzer.findings import Confidence, Level
from strace_analyzer.report.events import EventRow, rows
from strace_analyzer.report.events.columns import FLAT, PORT, flat
from strace_analyzer.report.rows import (
    FINDINGS,
    NUMBER,
    PORTS,
    PROCESSES,
    SOCKETS,
    Row,
    finding_row,
    port_rows,
    process_row,
    socket_row,
)


@dataclass(frozen=True)
class Frames:
    """The tables of one Analysis: a row per socket, finding, process, and (trace, network
    namespace); and `events`, for which the traces are read again on access."""

    sockets: pd.DataFrame
    findings: pd.DataFrame
    processes: pd.DataFrame
    ports: pd.DataFrame
    _analysis: Analysis = field(repr=False, compare=False)

    def __repr__(self) -> str:
        """Return the names and sizes of the tables."""
        names = ("sockets", "findings", "processes", "ports")
        sizes = (f"{name} {len(getattr(self, name)):,}" for name in names)
        return f"<Frames, rows: {', '.join(sizes)}; events on demand>"

    @cached_property
    def events(self) -> pd.DataFrame:
        """A row per event, halves joined. Raises TraceError if the trace was a stream, which cannot
        be read again: use `sa.events`."""
        traces = self._analysis.inputs
        sources = [source for trace in traces for source in trace.sources]
        if not sources or not all(source.can_be_read_again for source in sources):
            raise TraceError("a stream cannot be read again: use events(source)")
        return events_frame(row for trace in traces for row in rows(trace))


def frames(analysis: Analysis) -> Frames:
    """Return all tables. `analysis` must include sockets (`analyze(..., sockets=True)`)."""
    return Frames(
        sockets=_frame((socket_row(life) for life in analysis.sockets), SOCKETS),
        findings=_frame((finding_row(item) for item in analysis.findings), FINDINGS),
        processes=_frame((process_row(item) for item in analysis.processes), PROCESSES),
        ports=_frame(port_rows(analysis.traces), PORTS),
        _analysis=analysis,
    )


def events_frame(found: Iterable[EventRow]) -> pd.DataFrame:
    """Return a DataFrame of event rows, with the columns of docs/frames.md."""
    return _frame(({**flat(row), "time": row.time} for row in found), FLAT)


_SPAN = "timedelta64[us]"
_SPANS = {
    "seconds": "elapsed", "duration_seconds": "duration", "seconds_open": "lifetime",
    "opened_seconds": "opened", "closed_seconds": "closed", "connect_seconds": "connect_duration",
    "held_seconds": "held", "peak_time": "peak_time",
}  # fmt: skip
"""Columns in seconds since the start of the trace, or of a duration, and their names as time spans,
which have no unit."""
_ORDERS = {
    "level": [str(level) for level in Level],
    "confidence": [Confidence.PROBABLE.value, Confidence.CERTAIN.value],
}
"""Ordered categories: `findings.level >= "warning"`."""


def _frame(found: Iterable[Row], columns: Mapping[str, str]) -> pd.DataFrame:
    table = pd.DataFrame(list(found), columns=pd.Index(columns))
    for name in _SPANS.keys() & table.columns:
        table[name] = pd.to_timedelta(table[name].astype("Float64"), unit="s")
    if "time" in columns:
        table["time"] = pd.to_datetime(table["time"], utc=True)
    return table.astype(_types(columns)).rename(columns=_SPANS)


def _types(columns: Mapping[str, str]) -> dict[str, str | pd.CategoricalDtype[str]]:
    types: dict[str, str | pd.CategoricalDtype[str]] = {}
    for name, kind in columns.items():
        if name in _ORDERS:
            types[name] = pd.CategoricalDtype(_ORDERS[name], ordered=True)
        else:
            types[name] = _SPAN if name in _SPANS else NUMBER if kind == PORT else kind
    return types
