"""The lines of a source as they stand -> lines as strace printed them, with their numbers.

Each line is read as it is, then peeled as the lines before it were, then with every kind of
wrapping in turn and in layers, until the grammar reads it as a record. A kind is believed where it
makes records of lines that are none as they stand; so of an ordinary trace nothing is changed, and
after some records the stage is out of the way (`is_off`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from strace_analyzer.trace.input.wrapping.constant import Constant, likeness, places
from strace_analyzer.trace.input.wrapping.escapes import ESCAPES, JSON
from strace_analyzer.trace.input.wrapping.folds import Folds, Piece
from strace_analyzer.trace.input.wrapping.grade import Grade, Judge
from strace_analyzer.trace.input.wrapping.peeled import Layer, Peeled
from strace_analyzer.trace.input.wrapping.prefixes import MARKS, PREFIXES, QUOTING
from strace_analyzer.trace.input.wrapping.remarks import ends

SAMPLE = 100
"""Records that stand as strace prints them, without a sign of wrapping, after which none is looked
for."""
_FEW = 8
"""So many ordinary records, and one line that looks wrapped is no evidence yet."""
_PATIENCE = 32
"""Lines that wait for one like the first of them."""
_DEEPEST = 4
"""Layers: quoted HTML behind a log's prefix has three."""
_LONGEST = 1 << 16
"""Bytes of a line in which kinds are looked for that are not known yet."""
_AMID = re.compile(rb".+?(?=\[pid +[0-9]|<\.\.\. |--- (?:SIG|stopped)|\+\+\+ )")
_STUB = b"exit(0) = ?"
_KINDS: tuple[Layer, ...] = (JSON, *PREFIXES, *(kind for kind in ESCAPES if kind is not JSON))

Chain = tuple[Layer, ...]
"""Layers from the outside to the inside."""


class Unwrapped(NamedTuple):
    """A line as strace printed it."""

    number: int
    """Of the line in the source on which it begins."""
    counts: int
    """Lines of the source that it stands on."""
    text: bytes
    stream: bytes
    """Whose it is, where the wrapping says so."""


class _Reading(NamedTuple):
    peeled: Peeled
    grade: Grade
    chain: Chain
    has_remark: bool = False


class Unwrapping:
    """Of one source: `feed` each line, `close` at the end."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self.is_off = False
        """What is to come stands as strace printed it: feed nothing more."""
        self._chains: list[Chain] = []
        self._guesses: set[bytes] = set()
        self._evidence: Counter[Chain] = Counter()
        self._ordinary = 0
        self._read: Counter[Chain] = Counter()
        self._depths: dict[str, int] = {}
        self._remarks = 0
        self._folds: dict[bytes, Folds] = {}
        self._begun: dict[bytes, Piece] = {}
        """Lines that go on, as their wrapping says, by stream."""
        self._waiting: list[tuple[int, bytes]] = []
        """Lines that may be wrapped in a kind that only a second one shows."""

    def feed(self, number: int, raw: bytes) -> list[Unwrapped]:
        """Line `number`, without its end and colours -> what is decided by it."""
        reading = self._reading(raw)
        if reading is None or (self._waiting and reading.grade < Grade.STRANGE):
            self._waiting.append((number, raw))
            return [] if len(self._waiting) < _PATIENCE else self._settle()
        found = self._settle() if self._waiting else []
        found += self._take(number, raw, reading)
        if self._ordinary >= SAMPLE and not self._chains and not self._has_folds:
            self.is_off = True
            found += self.close()
        return found

    def close(self) -> list[Unwrapped]:
        """The end of the source."""
        found = self._settle()
        for stream, begun in tuple(self._begun.items()):
            found += self._fold(stream, begun)
        self._begun.clear()
        for stream, folds in self._folds.items():
            found += _given(stream, folds.close())
        return sorted(found)

    @property
    def notes(self) -> list[str]:
        """What was done, in words, the usual first: `"> " quoting, 2 levels`."""
        names: dict[str, None] = {}
        for chain, _ in self._read.most_common():
            for layer in chain:
                depth = self._depths.get(layer.name, 1)
                names[layer.name if depth < 2 else f"{layer.name}, {depth} levels"] = None
        joined = sum(folds.joined for folds in self._folds.values())
        if joined:
            names[_count(joined, "folded record")] = None
        if self._remarks:
            names[f"remarks behind {_count(self._remarks, 'record')}"] = None
        return list(names)

    @property
    def _has_folds(self) -> bool:
        return any(folds.joined for folds in self._folds.values())

    # ------------------------------------------------------------ one line

    def _settle(self) -> list[Unwrapped]:
        """What waited for a second line like it is read as far as it can be."""
        waiting, self._waiting = self._waiting, []
        found = []
        for number, raw in waiting:
            found += self._take(number, raw, self._known(raw))
        return found

    def _take(self, number: int, raw: bytes, reading: _Reading) -> list[Unwrapped]:
        (text, stream, goes_on, depth), grade, chain, has_remark = reading
        self._remarks += has_remark
        if chain:
            if grade >= Grade.BEGUN:
                self._read[chain] += 1
                for layer in chain[:1]:
                    self._depths[layer.name] = max(depth, self._depths.get(layer.name, 1))
        elif grade >= Grade.OPEN:
            self._ordinary += 1
        piece = Piece(number, 1, text, grade, len(raw))
        begun = self._begun.pop(stream, None)
        if begun is not None:
            whole = begun.text + text
            piece = Piece(
                begun.number, number + 1 - begun.number, whole, self._judge(whole), len(raw)
            )
        if goes_on:
            self._begun[stream] = piece
            return []
        return self._fold(stream, piece)

    def _fold(self, stream: bytes, piece: Piece) -> list[Unwrapped]:
        folds = self._folds.get(stream)
        if folds is None:
            folds = self._folds[stream] = Folds(self._judge)
        return _given(stream, folds.take(piece))

    # ------------------------------------------------------------ kinds of wrapping

    def _reading(self, raw: bytes) -> _Reading | None:
        """The best reading of a line; None where a second one like it would tell."""
        known = self._known(raw)
        if known.grade >= Grade.STRANGE or known.peeled.goes_on or not raw:
            return known
        if known.chain or known.grade >= Grade.BEGUN or self._ordinary >= _FEW:
            return known
        return self._guess(raw, known)

    def _known(self, raw: bytes) -> _Reading:
        """The best reading of a line as it stands, as the lines before it, or in a known kind."""
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
            best = best or reading
        plain = self._weighed(Peeled(raw), ())
        if plain.grade >= Grade.STRANGE and self._is_plain(raw):
            return plain
        best = best or plain
        if raw and len(raw) <= _LONGEST:
            found = self._search(raw, 0)
            if found is not None and found.grade > best.grade and self._is_believed(found):
                return found
        return best

    def _weighed(self, peeled: Peeled, chain: Chain) -> _Reading:
        """What `peeled` is worth, without the remark that may stand behind it."""
        text = peeled.text
        grade = self._judge(text)
        if Grade.FOREIGN < grade < Grade.STRANGE:
            for end in ends(text):
                if self._judge(text[:end]) is Grade.WHOLE:
                    return _Reading(peeled._replace(text=text[:end]), Grade.WHOLE, chain, True)
        return _Reading(peeled, grade, chain)

    def _is_believed(self, found: _Reading) -> bool:
        self._evidence[found.chain] += 1
        is_log = any(layer.is_around and layer not in (QUOTING, MARKS) for layer in found.chain)
        if is_log and self._ordinary >= _FEW and self._evidence[found.chain] < 2:
            return False
        self._chains.insert(0, found.chain)
        return True

    def _is_plain(self, text: bytes) -> bool:
        """What stands before the record is what strace prints there: not the words of a log, which
        the grammar takes for the traced program's output."""
        amid = _AMID.match(text)
        return amid is None or self._judge(amid[0] + _STUB) >= Grade.OPEN

    def _search(self, text: bytes, depth: int) -> _Reading | None:
        """The layers that make a record of `text`, or at least the beginning of one."""
        best: _Reading | None = None
        for layer in _KINDS:
            peeled = layer.peel(text)
            if peeled is None:
                continue
            found = self._weighed(peeled, (layer,))
            if found.grade < Grade.STRANGE and depth < _DEEPEST:
                deeper = self._search(peeled.text, depth + 1)
                if deeper is not None and deeper.grade > found.grade:
                    found = _within(layer, peeled, deeper)
            if found.grade >= Grade.OPEN:
                return found
            if found.grade >= Grade.BEGUN and (best is None or found.grade > best.grade):
                best = found
        return best

    def _guess(self, raw: bytes, known: _Reading) -> _Reading | None:
        """A prefix of no known kind, if a line before this one had one like it; None if none had
        yet."""
        for place in places(raw):
            if self._judge(raw[place:]) >= Grade.OPEN:
                like = likeness(raw[:place])
                if like not in self._guesses:
                    self._guesses.add(like)
                    return None
                chain: Chain = (Constant(raw[:place]),)
                self._chains.insert(0, chain)
                return _Reading(Peeled(raw[place:]), Grade.WHOLE, chain)
        return known


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + "s" * (number != 1)


def _given(stream: bytes, pieces: Sequence[Piece]) -> list[Unwrapped]:
    return [Unwrapped(piece.number, piece.counts, piece.text, stream) for piece in pieces]


def _peeled(chain: Chain, text: bytes) -> Peeled | None:
    """`text` without the layers of `chain`; None where it has not those that stand around all."""
    stream, goes_on, depth, has_any = b"", False, 1, False
    for layer in chain:
        peeled = layer.peel(text)
        if peeled is None:
            if layer.is_around:
                return Peeled(b"") if has_any and not text.strip() else None
            continue
        has_any = True
        text = peeled.text
        stream = (
            stream + b" " + peeled.stream if stream and peeled.stream else stream or peeled.stream
        )
        goes_on = goes_on or peeled.goes_on
        depth = max(depth, peeled.depth)
    return Peeled(text, stream, goes_on, depth) if has_any else None


def _within(layer: Layer, outer: Peeled, inner: _Reading) -> _Reading:
    peeled = Peeled(
        inner.peeled.text,
        b" ".join(filter(None, (outer.stream, inner.peeled.stream))),
        outer.goes_on or inner.peeled.goes_on,
        max(outer.depth, inner.peeled.depth),
    )
    return _Reading(peeled, inner.grade, (layer, *inner.chain), inner.has_remark)
