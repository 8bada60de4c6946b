"""Match a text by an expression in pieces: literal text and regular expressions, in turn.

Python takes a millisecond or two to compile a whole expression, and a trace has many shapes of
which it has few texts. Pieces are short, and most shapes consist of the same ones. Matching them
one after the other is as exact as matching the whole, because what a piece has taken it never gives
back (expressions.py); it only takes longer: some ten microseconds instead of one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

Pieces = tuple[bytes, ...]
"""Literal text at even places, the expression that follows it at odd ones; both may be empty."""

Match = Callable[[bytes, int], "re.Match[bytes] | None"]

Matched = Any
"""What answers like a match to an index: the whole text at 0, then the groups."""

_OFTEN = 100
"""A text must have been tried this often by pieces before their whole expression is compiled."""


def tidied(pieces: Iterable[bytes]) -> Pieces:
    """Return the same pieces without empty ones between two texts."""
    found = [b"", b""]
    for place, piece in enumerate(pieces):
        is_text = place % 2 == 0
        if piece and is_text and not found[-1]:
            found[-2] += piece
        elif piece and is_text:
            found += piece, b""
        elif piece and not found[-1]:
            found[-1] = piece
        elif piece:
            found += b"", piece
    return tuple(found)


def expression_of(pieces: Pieces) -> bytes:
    """Return the whole as one regular expression."""
    return b"".join(piece if place % 2 else re.escape(piece) for place, piece in enumerate(pieces))


def groups_of(pieces: Pieces) -> int:
    """Return how many groups a match has. Raises re.error if an expression is invalid."""
    return sum(_compiled(expression).groups for expression in pieces[1::2])


class Matcher:
    """Matches whole texts: at first piece by piece, later by one expression."""

    __slots__ = ("_steps", "_tried", "fullmatch", "pieces")

    def __init__(self, pieces: Pieces) -> None:
        self.pieces = pieces
        self._steps: list[tuple[bytes, int, Match]] | None = None
        self._tried = 0
        self.fullmatch: Callable[[bytes], Matched | None] = self._walk

    @property
    def expression(self) -> bytes:
        """All pieces as one regular expression."""
        return expression_of(self.pieces)

    def _walk(self, text: bytes) -> Matched | None:
        if self._steps is None:
            texts, expressions = self.pieces[::2], self.pieces[1::2]
            self._steps = [
                (known, len(known), _compiled(expression).match)
                for known, expression in zip(texts, expressions, strict=True)
            ]
        self._tried += 1
        if self._tried > _OFTEN:
            self.fullmatch = re.compile(self.expression, re.ASCII).fullmatch
            return self.fullmatch(text)
        place = 0
        found: list[bytes | None] = [text]
        for known, length, match in self._steps:
            if not text.startswith(known, place):
                return None
            piece = match(text, place + length)
            if piece is None:
                return None
            found += piece.groups()
            place = piece.end()
        return tuple(found) if place == len(text) else None


@lru_cache(maxsize=1000)
def _compiled(expression: bytes) -> re.Pattern[bytes]:
    return re.compile(expression, re.ASCII)
