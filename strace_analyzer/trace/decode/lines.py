"""Split physical lines into Lines: remove line ends and colours, and take out strace's own notices.

strace prints its notices (`strace: Process 674 attached`) directly to standard error, so if the
trace goes there too, a notice can appear in the middle of a line, whose rest follows on a later
one:

    clone(child_stack=NULL, flags=SIGCHLDstrace: Process 674 attached
    , child_tidptr=0x7f0aa2d4da10) = 674

Such a line becomes two Lines, the cut one and the notice; `rejoin` appends the rest to the cut one.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from strace_analyzer.trace.learned.grammar import tree

_COLOUR = re.compile(
    rb"\x1b(?:\[\?[0-9]*[hl]\r?|\[[0-9;?]*[A-Za-z]|[\]_][^\x07\x1b]*(?:\x07|\x1b\\))"
)
"""ECMA-48: strace's --color or the traced program's, `grep --color` (with its erasures), terminal
links; and what a shell sends in a script(1) when it takes or releases the terminal. Inside strings,
strace escapes ESC."""

_ESCAPE = 0x1B
_NOTICE_ENDS = (b"tached", b". ]", b"parent)")
_new = tuple.__new__
"""The constructor of a NamedTuple takes twice as long."""


class Line(NamedTuple):
    """One line of a source, or the notice taken out of one."""

    source: int
    """Index of the source in its trace."""
    number: int
    """1-based."""
    text: bytes
    """Without line end, colours and trailing blanks."""
    is_cut: bool = False
    """A notice was removed from its end: the rest of the line follows later."""
    counts: int = 1
    """Number of physical lines it stands for: 0 for a notice taken out of a line."""


def plain(raw: bytes) -> bytes:
    """Return a physical line without its end, colours and trailing blanks."""
    text = raw.rstrip(b"\r\n \t")
    if _ESCAPE in text:
        text = _COLOUR.sub(b"", text).rstrip(b" \t")
    return text


def lines(source: int, number: int, raw: bytes, counts: int = 1) -> tuple[Line, ...]:
    """Split one physical line into one Line, or two if one of strace's notices cut it. For a folded
    record: its text, and the number of lines it spans."""
    text = raw.rstrip(b"\r\n \t")
    if _ESCAPE in text:
        text = _COLOUR.sub(b"", text).rstrip(b" \t")
    if text.endswith(_NOTICE_ENDS) and b"Process " in text:
        intruded = tree("frame", "intruded", text)
        if intruded is not None:
            head, notice = intruded.children
            return (
                Line(source, number, str(head).encode("latin-1"), True, counts),
                Line(source, number, str(notice).encode("latin-1"), counts=0),
            )
    return (_new(Line, (source, number, text, False, counts)),)
