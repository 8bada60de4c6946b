"""Takes a group, gives the block that says what the early binds cost in local ports, where it was
computed."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group as Stack
from rich.console import RenderableType
from rich.text import Text

from strace_analyzer.findings import Group, PortUse
from strace_analyzer.plain import number, rate
from strace_analyzer.report.cost import is_refuted
from strace_analyzer.report.section import Section
from strace_analyzer.report.text.style import FAINT, indented, table

_SOURCES = {
    "option": "as given by --port-range",
    "host": "of the traced machine",
    "socket-option": "set by IP_LOCAL_PORT_RANGE",
    "assumed": "assumed",
}


def ports(group: Group, section: Section) -> RenderableType | None:
    """Ports taken now and without the bind, both with TIME_WAIT; without times as if all that was
    closed first waited at once."""
    use = section.ports(group)
    if use is None or not section.rule(group).counts_ports or use.total_pinned < 2:
        return None
    grid = table("LOCAL PORTS TAKEN", ">~BY BIND()", ">~WITHOUT IT")
    grid.add_row("open at the same time", number(use.peak_pinned), number(use.peak_needed))
    if use.peak_pinned_with_time_wait is not None:
        grid.add_row(
            "with 60 s of TIME_WAIT",
            number(use.peak_pinned_with_time_wait),
            _maybe(use.peak_needed_with_time_wait),
        )
        if not is_refuted(use, section):
            grid.add_row(
                "ports run out at",
                f"{rate(use.sustainable_as_is)}/s in all",
                f"{rate(use.sustainable_without_bind_per_destination)}/s per destination",
            )
    elif use.most_pinned > use.peak_pinned:
        grid.add_row(
            "if all happened within 60 s", number(use.most_pinned), number(use.most_needed)
        )
    return indented(Stack(grid, *(Text(line, style=FAINT) for line in _remarks(use, section))))


def _remarks(use: PortUse, section: Section) -> Iterator[str]:
    """What the figures count, where that is not plain, and of how many ports."""
    if use.peak_needed > use.peak_pinned:
        yield "without it: all connections are counted, also those whose port connect() chose"
    low, high = use.range
    if is_refuted(use, section):
        yield f"of a range that is not known (not {low}-{high}): --port-range gives it"
    else:
        yield f"of {number(high - low + 1)}, {low}-{high}, {_SOURCES[use.range_source]}"
    if use.chosen is not None:
        yield str(use.chosen)


def _maybe(value: int | None) -> str:
    return "-" if value is None else number(value)
