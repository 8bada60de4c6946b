"""Takes blocks of the text report, prints them: coloured on a terminal, plain elsewhere, never
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
"""columns of a report that goes to a pipe or a file, unless COLUMNS says otherwise"""
SCREEN = 40
"""lines that what is to fit on one screen takes in a pipe or a file"""
LOWEST, HIGHEST = 24, 50
"""lines of a terminal that a report needs, and that a table of causes makes use of"""
_NARROWEST = 40
_PLAIN = str.maketrans("\u2026\u2500\u2502\u2514\u251c\u2588\u2591\u2192", ".-|`|#.>")
"""what of the report's own is not ASCII, and what stands for it, as wide"""


def console(stream: TextIO) -> Console:
    """A console that takes text as it is: the names in it are a traced program's. NO_COLOR is
    kept."""
    columns = os.environ.get("COLUMNS", "")
    width = None if stream.isatty() else int(columns) if columns.isdecimal() else PLAIN_WIDTH
    made = Console(file=stream, width=width, markup=False, emoji=False, highlight=False)
    if made.width < _NARROWEST:
        made.width = _NARROWEST
    return made


def write(stream: TextIO, blocks: Callable[[Console], Iterable[RenderableType]]) -> None:
    """What `blocks` gives for a console on `stream`, printed there."""
    target = console(stream)
    show(blocks(target), target)


def show(blocks: Iterable[RenderableType], target: Console) -> None:
    """Print block by block. In plain output no line ends in blanks; where the encoding is not
    UTF-8 all is ASCII, and other characters of names are escapes."""
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
    """How many there are on one screen of it, above the line where the shell asks again; None where
    it is no terminal."""
    is_terminal = target.file.isatty()  # FORCE_COLOR makes none of a pipe
    return max(target.height, LOWEST) - 1 if is_terminal else None


def height(blocks: Iterable[RenderableType], width: int) -> int:
    """The lines that `blocks` take on a terminal so many columns wide, where a command line that is
    longer goes on below."""
    stream = io.StringIO()
    target = console(stream)
    target.width = width
    show(blocks, target)
    return sum(-(-max(len(line), 1) // width) for line in stream.getvalue().splitlines())


def _ascii(text: str) -> str:
    return text.translate(_PLAIN).encode("ascii", "backslashreplace").decode("ascii")
