"""The two halves of a call, or one alone -> text that reads as one whole call."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator

_DIRECT = (b")", b"}", b"]", b"|", b"=")
"""What follows a value without a comma and belongs to it."""


def joined(first: bytes, rest: bytes) -> bytes:
    """The halves of a call as one text.

    Where the line was cut strace printed a comma before the cut (up to 6.x), behind it (7.x), on
    both sides, or none, because what follows is no argument of its own: `)`, `}`, ` => {...}`.
    """
    start = first.rstrip(b" ,")
    if rest.startswith(b")"):
        return start + rest
    tail = rest.lstrip(b" ,")
    if start.endswith((b"(", b"{", b"[", b"=", b"|", b"=>")):
        return start + tail
    comma = b"," in first[len(start) :] or b"," in rest[: len(rest) - len(tail)]
    if tail.startswith((b"=>", b"->", b"/*", b"<")):
        return start + b" " + tail
    if tail.startswith(b")") or (not comma and tail.startswith(_DIRECT)):
        return start + tail
    return start + b", " + tail


_MARKS = re.compile(rb'"(?:[^"\\]|\\.)*+("?)|[][(){},]', re.S)
_CLOSING = {b"(": b")", b"{": b"}", b"[": b"]"}
_MOST_CUTS = 8


def completed(half: bytes) -> Iterator[bytes]:
    """Whole texts that `half` (`name(args`, cut anywhere) could have begun, the likeliest first.

    What is open is closed; if that does not read, the last members go, one after the other.
    """
    half = half.rstrip(b" ,")
    pending: list[bytes] = []
    cuts: deque[tuple[int, bytes]] = deque(maxlen=_MOST_CUTS)
    whole = True
    for mark in _MARKS.finditer(half):
        found = mark[0]
        if found in _CLOSING:
            pending.append(_CLOSING[found])
            cuts.append((mark.end(), b"".join(reversed(pending))))
        elif found == b",":
            cuts.append((mark.start(), b"".join(reversed(pending))))
        elif pending and found == pending[-1]:
            pending.pop()
        elif found.startswith(b'"') and not mark[1]:
            whole = False
    if whole:
        yield half + b"".join(reversed(pending))
    for place, closing in reversed(cuts):
        yield half[:place] + closing
