"""A value with holes in it -> a Part, whose function makes the value from a match."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, NamedTuple, NoReturn

Leaf = Callable[[bytes], object]
"""From the text of a terminal to its value."""

_DEEPEST = 40
"""Python itself allows 200 nested parentheses; a level of tuples takes up to three."""

_CONSTANTS = (str, bytes, int, float, Enum, type(None))

_HOLE, _BYTES, _TUPLE = "?", "bytes", "()"
"""First items of the JSON arrays that stand for a Hole, for bytes, and for a plain tuple."""


class Node(NamedTuple):
    """What a rule of a grammar has read: its name, and the values of its parts in order."""

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
        """`leaves` gives the value of the text of each terminal that is a hole.

        Raises TooDeepError where holes are under too many levels of tuples.
        """
        self.value = value
        self._leaves = leaves
        self.fill: Callable[[Any], Any]
        if has_holes(value):
            if is_deeper(value, _DEEPEST):
                raise TooDeepError
            self.fill = self._translate
        else:
            self.fill = lambda _: value

    def _translate(self, match: re.Match[bytes]) -> Any:
        names: dict[str, Any] = {"new": tuple.__new__}
        source = _source(self.value, self._leaves, names)
        self.fill = eval(f"lambda match: {source}", names)  # holds only names made in _source
        return self.fill(match)


def is_deeper(value: Any, levels: int) -> bool:
    """Whether tuples are nested in `value` on more levels than these."""
    level = [value]
    for _ in range(levels + 1):
        level = [item for outer in level if isinstance(outer, tuple) for item in outer]
        if not level:
            return False
    return True


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


# --- templates as data ---


def as_data(value: Any) -> Any:
    """A value with holes -> what JSON can hold of it: strings and numbers as they are, everything
    else an array whose first item names its type.

    Raises TypeError for a value that cannot be a template.
    """
    if isinstance(value, Hole):
        return [_HOLE, value.number, value.terminal]
    if isinstance(value, Enum):
        return [type(value).__name__, value.value]
    if isinstance(value, bytes):
        return [_BYTES, value.decode("latin-1")]
    if isinstance(value, tuple):
        kind = _TUPLE if type(value) is tuple else type(value).__name__
        return [kind, *map(as_data, value)]
    if isinstance(value, _CONSTANTS):
        return value
    raise TypeError(f"a {type(value).__name__} is no part of a template")


def from_data(data: Any, types: Mapping[str, type], leaves: Mapping[str, Leaf], groups: int) -> Any:
    """The template that `as_data` made `data` of. `types` are those it may name, `leaves` the
    terminals of its holes, whose numbers are at most `groups`.

    Raises ValueError, KeyError or TypeError where it is no such template.
    """
    if not isinstance(data, list):
        if isinstance(data, _CONSTANTS):
            return data
        raise ValueError("no part of a template")
    kind, *items = data
    if kind == _HOLE:
        number, terminal = items
        if terminal not in leaves or type(number) is not int or not 0 < number <= groups:
            raise ValueError("no hole of this template")
        return Hole(number, terminal)
    if kind == _BYTES:
        (text,) = items
        return text.encode("latin-1")
    if kind == _TUPLE:
        return tuple(from_data(item, types, leaves, groups) for item in items)
    made = types[kind]
    if issubclass(made, Enum):
        return made(*items)
    return made(*(from_data(item, types, leaves, groups) for item in items))
