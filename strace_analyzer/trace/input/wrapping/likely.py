"""Say whether joined text reads as strace prints it.

The grammar accepts more than strace prints: `socket(AF_I NET, ...)` is a call with an argument of
two words. Where several ways of joining pieces make a record, the likely one is meant.
"""

from __future__ import annotations

import errno
import os
import re

_ERROR = re.compile(rb"(?>.*?-1 (E[A-Z0-9]+) \()(.*?)\)(?: \(INJECTED\))?(?: <[0-9.]+>)?$")
"""The first error in a text, and everything after it."""
_ADDRESS = re.compile(
    rb'(?:inet_addr\(|inet_pton\(AF_INET6?, )"(?:[0-9a-f.:]|\\(?:x[0-9a-f]{2}|[0-7]{1,3}))*+[^"]'
)
"""An address with a character that no address has."""
_STRING = re.compile(
    rb'"(?:[^"\\]|\\.)*+"?| ?/\*(?:[^*]|\*(?!/))*+(?:\*/)?|<[^<>]*>'
    rb"|\[[A-Z0-9_ ]*\]|\{B[0-9]+ [^{}]*\}"
)
"""What may contain blanks: strings, comments, notes of -y, sets of signals, old terminal modes."""
_BEGIN = re.compile(rb"\(|resumed>")
_RESULT = re.compile(rb"\)[ \t]*= ")
_SPLIT = re.compile(rb"(?<!,)(?<!=>)(?<!&&)(?<!==) (?!=> |&& |== )|[^\x21-\x7e ]")
"""A blank that does not follow a comma or an operator, or a character that strace escapes."""


def reads(text: bytes) -> int:
    """Return how well `text`, a record, reads: WELL, less if an error lacks its description by the
    C library, which shows whether a blank was lost; still less with a blank amid a word or an
    address."""
    return 2 * (_ADDRESS.search(text) is None and not _splits(text)) + _says_its_error(text)


WELL = 3
"""What `reads` returns for what strace prints."""


def _splits(text: bytes) -> bool:
    begin = _BEGIN.search(text)
    arguments = b"" if begin is None else _STRING.sub(b"", text[begin.end() :])
    end = _RESULT.search(arguments)
    return end is not None and _SPLIT.search(arguments, 0, end.start()) is not None


def _says_its_error(text: bytes) -> bool:
    match = _ERROR.match(text)
    if match is None:
        return b" = -1 E" not in text
    number = getattr(errno, match[1].decode("ascii"), None)
    return number is None or os.strerror(number).encode() == match[2]
