"""Gives what every block of the text report is made of: colours, indentation, tables without
lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

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
"""columns that what may be folded gets, before headings are wrapped"""
_NARROW = 6
"""columns that no column of a table gets less than"""


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


class Grid(Table):
    """A table that wraps between words, and folds names before numbers, where the terminal is too
    narrow for it."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The table, with the widths that the terminal has for its columns."""
        measured = [self._measured(column, console, options) for column in self.columns]
        room = options.max_width - _GAP * (len(measured) - 1)
        if sum(one.maximum for one in measured) > room:
            may_fold = [not column.no_wrap for column in self.columns]
            for column, width in zip(self.columns, shared(measured, may_fold, room), strict=True):
                column.width, column.no_wrap, column.overflow = width, False, "fold"
        yield from super().__rich_console__(console, options)

    def _measured(self, column: Column, console: Console, options: ConsoleOptions) -> Measurement:
        """The longest word of a column, and its longest cell."""
        cells = [*column.cells, *([column.header] if self.show_header else [])]
        whole = options.update(width=_ANY)
        found = [Measurement.get(console, whole, cell) for cell in cells]
        return Measurement(
            max((one.minimum for one in found), default=0),
            max((one.maximum for one in found), default=0),
        )


def shared(measured: Sequence[Measurement], may_fold: Sequence[bool], room: int) -> list[int]:
    """Widths that add up to `room`, as far as none is below `_NARROW`: each column gets its longest
    word, and what is left goes first to those that need least more. Where there is not even room
    for words, those that `may_fold` give theirs up, the widest first, then the others."""
    pairs = list(zip(measured, may_fold, strict=True))
    widths = [min(one.minimum, _FOLDED) if may else one.maximum for one, may in pairs]
    if sum(widths) > room:  # even so there is no room for whole headings
        widths = [one.minimum for one in measured]
    spare = room - sum(widths)
    for at in sorted(range(len(widths)), key=lambda at: measured[at].maximum - widths[at]):
        more = min(max(spare, 0), measured[at].maximum - widths[at])
        widths[at] += more
        spare -= more
    for folding in (True, False):
        while spare < 0:
            some = [
                at for at, may in enumerate(may_fold) if may is folding and widths[at] > _NARROW
            ]
            if not some:
                break
            widths[max(some, key=lambda at: widths[at])] -= 1
            spare += 1
    return widths


def table(*columns: str) -> Table:
    """A table without lines. A column name that begins with `>` is set flush right, one that
    begins with `~` is folded first when the terminal is narrow; every other is only wrapped
    between words as long as there is room for its words."""
    grid = Grid(
        box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style=FAINT, show_edge=False
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


def command(
    words: Sequence[str], width: int, label: str = "", style: str = FAINT
) -> Iterator[Text]:
    """`label: strace-analyzer sockets FILE --line 7`, to be copied: where it is longer than `width`
    it goes on below, as a shell takes it."""
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
"""Where a cell begins and ends; one that is set flush right has them the other way round."""
Layout = Sequence[Sequence[tuple[int, Place]]]
"""Lines, each with the cells that it has, by number, and their places."""


def laid_out(cells: Sequence[str], layouts: Sequence[Layout], width: int) -> list[str]:
    """A row of a table whose columns are fixed, in the first of `layouts` that fits the page."""
    lines: list[str] = []
    for layout in layouts:
        lines = [_placed([(cells[at], place) for at, place in line]) for line in layout]
        if max(map(len, lines)) <= width:
            break
    return lines


def _placed(cells: Sequence[tuple[str, Place]]) -> str:
    """One line; a cell that is too long takes room of what follows."""
    line = ""
    for text, (one, other) in cells:
        begin = one if one < other else one - len(text)
        line = f"{line:<{begin}}" if len(line) < begin or not line else f"{line} "
        line += text
    return line.rstrip()
