"""Format text from traced programs, and numbers, so that they are safe and pleasant to print.

Traced programs choose their own names, arguments and paths, so none of these may reach a terminal
unescaped: control characters could move its cursor or rename its window, and bidirectional
overrides (Unicode Standard Annex 9) could make a line read as something else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from shlex import quote
from unicodedata import category

_PLAIN = re.compile(r"[\x20-\x7e\u00a1-\u00ac\u00ae-\u024f]*")
"""what all text in Latin letters consists of: nothing in it needs to be looked at"""
_UNSEEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
"""General categories of what has no glyph of its own (Unicode Standard Annex 44): controls, format
characters (bidi controls, tags, joiners), what is unassigned or private, line ends."""
_BLANK = frozenset(
    (
        0x034F,
        0x115F,
        0x1160,
        0x17B4,
        0x17B5,
        0x2800,
        0x3164,
        0xFFA0,
        *range(0x180B, 0x1810),
        *range(0xFE00, 0xFE10),
        *range(0xE0100, 0xE01F0),
    )
)
"""Letters and marks that show nothing: Default_Ignorable_Code_Point of DerivedCoreProperties.txt
(variation selectors, fillers of Hangul, vowels of Khmer), and the empty pattern of Braille."""


def safe(text: str) -> str:
    r"""Return `text` with every character that could command a terminal, or that is invisible,
    written as an escape: `\x1b`, `\u202e`, `\U000e0041`.

    Undecodable bytes (surrogateescape) are written as escaped bytes: `\xff`.
    """
    if _PLAIN.fullmatch(text):
        return text
    return "".join(_escape(character) if is_unseen(character) else character for character in text)


def is_unseen(character: str) -> bool:
    """Whether the character has no glyph and is not a space."""
    return category(character) in _UNSEEN or ord(character) in _BLANK


def _escape(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if code >= 0x10000:
        return f"\\U{code:08x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def is_unicode(encoding: str) -> bool:
    """Return whether this encoding can represent every character."""
    return encoding.lower().replace("-", "").startswith("utf")


def shell_word(word: str) -> str:
    r"""Quote a word so that what is shown can be copied into bash, zsh, ksh or busybox sh: like
    shlex.quote(), and `$'new\012line'` for what has no glyph and for bytes that are not UTF-8."""
    if safe(word) == word:
        return f"'{word}'" if word.startswith("=") and quote(word) == word else quote(word)
    return f"$'{''.join(map(_in_quotes, word))}'"


def shell_line(words: Iterable[str]) -> str:
    """Quote a command line for a shell."""
    return " ".join(map(shell_word, words))


def _in_quotes(character: str) -> str:
    """Escape for `$'...'`; octal, which ends after three digits in every shell."""
    if character in "'\\":
        return f"\\{character}"
    if not is_unseen(character):
        return character
    return "".join(f"\\{byte:03o}" for byte in character.encode("utf-8", "surrogateescape"))


def printable(text: str) -> str:
    """Return `text` with bytes that are not UTF-8 (surrogateescape) escaped as strace would print
    them, `\\xff`. For output that is not a terminal, which takes everything else unchanged."""
    if text.isascii():
        return text
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def number(value: int) -> str:
    """Format `28232` as `28,232`."""
    return f"{value:,}"


def count(value: int, noun: str, plural: str | None = None) -> str:
    """Format `1 connection`, `40 connections`; give `plural` if it is not noun + s."""
    return f"{value:,} {noun if value == 1 else plural or noun + 's'}"


def rate(per_second: float) -> str:
    """Format a rate per second, small ones with two digits that count: `470`, `3.3`, `0.33`,
    `0.017`."""
    shown = shown_rate(per_second)
    if shown >= 10:
        return f"{int(shown):,}"
    return f"{shown:.1f}" if shown >= 1 else f"{shown:.12f}".rstrip("0").rstrip(".")


def shown_rate(per_second: float) -> float:
    """Return what `rate` prints as a number, so that what is said of two rates is true of those
    that the reader sees."""
    return float(int(per_second)) if per_second >= 10 else float(f"{per_second:.2g}")


def duration(seconds: float) -> str:
    """Format a time span with significant digits only: `6.7 ms`, `1.25 s`, `12 min`, `3.1 h`."""
    if seconds < 0.0995:
        return f"{seconds * 1000:.1f} ms"
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 9.995:
        return f"{seconds:.2f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def short_duration(seconds: float) -> str:
    """Like `duration`, but with `21 us` below a millisecond: how long a call takes."""
    return f"{seconds * 1e6:.0f} us" if seconds < 0.001 else duration(seconds)


def ranges(values: Iterable[int], limit: int = 4) -> str:
    """Format numbers in order with consecutive ones folded: `5-14, 19`; beyond `limit` pieces `5,
    7, 9, ...`."""
    pieces: list[str] = []
    ordered = sorted(set(values))
    at = 0
    while at < len(ordered):
        end = at
        while end + 1 < len(ordered) and ordered[end + 1] == ordered[end] + 1:
            end += 1
        if end - at >= 2:
            pieces.append(f"{ordered[at]}-{ordered[end]}")
        else:
            pieces.extend(str(value) for value in ordered[at : end + 1])
        at = end + 1
    if len(pieces) > limit:
        return ", ".join(pieces[:limit]) + ", ..."
    return ", ".join(pieces)


def listed(words: Iterable[str], limit: int = 3) -> str:
    """Format `a`, `a and b`, `a, b and c`; beyond `limit`: `a, b, c and 9 more`."""
    items = list(words)
    if len(items) > limit:
        return f"{', '.join(items[:limit])} and {len(items) - limit} more"
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"
