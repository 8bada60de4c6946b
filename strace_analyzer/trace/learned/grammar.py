"""The name of a grammar in `grammars/` -> its Lark parser.

The .lark files are the only definition of what strace prints. In a repository checkout they stand
at the top level, in an installed package beside this one.
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
    """The text of `name`.lark. It may stand in a zip archive, as the rest of the program.

    Raises FileNotFoundError where the installation lacks it.
    """
    with suppress(OSError):
        found = pkgutil.get_data(_PACKAGE.name, f"grammars/{name}.lark")
        if found is not None:
            return found.decode("utf-8")
    return (_PACKAGE.parent / "grammars" / f"{name}.lark").read_text(encoding="utf-8")


@functools.cache
def parser(name: str, start: str | None = None) -> Any:
    """The LALR parser of `name`.lark, made once; `start` is the start rule, else the file's name.

    It reads latin-1 text: one byte of a trace is one character, so nothing is lost in decoding and
    offsets agree. Its tables take Lark up to a second, so they are kept.
    """
    from lark import Lark  # it takes longer to load than a short trace to read

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


def tree(name: str, start: str, text: bytes) -> Any:
    """The tree that Lark makes of `text` from a start rule of `name`.lark; None where it cannot
    read it."""
    from lark.exceptions import UnexpectedInput

    try:
        return parser(name, start).parse(text.decode("latin-1"))
    except UnexpectedInput:
        return None
