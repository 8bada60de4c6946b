"""Yield the texts that the pieces of a folded line may have been, the likeliest first.

At a fold, a blank may have been lost, and what follows may be indented; nothing says which. The
text that reads best is chosen (folds.py, rows.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise, product

DURATION = re.compile(rb"<[0-9]+\.[0-9]+>")
"""The duration of a call, as printed by -T."""
_MARK = re.compile(
    rb"[ \t]*(?:\+{1,3}|>|\||\\|~|\.\.\.|\xe2\x80\xa6|\xe2\x86[\x92\xa9\xaa\xb3]|\xe2\xa4\xb7"
    rb"|\xc2\xbb)[ \t]?"
)
"""What editors and shells put before the rest of a folded line: vim's 'showbreak', the arrows of
listings, the prompt of a line that goes on."""
_STRIPPED = 3
"""Most blanks at the end of a line that may have been lost."""
_MIXED = 4
"""Up to this many pieces, every combination of joining them is tried."""


def cut_at_a_column(pieces: Sequence[bytes], widths: Sequence[tuple[int, int]]) -> list[bytes]:
    """Return the texts of `pieces` on the assumption that all but the last were equally wide, apart
    from blanks lost at their ends: fewest lost blanks first, and none inside a word."""
    if len(pieces) <= 2:
        return []
    indents = [len(piece) - len(piece.lstrip(b" \t")) for piece in pieces]
    indent = min(indents[1:])
    bodies = (pieces[0], *(piece[indent:] for piece in pieces[1:]))
    found = [(True, 0, b"".join(bodies))]
    for which, shift in product(range(2), {0, indent, max(0, indent - indents[0])}):
        of_lines = [width[which] for width in widths[:-1]]
        of_lines[0] += shift  # the first has no indentation, and may be as wide
        lost = [max(of_lines) - width for width in of_lines]
        if max(lost) <= _STRIPPED:
            filled = [body + b" " * count for body, count in zip(bodies, (*lost, 0), strict=True)]
            splits = any(map(_splits_a_word, bodies, bodies[1:], lost))
            found.append((splits, sum(lost), b"".join(filled)))
    return [text for _, _, text in sorted(found)]


def _splits_a_word(head: bytes, tail: bytes, blanks: int) -> bool:
    """Whether `blanks` in between would be inside a word, or after the `=` of a member: then a
    character was wider than it looks."""
    is_within = is_word(head[-1:]) or (head.endswith(b"=") and is_word(head[-2:-1]))
    return blanks > 0 and is_within and is_word(tail[:1])


def texts(pieces: Sequence[bytes]) -> Iterator[bytes]:
    """Yield the texts that `pieces` may have been, the likeliest first."""
    if len(pieces) < 2:
        return
    ways = [_ways(head, tail) for head, tail in pairwise(pieces)]
    choices = zip(*ways, strict=True) if len(pieces) > _MIXED else product(*ways)
    seen = set()
    for tails in choices:
        text = pieces[0] + b"".join(tails)
        if text not in seen:
            seen.add(text)
            yield text


def without_mark(text: bytes) -> bytes:
    """Return `text` without a mark that says that it is the rest of a folded line; b"" if there is
    none."""
    mark = _MARK.match(text)
    return b"" if mark is None else text[mark.end() :]


def joins(head: bytes, tail: bytes) -> Iterator[bytes]:
    return (head + way for way in _ways(head, tail))


def _ways(head: bytes, tail: bytes) -> tuple[bytes, bytes, bytes]:
    """Return `tail` as it may have followed `head`: unchanged, without indentation, after a
    blank."""
    body = tail.lstrip()
    spaced = b" " + body
    if DURATION.fullmatch(body):
        return spaced, tail, body
    if (is_word(head[-1:]) and is_word(body[:1])) or len(tail) > len(body) + 1:
        return body, spaced, tail
    return tail, spaced, body


def is_word(character: bytes) -> bool:
    return character.isalnum() or character == b"_"
