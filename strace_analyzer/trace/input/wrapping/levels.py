"""Choose the quote level of a line: some of its marks may be its text."""

from __future__ import annotations

import re
from collections import Counter

from strace_analyzer.trace.input.wrapping.reading import GrammarReader, Reading, without

_IS_TEXT = re.compile(rb">(?:\Z|[^\s>A-Za-z0-9_/\"\[{(-]| (?:<|\(|=|[A-Z]|->))")
"""The end of `<...>`, before which a line may have been folded: not a quote mark."""


class Levels:
    """The quote levels of the records of one source."""

    def __init__(self, reader: GrammarReader) -> None:
        self._reader = reader
        self._last = 1
        """Quote level of the last record; the rest of a folded one is on the same level."""
        self._levels = Counter[int]()

    def note(self, depth: int) -> None:
        """A record was on this level."""
        self._last = depth
        self._levels[depth] += 1

    @property
    def _is_level(self) -> bool:
        """Whether all records had the same quote level."""
        return len(self._levels) == 1 and self._levels.total() > 1

    def chosen(self, raw: bytes, reading: Reading) -> Reading:
        """Choose the quote level of a line with several marks: some may be its text, especially if
        there are more than on the record before it."""
        depth = reading.peeled.depth
        if self._is_level and depth <= self._last:
            return reading
        capped = without(reading.chain, raw, min(self._last, depth - 1))
        if capped is None or self._reader.grade(capped.text) < reading.grade:
            return reading
        if depth > self._last and (self._is_level or _IS_TEXT.match(capped.text)):
            other = b"" if self._is_level else reading.peeled.text
            return Reading(capped, self._reader.grade(capped.text), reading.chain, other=other)
        return reading._replace(other=capped.text)
