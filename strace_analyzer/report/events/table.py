"""Traces -> tables of rows, each with what its header says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from strace_analyzer.report.document import tool
from strace_analyzer.report.events.follow import rows
from strace_analyzer.report.events.row import EventRow, Json
from strace_analyzer.report.events.select import Sieve
from strace_analyzer.trace.reader import TraceInput, TraceReader

SCHEMA = 1
_AHEAD = 50
"""rows that are looked at for the kind of clock, before the header is written"""


class EventTable:
    """One trace; its rows can be gone through once."""

    def __init__(self, trace: TraceInput, sieve: Sieve, *, argv: bool, raw: bool) -> None:
        self._trace = trace
        self._reader = TraceReader(trace)
        found = rows(trace, self._reader, argv=argv, raw=raw)
        self._rows: Iterator[EventRow] = sieve.choose(found, lambda: self._reader.clock)

    def __iter__(self) -> Iterator[EventRow]:
        return iter(self._rows)

    @property
    def header(self) -> dict[str, Json]:
        """The schema, the program, the trace and its clock."""
        ahead: list[EventRow] = []
        while self._reader.clock == "none" and len(ahead) < _AHEAD:
            row = next(self._rows, None)
            if row is None:
                break
            ahead.append(row)
        self._rows = chain(ahead, self._rows)
        return {
            "schema": SCHEMA,
            "tool": tool(),
            "trace": self._trace.id,
            "name": self._trace.name,
            "clock": self._reader.clock,
        }


def tables(
    traces: Sequence[TraceInput], sieve: Sieve, *, argv: bool, raw: bool
) -> Iterable[EventTable]:
    """One for each trace, opened when its turn comes."""
    return (EventTable(trace, sieve, argv=argv, raw=raw) for trace in traces)
