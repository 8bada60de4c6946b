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
    """Yield a row for each event of one or more traces while reading them: halves of calls are
    joined, and every line ends up in some row. docs/events.md lists the columns.

    `source` is a path, several paths, or a binary stream. `argv` gives whole command lines (which
    can contain secrets) instead of command names, `raw` adds every event as printed. Raises
    TraceError if a source cannot be read or is not the output of strace: before its first row, or
    for a stream after looking at the first 1,000 rows.
    """
    return chain.from_iterable(
        proven(trace, rows(trace, argv=argv, raw=raw), partial(rows, trace, argv=argv, raw=raw))
        for trace in resolved(source)
    )
