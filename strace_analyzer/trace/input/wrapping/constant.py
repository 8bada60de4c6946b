"""Layers for prefixes that no known tool prints, but that two lines share."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from strace_analyzer.trace.input.wrapping.peeled import Peeled

_RECORD = re.compile(
    rb"(?<=[\s\]:|>)}\"'])(?!(?<=[0-9]{2}:)[0-9]{2}[ .:,])"
    rb"(?=\[pid|[0-9]|[a-z_][a-z0-9_]*\(|<\.\.\. |\+\+\+ |--- )"
)
"""Places in a line where a record may begin."""
_WRAPPED = re.compile(rb"(?<=[\s\]:|>)}])(?=[*`{\"<>|+#/&\[\\A-Za-z0-9])")
"""Places where something wrapped may begin."""
_VARIES = re.compile(rb"((?<![0-9a-f])[a-f]*+[0-9][0-9a-f]*+|[ \t]++)")
_LONGEST = 200
_PLACES = 24
_WRAPPED_PLACES = 3


class Constant:
    """A prefix in which only numbers and blanks vary."""

    is_around = True

    def __init__(self, example: bytes) -> None:
        self.name = f'the prefix "{example.decode("utf-8", "replace").strip()}"'
        self._match = re.compile(_expression(example)).match

    def peel(self, text: bytes) -> Peeled | None:
        """Return the text after the prefix."""
        match = self._match(text)
        return None if match is None else Peeled(text[match.end() :])


def likeness(prefix: bytes) -> bytes:
    """Return the expression of a prefix; equal for prefixes that differ only in numbers."""
    return _expression(prefix)


def places(text: bytes) -> Iterator[int]:
    """Yield the offsets where the record in `text` may begin, the likeliest first."""
    for match in islice(_RECORD.finditer(text, 1, _LONGEST), _PLACES):
        yield match.start()


def wrapped_places(text: bytes) -> Iterator[int]:
    """Yield the offsets in `text` where something in a known wrapping may begin."""
    for match in islice(_WRAPPED.finditer(text, 1, _LONGEST), _WRAPPED_PLACES):
        yield match.start()


def _expression(prefix: bytes) -> bytes:
    parts = _VARIES.split(prefix)
    return b"".join(
        (rb"[ \t]+" if part.isspace() else rb"[0-9a-f]+") if index % 2 else re.escape(part)
        for index, part in enumerate(parts)
    )
