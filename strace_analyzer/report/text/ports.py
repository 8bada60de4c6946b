"""The block with the cost of early binds in local ports, if it was computed."""

from __future__ import annotations

from rich.console import Group as Stack
from rich.console import RenderableType
from rich.text import Text

from strace_analyzer.findings import Group
from strace_analyzer.report.cost import remarks, runs_out, taken
from strace_analyzer.report.section import Section
from strace_analyzer.report.text.style import FAINT, indented, table


def ports(group: Group, section: Section) -> RenderableType | None:
    """Return ports used now and without the bind, both with TIME_WAIT; without times, as if
    everything closed first were waiting at once."""
    use = section.ports(group)
    if use is None or not section.rule(group).counts_ports or use.total_pinned < 2:
        return None
    grid = table("LOCAL PORTS TAKEN", ">~BY BIND()", ">~WITHOUT IT")
    for row in (*taken(use), *runs_out(use, section)):
        grid.add_row(*row)
    return indented(Stack(grid, *(Text(line, style=FAINT) for line in remarks(use, section))))
