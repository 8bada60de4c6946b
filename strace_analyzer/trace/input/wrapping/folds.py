"""Join the pieces of records that were folded.

A mail program, terminal or web page breaks long lines: at a column, in the middle of a word, or at
a blank, which is then lost; the rest may be indented. Pieces are joined only if the grammar accepts
them together as a record and accepts none of them alone, so two records are never joined, and what
a program printed between two records stays as it is. For text in which nothing was folded, the
number of attempts is bounded.

A record whose result was folded between its digits (`= 1`, with `8` on the next line) is complete
without the rest, which looks like output of a program. Only widths tell: no line of a folded text
is wider than the column. Until the column is known, such a pair waits for a wider line, or for one
that is as wide and no whole record; if none comes, the pair is left as it is and counted in
`doubted`.

It is long because what may be joined depends on what was joined so far.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain, islice, product
from typing import NamedTuple

from strace_analyzer.trace.input.wrapping.grade import Grade, Judge, Reads
from strace_analyzer.trace.input.wrapping.joins import (
    DURATION,
    cut_at_a_column,
    is_word,
    joins,
    texts,
)
from strace_analyzer.trace.input.wrapping.likely import WELL, reads

_LONGEST = 256
"""Most pieces of one record."""
_ENDING = 6
"""Most pieces over which its end may be spread: the result, what -yy adds, and words."""
_CHOICES = 256
"""Most combinations tried for pieces that have an alternative text."""
_ENDS = re.compile(rb"\)(?:[ \t]|#011|</?[A-Za-z][^<>]*>)*=|\.\.\.(?:>|&gt;)|(?:---|\+\+\+)$")
"""A text without this is no record."""
_MAY_END = re.compile(
    rb"\)(?:</?[A-Za-z][^<>)]*>|#011|[^A-Za-z0-9)])*=|\.\.\.(?:>|&gt;)|---|\+\+\+"
)
"""The same for pieces, however they are joined; blanks are ignored."""
_REST = re.compile(
    rb"[ \t]*+(?:[^ (]*>|(?:[0-9a-f]*+x)*+[a-f]*+[0-9][0-9a-f]*+)?"
    rb"(?: ?[A-Z][A-Z0-9_]*)?(?: ?\(.*\))?(?: ?<(?:[0-9]*\.)?[0-9]+>)?"
)
"""What may follow part of a result that is itself a valid result. (Possessive, so that the time is
linear in the length of the text.)"""
_COUNTS = re.compile(
    rb"(?<![a-z0-9_])(?=[a-z0-9_]++(?:\(| resumed))[a-z0-9_]*?"
    rb"(?:read|write|recv|send|poll|wait|select|pid|uid|gid|seek|brk|map|getdents|random)"
)
"""Calls whose result is neither a descriptor nor a task of the trace."""
_UNDECIDED = 128
"""Most lines that wait until it is known whether lines were folded."""
_NARROW = 40
"""Columns. In narrower text, most records span several lines."""
_PID = 7
"""Digits of the largest pid (PID_MAX_LIMIT)."""
_NUMBER = re.compile(rb"= (?:-?[1-9][0-9]*|0x[0-9a-f]+)\Z")
"""The end of a record that more digits may follow; a `= 0` is left out."""
_STUB = b"exit(0) = ?"
_TRIES = 64
"""Most texts tried for the same pieces; the likeliest come first."""
_VAIN = 600
"""After this many joined texts that were no record, no more are tried."""
_LEAD = 120
"""Bytes before the first parenthesis of a record."""
_ESCAPES = re.compile(rb"[\\&{]")
_MARKS = 4
"""Bytes by which the quote marks of lines of the same text may differ."""
_CLOCK = re.compile(rb"[0-9]:[0-9]|\[pid|[0-9]{9}|[0-9]\.[0-9]")


class Piece(NamedTuple):
    """A line with its wrapping removed, or several joined."""

    number: int
    """The number of its first line."""
    counts: int
    """The number of lines."""
    text: bytes
    grade: Grade
    widths: tuple[int, int]
    """Of the last line, with and without its wrapping: it may have been folded before or after."""
    other: bytes = b""
    """An alternative to `text`, if what looks like quoting may be text, or what looks like text may
    be a mark of the rest of a line."""


class Folds:
    """Joins one stream of lines: `take` each, `close` at the end. Both return what is decided."""

    def __init__(self, judge: Judge, reads: Reads) -> None:
        self._judge = judge
        self._reads = reads
        self._pending: list[Piece] = []
        self._widest = {True: (0, 0), False: (0, 0)}
        """Widest of the folded lines, by whether they are the first of their record; the others may
        be indented."""
        self._beginning = (0, 0)
        """Widest of the lines on which a record begins, folded or not."""
        self._undecided: list[Piece] = []
        """A record, the line after it, which may be the rest of its result, and what follows."""
        self._doubted = 0
        """Number of such records that stayed undecided."""
        self.joined = 0
        """Records joined from several lines."""
        self._vain = 0
        """Texts that were joined since the last record, and were none."""

    @property
    def doubted(self) -> int:
        """Records whose numbers may be wrong: all joined ones if lines have room for only a few
        words."""
        is_narrow = self.joined > 0 and self._beginning[1] < _NARROW
        return self.joined + self._doubted if is_narrow else self._doubted

    def take(self, piece: Piece) -> list[Piece]:
        """Take the next line; return the lines up to it that are decided: records, and others."""
        if piece.grade >= Grade.BEGUN:
            self._beginning = _wider(self._beginning, piece.widths)
        if not self._undecided:
            return self._next(piece)
        self._undecided.append(piece)
        is_folded = _shows_folds(piece, self._undecided[0])
        if is_folded is None and len(self._undecided) < _UNDECIDED:
            return []
        return self._decided(is_folded)

    def close(self) -> list[Piece]:
        """End the stream: return everything that was waiting, as it is."""
        found = []
        while self._undecided:
            found += self._decided(None)
        return found + self._release()

    def _decided(self, is_folded: bool | None) -> list[Piece]:
        """Return what was waiting, now that lines are known to be folded or not (None: it will
        never be known)."""
        (head, tail, *others), self._undecided = self._undecided, []
        if is_folded:
            self._widest[True] = _wider(self._widest[True], head.widths)
            found = self._hold(head) + self._next(tail)
        else:
            self._doubted += is_folded is None and _COUNTS.search(head.text) is None
            found = [head, *self._next(tail)]
        for piece in others:
            found += self.take(piece)
        return found

    def _next(self, piece: Piece) -> list[Piece]:
        if not self._pending and piece.grade is Grade.WHOLE and not self._may_go_on(piece):
            return [piece]
        if piece.grade >= Grade.OPEN:
            return self._record(piece)
        found = self._joined_with(piece)
        if found is not None:
            return found
        if piece.grade is Grade.STRANGE:
            return [*self._release(), piece]
        head = self._pending[0] if self._pending else None
        self._pending.append(piece)
        if head is not None and (head.grade is Grade.WHOLE or len(self._pending) > _LONGEST):
            return [self._pending.pop(0)]
        return []

    def _release(self) -> list[Piece]:
        pending, self._pending = self._pending, []
        return pending

    def _record(self, piece: Piece) -> list[Piece]:
        """Handle a line that is a record; the line before may have had its task and time."""
        return self._led(self._release(), piece)

    def _led(self, before: list[Piece], piece: Piece) -> list[Piece]:
        """Return `before` and the record `piece`, joined if the last of `before` is its leader."""
        leader = before[-1] if before else None
        if leader is not None and self._is_leader(leader, piece):
            for text in joins(leader.text, piece.text):
                if self._judge(text) >= piece.grade:
                    return before[:-1] + self._hold(self._together((leader, piece), text))
        return before + self._hold(piece)

    def _is_leader(self, piece: Piece, record: Piece) -> bool:
        """Whether `piece` is only a pid or a time, or part of one, whose record was folded to the
        next line."""
        text = piece.text
        if piece.grade > Grade.SUSPECT or len(text) > 80:
            return False
        if text.isdigit() and record.text[:1].isdigit():  # part of a pid: then its line was full
            if len(text) >= _PID or not _is_full(piece.widths, self._beginning):
                return False
        elif not (self.joined or _CLOCK.search(text)):
            return False
        return text.strip() != b"" and self._judge(text + b" " + _STUB) is Grade.WHOLE

    def _hold(self, piece: Piece) -> list[Piece]:
        """Keep a record back if its rest may follow: strace prints more, or lines are folded."""
        if piece.grade is Grade.OPEN or self._may_go_on(piece):
            self._pending = [piece]
            return []
        return [piece]

    def _may_go_on(self, piece: Piece) -> bool:
        """Whether the next line may be its rest: lines are folded, or none was wider so far and
        more digits may follow."""
        if self._widest[True] != (0, 0):
            return True
        return _NUMBER.search(piece.text) is not None and _is_full(piece.widths, self._beginning)

    def _joined_with(self, tail: Piece) -> list[Piece] | None:
        """Return what precedes it and the record that `tail` completes; None if it completes
        none."""
        pending = self._pending
        if self._vain >= _VAIN or not _may_end((*pending[-_ENDING:], tail)):
            return None
        for start in _beginnings(pending):
            pieces = (*pending[start:], tail)
            is_rest = pieces[0].grade is not Grade.WHOLE or self._goes_on(pieces[0], tail)
            if is_rest is False:
                break
            text = self._read(pieces)
            if text is not None:
                self._pending = []
                if is_rest is None:
                    self._undecided = list(pieces)
                    return pending[:start]
                return self._led(pending[:start], self._together(pieces, text))
        return None

    def _goes_on(self, head: Piece, tail: Piece) -> bool | None:
        """Whether text after the result of a whole record may follow on the next line, because its
        own line was full. None if no line shows yet how wide a full one is."""
        rest = tail.text if tail.text and _REST.fullmatch(tail.text) else tail.other
        words = rest.split(None, 1)
        if not words or _REST.fullmatch(rest) is None:
            return False
        if DURATION.fullmatch(rest.strip()):
            return True
        if is_word(words[0][:1]):  # between digits: only at the column
            if head.text.endswith(b" 0") and words[0][:1].isdigit():
                return False
            room = 0
        else:
            room = len(words[0]) + (_MARKS if words[0].startswith(b"(") else 0)
        is_first = head.counts == 1
        widest = self._widest[is_first]
        if widest == (0, 0):
            widest = self._widest[True]
        if widest == (0, 0):
            return None if _is_full(head.widths, self._beginning, room) else False
        return _is_full(head.widths, widest, room)

    def _read(self, pieces: Sequence[Piece]) -> bytes | None:
        """Return the joined text of `pieces` if the grammar accepts it, but none of them alone."""
        floor = max(piece.grade for piece in pieces)
        begins = floor is not Grade.WHOLE  # else what follows it is no remark
        best: bytes | None = None
        tried: set[bytes] = set()
        for text, is_own in _all_texts([piece for piece in pieces if piece.text or piece.other]):
            if text in tried or _ENDS.search(text) is None:
                continue
            if self._vain >= _VAIN or len(tried) >= _TRIES:
                break
            tried.add(text)
            self._vain += 1
            grade, plain = self._reads(text) if begins else (self._judge(text), text)
            if grade < Grade.OPEN or (grade <= floor and begins):
                continue
            is_remark = len(plain) < len(text) and text.startswith(plain)
            if is_remark and (not is_own or pieces[-1].grade >= Grade.BEGUN):
                continue  # the last piece would be one; or what was removed was a number
            how = reads(plain)
            if how == WELL:
                return plain
            if best is None or how > reads(best):
                best = plain
        return best

    def _together(self, pieces: Sequence[Piece], text: bytes) -> Piece:
        self.joined += 1
        self._vain = 0
        for piece in pieces[:-1]:
            is_first = piece is pieces[0] and piece.counts == 1
            self._widest[is_first] = _wider(self._widest[is_first], piece.widths)
        first, last = pieces[0], pieces[-1]
        counts = sum(piece.counts for piece in pieces)  # lines of other streams may be in between
        return Piece(first.number, counts, text, self._judge(text), last.widths)


def _wider(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    return max(one[0], other[0]), max(one[1], other[1])


def _is_full(widths: tuple[int, int], widest: tuple[int, int], room: int = 0) -> bool:
    """Whether the line is as wide as the widest, with or without its wrapping, `room` more bytes
    included."""
    return any(width + room >= most for width, most in zip(widths, widest, strict=True))


def _shows_folds(piece: Piece, head: Piece) -> bool | None:
    """Return whether `piece` shows that lines were, or were not, folded where `head` ends; None if
    neither."""
    if piece.grade < Grade.BEGUN:
        return None
    pairs = tuple(zip(piece.widths, head.widths, strict=True))
    if all(width > column for width, column in pairs):
        return False
    is_cut = piece.grade in (Grade.BEGUN, Grade.OPEN)
    return True if is_cut and any(width == column for width, column in pairs) else None


def _may_end(pieces: Sequence[Piece]) -> bool:
    text = b"\n".join(
        (b"".join(p.text for p in pieces), b"".join(p.other or p.text for p in pieces))
    )
    return _MAY_END.search(text.translate(None, b" \t")) is not None


def _beginnings(pieces: Sequence[Piece]) -> Iterator[int]:
    """Yield the indices where a record may begin, the likeliest first: from the last one back,
    those that begin like a record, then the others."""
    doubtful = []
    for index in range(len(pieces) - 1, -1, -1):
        if pieces[index].grade >= Grade.BEGUN:
            yield index
        elif _may_begin(pieces[index]):
            doubtful.append(index)
    yield from doubtful


def _may_begin(piece: Piece) -> bool:
    """Whether a record may begin in it: with a call, with the words before one, or with escapes."""
    if piece.grade is not Grade.FOREIGN:
        return True
    text = piece.text
    return len(text) <= _LEAD and (b"(" not in text or _ESCAPES.search(text) is not None)


def _all_texts(pieces: Sequence[Piece]) -> Iterator[tuple[bytes, bool]]:
    """Yield the texts that `pieces` may have been, including their alternatives, and whether the
    text uses none of these."""
    others = [piece.other or piece.text for piece in pieces]
    own = [piece.text for piece in pieces]
    for of_pieces in (own, others, [*own[:1], *others[1:]], [*others[:1], *own[1:]]):
        for text in cut_at_a_column(of_pieces, [piece.widths for piece in pieces]):
            yield text, of_pieces is own
    choices = product(*((piece.text, piece.other or piece.text) for piece in pieces))
    likely = (tuple(own), (*own[:1], *others[1:]), tuple(others))
    seen = set()
    for chosen in chain(likely, islice(choices, _CHOICES)):
        if chosen not in seen:
            seen.add(chosen)
            for text in texts(chosen):
                yield text, chosen == tuple(own)
