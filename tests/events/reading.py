"""Rows of events from lines of a trace, for the tests of this folder."""

from __future__ import annotations

from pathlib import Path

from strace_analyzer.report.events import EventRow, rows
from strace_analyzer.report.events.follow import Follower
from strace_analyzer.trace.reader import EventStream, traces


def of_file(path: Path, *, raw: bool = False) -> list[EventRow]:
    """Return the rows of a trace on disk."""
    return list(rows(traces([str(path)])[0], raw=raw))


def of_lines(text: str, *, raw: bool = False, argv: bool = False) -> list[EventRow]:
    """Return the rows of lines, as a trace named `t`."""
    stream, follower = EventStream("t"), Follower("t1", ["t"], argv=argv, raw=raw)
    found: list[EventRow] = []
    for line in text.strip("\n").split("\n"):
        for event in stream.feed(line.encode("utf-8", "surrogateescape")):
            found += follower.feed(event)
    for event in stream.close():
        found += follower.feed(event)
    return found + follower.close()


def one(text: str) -> EventRow:
    """Return the row of one line."""
    (row,) = of_lines(text)
    return row
