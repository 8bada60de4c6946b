"""Load the grammars in `grammars/` and their Lark parsers, by name.

The .lark files are the only definition of what strace prints. In a repository checkout they are at
the top level, in an installed package next to this module.
"""

from __future__ import annotations

import functools
import pkgutil
from contextlib import suppress
from pathlib import Path
from typing import Any

from strace_analyzer.trace.learned import cache

_PACKAGE = Path(__file__).resolve().parents[2]


def grammar(name: str) -> str:
    """Return the text of `name`.lark, which may be in a zip archive like the rest of the program.

    Raises FileNotFoundError if the installation lacks it.
    """
    with suppress(OSError):
        found = pkgutil.get_data(_PACKAGE.name, f"grammars/{name}.lark")
        if found is not None:
            return found.decode("utf-8")
    return (_PACKAGE.parent / "grammars" / f"{name}.lark").read_text(encoding="utf-8")


@functools.cache
def parser(name: str, start: str | None = None) -> Any:
    """Return the LALR parser of `name`.lark, built once; `start` is the start rule, by default
    `name`.

    It parses latin-1 text: one byte of a trace is one character, so decoding loses nothing and
    offsets agree. Lark needs up to a second to build the tables, so they are cached.
    """
    from lark import Lark  # loading it takes longer than reading a short trace

    from strace_analyzer.trace.learned import tables

    kept_as = f"tables-{name}-{start or name}"
    known = tables.made_of(cache.load(kept_as))
    if known is not None:
        return known
    made = Lark(
        grammar(name),
        parser="lalr",
        lexer="contextual",
        start=start or name,
        maybe_placeholders=True,
    )
    cache.save(kept_as, tables.written(made))
    return made


def terminal(name: str, of: str) -> str:
    """Return the regular expression of the terminal `of` of `name`.lark."""
    from strace_analyzer.trace.learned.lark_internals import expression

    return expression(parser(name).get_terminal(of))


def tree(name: str, start: str, text: bytes) -> Any:
    """Return Lark's tree of `text` from a start rule of `name`.lark; None if it does not parse."""
    from lark import UnexpectedInput

    try:
        return parser(name, start).parse(text.decode("latin-1"))
    except UnexpectedInput:
        return None
