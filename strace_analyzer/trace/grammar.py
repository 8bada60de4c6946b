"""The name of a grammar in `grammars/` -> its Lark parser.

The .lark files are the only definition of what strace prints. In a repository checkout they stand
at the top level, in an installed package beside this one.
"""

from __future__ import annotations

import os
import stat
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path

from lark import Lark

_PACKAGE = Path(__file__).resolve().parent.parent
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
def parser(name: str, start: str | None = None) -> Lark:
    """The LALR parser of `name`.lark, made once; `start` is the start rule, else the file's name.

    It reads latin-1 text: one byte of a trace is one character, so nothing is lost in decoding and
    offsets agree. Its tables take Lark a third of a second, so they are kept; Lark itself sees to
    it that they are those of this grammar, this Python and this Lark.
    """
    return Lark(
        grammar_file(name).read_text(encoding="utf-8"),
        cache=_tables(f"{name}-{start or name}"),
        parser="lalr",
        lexer="contextual",
        start=start or name,
        maybe_placeholders=True,
    )


def _tables(name: str) -> str | bool:
    """The file for the tables of a grammar, in the user's cache directory; False without one.

    They are pickled: a directory that others could write to is not used.
    """
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    directory = Path(home) / "strace-analyzer"
    with suppress(OSError):
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        owner = directory.stat()
        if owner.st_uid == os.geteuid() and not owner.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            return str(directory / f"{name}.{sys.implementation.cache_tag}")
    return False
