"""Look for the kinds of wrapping around a line, alone and in layers, until a record is left."""

from __future__ import annotations

import re

from strace_analyzer.trace.input.wrapping.escapes import ESCAPES
from strace_analyzer.trace.input.wrapping.grade import Grade
from strace_analyzer.trace.input.wrapping.peeled import Layer, Peeled
from strace_analyzer.trace.input.wrapping.prefixes import BLANKS, PREFIXES
from strace_analyzer.trace.input.wrapping.reading import GrammarReader, Reading, around
from strace_analyzer.trace.input.wrapping.structured import STRUCTURED

_WIDEST = 12
"""Most ways to unwrap a line that are pursued."""
_DEEPEST = 4
"""Most layers: quoted HTML behind a log prefix has three."""
_KINDS: tuple[Layer, ...] = (*STRUCTURED, *PREFIXES, *ESCAPES)
_HOPEFUL = re.compile(
    rb"[a-z0-9_?](?:[ \t\\]?\(|\xef\xbc\x88)|resumed|\+\+\+ |--- |[=<]3[dD]|&#|\.\.\."
)


def is_hopeful(text: bytes) -> bool:
    """Whether `text` may contain a record, however it is wrapped."""
    return _HOPEFUL.search(text) is not None


def search(reader: GrammarReader, text: bytes) -> Reading | None:
    """Return the layers that make `text` a record, or at least the beginning of one: as few as
    possible, and of these the ones that leave the most text."""
    best: Reading | None = None
    outer = [Reading(Peeled(text), Grade.FOREIGN, ())]
    if (indented := BLANKS.peel(text)) is not None:
        outer.append(Reading(indented, Grade.FOREIGN, (BLANKS,)))
    for _ in range(_DEEPEST):
        inner = [
            reader.weighed(around(reading.peeled, peeled), (*reading.chain, layer))
            for reading in outer
            for layer in _KINDS
            if (peeled := layer.peel(reading.peeled.text)) is not None and is_hopeful(peeled.text)
        ]
        if not inner:
            break
        found = max(inner, key=_value)
        if best is None or found.grade > best.grade:
            best = found
        if best.grade >= Grade.OPEN:
            break
        outer = sorted(inner, key=_value, reverse=True)[:_WIDEST]
    return best if best is not None and best.grade >= Grade.BEGUN else None


def search_inside(reader: GrammarReader, reading: Reading) -> Reading | None:
    """Look for more layers, if the known ones leave no record."""
    found = search(reader, reading.peeled.text)
    return found and found._replace(
        peeled=around(reading.peeled, found.peeled), chain=reading.chain + found.chain
    )


def _value(reading: Reading) -> tuple[Grade, bool, int]:
    return reading.grade, not reading.has_remark, len(reading.peeled.text)
