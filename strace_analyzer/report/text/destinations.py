"""The table of a group's destinations: destination, count, descriptors, bind lines."""

from __future__ import annotations

from rich.table import Table

from strace_analyzer.findings import Group
from strace_analyzer.plain import number, safe
from strace_analyzer.report.places import places
from strace_analyzer.report.text.style import FAINT, table
from strace_analyzer.rules import Rule

ROWS, FEW, ONE = 8, 3, 1
"""rows with enough, little, and no room"""


def destinations(group: Group, rule: type[Rule], everything: bool, rows: int = ROWS) -> Table:
    """Return the table, most frequent destinations first; those beyond `rows` are only counted,
    unless `everything`."""
    found = places(group, rule, None if everything else rows, brief=rows == ONE and not everything)
    first, *others = map(str.upper, found.headings)
    counted, lists = others[: found.numbers], others[found.numbers :]
    grid = table(first, *(f">{name}" for name in counted), *lists[:-1], f"~{lists[-1]}")
    for row in found.rows:
        grid.add_row(*map(safe, row))
    if rest := found.left_out:
        counts = sum(peer.count for peer in rest), sum(peer.connected for peer in rest)
        told = map(number, counts[: found.numbers])
        grid.add_row(f"{len(rest):,} more: --all", *told, style=FAINT)
    return grid
