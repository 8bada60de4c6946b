"""The name of a grammar in `grammars/` -> its Lark parser.

The .lark files are the only definition of what strace prints. In a repository checkout they stand
at the top level, in an installed package beside this one.
"""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from typing import Any

from strace_analyzer.trace.learned.cache import directory

_PACKAGE = Path(__file__).resolve().parents[2]
_PLACES = (_PACKAGE / "grammars", _PACKAGE.parent / "grammars")


def grammar_file(name: str) -> Path:
    """Where `name`.lark is.

    Raises FileNotFoundError where the installation lacks it.
    """
    for place in _PLACES:
        file = place / f"{name}.lark"
        if file.is_file():
            return file
    raise FileNotFoundError(f"{name}.lark is not in {' or '.join(map(str, _PLACES))}")


@cache
def parser(name: str, start: str | None = None) -> Any:
    """The LALR parser of `name`.lark, made once; `start` is the start rule, else the file's name.

    It reads latin-1 text: one byte of a trace is one character, so nothing is lost in decoding and
    offsets agree. Its tables take Lark a third of a second, so they are kept; Lark itself sees to
    it that they are those of this grammar, this Python and this Lark.
    """
    from lark import Lark  # it takes longer to load than a short trace to read

    tables = directory()
    return Lark(
        grammar_file(name).read_text(encoding="utf-8"),
        cache=tables is not None
        and str(tables / f"{name}-{start or name}.{sys.implementation.cache_tag}"),
        parser="lalr",
        lexer="contextual",
        start=start or name,
        maybe_placeholders=True,
    )


def tree(name: str, start: str, text: bytes) -> Any:
    """The tree that Lark makes of `text` from a start rule of `name`.lark; None where it reads it
    not."""
    from lark.exceptions import UnexpectedInput

    try:
        return parser(name, start).parse(text.decode("latin-1"))
    except UnexpectedInput:
        return None
