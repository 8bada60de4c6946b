"""Print the text report of an Analysis as to a pipe."""

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
    """Return the whole report, `width` columns wide, on a screen of `rows` lines if given."""
    selected = Selected(made, Selection())
    gate = Gate()
    blocks = page(
        selected, judge(selected, gate), gate, width=width, lines=rows, everything=everything
    )
    return lines(blocks, width)


def lines(blocks: Iterable[RenderableType], width: int = 100) -> str:
    """Return blocks as printed to a pipe."""
    stream = io.StringIO()
    target = console(stream)
    target.width = width
    show(blocks, target)
    return stream.getvalue()
