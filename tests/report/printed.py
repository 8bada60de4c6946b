"""Takes an Analysis, gives the text report as a pipe gets it."""

from __future__ import annotations

import io
from collections.abc import Iterable

from rich.console import RenderableType

from strace_analyzer.analysis import Analysis
from strace_analyzer.report.gate import Gate, judge
from strace_analyzer.report.selection import Selected, Selection
from strace_analyzer.report.text.console import console, show
from strace_analyzer.report.text.page import page


def printed(
    made: Analysis, width: int = 100, everything: bool = False, rows: int | None = None
) -> str:
    """The report of everything, `width` columns wide, on a screen of so many `rows`, if any."""
    selected = Selected(made, Selection())
    gate = Gate()
    blocks = page(
        selected, judge(selected, gate), gate, width=width, lines=rows, everything=everything
    )
    return lines(blocks, width)


def lines(blocks: Iterable[RenderableType], width: int = 100) -> str:
    """Blocks as a pipe gets them."""
    stream = io.StringIO()
    target = console(stream)
    target.width = width
    show(blocks, target)
    return stream.getvalue()
