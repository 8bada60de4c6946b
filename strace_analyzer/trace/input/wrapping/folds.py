"""Pieces of records that were folded on their way -> the records.

A mail program, a terminal or a web page breaks long lines: at a column, in the middle of a word, or
at a blank, which it then eats; the rest may be indented. Two pieces are joined only where the
grammar reads both together as a record and neither alone: so no two records are ever joined, and
what a program printed between two records stays what it is.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator, Sequence
from itertools import product
from typing import NamedTuple

from strace_analyzer.trace.input.wrapping.grade import Grade, Judge

_LONGEST = 24
"""Pieces of one record."""
_MIXED = 4
"""Pieces for which every way to join each two is tried."""
_ENDS = re.compile(rb"\) *= *[-?0-9]|\.\.\.>|(?:---|\+\+\+)$")
"""Without this no text is a record."""
_REST = re.compile(
    rb"[ \t]*(?:<[0-9.]+>|<[^<>]+(?:<[^<>]*>)?>|\(.*\)|[A-Z][A-Z0-9_]* \(.*|[0-9a-fx]+(?:[ <(].*)?)"
)
"""What may stand behind the part of a result that is a result already."""
_DURATION = re.compile(rb"<[0-9]+\.[0-9]+>")
_ERROR = re.compile(rb"-1 (E[A-Z0-9]+) \((.*)\)(?: <[0-9.]+>)?$")
_STUB = b"exit(0) = ?"
_CLOCK = re.compile(rb"[0-9]:[0-9]|\[pid|[0-9]{9}|[0-9]\.[0-9]")


class Piece(NamedTuple):
    """A line, peeled; or several, joined."""

    number: int
    """Of the first line."""
    counts: int
    """Lines."""
    text: bytes
    grade: Grade
    width: int
    """Of the last line, with its wrapping."""


class Folds:
    """Of one stream of lines: `take` each, `close` at the end; both give what is decided."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._pending: list[Piece] = []
        self._widest = 0
        """Of the lines that were folded."""
        self.joined = 0
        """Records made of several lines."""

    def take(self, piece: Piece) -> list[Piece]:
        """The next line -> the records, and the lines that are none, up to it or to the one before."""
        if not self._pending and piece.grade is Grade.WHOLE and not self.joined:
            return [piece]
        if piece.grade >= Grade.OPEN:
            return self._record(piece)
        found = self._joined_with(piece)
        if found is not None:
            return found
        if piece.grade is Grade.STRANGE:
            return [*self.close(), piece]
        head = self._pending[0] if self._pending else None
        self._pending.append(piece)
        if head is not None and (head.grade is Grade.WHOLE or len(self._pending) > _LONGEST):
            return [self._pending.pop(0)]
        return []

    def close(self) -> list[Piece]:
        """No line follows: what waited is what it is."""
        pending, self._pending = self._pending, []
        return pending

    def _record(self, piece: Piece) -> list[Piece]:
        """A line that is a record; its beginning may still have been who spoke, and when."""
        if self._pending and self._is_leader(self._pending[-1]):
            leader = self._pending[-1]
            for text in _joins(leader.text, piece.text):
                if self._judge(text) >= piece.grade:
                    self._pending.pop()
                    before = self.close()
                    return before + self._hold(self._together((leader, piece), text))
        return self.close() + self._hold(piece)

    def _is_leader(self, piece: Piece) -> bool:
        """Only a pid or a time stands there, or a part of one: its record is folded to the next."""
        text = piece.text
        if (
            piece.grade > Grade.SUSPECT
            or not (self.joined or _CLOCK.search(text))
            or len(text) > 80
        ):
            return False
        return text != b"" and self._judge(text + b" " + _STUB) is Grade.WHOLE

    def _hold(self, piece: Piece) -> list[Piece]:
        """A record is kept back where its rest may follow: strace prints more, or lines are folded."""
        if piece.grade is Grade.OPEN or self.joined:
            self._pending = [piece]
            return []
        return [piece]

    def _joined_with(self, tail: Piece) -> list[Piece] | None:
        """The record that `tail` completes, with what came before it; None where it does not."""
        pending = self._pending
        for start in range(len(pending) - 1, -1, -1):
            pieces = (*pending[start:], tail)
            if pieces[0].grade is Grade.WHOLE and not self._goes_on(pieces[0], tail):
                break
            text = self._read(pieces)
            if text is not None:
                before = pending[:start]
                self._pending = []
                return before + self._hold(self._together(pieces, text))
        return None

    def _goes_on(self, head: Piece, tail: Piece) -> bool:
        """A whole record whose line was full: what is behind its result may follow."""
        words = tail.text.split(None, 1)
        if not words or _REST.match(tail.text) is None:
            return False
        if _DURATION.fullmatch(tail.text.strip()):
            return True
        return head.width + len(words[0]) >= self._widest

    def _read(self, pieces: Sequence[Piece]) -> bytes | None:
        """The text of all `pieces` if the grammar reads it, and does not read one of them."""
        floor = max(piece.grade for piece in pieces)
        best: bytes | None = None
        for text in _texts([piece.text for piece in pieces if piece.text]):
            if _ENDS.search(text) is None:
                return None
            grade = self._judge(text)
            if grade < Grade.OPEN or (grade <= floor and floor is not Grade.WHOLE):
                continue
            if _says_its_error(text):
                return text
            best = best or text
        return best

    def _together(self, pieces: Sequence[Piece], text: bytes) -> Piece:
        self.joined += 1
        self._widest = max(self._widest, *(piece.width for piece in pieces[:-1]))
        first, last = pieces[0], pieces[-1]
        counts = last.number + last.counts - first.number
        return Piece(first.number, counts, text, self._judge(text), last.width)


def _texts(pieces: Sequence[bytes]) -> Iterator[bytes]:
    """The texts that `pieces` may have been, the likeliest first."""
    if len(pieces) < 2:
        return
    ways = [_ways(head, tail) for head, tail in zip(pieces, pieces[1:], strict=False)]
    choices = zip(*ways, strict=True) if len(pieces) > _MIXED else product(*ways)
    seen = set()
    for tails in choices:
        text = pieces[0] + b"".join(tails)
        if text not in seen:
            seen.add(text)
            yield text


def _joins(head: bytes, tail: bytes) -> Iterator[bytes]:
    return (head + way for way in _ways(head, tail))


def _ways(head: bytes, tail: bytes) -> tuple[bytes, bytes, bytes]:
    """How `tail` may have stood behind `head`: as it is, without its indentation, behind a blank."""
    body = tail.lstrip()
    spaced = b" " + body
    if _DURATION.fullmatch(body):
        return spaced, tail, body
    if (_is_word(head[-1:]) and _is_word(body[:1])) or len(tail) > len(body) + 1:
        return body, spaced, tail
    return tail, spaced, body


def _is_word(character: bytes) -> bool:
    return character.isalnum() or character == b"_"


def _says_its_error(text: bytes) -> bool:
    """No error, or one in the words of the C library: where a blank was eaten these show it."""
    match = _ERROR.search(text)
    if match is None:
        return b" = -1 E" not in text
    number = getattr(errno, match[1].decode("ascii"), None)
    return number is None or os.strerror(number).encode() == match[2]
