"""Gives what every block of the text report is made of: colours, indentation, tables without
lines."""

from __future__ import annotations

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from strace_analyzer.findings import Level

LEVELS = {Level.ERROR: "bold red", Level.WARNING: "bold yellow", Level.NOTE: "bold cyan"}
GOOD = "bold green"
BAD = "bold red"
DOUBT = "bold magenta"
HEADING = "bold"
FAINT = "bright_black"
INDENT = 2


def headline(word: str, style: str, text: str) -> Text:
    """`warning: beam.smp binds ...`: the word in colour, what it says in bold; wraps under the
    text."""
    line = Text(f"{word}: ", style=style)
    line.append(text, style="not dim bold default")
    return line


def paragraph(*sentences: str) -> RenderableType:
    """Sentences, one to a line, indented."""
    return indented(Text("\n".join(sentences)))


def indented(item: RenderableType, left: int = INDENT) -> RenderableType:
    """A block two columns in."""
    return Padding(item, (0, 0, 0, left), expand=False)


def table(*columns: str) -> Table:
    """A table without lines. A column name that begins with `>` is set flush right, one that
    begins with `~` may be wrapped when the terminal is narrow, every other is never broken."""
    grid = Table(
        box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style=FAINT, show_edge=False
    )
    for name in columns:
        mark = name[: len(name) - len(name.lstrip(">~"))]
        grid.add_column(
            name.lstrip(">~"),
            justify="right" if ">" in mark else "left",
            no_wrap="~" not in mark,
            overflow="fold" if "~" in mark else "ellipsis",
        )
    return grid


def labelled(label: str, item: RenderableType, width: int = 7) -> RenderableType:
    """`Fix    what to do`: a label, and beside it a block that wraps under itself."""
    grid = Table.grid(padding=0)
    grid.add_column(width=width, no_wrap=True)
    grid.add_column()
    grid.add_row(Text(label, style=HEADING), item)
    return indented(grid)


def path(text: str, style: str = "", left: int = 0) -> Text:
    """A file name or command line, which is never wrapped or cut: it is there to be copied.

    It must stand alone: inside another block rich would cut it.
    """
    return Text(" " * left + text, style=style, no_wrap=True, overflow="ignore")
