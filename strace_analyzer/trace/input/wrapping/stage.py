"""Unwrap the lines of a source: return them as strace printed them, with their line numbers.

Each line is tried unchanged, then unwrapped like the lines before it, then with every kind of
wrapping alone and in layers, until the grammar accepts it as a record. A kind is believed if it
makes records of lines that are none as they stand, so an ordinary trace is never changed, and after
some records the stage switches itself off (`is_off`).

It is long because what was seen of a source so far decides how each of its lines is read.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Sequence
from typing import NamedTuple

from strace_analyzer.trace.input.gaps import Gap, Gaps
from strace_analyzer.trace.input.wrapping.constant import Constant, likeness, places, wrapped_places
from strace_analyzer.trace.input.wrapping.escapes import (
    ESCAPES,
    HTML,
    OCTAL,
    QUOTED_PRINTABLE,
    SHOWN_FOLDS,
    SPACED,
)
from strace_analyzer.trace.input.wrapping.folds import Folds, Piece
from strace_analyzer.trace.input.wrapping.grade import Grade, Judge
from strace_analyzer.trace.input.wrapping.joins import joins, without_mark
from strace_analyzer.trace.input.wrapping.peeled import Layer, Peeled
from strace_analyzer.trace.input.wrapping.prefixes import (
    BLANKS,
    MARKS,
    NUMBERS,
    PREFIXES,
    QUOTING,
    line_numbers,
)
from strace_analyzer.trace.input.wrapping.remarks import ends
from strace_analyzer.trace.input.wrapping.rows import Line, Rows
from strace_analyzer.trace.input.wrapping.structured import (
    CSV,
    JSON,
    JSON_STRING,
    LOGFMT,
    STRUCTURED,
    strings,
)

SAMPLE = 100
"""After this many records as strace prints them, without a sign of wrapping, none is looked for."""
_AGAIN = 8
"""The same after a line that was not understood, which follows SAMPLE ordinary ones."""
_OFTEN = 200
"""After this many such lines, they count as output of the traced program."""
_FEW = 8
"""Up to this many ordinary records, and for one line that looks wrapped, there is no evidence
yet."""
_PATIENCE = 32
"""Most lines that wait for another like the first of them."""
_WIDEST = 12
"""Most ways to unwrap a line that are pursued."""
_DEEPEST = 4
"""Most layers: quoted HTML behind a log prefix has three."""
_LONGEST = 1 << 16
"""Bytes of a line that are searched for kinds of wrapping not known yet."""
_AMID = re.compile(
    rb".+?(?=\[pid +[0-9]|<\.\.\. |--- (?:SIG|stopped)|\+\+\+ )"
    rb"|(?:[^(\"]|(?<![A-Za-z0-9_])\()*?[^(\"a-z0-9_?](?=[a-z_?][a-z0-9_?]*\()"
)
"""What precedes a mark of strace's, or the name of a call."""
_STUB = b"exit(0) = ?"
_SHOWN = (b"$", b"\\")
_GOES_ON = (b"=", b"\\")
"""What quoted-printable and sed write where they fold a line."""
_HUNK = re.compile(
    rb"@@ -([0-9]+)(?:,[0-9]+)? \+([0-9]+)(?:,[0-9]+)? @@"
    rb"|[0-9]+(?:,[0-9]+)?[acd][0-9]+(?:,[0-9]+)?\Z"
)
"""The line above a part of a diff."""
_SIGNS = (b"+", b"-", b"<", b">")
_IS_TEXT = re.compile(rb">(?:\Z|[^\s>A-Za-z0-9_/\"\[{(-]| (?:<|\(|=|[A-Z]|->))")
"""The end of `<...>`, before which a line may have been folded: not a quote mark."""
_OF_A_CALL = re.compile(
    rb"\b(?:hton[sl]|inet_(?:addr|pton)|makedev)\(|\b(?:sa_family|s(?:in6?|s|un|ll|nl)_[a-z_]+)="
    rb"|\b(?:AF|PF|SOCK|IPPROTO|SOL|SO|MSG)_[A-Z]"
)
"""What strace prints inside the parentheses of a call, and no log before one."""
_BREAK = re.compile(rb"<br ?/?>", re.IGNORECASE)
_LINE_FEED = b"#012"
"""As OCTAL escapes it."""
_FENCE = re.compile(
    rb"[ \t]*(?:(?:`{3,}|~{3,})[ \t]*[A-Za-z0-9_.+-]*"
    rb"|\{(?:code|noformat)[^{}]*\}|\[/?code[^\[\]]*\])"
)
_SECONDS = re.compile(rb"( *[0-9]+)([.,][0-9]+)? ")
_COLUMNS = 6
_KINDS: tuple[Layer, ...] = (*STRUCTURED, *PREFIXES, *ESCAPES)

_HOPEFUL = re.compile(
    rb"[a-z0-9_?](?:[ \t\\]?\(|\xef\xbc\x88)|resumed|\+\+\+ |--- |[=<]3[dD]|&#|\.\.\."
)
"""A line without any of these contains no record, however it is wrapped."""
_BEGINNING = 200
"""Bytes of a record that are kept to learn what may precede one."""
_VAIN = 500
"""After this many hopeful lines without a record, no wrapping is looked for any more."""
_FRAMES = 4_000
"""After this many texts that the grammar rejected, the same."""
_NUMBER = re.compile(rb" *([0-9]{1,9})[ \t]")
_HAS_PID = re.compile(rb" *(?:\[pid +)?[0-9]{1,7}[\] ]")
_IS_UNFINISHED = re.compile(rb"<unfinished \.\.\.>$")
_FIRST_NUMBER = re.compile(rb"[ \t]*[Ll]?([0-9]{1,18})(?![0-9])")
_WHOLE, _PART, _BELIEVED = 2, 1, 3
"""Weights of a record, or its beginning, after a prefix; and the total needed to believe the
prefix."""
_NUMBERED_FROM_ONE = 3
_PIECES = 40
"""Most lines and pieces of lines searched for that many numbers."""
_NUMBERED = 8
"""Consecutive numbered lines needed if the source ends there, and if the numbers are not those of
the lines in the source."""
_ALL_NUMBERED = 4096
"""The same if more lines follow."""

Chain = tuple[Layer, ...]
"""Layers from the outermost to the innermost."""


class Unwrapped(NamedTuple):
    """A line as strace printed it."""

    number: int
    """The line of the source on which it begins."""
    counts: int
    """The number of lines of the source that it spans."""
    text: bytes
    stream: bytes
    """Its owner, if the wrapping names one."""


class _Reading(NamedTuple):
    peeled: Peeled
    grade: Grade
    chain: Chain
    has_remark: bool = False
    is_plain: bool = True
    """Nothing precedes the record that strace does not print there."""
    other: bytes = b""
    """The text, if its first mark is not quoting."""


class Unwrapping:
    """Unwraps one source: `feed` each line, `close` at the end."""

    def __init__(self, judge: Judge) -> None:
        self._ask = judge
        self._frames = 0
        """Texts that the grammar was asked about."""
        self._has_record = False
        self.is_off = False
        """All further lines are as strace printed them: feed no more."""
        self._is_hunk = False
        """The source begins like a diff of two texts, with parts of both."""
        self.is_diff = False
        """it is a diff of two traces"""
        self._sample = SAMPLE
        self._tries = 0
        """How often the search for a wrapping was resumed."""
        self._chains: list[Chain] = []
        self._guesses = Counter[bytes]()
        """Evidence for prefixes that no known tool prints."""
        self._evidence: Counter[Chain] = Counter()
        self._usual = deque[bytes](maxlen=SAMPLE)
        """Beginnings of the last records that were as strace prints them."""
        self._ordinary = 0
        self._behind_words = 0
        """Records preceded by text that may be output of the traced program."""
        self._read: Counter[Chain] = Counter()
        self._depths: dict[str, int] = {}
        self._streams: dict[bytes, None] = {}
        self._lines = Counter[bytes]()
        """Number of lines on which a record begins, by the owner that the wrapping names."""
        self._last = b""
        """The owner of the last line."""
        self._split: dict[str, None] = {}
        """Kinds of wrapping in which several records were on one line."""
        self._fences = 0
        """Lines that begin or end code in Markdown and wikis."""
        self._indented = 0
        """Records after blanks from which nothing else was removed."""
        self._is_amid = False
        """A wrapped record has begun and not ended: what follows is its rest, and not a new kind of
        wrapping."""
        self._above = b""
        """The lines above, if a record as strace prints it has begun there and not ended."""
        self._widths = set[int]()
        """Widths of lines that do not end as `sed -n l` ends them."""
        self._nobodys = 0
        """Records for which no wrapping names an owner."""
        self._vain = 0
        self._level = 1
        """Quote level of the last record; the rest of a folded one is on the same level."""
        self._levels = Counter[int]()
        """Quote levels of the records so far."""
        self._remarks = 0
        self._quotes = Counter[bool]()
        """Records with quotes, by whether they were escaped as HTML."""
        self._folds: dict[bytes, Folds] = {}
        self._begun: dict[bytes, Piece] = {}
        """Lines that continue, according to their wrapping, by owner."""
        self._rows = Rows(self._in_row)
        self._is_sought = True
        """Line numbers are being looked for: so far, all first lines have them."""
        self._held: list[Line] = []
        """The first lines, held back meanwhile."""
        self._counted: list[re.Match[bytes]] = []
        """Their numbers, each one more than the last."""
        self._numbering: Chain = ()
        """The layer of line numbers, if there is one; more layers may be inside it."""
        self._last_number = 0
        self._gaps = Gaps()
        self._waiting: list[Line] = []
        """Lines that may be wrapped in a kind that only a second line can confirm."""

    def feed(self, number: int, raw: bytes) -> list[Unwrapped]:
        """Take line `number`, without its end and colours; return the lines that are decided by
        it."""
        return self._fed(self._rows.take(Line(number, 1, raw)))

    def _fed(self, lines: Sequence[Line]) -> list[Unwrapped]:
        """Take these lines, none of which is the rest of a row; return what is decided."""
        return [found for line in lines for found in self._line(line)]

    def _line(self, line: Line) -> list[Unwrapped]:
        raw = line.text
        if parts := self._parts(raw):
            found = self._line(line._replace(text=parts[0]))
            for part in parts[1:]:
                found += self._line(Line(line.number, 0, part))
            return found
        self._fences += _FENCE.fullmatch(raw) is not None
        if not self._ordinary and (hunk := _HUNK.match(raw)) is not None:
            self._is_hunk |= b"0" not in (hunk[1], hunk[2])
        elif self._is_hunk and raw[:1] in _SIGNS and self._judge(raw[1:].lstrip()) >= Grade.OPEN:
            self.is_diff = True
        if self._is_sought:
            return self._numbered(line)
        reading = self._reading(raw)
        if reading is None or (self._waiting and reading.grade < Grade.STRANGE):
            self._waiting.append(line)
            return [] if len(self._waiting) < _PATIENCE else self._settle()
        found = self._settle() if self._waiting else []
        found += self._take(line, reading)
        is_known = self._ordinary >= self._sample or self._vain >= _VAIN
        is_usual = is_known and not self._is_hunk and not self.has_found
        if is_usual or self._in_vain >= _FRAMES:
            self.is_off = True
            found += self.close()
        return found

    def again(self) -> bool:
        """Return whether to feed a line that was not understood, and those after it, although the
        stage was off: a wrapping may begin here."""
        if self._tries >= _OFTEN or self._vain >= _VAIN or self._in_vain >= 2 * _FRAMES:
            return False
        self._tries += 1
        self._ordinary, self._sample = 0, _AGAIN
        self._evidence.clear()
        self.is_off = False
        return True

    def close(self) -> list[Unwrapped]:
        """End the source; return what was waiting."""
        found = self._fed(self._rows.close())
        found += self._with_numbers() if self._are_numbers else self._unnumbered()
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
        names: dict[str, None] = {}
        for chain, _ in self._read.most_common():
            for layer in filter(lambda layer: layer.name, chain):
                depth = self._depths.get(layer.name, 1)
                names[layer.name if depth < 2 else f"{layer.name}, {depth} levels"] = None
        names |= self._split
        if CSV in names:
            names.pop(JSON_STRING.name, None)  # cells without quotes parse like strings
        if self._fences and self._has_record:
            names["code fences"] = None
        if self._indented:
            names[BLANKS.name] = None
        joined = self._rows.joined + sum(folds.joined for folds in self._folds.values())
        if joined:
            names[_count(joined, "folded record")] = None
        if self._remarks:
            names[f"remarks behind {_count(self._remarks, 'record')}"] = None
        return list(names)

    @property
    def unescaped(self) -> int:
        """Records with plain quotes, if others have them escaped as HTML: they were written by
        something else, and what was between is unknown."""
        return self._quotes[False] if self._quotes[True] else 0

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """Where the line numbers before the lines jump."""
        return self._gaps.found

    @property
    def folded_results(self) -> int:
        """Records for which it is unknown whether the rest of their result is on the next line."""
        return sum(folds.doubted for folds in self._folds.values())

    @property
    def has_found(self) -> bool:
        """Whether lines were wrapped or folded, so that later ones may be too."""
        return bool(self._chains) or any(folds.joined for folds in self._folds.values())

    @property
    def _is_level(self) -> bool:
        """Whether all records had the same quote level."""
        return len(self._levels) == 1 and self._levels.total() > 1

    # ------------------------------------------------------------ one line

    def _parts(self, raw: bytes) -> list[bytes]:
        """Return the records on one line that were separate lines: between `<br>` or escaped line
        feeds, or in the strings of one JSON document. [] if it is one line."""
        if _BREAK.search(raw) is not None:
            kind, lists = HTML.name, [_BREAK.split(raw)]
        elif _LINE_FEED in raw:
            kind, lists = OCTAL.name, [raw.split(_LINE_FEED)]
        elif raw.startswith((b'"', b"{", b"[")) and b")" in raw:
            kind, lists = JSON.name, strings(raw)
        else:
            return []
        for texts in lists if self._judge(raw) < Grade.STRANGE else ():
            parts = [text for text in texts if text.strip()]
            plain = (HTML.peel(part) or Peeled(part) for part in parts[:_PATIENCE])
            if sum(self._judge(text.text) >= Grade.OPEN for text in plain) > 1:
                self._split[kind] = None
                return parts
        return []

    def _in_row(self, text: bytes) -> bytes | None:
        """Return the record in a line of JSON, CSV or logfmt; None if it contains none."""
        peeled = (layer.peel(text) for layer in STRUCTURED)
        texts = (one.text for one in peeled if one is not None)
        return next((text for text in texts if self._judge(text) >= Grade.OPEN), None)

    def is_record(self, line: Unwrapped) -> bool:
        """Whether this returned line is a record of strace."""
        return self._judge(line.text) >= Grade.OPEN

    def _judge(self, text: bytes) -> Grade:
        self._frames += 1
        return self._ask(text)

    @property
    def _in_vain(self) -> int:
        """Texts that the grammar was asked about before the first record."""
        return 0 if self._has_record else self._frames

    def _numbered(self, line: Line) -> list[Unwrapped]:
        """Handle the first lines: a column of line numbers looks like one of pids. If the first is
        the actual number of its line, a few are enough, and pieces of folded lines may be in
        between. Otherwise they must all be consecutive, which pids are not for long: tasks take
        turns again."""
        match = _NUMBER.match(line.text)
        held, counted = self._held, self._counted
        if match is not None and (not counted or int(match[1]) == int(counted[-1][1]) + 1):
            held.append(line)
            counted.append(match)
            enough = _NUMBERED_FROM_ONE if self._is_own else _ALL_NUMBERED
            return [] if len(counted) < enough else self._with_numbers()
        is_piece = self._is_own and len(held) < _PIECES and self._judge(line.text) < Grade.BEGUN
        if is_piece:
            held.append(line)
            return []
        return self._unnumbered() + self._line(line)

    @property
    def _is_own(self) -> bool:
        """Whether the first number is that of its line."""
        return self._held != [] and int(self._counted[0][1]) == self._held[0].number

    @property
    def _are_numbers(self) -> bool:
        """Whether, at the end of the source, the consecutive numbers are line numbers. They may be
        pids: of tasks that strace was attached to, each may have one line, for a call that it is
        inside."""
        if not self._is_sought or len(self._counted) < _NUMBERED:
            return False
        rest = [match.string[match.end() :] for match in self._counted]
        return all(map(_HAS_PID.match, rest)) or not any(map(_IS_UNFINISHED.search, rest[:-1]))

    def _with_numbers(self) -> list[Unwrapped]:
        self._numbering = (line_numbers(one.string for one in self._counted),)
        self._chains.append(self._numbering)
        return self._unnumbered()

    def _is_numbering(self, layer: Layer) -> bool:
        return layer in self._numbering or layer in NUMBERS

    def _is_in_order(self, raw: bytes, grade: Grade) -> bool:
        """Whether the number before a line follows that of the last line, or is followed by a
        record; else it is part of a folded line."""
        match = _FIRST_NUMBER.match(raw)
        if match is None or (
            grade < Grade.BEGUN and self._last_number not in (0, int(match[1]) - 1)
        ):
            return False
        self._last_number = int(match[1])
        return True

    def _number_before(self, line: Line, chain: Chain) -> None:
        """Note the number before this line, if line numbers are among its layers."""
        for index, layer in enumerate(chain):
            if self._is_numbering(layer):
                outside = _peeled(chain[:index], line.text) if index else Peeled(line.text)
                match = None if outside is None else _FIRST_NUMBER.match(outside.text)
                if match is not None:
                    self._gaps.feed(line.number, int(match[1]))
                return

    def _unnumbered(self) -> list[Unwrapped]:
        self._is_sought = False
        held, self._held = self._held, []
        return self._fed(held)

    def _settle(self) -> list[Unwrapped]:
        """Read the lines that were waiting for another like them, as far as possible."""
        waiting, self._waiting = self._waiting, []
        found = []
        for line in waiting:
            found += self._take(line, self._known(line.text))
        return found

    def _take(self, line: Line, reading: _Reading) -> list[Unwrapped]:
        raw = line.text
        (text, stream, goes_on, depth), grade, chain, has_remark, _, other = reading
        if len(chain) == 1 and self._is_numbering(chain[0]) and not self._is_in_order(raw, grade):
            text, other, chain = raw, text, ()
        self._number_before(line, chain)
        if self._last and grade < Grade.OPEN:  # it may be the rest of a line folded with its prefix
            if not stream:
                stream = self._last
            elif grade < Grade.BEGUN and not self._lines[stream]:
                text, stream, other, chain = raw, self._last, text, ()
        self._last = stream
        self._has_record |= grade >= Grade.OPEN
        self._nobodys += not stream and grade >= Grade.STRANGE
        self._remarks += has_remark
        if grade >= Grade.STRANGE and b'"' in text:
            self._quotes[HTML in chain and b'"' not in raw] += 1
        if grade >= Grade.BEGUN:
            self._is_amid = chain != () and grade is Grade.BEGUN
            self._above = raw if not chain and grade is Grade.BEGUN else b""
        elif self._above:
            self._above = self._above + raw if len(self._above) < _LONGEST else b""
        if chain:
            if grade >= Grade.BEGUN:
                self._lines[stream] += 1
                self._read[chain] += 1
                self._level = depth
                self._levels[depth] += 1
                if stream and grade >= Grade.STRANGE:
                    self._streams[stream] = None
                for layer in chain[:1]:
                    self._depths[layer.name] = max(depth, self._depths.get(layer.name, 1))
        elif grade >= Grade.STRANGE:
            self._indented += raw[:1].isspace() and _is_indented(raw)
            self._ordinary += reading.is_plain
            if reading.is_plain:
                self._usual.append(raw[:_BEGINNING])
            self._behind_words += not reading.is_plain
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
                begun.number, begun.counts + line.counts, whole, self._judge(whole), widths
            )
        if goes_on:
            self._begun[stream] = piece
            return []
        return self._fold(stream, piece)

    def _fold(self, stream: bytes, piece: Piece) -> list[Unwrapped]:
        folds = self._folds.get(stream)
        if folds is None:
            folds = self._folds[stream] = Folds(self._judge, self._joined)
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
        reading = self._weighed(Peeled(text), ())
        if reading.grade < Grade.STRANGE:
            for layer in self._around_folds(text):
                peeled = layer.peel(text)
                found = None if peeled is None else self._weighed(peeled, (layer,))
                if found is not None and found.grade >= Grade.OPEN:
                    if found.chain not in self._chains:
                        self._chains.append(found.chain)
                    self._read[found.chain] += 1
                    reading = found
                    break
        self._remarks += reading.has_remark
        self._has_record |= reading.grade >= Grade.OPEN
        return reading.grade, reading.peeled.text

    def _around_folds(self, text: bytes) -> Chain:
        """Return the layers that may be around a joined line. Such a line contains a comma, so a
        CSV cell would be quoted; and prose, too, has blanks before parentheses."""
        escapes = ESCAPES
        if not any(SPACED in chain for chain in self._chains):
            escapes = tuple(layer for layer in ESCAPES if layer is not SPACED)
        return (*STRUCTURED, *escapes) if b'"' in text else escapes

    # ------------------------------------------------------------ kinds of wrapping

    def _reading(self, raw: bytes) -> _Reading | None:
        """Return the best reading of a line; None if another line like it is needed to decide."""
        known = self._known(raw)
        is_doubtful = known.grade is Grade.STRANGE or not known.is_plain
        if known.grade >= Grade.STRANGE and is_doubtful and not (self._ordinary or known.chain):
            return self._guess(raw, known)
        if known.grade >= Grade.STRANGE or known.peeled.goes_on or not raw:
            return known
        is_numbered = known.chain != () and known.chain == self._numbering
        if (known.chain and not is_numbered) or self._is_begun(known) or self._is_amid:
            return known
        if self._ordinary >= _FEW:
            return known
        layers = () if known.chain else (JSON, JSON_STRING)
        peeled = ((layer, layer.peel(raw)) for layer in layers)
        layer, member = next((one for one in peeled if one[1] is not None), (JSON, None))
        if member is None:
            return self._guess(known.peeled.text, known)
        inside = _Reading(member, Grade.FOREIGN, (layer,))
        guessed = self._guess(member.text, inside)
        return known if guessed is inside else guessed

    def _is_begun(self, reading: _Reading) -> bool:
        """Whether a record begins there, and not just a word before a parenthesis."""
        return reading.grade >= Grade.BEGUN and self._names_a_call(reading.peeled.text)

    def _names_a_call(self, text: bytes) -> bool:
        """Whether a call precedes the first parenthesis, and not a word like `inet_pton`."""
        name, parenthesis, _ = text.partition(b"(")
        return self._judge(name + parenthesis) >= Grade.BEGUN

    def _completes_the_above(self, raw: bytes) -> bool:
        """Whether a line is the rest of the record that the lines above begin."""
        return self._above != b"" and any(
            self._judge(text) >= Grade.OPEN for text in joins(self._above, raw)
        )

    def _known(self, raw: bytes) -> _Reading:
        """Return the best reading of a line unchanged, like the lines before it, or in a known
        kind."""
        best: _Reading | None = None
        for index, chain in enumerate(self._chains):
            peeled = _peeled(chain, raw)
            if peeled is None:
                continue
            reading = self._weighed(peeled, chain)
            if reading.grade >= Grade.STRANGE or peeled.goes_on:
                if index:
                    self._chains.insert(0, self._chains.pop(index))
                return reading
            if QUOTING in chain and peeled.depth > 1:
                reading = self._at_its_level(raw, reading)
            best = best or reading
        plain = self._weighed(Peeled(raw), ())
        is_whole = plain.grade >= Grade.STRANGE
        if is_whole and self._is_plain(raw):
            return plain
        best = best or plain._replace(is_plain=not is_whole)
        if len(raw) <= _LONGEST and _HOPEFUL.search(raw) is not None:
            found = self._search(raw)
            if best.chain and (found is None or found.grade < Grade.STRANGE):
                found = self._search_inside(best) or found
            self._vain += found is None
            known = Grade.BEGUN if is_whole else best.grade
            if (
                found is not None
                and (found.grade > known or self._is_of_an_object(found, raw, known))
                and self._is_believed(found, raw, best.chain)
            ):
                return found
        if not raw.endswith(_SHOWN):
            self._widths.add(len(raw))
        return best

    def _at_its_level(self, raw: bytes, reading: _Reading) -> _Reading:
        """Choose the quote level of a line with several marks: some may be its text, especially if
        there are more than on the record before it."""
        depth = reading.peeled.depth
        if self._is_level and depth <= self._level:
            return reading
        capped = _peeled(reading.chain, raw, min(self._level, depth - 1))
        if capped is None or self._judge(capped.text) < reading.grade:
            return reading
        if depth > self._level and (self._is_level or _IS_TEXT.match(capped.text)):
            other = b"" if self._is_level else reading.peeled.text
            return _Reading(capped, self._judge(capped.text), reading.chain, other=other)
        return reading._replace(other=capped.text)

    def _weighed(self, peeled: Peeled, chain: Chain) -> _Reading:
        """Grade `peeled` without a remark that may follow it."""
        text = peeled.text
        grade = self._judge(text)
        if Grade.FOREIGN < grade < Grade.STRANGE:
            for end in ends(text):
                if self._judge(text[:end]) is Grade.WHOLE and self._is_plain(text[:end]):
                    return _Reading(peeled._replace(text=text[:end]), Grade.WHOLE, chain, True)
        if chain and grade >= Grade.STRANGE and not self._is_plain(text):
            grade = Grade.SUSPECT
        return _Reading(peeled, grade, chain)

    def _is_believed(self, found: _Reading, raw: bytes, known: Chain) -> bool:
        """Whether `found` is no coincidence; layers that are in `known` never are."""
        if SPACED in found.chain and found.grade < Grade.OPEN:  # prose: `some word (x) = y`
            return False
        if SHOWN_FOLDS in found.chain and raw.endswith(b"\\") and len(raw) in self._widths:
            return False
        self._evidence[found.chain] += 1
        sure = (QUOTING, MARKS, *known)
        is_log = any(layer.is_around and layer not in sure for layer in found.chain)
        if is_log and self._evidence[found.chain] <= (
            self._ordinary + self._behind_words + self._read.total()
        ):
            return False
        self._chains.insert(0, found.chain)
        return True

    def _is_of_an_object(self, found: _Reading, raw: bytes, known: Grade) -> bool:
        """Whether a record begins in a string of a whole object, and not behind output of the
        traced program, which the object looks like to the grammar."""
        is_object = found.chain[0] in (JSON, JSON_STRING, LOGFMT)
        return is_object and found.grade is known is Grade.BEGUN and not self._is_plain(raw)

    def _is_plain(self, text: bytes) -> bool:
        """Whether strace itself prints what precedes the record. The words of a log do not
        count, although the grammar takes them for output of the traced program, or for a
        security context."""
        if HTML.is_sure(text) or (text.startswith(b"[") and b"/" in text[: text.find(b"] ")]):
            return False
        amid = _AMID.match(text)
        return amid is None or self._judge(amid[0] + _STUB) >= Grade.OPEN

    def _search_inside(self, reading: _Reading) -> _Reading | None:
        """Look for more layers, if the known ones leave no record."""
        found = self._search(reading.peeled.text)
        return found and found._replace(
            peeled=_around(reading.peeled, found.peeled), chain=reading.chain + found.chain
        )

    def _search(self, text: bytes) -> _Reading | None:
        """Return the layers that make `text` a record, or at least the beginning of one: as few as
        possible, and of these the ones that leave the most text."""
        best: _Reading | None = None
        outer = [_Reading(Peeled(text), Grade.FOREIGN, ())]
        if (indented := BLANKS.peel(text)) is not None:
            outer.append(_Reading(indented, Grade.FOREIGN, (BLANKS,)))
        for _ in range(_DEEPEST):
            inner = [
                self._weighed(_around(reading.peeled, peeled), (*reading.chain, layer))
                for reading in outer
                for layer in _KINDS
                if (peeled := layer.peel(reading.peeled.text)) is not None
                and _HOPEFUL.search(peeled.text) is not None
            ]
            if not inner:
                break
            found = max(inner, key=_worth)
            if best is None or found.grade > best.grade:
                best = found
            if best.grade >= Grade.OPEN:
                break
            outer = sorted(inner, key=_worth, reverse=True)[:_WIDEST]
        return best if best is not None and best.grade >= Grade.BEGUN else None

    def _guess(self, raw: bytes, known: _Reading) -> _Reading | None:
        """Read a line, perhaps after its number, by a prefix of no known kind, if an earlier line
        had one like it; None if none had yet."""
        if self._completes_the_above(raw):
            return known
        folded = 0
        for place in places(raw):
            grade = self._judge(raw[place:])
            if not self._is_plain(raw[place:]):
                continue
            if grade is Grade.BEGUN and not self._ordinary and self._names_a_call(raw[place:]):
                folded = folded or place
            if grade >= Grade.OPEN:
                return self._guessed(raw, place, _Reading(Peeled(raw[place:]), grade, ()), known)
        for place in wrapped_places(raw) if _HOPEFUL.search(raw) else ():
            found = self._search(raw[place:])
            if found is not None and found.grade >= Grade.STRANGE:
                return self._guessed(raw, place, found, known)
        if folded:
            text = Peeled(raw[folded:])
            return self._guessed(raw, folded, _Reading(text, Grade.BEGUN, ()), known)
        return known

    def _guessed(
        self, raw: bytes, place: int, inside: _Reading, known: _Reading
    ) -> _Reading | None:
        """Return the reading of `raw` in which `inside` begins at offset `place`."""
        if raw[:place].isspace() or _OF_A_CALL.search(raw[:place]) is not None:
            return known
        like = likeness(raw[:place])
        self._guesses[like] += _WHOLE if inside.grade > Grade.BEGUN else _PART
        if self._guesses[like] < _BELIEVED:
            return None
        constant = Constant(raw[:place])
        if self._tries and any(map(constant.peel, self._usual)):
            return known  # what strace itself prints there, damaged
        chain = (*known.chain, constant, *inside.chain)
        self._chains.insert(0, chain)
        return inside._replace(chain=chain)


NOBODY = "without a name"


def named(stream: bytes) -> str:
    """Return the name of a stream of Unwrapped as text."""
    return stream.decode("utf-8", "replace") or NOBODY


def _is_indented(text: bytes) -> bool:
    """Whether the blanks are more than those that -r prints before seconds, which take six columns
    or more (`%6ld`)."""
    seconds = _SECONDS.match(text)
    return seconds is None or not (seconds[2] or len(seconds[1]) == _COLUMNS)


def _width(text: bytes) -> int:
    return len(text) if text.isascii() else len(text.decode("utf-8", "replace"))


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + "s" * (number != 1)


def _given(stream: bytes, pieces: Sequence[Piece]) -> list[Unwrapped]:
    return [Unwrapped(piece.number, piece.counts, piece.text, stream) for piece in pieces]


def _peeled(chain: Chain, text: bytes, most: int = 99) -> Peeled | None:
    """Return `text` without the layers of `chain`, of quoting at most `most` levels; None if a
    layer that must be on every line is missing."""
    found, has_any = Peeled(text), False
    for layer in chain:
        peeled = QUOTING.peel(found.text, most) if layer is QUOTING else layer.peel(found.text)
        if peeled is not None:
            found, has_any = _around(found, peeled), True
        elif layer.is_around:
            return Peeled(b"") if has_any and not found.text.strip() else None
    return found if has_any else None


def _around(outer: Peeled, inner: Peeled) -> Peeled:
    return Peeled(
        inner.text,
        b" ".join(filter(None, (outer.stream, inner.stream))),
        outer.goes_on or inner.goes_on,
        max(outer.depth, inner.depth),
    )


def _worth(reading: _Reading) -> tuple[Grade, bool, int]:
    return reading.grade, not reading.has_remark, len(reading.peeled.text)
