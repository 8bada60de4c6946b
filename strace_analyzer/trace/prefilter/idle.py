"""Mark the hits that cannot matter if their task holds no socket.

Their lines are understood, whatever numbers they name. Most are, and no model is needed to tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from strace_analyzer.trace.input.content import Block
from strace_analyzer.trace.prefilter.hits import (
    COPIED,
    GIVEN,
    HELD,
    IDLE,
    KIND_BITS,
    MOVED,
    RESUMED_GIVEN,
    Hit,
)

UNFINISHED = b"<unfinished ...>"
_RETURNED = re.compile(
    rb"= (?:(0|[1-9][0-9]{0,18}|0x[0-9a-f]{1,16})(?:<[^<>]*(?:<[^<>]*>)?>)?(?: \(flags [^()]*\))?"
    rb"|-1 E[A-Z0-9]+ \([^()]*\)|\?)(?: <[0-9.]+>)?\r?"
)
"""A result that cannot be anything else, to the end of the line; one with a leading zero is left to
the grammar."""
PLAIN_RESULT = re.compile(
    rb" ++= (?:(0|[1-9][0-9]{0,8})(?:<[^<>=\n]*+>)?|-1 E[A-Z0-9]++ \([^()=\n]*+\))"
    rb"(?: <[0-9.]++>)?\n"
)
"""The most frequent of these results, after the parenthesis: another ` = ` cannot follow."""
_FD = rb"[0-9]{1,9}(?:<[^<>]*(?:<[^<>]*>)?>)?"
_TIME = rb"(?:(?:[0-9]{2}:[0-9]{2}:[0-9]{2}|[0-9]{9,11})(?:\.[0-9]+)? )?"
"""As printed by -t, -tt and -ttt; or nothing."""
COPIES = re.compile(
    rb"(?:[0-9]{1,7} +)?%b"
    rb"(?:dup\(%b|dup2\(%b, %b|dup3\(%b, %b, (?:0|O_CLOEXEC)"
    rb"|fcntl(?:64)?\(%b, F_(?:DUPFD(?:_CLOEXEC)?, [0-9]{1,9}|SETFD, (?:0|FD_CLOEXEC)|GET[A-Z_]+))"
    rb"(?:\) += | <unfinished \.\.\.>\n)" % (_TIME, *(_FD,) * 6)
)
"""A line that cannot be anything else, up to the result or to where it breaks off. `_RETURNED`
matches the result."""
COPIED_HALF = re.compile(rb"[0-9]{1,7} +%b<\.\.\. fcntl(?:64)? resumed>\) += " % _TIME)
"""The second half of such an fcntl(), up to the result. dup(), dup2() and dup3() are given whole
(scan.py)."""
_PLAIN_NUMBER = re.compile(rb"(?:0|[1-9][0-9]{0,8})[, )]")
"""Without a note, which might show a socket that nobody knows."""
_KIND = IDLE - 1


def marked(hits: Iterable[Hit], data: Block, *, has_pids: bool) -> list[Hit]:
    """Return the hits of a block, with IDLE added to those that cannot matter if their task holds
    nothing. `has_pids`: lines begin with a pid."""
    found: list[Hit] = []
    for hit in hits:
        kind, to = hit & _KIND, hit >> KIND_BITS
        if (
            kind == HELD
            or (kind == GIVEN and (breaks_off(data, to) or result(data, to) is not None))
            or (kind == RESUMED_GIVEN and result(data, to) is not None)
            or (kind == COPIED and _copies(data, to, has_pids=has_pids))
            or (kind == MOVED and _names_no_address(data, to))
        ):
            hit |= IDLE
        found.append(hit)
    return found


def end_of_line(data: Block, place: int) -> int:
    """Return where the line around `place` ends, without the line feed."""
    end = data.find(b"\n", place)
    return end if end >= 0 else len(data)


def breaks_off(data: Block, place: int) -> bool:
    """Return whether the line around `place` is the first half of a call."""
    return data.endswith(UNFINISHED, place, end_of_line(data, place))


def result(data: Block, place: int) -> re.Match[bytes] | None:
    """Return the match of _RETURNED with the result that follows `place` in its line; None if it is
    not certain what the call returns."""
    end = end_of_line(data, place)
    return _RETURNED.fullmatch(data, data.rfind(b" = ", place, end) + 1, end)


def _copies(data: Block, to: int, *, has_pids: bool) -> bool:
    """Whether it is certain what the line copies or marks; of a first half, with the second, which
    must be in the block."""
    start = data.rfind(b"\n", 0, to) + 1
    match = COPIES.match(data, start)
    if match is not None and not match[0].endswith(b" = "):
        head = data[start : data.find(b" ", start) + 1]
        next_line = data.find(b"\n" + head, match.end() - 1) + 1
        match = COPIED_HALF.match(data, next_line) if has_pids and next_line else None
    return match is not None and PLAIN_RESULT.match(data, match.end() - 3) is not None


def _names_no_address(data: Block, to: int) -> bool:
    """Whether the call on this line does not connect, which a send can."""
    start, end = data.rfind(b"\n", 0, to) + 1, end_of_line(data, to)
    number = _PLAIN_NUMBER.match(data, data.find(b"(", start) + 1)
    return number is not None and data.find(b"_family=", start, end) < 0
