"""Takes a damaged line, or a call name that strace does not know, gives the call that it may be.

Perhaps a letter was changed, the front or the end was cut off, two lines ran together, or a blank
was inserted. What is left of the name distinguishes it from other calls, and what strace prints
before a record distinguishes a record from a program's output.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from strace_analyzer.trace.decode.frames import is_known

NAMELESS = "a call without its name"

_PREFIX = re.compile(
    r"[ \t]*(?:\[pid[ \t]+\d+(?:<[^>]*>)?\][ \t]+|\d{1,7}(?:<[^>]*>)?[ \t]+)?"
    r"(?:(?:\d\d:\d\d:\d\d(?:[.,]\d+)?|\d{9,11}(?:[.,]\d+)?|\d{1,8}[.,]\d+)[ \t]+)?"
    r"(?:\(\+ *\d+(?:[.,]\d+)?\)[ \t]+)?(?:\[[ 0-9a-f?]{4,16}\][ \t]+){0,2}"
)
"""What strace prints before a record (frame.lark), with blanks that may have been edited."""
_WORD = re.compile(r"(?:<\.{0,3}[ \t]*)?([A-Za-z_]+\d?)(?:[ \t]+r[esumd]*)?[^A-Za-z0-9]*")
"""A record of which only a name, or the beginning of one, is left."""
_RUN_INTO = re.compile(
    r"(?:<\.{0,3}[ \t]{0,4})?([A-Za-z_]{0,20}+)(?:[ \t]{1,4}r[esumd]{0,6}>?)?"
    r"(?=[234]?(?:\d{1,7} |\[pid |\d{1,11}[:.]))"
)
"""What is left of a record whose end is lost together with the line end: the next record
follows."""
_HEAD = re.compile(r"([A-Za-z_][^(]{0,40}?)\(")
_SAID = re.compile(r"[A-Za-z_]+ [^(]*\(")
"""Words before a parenthesis, in prose."""
_BARE = re.compile(r"([a-z_]+)(?=\d{1,7}[,<)]|[AP]F_[A-Z])")
RESULT = re.compile(r"\)[ \t]*= *[-?0-9]")
"""The end of a call, with what it returned."""
CALLED = re.compile(r"(?<![a-z_])([a-z_][a-z0-9_]{0,40}+)(?:\(|[ \t]{1,4}resumed>)")
"""The name of a call, or of its second half."""
_NOTED = re.compile(
    r"(?:__|sys_|SYS_){0,2}([a-z_][a-z0-9_]*)(?:\(\))?[ \t:=<{\[]{1,4}"
    r"(?:-?\d|0x|NULL\b|[A-Z][A-Z0-9]*_[A-Z]|[\"\[{&]|[a-z_]{1,20}=[^ ])"
    r".*(?:[ \t:\])}>](?:=|->|=>|:|returned|returns|ret=?)[ \t]*"
    r"(?:-?\d+|0x[0-9a-f]+|\?)(?:[ \t]+E[A-Z0-9]+\b.*)?|[ \t]E[A-Z0-9]{2,})"
    r"(?:[ \t]+<\d+\.\d+>)?[ \t]*"
)
"""A call without parentheses: its name, an argument as strace prints them, and what it returned."""
_BEFORE_NAME = re.compile(r"\A_*(?:(?:x64|ia32|arm64|se|do|libc|nr)_)?(?:sys_?)?_*(?=.)")
_BETWEEN = re.compile(r"\W+")
_ALONE = 4
"""How many letters of a name are enough if nothing else distinguishes a record from a word."""
_JOINED = 2
"""How many are enough if something does, or if the next name follows."""


class Spelling:
    """Finds misspelt calls among these `names`."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = sorted(names)
        self._behind = re.compile(
            r"\d(" + "|".join(reversed(self._names)) + r")(?:\(|[ \t]+resumed>)"
        )

    def call(self, name: str) -> str | None:
        """The call that an unknown `name` may be: one with a letter changed, without its first
        letters, or the beginning of one that runs into the next record's; the kernel's and other
        tracers' names have something in front (`__x64_sys_bind`)."""
        lower = _BEFORE_NAME.sub("", name.lower())
        for known in self._names:
            if _is_near(known, lower) or known.endswith(lower):
                return known
        for end in range(_JOINED, len(lower)):
            if is_known(lower[end:]) and (begun := self.begun(lower[:end])) is not None:
                return begun
        return None

    def begun(self, word: str) -> str | None:
        """The first of the names that begins with `word`."""
        lower = word.lower()
        return next((name for name in self._names if name.startswith(lower)), None)

    def line(self, text: str) -> str | None:
        """The call that a line may be that was not understood and that names none of them; NAMELESS
        if it ends like a call but names none at all."""
        prefix = _PREFIX.match(text)
        assert prefix is not None  # it can be empty
        record = text[prefix.end() :]
        is_record = bool(prefix[0].strip())
        word = _WORD.fullmatch(record)
        if word is not None:
            least = _JOINED if is_record else _ALONE
            least = 1 if record.startswith("<") else least
            begun = self.begun(word[1]) if len(word[1]) >= least else None
            return begun or (self.call(word[1]) if is_record else None)
        into = _RUN_INTO.match(record) if is_record and record[:1] not in "0123456789" else None
        if into is not None:
            return self.begun(into[1]) if into[1] else NAMELESS
        returned = RESULT.search(record) is not None or (is_record and record.startswith("<.."))
        if not is_record and not returned:
            return None
        is_prose = not is_record and _SAID.match(record) is not None
        return self._changed(record, lacks_name=returned and not is_prose)

    @staticmethod
    def is_noted(text: str) -> bool:
        """Whether a line without its strings looks like a call of any name in a notation that
        strace does not print: `mmap2 NULL, 4096, PROT_READ = 0x7f0`."""
        prefix = _PREFIX.match(text)
        assert prefix is not None  # it can be empty
        noted = _NOTED.fullmatch(text, prefix.end())
        return noted is not None and is_known(noted[1])

    def _changed(self, record: str, *, lacks_name: bool) -> str | None:
        bare = _BARE.match(record)
        if bare is not None and bare[1] in self._names:
            return bare[1]
        behind = self._behind.search(record)
        if behind is not None:
            return behind[1]
        head = _HEAD.match(record)
        if head is not None and not is_known(head[1]):
            may_be = self.call(_BETWEEN.sub("", head[1]))
            if may_be is not None:
                return may_be
        names = (match[1] for match in CALLED.finditer(record))
        return NAMELESS if lacks_name and not any(map(is_known, names)) else None


def _is_near(one: str, other: str) -> bool:
    """True if the two differ by one changed, added or missing letter, or by two swapped ones."""
    if abs(len(one) - len(other)) > 1:
        return False
    while one and other and one[0] == other[0]:
        one, other = one[1:], other[1:]
    while one and other and one[-1] == other[-1]:
        one, other = one[:-1], other[:-1]
    return max(len(one), len(other)) < 2 or (len(one) == 2 and one == other[::-1])
