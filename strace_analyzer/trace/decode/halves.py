"""Turn the two halves of a call, or the first alone, into text that parses as one whole call."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator

_DIRECT = (b")", b"}", b"]", b"|", b"=")
"""Follow a value without a comma and belong to it."""


def joined(first: bytes, rest: bytes) -> bytes:
    """Return the halves of a call as one text.

    At the cut, strace prints a comma before it (up to 6.x), after it (7.x), on both sides, or none,
    if what follows is not an argument of its own: `)`, `}`, ` => {...}`.
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
    """Yield whole texts that may have begun with `half` (`name(args`, cut anywhere), the likeliest
    first.

    Open brackets and strings are closed; if that does not parse, the last members are dropped one
    after the other.
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
