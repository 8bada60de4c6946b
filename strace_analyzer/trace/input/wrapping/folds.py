"""Pieces of records that were folded on their way -> the records.

A mail program, a terminal or a web page breaks long lines: at a column, in the middle of a word, or
at a blank, which it then eats; the rest may be indented. Two pieces are joined only where the
grammar reads both together as a record and neither alone: so no two records are ever joined, and
what a program printed between two records stays what it is. Text in which nothing was folded is put
together a bounded number of times.

A record whose result was folded amid its digits (`= 1`, `8` below it) is whole without the rest,
which looks like what a program printed. Only widths tell: no line of a folded text is wider than
the column. Until it is known, such a pair waits for a wider line, or for one that is as wide and no
whole record; where none comes, the pair is left as it stands and `doubted`.

It is long because what may be joined depends on what was joined so far.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator, Sequence
from itertools import islice, product
from typing import NamedTuple

from strace_analyzer.trace.input.wrapping.grade import Grade, Judge, Reads
from strace_analyzer.trace.input.wrapping.joins import (
    DURATION,
    cut_at_a_column,
    is_word,
    joins,
    texts,
)

_LONGEST = 256
"""Pieces of one record."""
_ENDING = 6
"""Pieces on which the end of one may stand: its result, with what -yy adds, and words."""
_CHOICES = 256
"""Of pieces that may be something else instead."""
_ENDS = re.compile(rb"\)(?:[ \t]|</?[A-Za-z][^<>]*>)*=|\.\.\.(?:>|&gt;)|(?:---|\+\+\+)$")
"""Without this no text is a record."""
_MAY_END = re.compile(rb"\)(?:</?[A-Za-z][^<>)]*>|[^A-Za-z0-9)])*=|\.\.\.(?:>|&gt;)|---|\+\+\+")
"""The same of pieces, however they are put together; blanks apart."""
_REST = re.compile(
    rb"[ \t]*+(?:[^ (]*>|(?:[0-9a-f]*+x)*+[a-f]*+[0-9][0-9a-f]*+)?"
    rb"(?: ?[A-Z][A-Z0-9_]*)?(?: ?\(.*\))?(?: ?<(?:[0-9]*\.)?[0-9]+>)?"
)
"""What may stand behind the part of a result that is a result already. (Possessive, so that a text
takes no longer than its length says.)"""
_COUNTS = re.compile(
    rb"(?<![a-z0-9_])(?=[a-z0-9_]++(?:\(| resumed))[a-z0-9_]*?"
    rb"(?:read|write|recv|send|poll|wait|select|pid|uid|gid|seek|brk|map|getdents|random)"
)
"""Calls whose result is no descriptor and no task of the trace."""
_UNDECIDED = 128
"""Lines that wait until it is known whether lines were folded."""
_NARROW = 40
"""Columns below which most records stand on several lines."""
_PID = 7
"""Digits of the largest pid (PID_MAX_LIMIT)."""
_NUMBER = re.compile(rb"= (?:-?[1-9][0-9]*|0x[0-9a-f]+)\Z")
"""The end of a record behind which more digits may follow: it says nothing of `= 0`."""
_ERROR = re.compile(rb"(?>.*?-1 (E[A-Z0-9]+) \()(.*)\)(?: <[0-9.]+>)?$")
"""The first error in a text, and all behind it."""
_STUB = b"exit(0) = ?"
_TRIES = 64
"""Texts that the same pieces are put together to: the likeliest come first."""
_VAIN = 600
"""Texts that were put together and were no record, after which none are any more."""
_LEAD = 120
"""Bytes before the first parenthesis of a record."""
_ESCAPES = re.compile(rb"[\\&{]")
_MARKS = 4
"""Bytes by which lines of the same text differ in the marks of their quoting."""
_CLOCK = re.compile(rb"[0-9]:[0-9]|\[pid|[0-9]{9}|[0-9]\.[0-9]")


class Piece(NamedTuple):
    """A line, peeled; or several, joined."""

    number: int
    """Of the first line."""
    counts: int
    """Lines."""
    text: bytes
    grade: Grade
    widths: tuple[int, int]
    """Of the last line, with its wrapping and without: it may have been folded before or after."""
    other: bytes = b""
    """What it may be instead of `text`: quoting that is none."""


class Folds:
    """Of one stream of lines: `take` each, `close` at the end; both give what is decided."""

    def __init__(self, judge: Judge, reads: Reads) -> None:
        self._judge = judge
        self._reads = reads
        self._pending: list[Piece] = []
        self._widest = {True: (0, 0), False: (0, 0)}
        """Of the lines that were folded: the first of their record, and those inside of one, which
        may be indented."""
        self._beginning = (0, 0)
        """The widest of the lines on which a record begins, folded or not."""
        self._undecided: list[Piece] = []
        """A record and the line below it, which may be the rest of its result, and what follows."""
        self._doubted = 0
        """Such records of which it was not found out."""
        self.joined = 0
        """Records made of several lines."""
        self._vain = 0
        """Texts that were put together since, and were no record."""

    @property
    def doubted(self) -> int:
        """Records whose numbers may be others: where a line has room for few words, each."""
        is_narrow = self.joined > 0 and self._beginning[1] < _NARROW
        return self.joined + self._doubted if is_narrow else self._doubted

    def take(self, piece: Piece) -> list[Piece]:
        """The next line -> what is decided of those up to it: records, and lines that are none."""
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
        """No line follows: what waited is what it is."""
        found = []
        while self._undecided:
            found += self._decided(None)
        return found + self._release()

    def _decided(self, is_folded: bool | None) -> list[Piece]:
        """What waited, once it is known that lines were folded or not, or never will be (None)."""
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
        """A line that is a record; its beginning may still have been who spoke, and when."""
        return self._led(self._release(), piece)

    def _led(self, before: list[Piece], piece: Piece) -> list[Piece]:
        """`piece`, a record, with the leader that stands last in `before` if one does."""
        leader = before[-1] if before else None
        if leader is not None and self._is_leader(leader, piece):
            for text in joins(leader.text, piece.text):
                if self._judge(text) >= piece.grade:
                    return before[:-1] + self._hold(self._together((leader, piece), text))
        return before + self._hold(piece)

    def _is_leader(self, piece: Piece, record: Piece) -> bool:
        """Only a pid or a time stands there, or a part of one: its record is folded to the next."""
        text = piece.text
        if piece.grade > Grade.SUSPECT or len(text) > 80:
            return False
        if text.isdigit() and record.text[:1].isdigit():  # of a pid: its line was full
            if len(text) >= _PID or not _is_full(piece.widths, self._beginning):
                return False
        elif not (self.joined or _CLOCK.search(text)):
            return False
        return text.strip() != b"" and self._judge(text + b" " + _STUB) is Grade.WHOLE

    def _hold(self, piece: Piece) -> list[Piece]:
        """A record waits where its rest may follow: strace prints more, or lines are folded."""
        if piece.grade is Grade.OPEN or self._may_go_on(piece):
            self._pending = [piece]
            return []
        return [piece]

    def _may_go_on(self, piece: Piece) -> bool:
        """The next line may be its rest: lines are folded, or none was wider so far, and more
        digits may follow."""
        if self._widest[True] != (0, 0):
            return True
        return _NUMBER.search(piece.text) is not None and _is_full(piece.widths, self._beginning)

    def _joined_with(self, tail: Piece) -> list[Piece] | None:
        """The record that `tail` completes, with what came before it; None where it does not."""
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
        """A whole record whose line was full: what is behind its result may follow. None where no
        line shows yet how wide a full one is."""
        rest = tail.text if tail.text and _REST.fullmatch(tail.text) else tail.other
        words = rest.split(None, 1)
        if not words or _REST.fullmatch(rest) is None:
            return False
        if DURATION.fullmatch(rest.strip()):
            return True
        if is_word(words[0][:1]):  # amid its digits: only at the column
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
        """The text of all `pieces` if the grammar reads it, and does not read one of them."""
        floor = max(piece.grade for piece in pieces)
        begins = floor is not Grade.WHOLE  # else what comes behind it is no remark
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
                continue  # the last piece would be one; or what was taken off it was a number
            if _says_its_error(plain):
                return plain
            best = best or plain
        return best

    def _together(self, pieces: Sequence[Piece], text: bytes) -> Piece:
        self.joined += 1
        self._vain = 0
        for piece in pieces[:-1]:
            is_first = piece is pieces[0] and piece.counts == 1
            self._widest[is_first] = _wider(self._widest[is_first], piece.widths)
        first, last = pieces[0], pieces[-1]
        counts = sum(piece.counts for piece in pieces)  # those of others may stand between
        return Piece(first.number, counts, text, self._judge(text), last.widths)


def _wider(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    return max(one[0], other[0]), max(one[1], other[1])


def _is_full(widths: tuple[int, int], widest: tuple[int, int], room: int = 0) -> bool:
    """A line is as wide as the widest, with its wrapping or without, if `room` more are on it."""
    return any(width + room >= most for width, most in zip(widths, widest, strict=True))


def _shows_folds(piece: Piece, head: Piece) -> bool | None:
    """Whether `piece` shows that lines were folded where `head` ends, or that they were not."""
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
    """Where a record may begin, the likeliest first: one shows its name, and stands last."""
    doubtful = []
    for index in range(len(pieces) - 1, -1, -1):
        if pieces[index].grade >= Grade.BEGUN:
            yield index
        elif _may_begin(pieces[index]):
            doubtful.append(index)
    yield from doubtful


def _may_begin(piece: Piece) -> bool:
    """A record may begin in it: with a call, with the words before one, or it has escapes."""
    if piece.grade is not Grade.FOREIGN:
        return True
    text = piece.text
    return len(text) <= _LEAD and (b"(" not in text or _ESCAPES.search(text) is not None)


def _all_texts(pieces: Sequence[Piece]) -> Iterator[tuple[bytes, bool]]:
    """The texts that `pieces` may have been, with what some of them may be instead; and whether
    none of them is."""
    others = [piece.other or piece.text for piece in pieces]
    own = [piece.text for piece in pieces]
    for of_pieces in (own, others, [*own[:1], *others[1:]], [*others[:1], *own[1:]]):
        for text in cut_at_a_column(of_pieces, [piece.widths for piece in pieces]):
            yield text, of_pieces is own
    choices = product(*((piece.text, piece.other or piece.text) for piece in pieces))
    seen = set()
    for chosen in islice(choices, _CHOICES):
        if chosen not in seen:
            seen.add(chosen)
            for text in texts(chosen):
                yield text, chosen == tuple(own)


def _says_its_error(text: bytes) -> bool:
    """No error, or one in the words of the C library: where a blank was eaten these show it."""
    match = _ERROR.match(text)
    if match is None:
        return b" = -1 E" not in text
    number = getattr(errno, match[1].decode("ascii"), None)
    return number is None or os.strerror(number).encode() == match[2]
