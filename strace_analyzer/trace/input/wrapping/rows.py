"""Lines of JSON, CSV and logfmt that were folded -> the lines that they were.

Such a line says itself where it ends: with its last brace, or with the quote that closes what it
quotes. So pieces are put together without a look at what is in them, up to the first that ends it;
only where a blank was eaten or lines are indented that shows what the pieces were.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from strace_analyzer.trace.input.wrapping.joins import cut_at_a_column, texts

_LONGEST = 64
"""Pieces of one line."""
_MOST_BYTES = 1 << 16
_VAIN = 32
"""Lines that looked so and were none in a row, after which none are any more."""
_WAYS = 32
"""To put the same pieces together."""
_BEGINS = re.compile(rb'[ \t]*(?:\{ ?"|"[\w@.]+": |"|[\w.]+=)')
_OBJECT = re.compile(rb'[ \t]*(?:\{|"[\w@.]+": |[\w.]+=)')
"""JSON and logfmt, which escape their quotes; CSV doubles them."""
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*+"|(").*')
"""Those that end; and one that does not, behind which none does."""


class Line(NamedTuple):
    """A line, on as many lines of the source as it stands on."""

    number: int
    """Of the first."""
    counts: int
    text: bytes


class Rows:
    """Of one source: `take` each line, `close` at the end; both give what is decided."""

    def __init__(self, is_record: Callable[[bytes], bool]) -> None:
        self._is_record = is_record
        """A line of JSON, CSV or logfmt has a record of strace's in it."""
        self._held: list[Line] = []
        self._bytes = 0
        self.joined = 0
        """Lines that were put together, with a record in each."""
        self._vain = 0

    def take(self, line: Line) -> list[Line]:
        """The next line."""
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

    def close(self) -> list[Line]:
        """No line follows: what is open was no such line, or was cut."""
        held, self._held = self._held, []
        return held

    def _hold(self, line: Line) -> None:
        if not self._held:
            self._bytes = 0
        self._held.append(line)
        self._bytes += len(line.text)

    def _together(self) -> list[Line]:
        """The pieces as one, if there is a record in it; else as they stand."""
        pieces = [held.text for held in self._held]
        for text in _texts(pieces):
            if self._is_record(text):
                first = self._held[0].number
                counts = sum(held.counts for held in self._held)
                self._held = []
                self.joined += 1
                self._vain = 0
                return [Line(first, counts, text)]
        return self._apart()

    def _apart(self) -> list[Line]:
        """The first piece by itself; those behind it may begin another line."""
        self._vain += 1
        first, *others = self.close()
        found = [first]
        for line in others:
            found += self.take(line)
        return found


def _texts(pieces: Sequence[bytes]) -> Iterator[bytes]:
    """What the line may have been, the likeliest first."""
    for shape in _shapes(pieces):
        yield b"".join(shape)
        yield from cut_at_a_column(shape, [(len(piece), len(piece)) for piece in shape])
        yield from islice(texts(shape), _WAYS)


def _shapes(pieces: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """`pieces` without what those behind the first are indented by, and as they stand."""
    first, *others = pieces
    indent = min(len(piece) - len(piece.lstrip(b" ")) for piece in others)
    if indent > 1:
        yield [first, *(piece[indent:] for piece in others)]
    yield pieces


def _begins_anew(text: bytes) -> bool:
    """A line that begins as only a whole one does."""
    return text.startswith((b'{"', b'{ "'))


def _is_open(text: bytes) -> bool:
    """Something is quoted or in braces that does not end."""
    if _OBJECT.match(text) is None:
        return text.count(b'"') % 2 == 1
    rest = _STRINGS.sub(rb"\1", text)
    return b'"' in rest or rest.count(b"{") > rest.count(b"}")
