"""A value with holes in it -> a function that makes the value from a match."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NoReturn

Part = Callable[[Any], Any]
"""From the match of a shape (None from plain Lark) to the part's value."""

_CONSTANTS = (str, bytes, int, float, type(None))


class Hole:
    """What stands, while a shape is learned, for the worth of a token whose text varies.

    It answers no question about itself, so what is built around it holds for every text.
    """

    __slots__ = ("number", "worth")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, number: int, worth: Callable[[bytes], Any]) -> None:
        self.number = number
        self.worth = worth

    def _refuse(self, *_: object) -> NoReturn:
        raise TypeError("what is built must not depend on a text that varies: use later()")

    __bool__ = __len__ = __iter__ = __str__ = __int__ = __index__ = _refuse
    __eq__ = __lt__ = __getitem__ = __add__ = __format__ = _refuse  # type: ignore[assignment]


class Later:
    """The call of a function that has to wait for the holes among its arguments."""

    __slots__ = ("arguments", "function")

    def __init__(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        self.function = function
        self.arguments = arguments


def later(function: Callable[..., Any], *arguments: Any) -> Any:
    """`function(*arguments)`, at once where no hole is in `arguments`, else when they are filled."""
    return Later(function, arguments) if any(map(has_holes, arguments)) else function(*arguments)


def has_holes(value: Any) -> bool:
    """Whether a Hole is anywhere in `value`, a nest of tuples.

    Raises TypeError for a value of which that cannot be told.
    """
    if isinstance(value, (Hole, Later)):
        return True
    if isinstance(value, tuple):
        return any(map(has_holes, value))
    if isinstance(value, _CONSTANTS):
        return False
    raise TypeError(f"a {type(value).__name__} may hide a hole")


def part(value: Any) -> Part:
    """The function that gives `value` with its holes filled."""
    if isinstance(value, Hole):
        number, worth = value.number, value.worth
        return lambda match: worth(match[number])
    return Template(value) if has_holes(value) else lambda _: value


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
    if isinstance(value, Later):
        inner = ", ".join(_source(argument, names) for argument in value.arguments)
        return f"{named(value.function)}({inner})"
    if not has_holes(value):
        return named(value)
    inner = "".join(f"{_source(item, names)}, " for item in value)
    if type(value) is tuple:
        return f"({inner})"
    return f"new({named(type(value))}, ({inner}))"
