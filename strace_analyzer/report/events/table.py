"""The rows of traces, one trace after the other, each with its header."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from strace_analyzer.errors import TraceError
from strace_analyzer.kernel.doubts import Doubt
from strace_analyzer.report.cannot_tell import CANNOT_TELL, Reason
from strace_analyzer.report.document import tool
from strace_analyzer.report.events.follow import rows
from strace_analyzer.report.events.proven import proven
from strace_analyzer.report.events.row import EventRow, Json
from strace_analyzer.report.events.select import Selector
from strace_analyzer.report.redaction.events import event
from strace_analyzer.report.redaction.values import Values
from strace_analyzer.strace_command import remedy
from strace_analyzer.trace.input.accounting import Interruption, interruption
from strace_analyzer.trace.reader import TraceInput, TraceReader

SCHEMA = 1
_AHEAD = 50
"""rows that are inspected for the kind of clock before the header is written"""


class EventTable:
    """One trace; its rows can be iterated over once. Afterwards, `lack` says why it could not be
    read, or not to its end, and `signal` which signal ended the reading."""

    def __init__(
        self,
        trace: TraceInput,
        sieve: Selector,
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
        self.lack: Reason | None = None
        self.signal: int | None = None
        self.interruption: Interruption | None = None

    def __iter__(self) -> Iterator[EventRow]:
        return self._rows

    @property
    def header(self) -> dict[str, Json]:
        """Return schema, program, trace and clock."""
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
            self._lacks(Doubt.REFUSED, str(error))
        for account in self._reader.accounting:
            if account.interrupted is not None:
                self._lacks(Doubt.INTERRUPTED, account.interrupted)
                self.signal = account.signal
            if account.damage is not None:
                self._lacks(Doubt.DAMAGED, account.damage)
            for fault in account.faults:
                said = f"a fault of strace-analyzer on line {fault.line}: {fault.error}"
                self._lacks(Doubt.OWN_FAULT, said)
        self.interruption = interruption(self._reader.accounting)

    def _lacks(self, doubt: Doubt, reason: str) -> None:
        if self._hiding is not None:
            for name in (self._trace.name, *(source.name for source in self._trace.sources)):
                reason = reason.replace(name, self._hiding.source(name))
        self.lack = Reason(self._trace.id, doubt, reason, remedy(doubt))


class EventTables:
    """All traces of a command, each opened in its turn."""

    def __init__(
        self,
        traces: Sequence[TraceInput],
        sieve: Selector,
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
        self.lacks: list[Reason] = []
        """why traces could not be read, or not to their ends"""
        self.signal: int | None = None
        """the signal that ended the reading of one"""
        self.interruption: Interruption | None = None
        """the same, if that one is saved"""

    def __iter__(self) -> Iterator[EventTable]:
        for trace in self._traces:
            table = EventTable(trace, self._sieve, self._hiding, argv=self._argv, raw=self._raw)
            yield table
            if table.lack is not None:
                self.lacks.append(table.lack)
            self.signal = self.signal or table.signal
            self.interruption = self.interruption or table.interruption

    @property
    def exit_status(self) -> int:
        """Return 0 if all were read to their ends, 128+N if signal N alone prevented that, else
        2."""
        codes = {lack.code for lack in self.lacks}
        if self.signal is not None and codes == {Doubt.INTERRUPTED}:
            return 128 + self.signal
        return CANNOT_TELL if codes else 0

    @property
    def rows(self) -> Iterator[EventRow]:
        """Return the rows of all traces."""
        return chain.from_iterable(self)
