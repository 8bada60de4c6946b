"""A record with somebody's words behind it -> where the record may end, the likeliest first."""

from __future__ import annotations

import re
from collections.abc import Iterator

_RESULT = re.compile(rb"\) *= *[-?0-9]|\.\.\.>|\) *=|(?:---|\+\+\+)(?= )")
"""Behind one of these a record can end."""
_WORDS = re.compile(
    rb"(?:(?<![ \t])[ \t]++)?"
    rb"(?=#|//|/\*|<-|<=|<<|=>|->|;|--|!|\*\*|\xe2|\|)"  # marks, arrows, dashes
    rb"|(?<![ \t])[ \t]++(?=[^\s(<\[{+&=])"
)
_RECORD = re.compile(rb"(?>.*?[a-z_0-9]\().*\) *= *[-?0-9]|.*?(?:resumed>|\[pid )").match
"""It has a record in it."""
_MOST = 24


def ends(text: bytes) -> Iterator[int]:
    """Where `text` may be cut so that a record is left, and a remark behind it."""
    result = _RESULT.search(text)
    if result is None:
        return
    for count, match in enumerate(_WORDS.finditer(text, result.end())):
        if count == _MOST:
            return
        if _RECORD(text, match.end()) is None:
            yield match.start()
