"""Hold back the rows of what may not be a trace, until one of them shows that it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from strace_analyzer.report.events.row import EventRow
from strace_analyzer.trace.reader import TraceInput

_HELD = 1_000
"""rows of possibly foreign text that are held while none is known to be strace's"""
_SHOWS_NO_TRACE = frozenset({"foreign", "unparsed", "notice"})
"""types of rows that any text can produce: text, and strace's messages if it made no trace"""


def proven(
    trace: TraceInput, found: Iterator[EventRow], again: Callable[[], Iterator[EventRow]]
) -> Iterator[EventRow]:
    """Yield all rows of `trace`: those `found`, or a second iteration from `again`. There are none
    if no row shows that it is a trace; for a stream, which cannot be read again, rows follow after
    `_HELD`.

    Raises TraceError like TraceReader, at the end.
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
