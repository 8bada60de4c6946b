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

_LONGEST = 256
"""Pieces of one line."""
_MOST_BYTES = 1 << 18
_WAYS = 32
"""To put the same pieces together."""
_BEGINS = re.compile(rb'[ \t]*(?:\{ ?"|"[\w@.]+": |"|[\w.]+=)')
_OBJECT = re.compile(rb'[ \t]*(?:\{|"[\w@.]+": |[\w.]+=)')
"""JSON and logfmt, which escape their quotes; CSV doubles them."""
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*+"')


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

    def take(self, line: Line) -> list[Line]:
        """The next line."""
        if not self._held:
            if _BEGINS.match(line.text) is None or not _is_open(line.text):
                return [line]
            self._hold(line)
            return []
        self._hold(line)
        ended = _is_closed(b"".join(held.text for held in self._held))
        if ended:
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
                return [Line(first, counts, text)]
        return self._apart()

    def _apart(self) -> list[Line]:
        """The first piece by itself; those behind it may begin another line."""
        first, *others = self.close()
        found = [first]
        for line in others:
            found += self.take(line)
        return found


def _texts(pieces: Sequence[bytes]) -> Iterator[bytes]:
    """What the line may have been, the likeliest first."""
    first, *others = pieces
    indent = min(len(piece) - len(piece.lstrip(b" ")) for piece in others)
    shifted = [first, *(piece[indent:] for piece in others)]
    for parts in (shifted, pieces) if indent > 1 else (pieces,):
        yield b"".join(parts)
        yield from cut_at_a_column(parts, [(len(part), len(part)) for part in parts])
        yield from islice(texts(parts), _WAYS)


def _begins_anew(text: bytes) -> bool:
    """A line that begins as only a whole one does."""
    return text.startswith((b'{"', b'{ "'))


def _is_open(text: bytes) -> bool:
    """Something is quoted or in braces that does not end."""
    if _OBJECT.match(text) is None:
        return text.count(b'"') % 2 == 1
    rest = _STRINGS.sub(b"", text)
    return b'"' in rest or rest.count(b"{") > rest.count(b"}")


def _is_closed(text: bytes) -> bool:
    return not _is_open(text)
