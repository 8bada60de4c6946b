"""Find where a record may end that somebody added words to, the likeliest place first."""

from __future__ import annotations

import re
from collections.abc import Iterator

_RESULT = re.compile(rb"\) *= *[-?0-9]|\.\.\.>|\) *=|(?:---|\+\+\+)(?= )")
"""A record can end after one of these."""
_WORDS = re.compile(  # marks, arrows, dashes, footnotes; or words
    rb"(?:(?<![ \t])[ \t]++)?"
    rb"(?=#|//|/\*|<-|<=|<<|=>|->|;|--|!|\*\*|\xe2|\||[(\[][!?*#0-9]{1,3}[)\]])"
    rb"|(?<![ \t])[ \t]++(?=[^\s(<\[{+&=])"
)
_RECORD = re.compile(rb"(?>.*?[a-z_0-9]\().*\) *= *[-?0-9]|.*?(?:resumed>|\[pid )").match
"""Matches if there is a record in the text."""
_MOST = 24


def ends(text: bytes) -> Iterator[int]:
    """Yield the offsets at which `text` may be cut into a record and a remark."""
    result = _RESULT.search(text)
    if result is None:
        return
    for count, match in enumerate(_WORDS.finditer(text, result.end())):
        if count == _MOST:
            return
        if _RECORD(text, match.end()) is None:
            yield match.start()
