"""Convert the text of one token of call.lark to its value: a number, string, name or comment."""

from __future__ import annotations

import re
from collections.abc import Callable

from strace_analyzer.trace.decode.memo import Remembered
from strace_analyzer.trace.values import Name, Text

_ESCAPE = re.compile(rb"(\\(?:x[0-9a-fA-F]{2}|[0-7]{1,3}|.))", re.S)


class _Escapes(dict[bytes, bytes]):
    """Maps an escape to its byte: `\\n`, `\\33`, `\\xfa`; any other escaped character to itself."""

    def __missing__(self, escape: bytes) -> bytes:
        code = escape[1:]
        if code[:1] == b"x" and len(code) == 3:
            byte = bytes((int(code[1:], 16),))
        elif code[0] in b"01234567":
            byte = bytes((int(code, 8) & 0xFF,))
        else:
            byte = code
        self[escape] = byte
        return byte


_ESCAPES = _Escapes(
    {b"\\n": b"\n", b"\\t": b"\t", b"\\r": b"\r", b"\\v": b"\v", b"\\f": b"\f",
     b"\\a": b"\a", b"\\b": b"\b", b"\\e": b"\x1b"}
)  # fmt: skip


def unescape(text: bytes) -> bytes:
    r"""Return the bytes that strace printed as `text`: `\n`, `\33`, `\x1b`, `\"` and similar
    escapes."""
    if b"\\" not in text:
        return text
    if len(text) % 4 == 0 and text.count(b"\\x") * 4 == len(text):  # -xx
        try:
            return bytes.fromhex(text.replace(b"\\x", b"").decode("latin-1"))
        except ValueError:
            pass
    pieces = _ESCAPE.split(text)
    pieces[1::2] = map(_ESCAPES.__getitem__, pieces[1::2])
    return b"".join(pieces)


def decoded(text: bytes) -> str:
    """Decode a path, message or name: as UTF-8, other bytes kept by surrogateescape."""
    return text.decode("utf-8", "surrogateescape")


def integer(text: bytes) -> int:
    """Parse `16`, `-1`, `0x7ffe`, and `0644`, which is octal unless a digit rules that out."""
    digits = text.lstrip(b"+-")
    if len(digits) > 1 and digits[0] == 0x30:
        if digits[1] == 0x78:
            return int(text, 16)
        if not digits.strip(b"01234567"):
            return int(text, 8)
    return int(text)


def name(text: bytes) -> Name:
    return Name(decoded(text))


def string(text: bytes) -> Text:
    truncated = text.endswith(b"...")
    body = text[:-3] if truncated else text
    abstract = body[0] == 0x40
    return Text(unescape(body[2:-1] if abstract else body[1:-1]), truncated, abstract)


def character(text: bytes) -> Text:
    return Text(unescape(text[1:-1]))


def annotation(text: bytes) -> str:
    """Return `<TCP:[17]>` without its brackets; `</x>(deleted)` becomes `/x (deleted)`, as in
    proc(5)."""
    if text.endswith(b">(deleted)"):
        return decoded(unescape(text[1:-10])) + " (deleted)"
    return decoded(unescape(text[1:-1]))


def comment(text: bytes) -> str:
    return decoded(text.strip(b" ")[2:-2].strip(b" "))


def context(text: bytes) -> str:
    return decoded(text[1:])


def operator(text: bytes) -> str:
    return text.strip(b" ").decode("latin-1")


_number = Remembered(integer).__getitem__
_name = Remembered(name).__getitem__
_string = Remembered(string).__getitem__
_annotation = Remembered(annotation).__getitem__

LEAVES: dict[str, Callable[[bytes], object]] = {
    "CALL_NAME": decoded,
    "NAME": _name,
    "INTEGER": _number,
    "RETURNED": _number,
    "WORD": _name,
    "HARDWARE_ADDRESS": _name,
    "GLITCH": lambda text: integer(text[:-7]),
    "STRING": _string,
    "CHARACTER": character,
    "ELLIPSIS": decoded,
    "UNKNOWN": decoded,
    "STAR": decoded,
    "MARKER": decoded,
    "ANNOTATION": _annotation,
    "COMMENT": comment,
    "CONTEXT": context,
    "ERRNO": lambda text: text[1:].decode("latin-1"),
    "NOTES": lambda text: decoded(text[2:-1]),
    "UNAVAILABLE": lambda text: "unavailable",
    "DURATION": lambda text: float(text.strip(b" <>")),
} | dict.fromkeys(
    ("AND", "EQUAL_TO", "SHIFT", "PLUS", "TIMES", "MINUS", "NOT", "COMPLEMENT", "ADDRESS_OF"),
    operator,
)
"""Every terminal that call.lark keeps, mapped to the function that converts its text."""
