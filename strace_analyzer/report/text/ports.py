"""Takes a group, gives the block that says what the early binds cost in local ports, where it was
computed."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group as Stack
from rich.console import RenderableType
from rich.text import Text

from strace_analyzer.findings import Group, PortUse
from strace_analyzer.plain import number
from strace_analyzer.report.cost import is_given_again, is_refuted, runs_out, taken
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
    for row in (*taken(use), *runs_out(use, section)):
        grid.add_row(*row)
    return indented(Stack(grid, *(Text(line, style=FAINT) for line in _remarks(use, section))))


def _remarks(use: PortUse, section: Section) -> Iterator[str]:
    """What the figures count, where that is not plain, and of how many ports."""
    if use.peak_needed > use.peak_pinned:
        yield "without it: all connections are counted, also those whose port connect() chose"
    if is_given_again(use):
        yield "to loopback connect() gives ports in TIME_WAIT again after 1 s, bind() does not"
    low, high = use.range
    if is_refuted(use, section):
        yield f"of a range that is not known (not {low}-{high}): --port-range gives it"
    else:
        yield f"of {number(high - low + 1)}, {low}-{high}, {_SOURCES[use.range_source]}"
    if use.chosen is not None:
        yield str(use.chosen)
