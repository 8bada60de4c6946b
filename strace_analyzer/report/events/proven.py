"""Rows of what may be no trace in, the same rows out when one has shown that it is one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from strace_analyzer.report.events.row import EventRow
from strace_analyzer.trace.reader import TraceInput

_HELD = 1_000
"""rows of text that may be another program's that are kept while it is not known if any is
strace's"""
_SHOWS_NO_TRACE = frozenset({"foreign", "unparsed", "notice"})
"""types of rows that anything can have: text, and what strace says where it made no trace"""


def proven(
    trace: TraceInput, found: Iterator[EventRow], again: Callable[[], Iterator[EventRow]]
) -> Iterator[EventRow]:
    """All rows of `trace`, which are those that are `found`, or that come `again`. Where none shows
    that it is a trace there are none; of a stream that cannot be read again they come after
    `_HELD` rows.

    Raises TraceError as TraceReader does, at the end.
    """
    held: list[EventRow] = []
    is_too_long = False
    for row in found:
        if row.type not in _SHOWS_NO_TRACE:
            if is_too_long:
                yield from again()
                return
            yield from held
            yield row
            yield from found
            return
        if not is_too_long:
            held.append(row)
        if len(held) > _HELD:
            if not all(source.can_be_read_again for source in trace.sources):
                yield from held
                yield from found
                return
            is_too_long = True
            held.clear()
