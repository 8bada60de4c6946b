"""Join lines of JSON, CSV and logfmt that were folded.

Such a line shows where it ends: at its last brace, or at the quote that closes a value. So pieces
are joined without looking into them, up to the first that ends the line. Only if a blank was lost,
or lines are indented, the content decides how to join them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from strace_analyzer.trace.input.wrapping.joins import cut_at_a_column, texts
from strace_analyzer.trace.input.wrapping.likely import WELL, reads

_LONGEST = 64
"""Most pieces of one line."""
_MOST_BYTES = 1 << 16
_VAIN = 32
"""After this many lines in a row that looked like one and were none, no more are joined."""
_WAYS = 32
"""Most ways tried to join the same pieces."""
_BEGINS = re.compile(rb'[ \t]*(?:\{ ?"|"[\w@.]+": |"|[\w.]+=)')
_OBJECT = re.compile(rb'[ \t]*(?:\{|"[\w@.]+": |[\w.]+=)')
"""JSON and logfmt, which escape quotes; CSV doubles them."""
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*+"|(").*')
"""Strings that end, or one that does not; none follows after that."""


class SpannedLine(NamedTuple):
    """A line, and how many lines of the source it spans."""

    number: int
    """The number of its first line."""
    counts: int
    text: bytes


class Rows:
    """Joins the lines of one source: `take` each, `close` at the end. Both return what is
    decided."""

    def __init__(self, record: Callable[[bytes], bytes | None]) -> None:
        self._record = record
        """Returns the record of strace that a line of JSON, CSV or logfmt contains."""
        self._held: list[SpannedLine] = []
        self._bytes = 0
        self.joined = 0
        """Lines that were joined and contain a record."""
        self._vain = 0

    def take(self, line: SpannedLine) -> list[SpannedLine]:
        """Take the next line."""
        if not self._held:
            is_first = self._vain < _VAIN and _BEGINS.match(line.text) is not None
            if not is_first or not _is_open(line.text):
                return [line]
            self._hold(line)
            return []
        self._hold(line)
        shapes = _shapes([held.text for held in self._held])
        if any(not _is_open(b"".join(pieces)) for pieces in shapes):
            return self._together()
        if len(self._held) > _LONGEST or self._bytes > _MOST_BYTES or _begins_anew(line.text):
            return self._apart()
        return []

    def close(self) -> list[SpannedLine]:
        """End the source: return the open pieces, which were no such line or were cut."""
        held, self._held = self._held, []
        return held

    def _hold(self, line: SpannedLine) -> None:
        if not self._held:
            self._bytes = 0
        self._held.append(line)
        self._bytes += len(line.text)

    def _together(self) -> list[SpannedLine]:
        """Return the pieces as one line if it contains a record, else unchanged."""
        text = self._likeliest([held.text for held in self._held])
        if text is None:
            return self._apart()
        first = self._held[0].number
        counts = sum(held.counts for held in self._held)
        self._held = []
        self.joined += 1
        self._vain = 0
        return [SpannedLine(first, counts, text)]

    def _likeliest(self, pieces: Sequence[bytes]) -> bytes | None:
        """Return the first text of `pieces` that contains a record that reads well, or else the
        first that contains any."""
        best: bytes | None = None
        for text in _texts(pieces):
            record = self._record(text)
            if record is not None and reads(record) == WELL:
                return text
            best = best or (None if record is None else text)
        return best

    def _apart(self) -> list[SpannedLine]:
        """Return the first piece by itself; those after it may begin another line."""
        self._vain += 1
        first, *others = self.close()
        found = [first]
        for line in others:
            found += self.take(line)
        return found


def _texts(pieces: Sequence[bytes]) -> Iterator[bytes]:
    """Yield what the line may have been, the likeliest first."""
    for shape in _shapes(pieces):
        yield b"".join(shape)
        yield from cut_at_a_column(shape, [(len(piece), len(piece)) for piece in shape])
        yield from islice(texts(shape), _WAYS)


def _shapes(pieces: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """Yield `pieces` without the indentation of all but the first, and unchanged."""
    first, *others = pieces
    indent = min(len(piece) - len(piece.lstrip(b" ")) for piece in others)
    if indent > 1:
        yield [first, *(piece[indent:] for piece in others)]
    yield pieces


def _begins_anew(text: bytes) -> bool:
    """Whether the line begins in a way that only a whole one does."""
    return text.startswith((b'{"', b'{ "'))


def _is_open(text: bytes) -> bool:
    """Whether a quote or a brace is not closed."""
    if _OBJECT.match(text) is None:
        return text.count(b'"') % 2 == 1
    rest = _STRINGS.sub(rb"\1", text)
    return b'"' in rest or rest.count(b"{") > rest.count(b"}")
