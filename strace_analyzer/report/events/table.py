"""Traces -> their rows one after the other, each trace with what its header says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from strace_analyzer.errors import TraceError
from strace_analyzer.report.document import tool
from strace_analyzer.report.events.follow import rows
from strace_analyzer.report.events.proven import proven
from strace_analyzer.report.events.row import EventRow, Json
from strace_analyzer.report.events.select import Sieve
from strace_analyzer.report.redaction.events import event
from strace_analyzer.report.redaction.values import Values
from strace_analyzer.trace.reader import TraceInput, TraceReader

SCHEMA = 1
_AHEAD = 50
"""rows that are looked at for the kind of clock, before the header is written"""


class EventTable:
    """One trace; its rows can be gone through once. `error` says afterwards why it could not be
    read, or not to its end."""

    def __init__(
        self,
        trace: TraceInput,
        sieve: Sieve,
        hiding: Values | None,
        *,
        argv: bool,
        raw: bool,
    ) -> None:
        self._trace = trace
        self._reader = TraceReader(trace)
        self._argv, self._raw = argv, raw
        wanted = sieve.choose(proven(trace, self._all(), self._again), lambda: self._reader.clock)
        self._hiding = hiding
        if hiding is not None:
            wanted = (event(row, hiding) for row in wanted)
        self._rows = self._readable(wanted)
        self.error: str | None = None

    def __iter__(self) -> Iterator[EventRow]:
        return self._rows

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
        name = self._trace.name
        return {
            "schema": SCHEMA,
            "tool": tool(),
            "trace": self._trace.id,
            "name": name if self._hiding is None else self._hiding.source(name),
            "clock": self._reader.clock,
        }

    def _again(self) -> Iterator[EventRow]:
        self._reader = TraceReader(self._trace)
        return self._all()

    def _all(self) -> Iterator[EventRow]:
        return rows(self._trace, self._reader, argv=self._argv, raw=self._raw)

    def _readable(self, found: Iterator[EventRow]) -> Iterator[EventRow]:
        try:
            yield from found
        except TraceError as error:
            self.error = str(error)
        for account in self._reader.accounting:
            if account.damage is not None:
                self.error = account.damage
            for fault in account.faults:
                self.error = f"a fault of strace-analyzer on line {fault.line}: {fault.error}"


class EventTables:
    """All traces of a command, each opened when its turn comes."""

    def __init__(
        self,
        traces: Sequence[TraceInput],
        sieve: Sieve,
        *,
        argv: bool = False,
        raw: bool = False,
        hiding: Values | None = None,
    ) -> None:
        self._traces = traces
        self._sieve = sieve
        self._argv = argv
        self._raw = raw
        self._hiding = hiding
        self.errors: list[str] = []
        """why traces could not be read, or not to their ends"""

    def __iter__(self) -> Iterator[EventTable]:
        for trace in self._traces:
            table = EventTable(trace, self._sieve, self._hiding, argv=self._argv, raw=self._raw)
            yield table
            if table.error is not None:
                self.errors.append(table.error)

    @property
    def rows(self) -> Iterator[EventRow]:
        """The rows of all of them."""
        return chain.from_iterable(self)
