"""Find what is on a given line of a trace, or every call of some sockets. Both read the traces
again, as rows of events."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from strace_analyzer.analysis import Analysis
from strace_analyzer.kernel.data_calls import CALLS as DATA_CALLS
from strace_analyzer.plain import count, safe
from strace_analyzer.report.events.row import EventRow
from strace_analyzer.report.events.select import Selector, Wanted
from strace_analyzer.report.events.table import EventTables
from strace_analyzer.report.redaction.values import Values
from strace_analyzer.report.tally.keys import KEYS
from strace_analyzer.rules.payload import without_payload
from strace_analyzer.trace.annotation import socket_note
from strace_analyzer.trace.constants import NETWORK_CALLS

_MAKES = frozenset({"socket", "socketpair"})
_NO_CALL = {
    "signal": "{} is delivered",
    "exit": "an exit",
    "killed": "killed by {}",
    "attached": "strace attaches",
    "detached": "strace detaches",
    "notice": "a notice of strace's own",
    "table": "a row of the table of -c",
    "dump": "a dump of data (-e read, -e write)",
    "unparsed": "a line that was not understood",
    "foreign": "no line of strace's",
}


class Spot(NamedTuple):
    """What begins or ends on a line of a trace; `row` is None if nothing does. `path` is the file
    behind the call's descriptor, or the one it names."""

    trace: str
    row: EventRow | None
    path: str | None = None

    @property
    def call(self) -> str:
        """The call as printed, without data sent or received; "" if it is no call."""
        row = self.row
        if row is None or row.type != "syscall" or row.raw is None or row.name is None:
            return ""
        return without_payload(row.name, row.raw)

    @property
    def answer(self) -> str:
        """Why it is no call of an internet socket; "" if it is one. Safe to print."""
        row = self.row
        if row is None:
            return "nothing begins or ends here"
        if row.socket is not None:
            return ""
        if row.type != "syscall":
            return safe(f"no call: {_NO_CALL.get(row.type, row.type).format(row.name)}")
        target = self.path or row.fd_target
        note = None if target is None else socket_note(target)
        if note is not None and note.protocol is not None:
            return safe(f"{row.name}() of {target}, of which this trace shows no socket()")
        is_socket = row.name in NETWORK_CALLS or note is not None
        what = "not an internet socket" if is_socket else "not a socket call"
        if target is not None:
            return safe(f"{what}: {row.name}() of {target}")
        if row.fd is not None:
            told = "whose origin this trace does not show"
            return f"{what}: {row.name}() of fd {row.fd}{'' if is_socket else f', {told}'}"
        family = f"{row.args[0].text}" if row.name in _MAKES and row.args else ""
        return safe(f"{what}: {row.name}({family})")


@dataclass(slots=True)
class Folded:
    """A call, or several consecutive calls that only move data in the same direction: `calls` of
    them, the last on `last_line`, with `moved` bytes in all; `failed` counts those that failed."""

    first: EventRow
    last_line: int
    calls: int = 1
    moved: int = 0
    failed: int = 0

    @classmethod
    def of(cls, row: EventRow) -> Folded:
        """Return a Folded of one call."""
        folded = cls(row, row.end_line)
        folded._count(row)
        return folded

    @property
    def text(self) -> str:
        """The first call as printed, without data sent or received."""
        return without_payload(self.first.name or "", self.first.raw or "")

    @property
    def remark(self) -> str:
        """Format `and 11 more until line 460: 4,096 bytes, 2 failed`; "" for a single call."""
        if self.calls == 1:
            return ""
        failed = f", {self.failed:,} failed" if self.failed else ""
        more = f"and {self.calls - 1:,} more until line {self.last_line:,}"
        return f"{more}: {count(self.moved, 'byte')}{failed}"

    def takes(self, row: EventRow) -> bool:
        """Fold `row` into this if it continues it; return whether it did."""
        if row.name != self.first.name or row.name not in DATA_CALLS:
            return False
        self.calls += 1
        self.last_line = row.end_line
        self._count(row)
        return True

    def _count(self, row: EventRow) -> None:
        if row.errno is not None:
            self.failed += 1
        elif row.ret is not None and row.ret > 0:
            self.moved += row.ret


def can_be_read_again(analysis: Analysis) -> bool:
    """Whether every trace is a file: a stream is gone."""
    return all(source.can_be_read_again for trace in analysis.inputs for source in trace.sources)


def spots(analysis: Analysis, line: int, hiding: Values | None) -> list[Spot]:
    """Return what is on `line` of each trace. `hiding` redacts (--redact)."""
    found = []
    tables = EventTables(analysis.inputs, Selector(Wanted()), raw=True, hiding=hiding)
    for trace, table in zip(analysis.inputs, tables, strict=True):
        file_of = KEYS["file"].begin()
        found.append(Spot(trace.id, None))
        for row in table:
            key = file_of(row)
            if line in (row.line, row.end_line):
                found[-1] = Spot(trace.id, row, None if key is None else str(key[0]))
                break
    return found


def calls_of(
    analysis: Analysis, ids: Container[str], hiding: Values | None
) -> dict[str, Sequence[Folded]]:
    """Return every call of the sockets with these `ids`, in order, folding those that move data."""
    found: dict[str, list[Folded]] = {}
    for row in EventTables(analysis.inputs, Selector(Wanted()), raw=True, hiding=hiding).rows:
        if row.socket is None or row.socket not in ids or row.type != "syscall":
            continue
        calls = found.setdefault(row.socket, [])
        if not calls or not calls[-1].takes(row):
            calls.append(Folded.of(row))
    return dict(found)
