"""Unwrap the lines of a source: return them as strace printed them, with their line numbers.

Each line is tried unchanged, then unwrapped like the lines before it, then with every kind of
wrapping alone and in layers, until the grammar accepts it as a record (beliefs.py). A kind is
believed if it makes records of lines that are none as they stand, so an ordinary trace is never
changed, and after some records the stage switches itself off (`is_off`).

It is long because the way of one line through all parts of this room stands here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from strace_analyzer.trace.input.gaps import Gap
from strace_analyzer.trace.input.wrapping.beliefs import SAMPLE, Beliefs
from strace_analyzer.trace.input.wrapping.constant import Constant
from strace_analyzer.trace.input.wrapping.escapes import (
    ESCAPES,
    HTML,
    OCTAL,
    QUOTED_PRINTABLE,
    SPACED,
)
from strace_analyzer.trace.input.wrapping.folds import Folds, Piece
from strace_analyzer.trace.input.wrapping.grade import Grade, Judge
from strace_analyzer.trace.input.wrapping.joins import without_mark
from strace_analyzer.trace.input.wrapping.numbering import Numbering
from strace_analyzer.trace.input.wrapping.peeled import Peeled
from strace_analyzer.trace.input.wrapping.reading import Chain, GrammarReader, Reading, without
from strace_analyzer.trace.input.wrapping.removed import Removed
from strace_analyzer.trace.input.wrapping.rows import Rows, SpannedLine
from strace_analyzer.trace.input.wrapping.structured import (
    JSON,
    STRUCTURED,
    document,
    escaped_feeds,
    strings,
)

__all__ = ["NOBODY", "SAMPLE", "Unwrapped", "Unwrapping", "named"]

_PATIENCE = 32
"""Most lines that wait for another like the first of them."""
_GOES_ON = (b"=", b"\\")
"""What quoted-printable and sed write where they fold a line."""
_HUNK = re.compile(
    rb"@@ -([0-9]+)(?:,[0-9]+)? \+([0-9]+)(?:,[0-9]+)? @@"
    rb"|[0-9]+(?:,[0-9]+)?[acd][0-9]+(?:,[0-9]+)?\Z"
)
"""The line above a part of a diff."""
_SIGNS = (b"+", b"-", b"<", b">")
_BREAK = re.compile(rb"<br ?/?>", re.IGNORECASE)
_LINE_FEED = b"#012"
"""As OCTAL escapes it."""
_FRAMES = 4_000
"""After this many texts that the grammar rejected, no wrapping is looked for any more."""


class Unwrapped(NamedTuple):
    """A line as strace printed it."""

    number: int
    """The line of the source on which it begins."""
    counts: int
    """The number of lines of the source that it spans."""
    text: bytes
    stream: bytes
    """Its owner, if the wrapping names one."""


class Unwrapping:
    """Unwraps one source: `feed` each line, `close` at the end."""

    def __init__(self, judge: Judge) -> None:
        self._reader = GrammarReader(judge)
        self._numbering = Numbering(self._reader)
        self._removed = Removed()
        self._beliefs = Beliefs(self._reader, self._numbering, self._removed)
        self.is_off = False
        """All further lines are as strace printed them: feed no more."""
        self._is_hunk = False
        """The source begins like a diff of two texts, with parts of both."""
        self.is_diff = False
        """it is a diff of two traces"""
        self._streams: dict[bytes, None] = {}
        self._lines = Counter[bytes]()
        """Number of lines on which a record begins, by the owner that the wrapping names."""
        self._last = b""
        """The owner of the last line."""
        self._nobodys = 0
        """Records for which no wrapping names an owner."""
        self._quotes = Counter[bool]()
        """Records with quotes, by whether they were escaped as HTML."""
        self._folds: dict[bytes, Folds] = {}
        self._begun: dict[bytes, Piece] = {}
        """Lines that continue, according to their wrapping, by owner."""
        self._rows = Rows(self._in_row)
        self._waiting: list[SpannedLine] = []
        """Lines that may be wrapped in a kind that only a second line can confirm."""

    def feed(self, number: int, raw: bytes) -> list[Unwrapped]:
        """Take line `number`, without its end and colours; return the lines that are decided by
        it."""
        return self._fed(self._rows.take(SpannedLine(number, 1, raw)))

    def _fed(self, lines: Sequence[SpannedLine]) -> list[Unwrapped]:
        """Take these lines, none of which is the rest of a row; return what is decided."""
        return [found for line in lines for found in self._line(line)]

    def _line(self, line: SpannedLine) -> list[Unwrapped]:
        raw = line.text
        if parts := self._parts(raw):
            found = self._line(line._replace(text=parts[0]))
            for part in parts[1:]:
                found += self._line(SpannedLine(line.number, 0, part))
            return found
        self._removed.line(raw)
        if not self._beliefs.ordinary and (hunk := _HUNK.match(raw)) is not None:
            self._is_hunk |= b"0" not in (hunk[1], hunk[2])
        elif (
            self._is_hunk
            and raw[:1] in _SIGNS
            and self._reader.grade(raw[1:].lstrip()) >= Grade.OPEN
        ):
            self.is_diff = True
        if self._numbering.is_sought:
            return self._released(self._numbering.take(line))
        reading = self._beliefs.reading(raw)
        if reading is None or (self._waiting and reading.grade < Grade.STRANGE):
            self._waiting.append(line)
            return [] if len(self._waiting) < _PATIENCE else self._settle()
        found = self._settle() if self._waiting else []
        found += self._take(line, reading)
        is_usual = self._beliefs.are_settled and not self._is_hunk and not self.has_found
        if is_usual or self._reader.in_vain >= _FRAMES:
            self.is_off = True
            found += self.close()
        return found

    def again(self) -> bool:
        """Return whether to feed a line that was not understood, and those after it, although the
        stage was off: a wrapping may begin here."""
        if self._reader.in_vain >= 2 * _FRAMES or not self._beliefs.again():
            return False
        self.is_off = False
        return True

    def close(self) -> list[Unwrapped]:
        """End the source; return what was waiting."""
        found = self._fed(self._rows.close())
        found += self._released(self._numbering.close())
        found += self._settle()
        for stream, begun in tuple(self._begun.items()):
            found += self._fold(stream, begun)
        self._begun.clear()
        for stream, folds in self._folds.items():
            found += _given(stream, folds.close())
        return sorted(found)

    @property
    def streams(self) -> tuple[bytes, ...]:
        """The owners of the records, if their wrapping names them; with several, also b"" for
        records without one. An owner of a single line does not count: the line may be damaged, and
        no name before it."""
        streams = tuple(name for name in self._streams if self._lines[name] > 1)
        has_others = self._nobodys or len(streams) < len(self._streams)
        return (*streams, b"") if len(streams) > 1 and has_others else streams

    @property
    def notes(self) -> list[str]:
        """What was removed, described in words, the most usual first: `"> " quoting, 2 levels`."""
        joined = self._rows.joined + sum(folds.joined for folds in self._folds.values())
        return self._removed.notes(joined, has_record=self._reader.has_record)

    @property
    def unescaped(self) -> int:
        """Records with plain quotes, if others have them escaped as HTML: they were written by
        something else, and what was between is unknown."""
        return self._quotes[False] if self._quotes[True] else 0

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """Where the line numbers before the lines jump."""
        return self._numbering.gaps

    @property
    def folded_results(self) -> int:
        """Records for which it is unknown whether the rest of their result is on the next line."""
        return sum(folds.doubted for folds in self._folds.values())

    @property
    def has_found(self) -> bool:
        """Whether lines were wrapped or folded, so that later ones may be too."""
        return bool(self._beliefs.chains) or any(folds.joined for folds in self._folds.values())

    # ------------------------------------------------------------ one line

    def _parts(self, raw: bytes) -> list[bytes]:
        """Return the records on one line that were separate lines: between `<br>` or escaped line
        feeds, or in the strings of one JSON document. [] if it is one line."""
        if _BREAK.search(raw) is not None:
            kind, lists = HTML.name, [_BREAK.split(raw)]
        elif _LINE_FEED in raw:
            kind, lists = OCTAL.name, [raw.split(_LINE_FEED)]
        elif (whole := document(raw)) and b")" in raw and (lists := strings(whole)):
            kind = JSON.name
        else:
            kind, lists = "escaped line feeds", [escaped_feeds(raw)]
        for texts in lists if self._reader.grade(raw) < Grade.STRANGE else ():
            parts = [text for text in texts if text.strip()]
            plain = (HTML.peel(part) or Peeled(part) for part in parts[:_PATIENCE])
            if sum(self._reader.grade(text.text) >= Grade.OPEN for text in plain) > 1:
                self._removed.split[kind] = None
                return parts
        return []

    def _in_row(self, text: bytes) -> bytes | None:
        """Return the record in a line of JSON, CSV or logfmt; None if it contains none."""
        peeled = (layer.peel(text) for layer in STRUCTURED)
        texts = (one.text for one in peeled if one is not None)
        return next((text for text in texts if self._reader.grade(text) >= Grade.OPEN), None)

    def is_record(self, line: Unwrapped) -> bool:
        """Whether this returned line is a record of strace."""
        return self._reader.grade(line.text) >= Grade.OPEN

    def _released(self, lines: list[SpannedLine]) -> list[Unwrapped]:
        """Take lines that were held as long as it was undecided whether they are numbered."""
        numbers = self._numbering.chain
        if lines and numbers and numbers not in self._beliefs.chains:
            self._beliefs.chains.append(numbers)
        return self._fed(lines)

    def _settle(self) -> list[Unwrapped]:
        """Read the lines that were waiting for another like them, as far as possible."""
        waiting, self._waiting = self._waiting, []
        found = []
        for line in waiting:
            found += self._take(line, self._beliefs.known(line.text))
        return found

    def _take(self, line: SpannedLine, reading: Reading) -> list[Unwrapped]:
        raw = line.text
        (text, stream, goes_on, depth), grade, chain, has_remark, _, other = reading
        if (
            len(chain) == 1
            and self._numbering.covers(chain[0])
            and not self._numbering.is_in_order(raw, grade)
        ):
            text, other, chain = raw, text, ()
        if OCTAL in chain and OCTAL.is_cut(raw):  # what ends the line is no remark
            peeled = without(tuple(layer for layer in chain if layer not in ESCAPES), raw)
            text = raw if peeled is None else peeled.text
            grade, has_remark = self._reader.grade(text), False
        self._numbering.note(line, chain)
        if self._last and grade < Grade.OPEN:  # it may be the rest of a line folded with its prefix
            if not stream:
                stream = self._last
            elif grade < Grade.BEGUN and not self._lines[stream]:
                text, stream, other, chain = raw, self._last, text, ()
        self._last = stream
        self._reader.has_record |= grade >= Grade.OPEN
        self._nobodys += not stream and grade >= Grade.STRANGE
        self._removed.remarks += has_remark
        if grade >= Grade.STRANGE and b'"' in text:
            self._quotes[HTML in chain and b'"' not in raw] += 1
        self._beliefs.took(raw, reading, chain)
        if chain and grade >= Grade.BEGUN:
            self._lines[stream] += 1
            self._removed.around(chain, depth)
            self._beliefs.levels.note(depth)
            if stream and grade >= Grade.STRANGE:
                self._streams[stream] = None
        elif not chain and grade >= Grade.STRANGE:
            self._removed.nothing(raw)
        if not other and text.endswith(_GOES_ON):
            other = text[:-1]
        elif chain and not other:
            is_guess = any(type(one) is Constant or one in STRUCTURED for one in chain)
            is_guess |= QUOTED_PRINTABLE in chain and QUOTED_PRINTABLE.is_cut(raw)
            if grade < Grade.BEGUN or (is_guess and grade < Grade.WHOLE):
                other = raw  # the rest of a record, or an object or a row that begins
        if grade < Grade.BEGUN:
            other = without_mark(text) or other
        escaped = HTML.peel(text) if b"&" in text else None
        widths = _width(raw), _width(text if escaped is None else escaped.text)
        if escaped is not None and not other and grade < Grade.BEGUN:
            other = escaped.text
        piece = Piece(line.number, line.counts, text, grade, widths, other)
        begun = self._begun.pop(stream, None)
        if begun is not None:
            whole = begun.text + text
            piece = Piece(
                begun.number, begun.counts + line.counts, whole, self._reader.grade(whole), widths
            )
        if goes_on:
            self._begun[stream] = piece
            return []
        return self._fold(stream, piece)

    def _fold(self, stream: bytes, piece: Piece) -> list[Unwrapped]:
        folds = self._folds.get(stream)
        if folds is None:
            folds = self._folds[stream] = Folds(self._reader.grade, self._joined)
        return self._before(stream, piece) + _given(stream, folds.take(piece))

    def _before(self, stream: bytes, piece: Piece) -> list[Unwrapped]:
        """Return the waiting lines of other owners, if one of the two is unnamed: they may be one
        trace, whose records must stay in order."""
        found: list[Unwrapped] = []
        if piece.grade >= Grade.OPEN and len(self._folds) > 1:
            for name, folds in self._folds.items():
                if name != stream and not (name and stream):
                    found += _given(name, folds.close())
        return found

    def _joined(self, text: bytes) -> tuple[Grade, bytes]:
        """Grade joined pieces, and undo escapes, which may be visible only now."""
        reading = self._reader.weighed(Peeled(text), ())
        if reading.grade < Grade.STRANGE:
            for layer in self._around_folds(text):
                peeled = layer.peel(text)
                found = None if peeled is None else self._reader.weighed(peeled, (layer,))
                if found is not None and found.grade >= Grade.OPEN:
                    if found.chain not in self._beliefs.chains:
                        self._beliefs.chains.append(found.chain)
                    self._removed.read[found.chain] += 1
                    reading = found
                    break
        self._removed.remarks += reading.has_remark
        self._reader.has_record |= reading.grade >= Grade.OPEN
        return reading.grade, reading.peeled.text

    def _around_folds(self, text: bytes) -> Chain:
        """Return the layers that may be around a joined line. Such a line contains a comma, so a
        CSV cell would be quoted; and prose, too, has blanks before parentheses."""
        escapes = ESCAPES
        if not any(SPACED in chain for chain in self._beliefs.chains):
            escapes = tuple(layer for layer in ESCAPES if layer is not SPACED)
        return (*STRUCTURED, *escapes) if b'"' in text else escapes


NOBODY = "without a name"


def named(stream: bytes) -> str:
    """Return the name of a stream of Unwrapped as text."""
    return stream.decode("utf-8", "replace") or NOBODY


def _width(text: bytes) -> int:
    return len(text) if text.isascii() else len(text.decode("utf-8", "replace"))


def _given(stream: bytes, pieces: Sequence[Piece]) -> list[Unwrapped]:
    return [Unwrapped(piece.number, piece.counts, piece.text, stream) for piece in pieces]
