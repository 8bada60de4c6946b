"""A small text chart of ports held and needed over time."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from strace_analyzer.findings import TimelinePoint
from strace_analyzer.plain import duration, number

_ROWS = 6
_NARROWEST = 24


class Ink(NamedTuple):
    """The characters of a chart: needed; held beyond that by bind(); held beyond that otherwise or
    in TIME_WAIT; the axis."""

    needed: str
    held: str
    waiting: str
    upright: str
    corner: str
    level: str


BLOCKS = Ink("█", "░", "·", "│", "└", "─")
ASCII = Ink("#", ".", ":", "|", "+", "-")


def chart(
    points: Sequence[TimelinePoint], width: int, ink: Ink = BLOCKS, timed: bool = True
) -> list[str]:
    """Return lines of at most `width` columns; [] if nothing was ever held or needed.

    `timed`: the points are seconds apart and not calls. Without times, everything in TIME_WAIT is
    assumed to be so at once.
    """
    highest = max((max(p.held + p.others, p.needed) for p in points), default=0)
    if highest == 0:
        return []
    label = len(number(highest))
    columns = max(_NARROWEST, width - label - 3)
    spans = _fitted(points, columns)
    lines = []
    rows = min(_ROWS, highest)
    for row in range(rows, 0, -1):
        floor = highest * (row - 1) / rows
        name = number(highest) if row == rows else ""
        marks = "".join(_mark(*span, floor, ink) for span in spans)
        lines.append(f"{name:>{label}} {ink.upright}{marks}".rstrip())
    lines.append(f"{'0':>{label}} {ink.corner}{ink.level * len(spans)}")
    lines.append(f"{'':>{label}}  {_ends(points, len(spans), timed)}")
    legend = [f"{ink.needed} needed", f"{ink.held} held by bind() beyond that"]
    if any(waiting for _, _, waiting in spans):
        legend.append(f"{ink.waiting} otherwise held, or {'' if timed else 'at most '}in TIME_WAIT")
    said = "   ".join(legend)
    for line in [said] if len(said) <= columns + 1 else legend:
        lines.append(f"{'':>{label}}  {line}")
    return lines


def _mark(held: int, needed: int, waiting: int, floor: float, ink: Ink) -> str:
    if needed > floor:
        return ink.needed
    if held > floor:
        return ink.held
    return ink.waiting if held + waiting > floor else " "


def _fitted(points: Sequence[TimelinePoint], columns: int) -> list[tuple[int, int, int]]:
    """Return (held, needed, waiting) for each column: the highest of several points, or a few
    points spread out."""
    if len(points) > columns:
        edges = [index * len(points) // columns for index in range(columns + 1)]
        return [
            (
                max(p.held for p in points[a:b]),
                max(p.needed for p in points[a:b]),
                max(p.held + p.others for p in points[a:b]) - max(p.held for p in points[a:b]),
            )
            for a, b in pairwise(edges)
        ]
    times = max(1, columns // len(points))
    return [(p.held, p.needed, p.others) for p in points for _ in range(times)]


def _ends(points: Sequence[TimelinePoint], columns: int, timed: bool) -> str:
    """Return the line below the axis: begin and end."""
    width = points[1].at - points[0].at if len(points) > 1 else 0.0
    first, last = points[0].at, points[-1].at + width
    if timed:
        begin, end = duration(first) if first else "0 s", duration(last)
    else:
        begin, end = "first call", "last"
    return f"{begin}{end:>{max(len(end) + 1, columns - len(begin))}}"
