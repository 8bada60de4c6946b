"""`sa.events`: every event as a row, from the same sources as `sa.analyze`."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import chain

from strace_analyzer.analysis.sources import Source, resolved
from strace_analyzer.report.events.follow import rows
from strace_analyzer.report.events.proven import proven
from strace_analyzer.report.events.row import EventRow


def events(source: Source, *, argv: bool = False, raw: bool = False) -> Iterator[EventRow]:
    """A row for each event of one or more traces, as they are read: halves of calls are joined,
    every line ends in some row. docs/events.md lists the columns.

    `source` is a path, several paths, or a binary stream. `argv` gives whole command lines (they
    can hold secrets) in the place of command names, `raw` every event as it was printed. Raises
    TraceError where a source cannot be read, and where it is not the output of strace: before any
    row of it, unless it is a stream, of which the first 1,000 rows are looked at.
    """
    return chain.from_iterable(
        proven(trace, rows(trace, argv=argv, raw=raw), partial(rows, trace, argv=argv, raw=raw))
        for trace in resolved(source)
    )
