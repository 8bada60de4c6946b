"""A regular expression -> a Pattern and its code; that code, kept by an earlier run -> the Pattern.

To compile the expression of a shape takes half a millisecond, which is as long as a hundred calls
take to read. `re` does it in two steps (re/_compiler.py, `compile`): an expression becomes code, a
list of numbers, and code becomes a Pattern. Only the first step takes long, and its result can be
kept. `_sre` checks code before it uses it.
"""

from __future__ import annotations

import _sre  # type: ignore[import-not-found]
import re
from array import array
from re import _compiler, _parser  # type: ignore[attr-defined]
from typing import NamedTuple

_FLAGS = re.ASCII


class Code(NamedTuple):
    """What `re` makes of an expression; it holds for one version of Python on one machine."""

    expression: bytes
    flags: int
    numbers: array[int]
    groups: int


def compiled(expression: bytes) -> Code:
    """The code of `expression`, which names no groups."""
    parsed = _parser.parse(expression, _FLAGS)
    numbers = array("I", _compiler._code(parsed, _FLAGS))
    return Code(expression, parsed.state.flags | _FLAGS, numbers, parsed.state.groups - 1)


def pattern(code: Code) -> re.Pattern[bytes]:
    """What re.compile() would have made of the expression."""
    expression, flags, numbers, groups = code
    made: re.Pattern[bytes] = _sre.compile(
        expression, flags, numbers.tolist(), groups, {}, (None,) * (groups + 1)
    )
    return made
