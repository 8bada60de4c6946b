"""A regular expression -> a Pattern and its code; that code, kept by an earlier run -> the Pattern.

To compile the expression of a shape takes half a millisecond, which is as long as a hundred calls
take to read. `re` does it in two steps (re/_compiler.py, `compile`): an expression becomes code, a
list of numbers, and code becomes a Pattern. Only the first step takes long, and its result can be
kept. `_sre` checks code before it uses it. A Python in which this is otherwise done compiles the
expression each time.
"""

from __future__ import annotations

import re
from array import array
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import NamedTuple

_FLAGS = re.ASCII


class Code(NamedTuple):
    """What `re` makes of an expression; it holds for one version of Python on one machine."""

    expression: bytes
    flags: int
    numbers: array[int]
    groups: int


def compiled(expression: bytes) -> Code:
    """The code of `expression`, which names no groups; without numbers where it cannot be had."""
    return _code(expression) if _in_two_steps() else Code(expression, _FLAGS, array("I"), 0)


def pattern(code: Code) -> re.Pattern[bytes]:
    """What re.compile() would have made of the expression."""
    if code.numbers and _in_two_steps():
        return _pattern(code)
    return re.compile(code.expression, _FLAGS)


def _code(expression: bytes) -> Code:
    compiler, parser = _modules()[1:]
    parsed = parser.parse(expression, _FLAGS)
    numbers = array("I", compiler._code(parsed, _FLAGS))
    return Code(expression, parsed.state.flags | _FLAGS, numbers, parsed.state.groups - 1)


def _pattern(code: Code) -> re.Pattern[bytes]:
    expression, flags, numbers, groups = code
    made: re.Pattern[bytes] = _modules()[0].compile(
        expression, flags, numbers.tolist(), groups, {}, (None,) * (groups + 1)
    )
    return made


@cache
def _modules() -> tuple[ModuleType, ...]:
    return tuple(import_module(name) for name in ("_sre", "re._compiler", "re._parser"))


@cache
def _in_two_steps() -> bool:
    """Whether this Python does it as described: none of it is promised."""
    try:
        match = _pattern(_code(rb"a(b|(?>c+))\d")).fullmatch(b"acc7")
    except (ImportError, AttributeError, TypeError, ValueError, RuntimeError):
        return False
    return match is not None and match[1] == b"cc"
