"""Takes the table that strace -C prints at the end, gives the calls that it counts and no line
shows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from strace_analyzer.trace.events import TableRow

_HEADING = re.compile(r"% time +seconds +usecs/call +calls +errors +syscall")
_ROW = re.compile(r" *[\d.]+ +[\d.]+ +\d+ +(\d+)(?: +\d+)? +([a-z_]\w*)")
"""The columns of _HEADING; that of errors is empty if there are none (count.c, strace)."""
_NAMES = frozenset({"bind", "connect", "socket"})


class Counted:
    """The calls that decide, as one trace's table counts them: give it every `row`."""

    def __init__(self) -> None:
        self._calls: Counter[str] = Counter()
        self._is_known = False
        """the columns are those that strace prints without -U"""

    def row(self, event: TableRow) -> None:
        """Take in a line of the table."""
        self._is_known |= _HEADING.fullmatch(event.text.strip()) is not None
        row = _ROW.fullmatch(event.text.rstrip()) if self._is_known else None
        if row is not None and row[2] in _NAMES:
            self._calls[row[2]] += int(row[1])

    def beyond(self, shown: Mapping[str, int]) -> Iterator[tuple[str, int, int]]:
        """Yield the name of each call that is counted more often than it is `shown`, with both
        numbers."""
        for name, counted in sorted(self._calls.items()):
            if counted > shown.get(name, 0):
                yield name, counted, shown.get(name, 0)
