"""Progress of a live analysis on a terminal.

Either one line, which is rewritten in place and so does no harm if others write to the same
terminal, or a few lines with a bar if nobody else does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from rich.console import Group as Stack
from rich.console import RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from strace_analyzer.findings import Level
from strace_analyzer.plain import count, number, safe
from strace_analyzer.report.text.style import FAINT, GOOD, HEADING, LEVELS, table
from strace_analyzer.report.told import ToldRow

_BAR = 24
"""columns"""
_ROWS = 8


class LiveFigures(NamedTuple):
    """What is shown. `rate` is in lines per second, `elapsed` in seconds."""

    elapsed: float
    lines: int
    rate: float
    open_sockets: int
    pinned: int
    port_range: tuple[int, int]
    findings: Mapping[Level, int]
    rows: Sequence[tuple[ToldRow, int]] = ()

    @property
    def ports(self) -> int:
        """Number of ports in the range."""
        return self.port_range[1] - self.port_range[0] + 1

    @property
    def has_pinned(self) -> bool:
        """Whether bind() was seen to take a port. Nothing is said about ports before that: those
        held earlier, or chosen by connect(), are not counted."""
        return self.pinned > 0 or any(self.findings.values())


def status(figures: LiveFigures) -> RenderableType:
    """Format `12,340 lines, 8,120/s | 41 sockets open | 312 of 28,232 ports pinned | 3 warnings`,
    cut if the terminal is narrow."""
    line = Text(no_wrap=True, overflow="ellipsis")
    pinned = f"{number(figures.pinned)} of {number(figures.ports)} ports pinned"
    parts = (
        Text(f"{count(figures.lines, 'line')}, {figures.rate:,.0f}/s"),
        Text(f"{count(figures.open_sockets, 'socket')} open"),
        *((Text(pinned),) if figures.has_pinned else ()),
        _findings(figures),
    )
    for part in parts:
        line.append(" | " if line else "", style=FAINT)
        line.append_text(part)
    return line


def board(figures: LiveFigures) -> RenderableType:
    """Return the same on separate lines, with pinned ports as a bar against the range, and the
    findings by process and destination."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True, style=HEADING)
    grid.add_column(no_wrap=True, justify="right")
    grid.add_column(no_wrap=True, overflow="ellipsis")
    minutes, seconds = divmod(int(figures.elapsed), 60)
    low, high = figures.port_range
    rate = Text(f"{figures.rate:,.0f}/s   for {minutes}:{seconds:02}", style=FAINT)
    grid.add_row("Lines", number(figures.lines), rate)
    grid.add_row("Sockets open", number(figures.open_sockets), "")
    if figures.has_pinned:
        grid.add_row(
            "Ports pinned",
            number(figures.pinned),
            ProgressBar(total=figures.ports, completed=figures.pinned, width=_BAR),
            style=_alarm(figures),
        )
        share = f"{figures.pinned / figures.ports:.1%}"
        grid.add_row("", share, Text(f"of {low}-{high}", style=FAINT))
    grid.add_row("Findings", number(sum(figures.findings.values())), _findings(figures))
    grid.add_row("", "", Text("Ctrl-C ends it and brings the report", style=FAINT))
    return Stack(grid, _kinds(figures.rows)) if figures.rows else grid


def _kinds(rows: Sequence[tuple[ToldRow, int]]) -> RenderableType:
    grid = table("PROCESS", "~DESTINATION", "FINDING", ">COUNT")
    for row, found in rows[:_ROWS]:
        grid.add_row(safe(row.process), safe(row.destination), row.rule, number(found))
    if len(rows) > _ROWS:
        rest = sum(found for _, found in rows[_ROWS:])
        grid.add_row(f"{len(rows) - _ROWS:,} more", "", "", number(rest), style=FAINT)
    return grid


def announcement(line: str) -> Text:
    """Return the line of a finding that has just become provable, with its level, if it has one
    yet, in colour."""
    text = Text(line.rstrip("\n"), no_wrap=True, overflow="ignore")
    for level, style in LEVELS.items():
        at = text.plain.find(f": {level}: ")
        if at >= 0:
            text.stylize(style, at + 2, at + 2 + len(str(level)))
            break
    return text


def _findings(figures: LiveFigures) -> Text:
    """Format `42 findings, 2 errors`; `no findings`. Notes are not named as such, because they may
    still become worse."""
    total = sum(figures.findings.values())
    if not total:
        return Text("no findings", style=GOOD)
    line = Text(count(total, "finding"), style=LEVELS[Level.WARNING])
    for level in (Level.ERROR, Level.WARNING):
        if found := figures.findings.get(level, 0):
            line.append(", ", style="not bold default")
            line.append(count(found, str(level)), style=LEVELS[level])
    return line


def _alarm(figures: LiveFigures) -> str:
    """Return the style of an error from 80 % of the range on (RULES.md)."""
    return LEVELS[Level.ERROR] if figures.pinned >= 0.8 * figures.ports else ""
