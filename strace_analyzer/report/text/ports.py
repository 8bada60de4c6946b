"""Takes a group, gives the block that says what the early binds cost in local ports, where it was
computed."""

from __future__ import annotations

from rich.console import Group as Stack
from rich.console import RenderableType
from rich.text import Text

from strace_analyzer.findings import Group, PortUse
from strace_analyzer.report.plain import number
from strace_analyzer.report.text.section import Section
from strace_analyzer.report.text.style import FAINT, indented, table

_RULES = ("bind-any-port-zero", "bind-address-port-zero", "ephemeral-ports-exhausted")
_SOURCES = {
    "option": "as given by --port-range",
    "host": "of this machine",
    "socket-option": "set by IP_LOCAL_PORT_RANGE",
    "assumed": "assumed",
}


def ports(group: Group, section: Section) -> RenderableType | None:
    """Ports taken now and without the bind, both with TIME_WAIT where the trace has times."""
    use = section.ports(group)
    if use is None or group.rule not in _RULES or use.total_pinned < 2:
        return None
    grid = table("LOCAL PORTS TAKEN", ">~NOW", ">~WITHOUT THE BIND")
    grid.add_row("open at the same time", number(use.peak_pinned), number(use.peak_needed))
    if use.peak_pinned_with_time_wait is not None:
        grid.add_row(
            "with 60 s of TIME_WAIT",
            number(use.peak_pinned_with_time_wait),
            _maybe(use.peak_needed_with_time_wait),
        )
        grid.add_row(
            "ports run out at",
            f"{int(use.sustainable_as_is):,}/s in all",
            f"{int(use.sustainable_without_bind_per_destination):,}/s per destination",
        )
    return indented(Stack(grid, Text(_range(use), style=FAINT)))


def _range(use: PortUse) -> str:
    low, high = use.range
    return f"of {number(high - low + 1)}, {low}-{high}, {_SOURCES[use.range_source]}"


def _maybe(value: int | None) -> str:
    return "-" if value is None else number(value)
