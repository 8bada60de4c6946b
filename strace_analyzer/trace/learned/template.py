"""A value with holes in it -> a Part, whose function makes the value from a match."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, NamedTuple, NoReturn

Leaf = Callable[[bytes], object]
"""From the text of a terminal to what it is worth."""

_DEEPEST = 40
"""Python itself allows 200 nested parentheses; a level of tuples takes up to three."""

_CONSTANTS = (str, bytes, int, float, Enum, type(None))


class Node(NamedTuple):
    """What a rule of a grammar has read: its name, and in order what each part is worth."""

    data: str
    children: list[Any]


class Hole:
    """What stands, while a shape is learned, for the worth of a token whose text varies.

    It answers no question about itself, so what is built around it holds for every text.
    """

    __slots__ = ("number", "terminal")

    def __init__(self, number: int, terminal: str) -> None:
        self.number = number
        """The group of the match."""
        self.terminal = terminal

    def _refuse(self, *_: object) -> NoReturn:
        raise TypeError("what is built must not depend on a text that varies")

    __bool__ = __len__ = __iter__ = __str__ = __int__ = __index__ = _refuse
    __eq__ = __hash__ = __lt__ = __getitem__ = __add__ = __format__ = _refuse


class TooDeepError(ValueError):
    """The value is nested too deep to be translated."""


def has_holes(value: Any) -> bool:
    """Whether a Hole is anywhere in `value`, a nest of tuples.

    Raises TypeError for a value of which that cannot be told.
    """
    if isinstance(value, Hole):
        return True
    if isinstance(value, tuple):
        return any(map(has_holes, value))
    if isinstance(value, _CONSTANTS):
        return False
    raise TypeError(f"a {type(value).__name__} may hide a hole")


class Part:
    """A value with holes. `fill` makes it from a match; it is translated when it is first filled,
    for most parts never are."""

    __slots__ = ("_leaves", "fill", "value")

    def __init__(self, value: Any, leaves: Mapping[str, Leaf]) -> None:
        """`leaves` says of each terminal of a hole what its text is worth.

        Raises TooDeepError where holes are under too many levels of tuples.
        """
        self.value = value
        self._leaves = leaves
        self.fill: Callable[[Any], Any]
        if has_holes(value):
            if _depth(value) > _DEEPEST:
                raise TooDeepError
            self.fill = self._translate
        else:
            self.fill = lambda _: value

    def _translate(self, match: re.Match[bytes]) -> Any:
        names: dict[str, Any] = {"new": tuple.__new__}
        source = _source(self.value, self._leaves, names)
        self.fill = eval(f"lambda match: {source}", names)  # holds only names made in _source
        return self.fill(match)


def _depth(value: Any) -> int:
    return 1 + max(map(_depth, value), default=0) if isinstance(value, tuple) else 0


def _source(value: Any, leaves: Mapping[str, Leaf], names: dict[str, Any]) -> str:
    """The Python expression that makes `value`; what it needs is put into `names`."""

    def named(thing: Any) -> str:
        name = f"v{len(names)}"
        names[name] = thing
        return name

    if isinstance(value, Hole):
        text = f"match[{value.number}]"
        leaf = leaves[value.terminal]
        return text if leaf is bytes else f"{named(leaf)}({text})"
    if not has_holes(value):
        return named(value)
    inner = "".join(f"{_source(item, leaves, names)}, " for item in value)
    if type(value) is tuple:
        return f"({inner})"
    return f"new({named(type(value))}, ({inner}))"
