"""A value with holes in it -> a function that makes the value from a match."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NoReturn

Part = Callable[[Any], Any]
"""From the match of a shape (None from plain Lark) to the part's value."""

_DEEPEST = 40
"""Python itself allows 200 nested parentheses; a level of tuples takes up to three."""

_CONSTANTS = (str, bytes, int, float, type(None))


class Hole:
    """What stands, while a shape is learned, for the worth of a token whose text varies.

    It answers no question about itself, so what is built around it holds for every text.
    """

    __slots__ = ("number", "worth")

    def __init__(self, number: int, worth: Callable[[bytes], Any]) -> None:
        self.number = number
        self.worth = worth

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


def constant(value: Any) -> Part:
    """The part that is `value`, whatever matched."""
    return lambda _: value


def part(value: Any) -> Part:
    """The function that gives `value` with its holes filled.

    Raises TooDeepError where they are under too many levels of tuples.
    """
    if isinstance(value, Hole):
        number, worth = value.number, value.worth
        return lambda match: worth(match[number])
    if not has_holes(value):
        return constant(value)
    if _depth(value) > _DEEPEST:
        raise TooDeepError
    return Template(value)


def _depth(value: Any) -> int:
    return 1 + max(map(_depth, value), default=0) if isinstance(value, tuple) else 0


class Template:
    """A value with holes, translated to a Python function when first filled (most never are)."""

    __slots__ = ("_fill", "_value")

    def __init__(self, value: Any) -> None:
        self._value = value
        self._fill: Part | None = None

    def __call__(self, match: re.Match[bytes]) -> Any:
        if self._fill is None:
            names: dict[str, Any] = {"new": tuple.__new__}
            source = _source(self._value, names)
            self._fill = eval(f"lambda match: {source}", names)  # holds only names made in _source
        return self._fill(match)


def _source(value: Any, names: dict[str, Any]) -> str:
    """The Python expression that makes `value`; what it needs is put into `names`."""

    def named(thing: Any) -> str:
        name = f"v{len(names)}"
        names[name] = thing
        return name

    if isinstance(value, Hole):
        return f"{named(value.worth)}(match[{value.number}])"
    if not has_holes(value):
        return named(value)
    inner = "".join(f"{_source(item, names)}, " for item in value)
    if type(value) is tuple:
        return f"({inner})"
    return f"new({named(type(value))}, ({inner}))"
