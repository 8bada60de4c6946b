"""Decide whether the last line of a source, which has no line end, was cut.

strace ends each line before it writes it out, so a file that was copied too early, or whose disk
was full, ends in the middle of one. Pasted text may lack its last line end too: there, the line was
cut only if it is no whole record and begins as the records before it do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache

from strace_analyzer.trace.decode.calls import CallParser
from strace_analyzer.trace.decode.clock import Clock
from strace_analyzer.trace.decode.frames import End, Frame, FrameDecoder, Kind, call_names, is_known
from strace_analyzer.trace.decode.grades import is_open
from strace_analyzer.trace.decode.interrupted import CUT
from strace_analyzer.trace.decode.lines import Line, plain
from strace_analyzer.trace.events import EXITS, Call
from strace_analyzer.trace.input.content import RESULT

_DURATION = re.compile(rb"<[0-9]+\.[0-9]{3,9}>\s*$")
_NAME = re.compile(rb"(?<![a-z0-9_])([a-z_][a-z0-9_]*)\(")
_VARIES = re.compile(rb"([0-9]+|[ \t]+)")
_WORD = re.compile(rb"[a-z_][a-z0-9_]*\\?\Z")
_TELLS = re.compile(rb"[A-Za-z0-9\[{]")
_TELLS_ALONE = re.compile(rb"[:.\[]")
_HEADS = (
    b"12:00:01.123456 ",
    b"18433 ",
    b"[pid 18433] ",
    b"18433 12:00:01.123456 ",
    b"18433 1796002133.123456 ",
)
"""For tasks that do not appear otherwise in the last lines."""
_MARKS = (b"<... ", b"+++ ", b"--- ")


def breaks_off(rows: Sequence[bytes], read: bytes, calls: CallParser) -> bool:
    """`rows` are the last lines as they are in the source; `read` is the last of them, or the
    record that it ends, after unwrapping."""
    frame = FrameDecoder(Clock()).frame(Line(0, 1, plain(read)))
    before = [plain(row) for row in rows[:-1]]
    if frame.kind is Kind.CALL or frame.kind is Kind.RESUMED:
        return _is_half(frame, before, calls)
    return frame.kind is Kind.SUSPECT or (
        frame.kind is Kind.FOREIGN and _begins_alike(rows[-1], before)
    )


def _is_half(frame: Frame, before: Iterable[bytes], calls: CallParser) -> bool:
    """Whether the frame is half a call whose other half is missing text that strace always
    prints."""
    if frame.end not in (End.RESULT, *CUT):
        return False
    call: Call | None
    if frame.kind is Kind.CALL:
        call = calls.whole(frame.body)
    else:
        call = calls.resumed(frame.name, frame.body)
    if call is None or is_open(call):
        return True
    if frame.end is not End.RESULT:  # pasted without results, if none of the others has one
        return any(map(RESULT.search, before))
    if call.duration is not None or call.result.value is None or call.name in EXITS:
        return False
    return any(map(_DURATION.search, before))


def _begins_alike(row: bytes, before: Iterable[bytes]) -> bool:
    """Whether the line is the beginning of what precedes the names of calls, or that and the
    beginning of a name or of one of strace's marks."""
    last = row.rstrip(b"\r\n \t") or row
    heads = dict.fromkeys(line[: match.start(1)] for line, match in _named(before))
    if any(_is_beginning(last, head) for head in heads):
        return True
    return any(_is_beginning(last, head, is_seen=False) for head in _HEADS)


def _named(lines: Iterable[bytes]) -> Iterable[tuple[bytes, re.Match[bytes]]]:
    for line in lines:
        match = _NAME.search(line)
        if match is not None and is_known(match[1].decode("ascii")):
            yield line, match


def _is_beginning(line: bytes, head: bytes, *, is_seen: bool = True) -> bool:
    if head and _alike(head).startswith(_alike(line)):
        return line.isspace() or (_TELLS if is_seen else _TELLS_ALONE).search(line) is not None
    pieces = _VARIES.split(head)
    expression = b"".join(
        (rb"[ \t]+" if piece.isspace() else rb"[0-9]+") if index % 2 else re.escape(piece)
        for index, piece in enumerate(pieces)
    )
    match = re.match(expression, line)
    if match is None:
        return False
    rest = line[match.end() :]
    if any(mark.startswith(rest) for mark in _MARKS):
        return True
    if _WORD.match(rest) is None:
        return False
    return (is_seen and head.strip() != b"") or any(name.startswith(rest) for name in _names())


def _alike(text: bytes) -> bytes:
    """Return the text with every number and every gap replaced by the same one."""
    return _VARIES.sub(lambda match: b" " if match[0].isspace() else b"0", text)


@cache
def _names() -> tuple[bytes, ...]:
    return tuple(name.encode("ascii") for name in sorted(call_names()))
