"""How one line is read: its text without some layers, and how far that is a record."""

from __future__ import annotations

import re
from typing import NamedTuple

from strace_analyzer.trace.input.wrapping.escapes import HTML
from strace_analyzer.trace.input.wrapping.grade import Grade, Judge
from strace_analyzer.trace.input.wrapping.peeled import Layer, Peeled
from strace_analyzer.trace.input.wrapping.prefixes import QUOTING
from strace_analyzer.trace.input.wrapping.remarks import ends

Chain = tuple[Layer, ...]
"""Layers from the outermost to the innermost."""
_AMID = re.compile(
    rb".+?(?=\[pid +[0-9]|<\.\.\. |--- (?:SIG|stopped)|\+\+\+ )"
    rb"|(?:[^(\"]|(?<![A-Za-z0-9_])\()*?[^(\"a-z0-9_?](?=[a-z_?][a-z0-9_?]*\()"
)
"""What precedes a mark of strace's, or the name of a call."""
_STUB = b"exit(0) = ?"


class Reading(NamedTuple):
    """A line without the layers of a chain."""

    peeled: Peeled
    grade: Grade
    chain: Chain
    has_remark: bool = False
    is_plain: bool = True
    """Nothing precedes the record that strace does not print there."""
    other: bytes = b""
    """The text, if its first mark is not quoting."""


class GrammarReader:
    """Reads the lines of one source by the grammar, and counts how often it was asked."""

    def __init__(self, judge: Judge) -> None:
        self._ask = judge
        self._texts = 0
        """Texts that the grammar was asked about."""
        self.has_record = False

    def grade(self, text: bytes) -> Grade:
        """Grade a text."""
        self._texts += 1
        return self._ask(text)

    @property
    def in_vain(self) -> int:
        """Texts that the grammar was asked about before the first record."""
        return 0 if self.has_record else self._texts

    def names_a_call(self, text: bytes) -> bool:
        """Whether a call precedes the first parenthesis, and not a word like `inet_pton`."""
        name, parenthesis, _ = text.partition(b"(")
        return self.grade(name + parenthesis) >= Grade.BEGUN

    def is_begun(self, reading: Reading) -> bool:
        """Whether a record begins there, and not just a word before a parenthesis."""
        return reading.grade >= Grade.BEGUN and self.names_a_call(reading.peeled.text)

    def weighed(self, peeled: Peeled, chain: Chain) -> Reading:
        """Grade `peeled` without a remark that may follow it."""
        text = peeled.text
        grade = self.grade(text)
        if Grade.FOREIGN < grade < Grade.STRANGE:
            for end in ends(text):
                if self.grade(text[:end]) is Grade.WHOLE and self.is_plain(text[:end]):
                    return Reading(peeled._replace(text=text[:end]), Grade.WHOLE, chain, True)
        if chain and grade >= Grade.STRANGE and not self.is_plain(text):
            grade = Grade.SUSPECT
        return Reading(peeled, grade, chain)

    def is_plain(self, text: bytes) -> bool:
        """Whether strace itself prints what precedes the record. The words of a log do not
        count, although the grammar takes them for output of the traced program, or for a
        security context."""
        if HTML.is_sure(text) or (text.startswith(b"[") and b"/" in text[: text.find(b"] ")]):
            return False
        amid = _AMID.match(text)
        return amid is None or self.grade(amid[0] + _STUB) >= Grade.OPEN


def without(chain: Chain, text: bytes, most: int = 99) -> Peeled | None:
    """Return `text` without the layers of `chain`, of quoting at most `most` levels; None if a
    layer that must be on every line is missing."""
    found, has_any = Peeled(text), False
    for layer in chain:
        peeled = QUOTING.peel(found.text, most) if layer is QUOTING else layer.peel(found.text)
        if peeled is not None:
            found, has_any = around(found, peeled), True
        elif layer.is_around:
            return Peeled(b"") if has_any and not found.text.strip() else None
    return found if has_any else None


def around(outer: Peeled, inner: Peeled) -> Peeled:
    """Return `inner`, which is the content of `outer`."""
    return Peeled(
        inner.text,
        b" ".join(filter(None, (outer.stream, inner.stream))),
        outer.goes_on or inner.goes_on,
        max(outer.depth, inner.depth),
    )
