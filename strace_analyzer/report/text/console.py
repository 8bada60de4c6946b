"""Print blocks of the text report: coloured on a terminal, plain elsewhere, never interpreting
markup."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable
from typing import TextIO

from rich.console import Console, RenderableType
from rich.text import Text

from strace_analyzer.plain import is_unicode

PLAIN_WIDTH = 100
"""columns of a report to a pipe or a file, unless COLUMNS is set"""
SCREEN = 40
"""lines of "one screen" in a pipe or a file"""
LOWEST, HIGHEST = 24, 50
"""least lines of a terminal that a report needs, and most that a table of causes uses"""
_NARROWEST = 40
_PLAIN = str.maketrans("\u2026\u2500\u2502\u2514\u251c\u2588\u2591\u2192", ".-|`|#.>")
"""the report's own characters that are not ASCII, and their ASCII equivalents of the same width"""


def console(stream: TextIO) -> Console:
    """Return a console that prints text literally, since names come from a traced program. NO_COLOR
    is respected."""
    columns = os.environ.get("COLUMNS", "")
    width = None if stream.isatty() else int(columns) if columns.isdecimal() else PLAIN_WIDTH
    made = Console(file=stream, width=width, markup=False, emoji=False, highlight=False)
    if made.width < _NARROWEST:
        made.width = _NARROWEST
    return made


def write(stream: TextIO, blocks: Callable[[Console], Iterable[RenderableType]]) -> None:
    """Print what `blocks` returns for a console on `stream`."""
    target = console(stream)
    show(blocks(target), target)


def show(blocks: Iterable[RenderableType], target: Console) -> None:
    """Print block by block. In plain output, lines have no trailing blanks; if the encoding is not
    UTF-8, everything is ASCII, with other characters of names escaped."""
    for block in blocks:
        # rich joins bare Text into a new one and forgets that it must not be wrapped
        whole = isinstance(block, Text) and block.no_wrap is True
        with target.capture() as captured:
            target.print(block, soft_wrap=whole)
        said = captured.get()
        if not target.is_terminal:
            said = "\n".join(line.rstrip() for line in said.split("\n"))
        target.file.write(said if is_unicode(target.encoding) else _ascii(said))


def lines(target: Console) -> int | None:
    """Return the lines of one screen, without the line for the shell's prompt; None if it is not a
    terminal."""
    is_terminal = target.file.isatty()  # FORCE_COLOR does not make a terminal of a pipe
    return max(target.height, LOWEST) - 1 if is_terminal else None


def height(blocks: Iterable[RenderableType], width: int) -> int:
    """Return the lines that `blocks` take on a terminal of `width` columns, where a longer command
    line continues on the next line."""
    stream = io.StringIO()
    target = console(stream)
    target.width = width
    show(blocks, target)
    return sum(-(-max(len(line), 1) // width) for line in stream.getvalue().splitlines())


def _ascii(text: str) -> str:
    return text.translate(_PLAIN).encode("ascii", "backslashreplace").decode("ascii")
