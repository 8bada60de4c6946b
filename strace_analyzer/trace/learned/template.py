"""Templates: turn a value with holes into a Part, whose function builds the value from a match."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, NamedTuple, NoReturn

Leaf = Callable[[bytes], object]
"""Converts the text of a terminal to its value."""

_DEEPEST = 40
"""Python itself allows 200 nested parentheses; one level of tuples takes up to three."""

_CONSTANTS = (str, bytes, int, float, Enum, type(None))

_HOLE, _BYTES, _TUPLE = "?", "bytes", "()"
"""First items of the JSON arrays that represent a Hole, bytes, and a plain tuple."""


class Node(NamedTuple):
    """What a grammar rule has read: its name, and the values of its parts in order."""

    data: str
    children: list[Any]


class Hole:
    """Stands for the value of a token whose text varies, while a shape is learned.

    It answers no question about itself, so what is built around it is valid for every text.
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
    """The value is nested too deeply to be translated."""


def has_holes(value: Any) -> bool:
    """Return whether a Hole is anywhere in `value`, a nest of tuples.

    Raises TypeError for a value of an unsupported type.
    """
    if isinstance(value, Hole):
        return True
    if isinstance(value, tuple):
        return any(map(has_holes, value))
    if isinstance(value, _CONSTANTS):
        return False
    raise TypeError(f"a {type(value).__name__} may hide a hole")


class Template:
    """A value with holes. `fill` builds it from a match; it is compiled on first use, since most
    parts are never filled."""

    __slots__ = ("_leaves", "fill", "value")

    def __init__(self, value: Any, leaves: Mapping[str, Leaf]) -> None:
        """`leaves` converts the text of each terminal that is a hole.

        Raises TooDeepError if holes are nested in too many levels of tuples.
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
        self.fill = eval(f"lambda match: {source}", names)  # contains only names made in _source
        return self.fill(match)


def is_deeper(value: Any, levels: int) -> bool:
    """Whether tuples in `value` are nested more than `levels` deep."""
    level = [value]
    for _ in range(levels + 1):
        level = [item for outer in level if isinstance(outer, tuple) for item in outer]
        if not level:
            return False
    return True


def _source(value: Any, leaves: Mapping[str, Leaf], names: dict[str, Any]) -> str:
    """Return the Python expression that builds `value`; the objects it needs are added to
    `names`."""

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
    """Convert a value with holes to JSON data: strings and numbers unchanged, everything else an
    array whose first item names its type.

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
    """Convert data made by `as_data` back to a template. `types` are those it may name, `leaves`
    the terminals of its holes, whose numbers are at most `groups`.

    Raises ValueError, KeyError or TypeError if it is no valid template.
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
