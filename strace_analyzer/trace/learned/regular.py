"""Parse the regular expressions of our grammars into nodes.

Supported is the part of Python's syntax (see `re`) that determines byte by byte what is consumed:
literals, classes of listed bytes, `.`, unnumbered groups, alternatives, repeats, lookaheads, and
`$` at the end. Everything else is refused.
"""

from __future__ import annotations

import re
from typing import NamedTuple

ANY = (1 << 256) - 1
NEWLINE = 1 << 10

Bytes = int
"""A set of bytes: bit N stands for byte N."""


class UnsupportedExpressionError(ValueError):
    """The expression uses an unsupported construct, which the message names."""


class One(NamedTuple):
    """One byte out of a set."""

    of: Bytes


class Ahead(NamedTuple):
    """A positive or negative lookahead; consumes nothing."""

    inner: Node


class Repeat(NamedTuple):
    """`inner`, at least `low` and at most `high` times, unlimited if that is None."""

    inner: Node
    low: int
    high: int | None


class Concatenation(NamedTuple):
    """One after the other."""

    items: tuple[Node, ...]


class Either(NamedTuple):
    """One of several."""

    ways: tuple[Node, ...]


Node = One | Ahead | Repeat | Concatenation | Either


def parsed(source: str) -> Node:
    """Parse `source`. Raises UnsupportedExpressionError, or re.error if it is not a regular
    expression."""
    re.compile(source)
    reader = _Reader(source)
    node = reader.alternatives(has_newline=False)
    if reader.at < len(source):
        raise UnsupportedExpressionError(f"has {source[reader.at]!r} at {reader.at}")
    return node


def least(node: Node) -> int:
    """Return the least number of bytes that `node` consumes."""
    match node:
        case One():
            return 1
        case Ahead():
            return 0
        case Repeat(inner, low, _):
            return low * least(inner)
        case Concatenation(items):
            return sum(map(least, items))
        case Either(ways):
            return min(map(least, ways))


_QUANTIFIER = re.compile(r"(?:([*+?])|\{([0-9]*)(?:(,)([0-9]*))?\})[+?]?")
_GROUP = re.compile(r"\((?:\?(?:([:>])|([=!])|(s):))")
_CONTROLS = {"a": 7, "t": 9, "n": 10, "v": 11, "f": 12, "r": 13}
_TIMES = {"*": (0, None), "+": (1, None), "?": (0, 1)}
_HEXADECIMAL = re.compile(r"x([0-9a-fA-F]{2})")


class _Reader:
    """A recursive descent parser; `at` is its position."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.at = 0

    def alternatives(self, *, has_newline: bool) -> Node:
        """Parse up to a closing parenthesis or the end; `.` includes newlines if `has_newline`."""
        ways = [self._row(has_newline=has_newline)]
        while self._next() == "|":
            self.at += 1
            ways.append(self._row(has_newline=has_newline))
        return ways[0] if len(ways) == 1 else Either(tuple(ways))

    def _next(self) -> str:
        return self.source[self.at : self.at + 1]

    def _row(self, *, has_newline: bool) -> Node:
        items: list[Node] = []
        while self._next() not in ("", "|", ")"):
            if self._next() == "$":
                self.at += 1
                continue
            item = self._atom(has_newline=has_newline)
            items.append(self._repeated(item))
        return items[0] if len(items) == 1 else Concatenation(tuple(items))

    def _repeated(self, item: Node) -> Node:
        match = _QUANTIFIER.match(self.source, self.at)
        if match is None or match[0].startswith("{}"):
            return item
        self.at = match.end()
        sign, low, comma, high = match.groups()
        if sign:
            return Repeat(item, *_TIMES[sign])
        first = int(low or 0)
        return Repeat(item, first, (int(high) if high else None) if comma else first)

    def _atom(self, *, has_newline: bool) -> Node:
        first = self._next()
        if first == "(":
            return self._group(has_newline=has_newline)
        self.at += 1
        match first:
            case "[":
                return One(self._class())
            case ".":
                return One(ANY if has_newline else ANY & ~NEWLINE)
            case "\\":
                return One(1 << self._escaped())
            case "^":
                raise UnsupportedExpressionError("has an anchor")
        return One(1 << ord(first))

    def _group(self, *, has_newline: bool) -> Node:
        match = _GROUP.match(self.source, self.at)
        if match is None:
            raise UnsupportedExpressionError(f"has {self.source[self.at :][:4]}")
        self.at = match.end()
        _, ahead, dotall = match.groups()
        inner = self.alternatives(has_newline=has_newline or dotall is not None)
        self.at += 1
        return Ahead(inner) if ahead else inner

    def _class(self) -> Bytes:
        is_negated = self._next() == "^"
        self.at += is_negated
        members, start = 0, self.at
        while self._next() != "]" or self.at == start:
            low = high = self._member()
            if self._next() == "-" and self.source[self.at + 1] != "]":
                self.at += 1
                high = self._member()
            members |= (1 << (high + 1)) - (1 << low)
        self.at += 1
        return ANY & ~members if is_negated else members

    def _member(self) -> int:
        first = self._next()
        self.at += 1
        return self._escaped() if first == "\\" else ord(first)

    def _escaped(self) -> int:
        """Return the byte after a backslash."""
        hexadecimal = _HEXADECIMAL.match(self.source, self.at)
        if hexadecimal is not None:
            self.at = hexadecimal.end()
            return int(hexadecimal[1], 16)
        name = self._next()
        self.at += 1
        if name in _CONTROLS:
            return _CONTROLS[name]
        if name.isalnum():
            raise UnsupportedExpressionError(f"has \\{name}")
        return ord(name)
