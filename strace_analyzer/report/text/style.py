"""Building blocks of the text report: colours, indentation, tables without lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

from strace_analyzer.findings import Level

LEVELS = {Level.ERROR: "bold red", Level.WARNING: "bold yellow", Level.NOTE: "bold cyan"}
GOOD = "bold green"
BAD = "bold red"
DOUBT = "bold magenta"
HEADING = "bold"
FAINT = "bright_black"
INDENT = 2
_ANY = 10_000
"""columns, more than any table needs"""
_GAP = 2
"""columns between two of a table"""
_FOLDED = 16
"""columns for text that may be folded, before headings are wrapped"""
_NARROW = 6
"""least columns of any table column"""


def headline(word: str, style: str, text: str) -> Text:
    """Return `warning: beam.smp binds ...`: the word in colour, the text bold; wrapped lines align
    with the text."""
    line = Text(f"{word}: ", style=style)
    line.append(text, style="not dim bold default")
    return line


def paragraph(*sentences: str) -> RenderableType:
    """Return sentences, one per line, indented."""
    return indented(Text("\n".join(sentences)))


def indented(item: RenderableType, left: int = INDENT) -> RenderableType:
    """Indent a block by two columns."""
    return Padding(item, (0, 0, 0, left), expand=False)


class Need(NamedTuple):
    """Widths that a column needs, in terminal columns: the longest word of its heading, the longest
    word in it, the longest cell. A figure with its unit is one word."""

    heading: int
    minimum: int
    maximum: int


class Grid(Table):
    """A table that wraps between words and folds names before numbers if the terminal is too
    narrow. Headings are not broken inside words as long as columns can be left out instead."""

    spare: Sequence[str] = ()
    """headings of columns left out if there is no room, the first one first"""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Render the table with the widths that the terminal allows."""
        columns = list(self.columns)
        for name in self.spare:
            least = sum(_bearable(self._needed(one, console, options), one) for one in columns)
            if least + _GAP * (len(columns) - 1) <= options.max_width:
                break
            columns = [column for column in columns if column.header != name]
        if len(columns) < len(self.columns):
            narrow = _grid(*(replace(column) for column in columns))
            narrow.rows = self.rows
            yield from narrow.__rich_console__(console, options)
            return
        needed = [self._needed(column, console, options) for column in columns]
        room = options.max_width - _GAP * (len(columns) - 1)
        if sum(one.maximum for one in needed) <= room:
            yield from super().__rich_console__(console, options)
            return
        may_fold = [not column.no_wrap for column in columns]
        self.columns = [
            replace(column, width=wide, no_wrap=False, overflow="fold")
            for column, wide in zip(columns, shared(needed, may_fold, room), strict=True)
        ]
        yield from super().__rich_console__(console, options)
        self.columns = columns  # it can be printed again, on a page of another width

    def _needed(self, column: Column, console: Console, options: ConsoleOptions) -> Need:
        whole = options.update(width=_ANY)
        head = Measurement.get(console, whole, column.header if self.show_header else "")
        cells = [Measurement.get(console, whole, cell) for cell in column.cells]
        words = [one.maximum if column.justify == "right" else one.minimum for one in cells]
        return Need(
            head.minimum,
            max([head.minimum, *words]),
            max([head.maximum, *(one.maximum for one in cells)]),
        )


def _grid(*columns: Column) -> Grid:
    return Grid(
        *columns,
        box=None,
        pad_edge=False,
        padding=(0, _GAP, 0, 0),
        header_style=FAINT,
        show_edge=False,
    )


def _bearable(need: Need, column: Column) -> int:
    """Return the least readable width: whole headings and words, at most `_FOLDED` for text that
    may be folded."""
    return need.minimum if column.no_wrap else max(need.heading, min(need.minimum, _FOLDED))


def shared(needed: Sequence[Need], may_fold: Sequence[bool], room: int) -> list[int]:
    """Return widths that add up to `room`, as far as none is below `_NARROW`. Each column gets its
    longest word if possible, and what is left goes first to the columns that need least more. If
    there is no room for words, columns that `may_fold` shrink, the widest first, then the others;
    words of headings are broken last."""
    pairs = list(zip(needed, may_fold, strict=True))
    widths = [
        max(one.heading, min(one.minimum, _FOLDED)) if may else one.maximum for one, may in pairs
    ]
    if sum(widths) > room:  # even so there is no room for whole headings
        widths = [one.minimum for one in needed]
    spare = room - sum(widths)
    for enough in ([one.minimum for one in needed], [one.maximum for one in needed]):
        for at in sorted(range(len(widths)), key=lambda at: enough[at] - widths[at]):
            more = min(max(spare, 0), max(enough[at] - widths[at], 0))
            widths[at] += more
            spare -= more
    whole = [max(one.heading, _NARROW) for one in needed]
    for least in (whole, [_NARROW] * len(needed)):
        for folding in (True, False):
            while spare < 0:
                some = [
                    at
                    for at, may in enumerate(may_fold)
                    if may is folding and widths[at] > least[at]
                ]
                if not some:
                    break
                widths[max(some, key=lambda at: widths[at])] -= 1
                spare += 1
    return widths


def table(*columns: str, spare: Sequence[str] = ()) -> Table:
    """Return a table without lines. A column name beginning with `>` is right-aligned; one
    beginning with `~` is folded first if the terminal is narrow; others only wrap between words as
    long as there is room for words. `spare` are headings of columns left out if there is no room,
    the first one first."""
    grid = _grid()
    grid.spare = spare
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
    """Return `Fix    what to do`: a label, and next to it a block that wraps under itself."""
    grid = Table.grid(padding=0)
    grid.add_column(width=width, no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(Text(label, style=HEADING), item)
    return indented(grid)


def path(text: str, style: str = "", left: int = 0) -> Text:
    """Return a file name or command line to be copied, which is never wrapped or cut.

    It must be a block of its own: inside another block, rich would cut it.
    """
    return Text(" " * left + text, style=style, no_wrap=True, overflow="ignore")


def command(
    words: Sequence[str], width: int, label: str = "", style: str = FAINT
) -> Iterator[Text]:
    """Yield `label: strace-analyzer sockets FILE --line 7`, to be copied; if longer than `width`,
    continued on further lines as a shell accepts it."""
    line = f"{label}: {' '.join(words)}"
    if len(line) <= width:
        yield path(line, FAINT)
        return
    yield path(f"{label}:", FAINT)
    line = "  "
    for number, word in enumerate(words, 1):
        end = " \\" if number < len(words) else ""
        if line.strip() and len(line) + len(word) + len(end) > width:
            yield path(f"{line}\\", FAINT)
            line = "    "
        line += word if number == len(words) else f"{word} "
    yield path(line, FAINT)


Place = tuple[int, int]
"""Begin and end of a cell, in reverse order if it is right-aligned."""
Layout = Sequence[Sequence[tuple[int, Place]]]
"""Lines, each with the indices of its cells and their places."""


def laid_out(cells: Sequence[str], layouts: Sequence[Layout], width: int) -> list[str]:
    """Return a row of fixed columns, in the first of `layouts` for pages of this width that holds
    it; in the last one, however long it is."""
    lines: list[str] = []
    for layout in layouts:
        if layout is not layouts[-1] and _extent(layout) > width:
            continue
        lines = [_placed([(cells[at], place) for at, place in line]) for line in layout]
        if max(map(len, lines)) <= width:
            break
    return lines


def _extent(layout: Layout) -> int:
    """Return the columns that it takes, whatever is in them: headings and rows then agree."""
    return max(max(place) for line in layout for _, place in line)


def _placed(cells: Sequence[tuple[str, Place]]) -> str:
    """Return one line; a cell that is too long displaces those after it."""
    line = ""
    for text, (one, other) in cells:
        begin = one if one < other else one - len(text)
        line = f"{line:<{begin}}" if len(line) < begin or not line else f"{line} "
        line += text
    return line.rstrip()
