"""Split the text of a call into the texts of its arguments and of its result, as printed.

Strings, comments and operators are recognized by call.lark's own terminals; an argument ends at a
comma or blank that is outside of them and outside of brackets.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from strace_analyzer.trace.learned.grammar import terminal

_DEEPEST = 16
"""Brackets nested deeper than this (netlink reaches eight) end an argument with the text."""
_QUOTING = ("STRING", "CHARACTER")
_ANGLES = ("SHIFT", "ANNOTATION", "MARKER")
_BLANK_INSIDE = (
    "_ARROW", "_OR", "AND", "EQUAL_TO", "_PIPE", "SHIFT", "PLUS", "TIMES", "MINUS", "CONTEXT",
)  # fmt: skip


class CallTexts(NamedTuple):
    """The pieces of one call's text."""

    arguments: list[str]
    returned: str | None
    """the text after the equals sign, including a duration; None if there is none"""


class _Patterns(NamedTuple):
    whole: Callable[[str], re.Match[str] | None]
    """matches a call: its arguments, its result"""
    argument: Callable[[str], list[str]]
    """finds each argument"""
    simple: Callable[[str], re.Match[str] | None]
    """like `whole`, for calls whose arguments are words separated by comma and blank, as most
    are"""


@cache
def _patterns() -> _Patterns:
    comment = f"(?<!  )(?:{terminal('call', 'COMMENT')})"  # not again from each of its blanks
    quoting = "|".join((comment, *(terminal("call", name) for name in _QUOTING)))
    blanks = "|".join(terminal("call", name) for name in _BLANK_INSIDE)
    angles = "|".join(terminal("call", name) for name in _ANGLES)
    inside = rf"[^\"'(){{}}\[\]</]++|{quoting}|{angles}|(?!/\*)[</']"
    nested = r"(?!)"
    for _ in range(_DEEPEST):
        nested = rf"[(\[{{](?:{inside}|{nested})*+[)\]}}]"
    atom = (
        rf"[^\"'(){{}}\[\]</, ]++|{nested}|(?=[\"@' /])(?:{quoting})|(?=<| <)(?:{angles})"
        rf"|(?=[ -])(?:{blanks})|(?:[(\[{{\"]|/\*).*|[^, )]"
    )
    word = r"[A-Za-z0-9_|=.-]++(?:<[^<>,\"]*+>)?+"
    members = rf"(?:, |{atom}|[, ])*+"
    return _Patterns(
        re.compile(
            rf"(?:<\.\.\. )?[^( ]++(?: resumed>|\()({members})\)[ \t]*(?:=[ \t]+(.*))?", re.S
        ).fullmatch,
        re.compile(rf"(?:{atom})++", re.S).findall,
        re.compile(
            rf"[A-Za-z0-9_]++\(((?:{word}(?:, {word})*+)?)\)[ \t]*=[ \t]+(.*)", re.S
        ).fullmatch,
    )


def texts(call: str) -> CallTexts:
    """Return the pieces of `call`, which may be half a call: `name(args` or `<... name
    resumed>rest`."""
    plain = call.isascii()
    if not plain:  # the grammar's patterns expect one character per byte
        call = call.encode("utf-8", "surrogateescape").decode("latin-1")
    whole, argument, simple = _patterns()
    match = simple(call) if plain else None
    if match is not None:
        inner, returned = match.groups()
        return CallTexts(inner.split(", ") if inner else [], returned)
    match = whole(call)
    if match is not None:
        inner, returned = match.groups()
    else:
        inner, returned = call.partition("(")[2].rstrip(" ,"), None
    found = [text.strip(" ") for text in argument(inner)]
    if plain:
        return CallTexts(found, returned)
    return CallTexts(
        [_decoded(text) for text in found], None if returned is None else _decoded(returned)
    )


def _decoded(text: str) -> str:
    return text.encode("latin-1").decode("utf-8", "surrogateescape")
