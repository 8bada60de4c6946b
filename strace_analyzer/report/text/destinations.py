"""The table of a group's destinations: destination, count, descriptors, bind lines."""

from __future__ import annotations

from rich.table import Table

from strace_analyzer.findings import Group, PeerCount
from strace_analyzer.plain import number, ranges, safe
from strace_analyzer.report.text.style import FAINT, table
from strace_analyzer.rules import Rule

ROWS, FEW, ONE = 8, 3, 1
"""rows with enough, little, and no room"""
_BIND_LINES = 4
_PIECES = 4
"""pieces of a list of file descriptors"""


def destinations(group: Group, rule: type[Rule], everything: bool, rows: int = ROWS) -> Table:
    """Return the table, most frequent destinations first; those beyond `rows` are only counted,
    unless `everything`."""
    connected = [] if rule.is_failure else [">CONNECTED"]
    grid = table("DESTINATION", f">{rule.counted}", *connected, "FD", f"~{_place(group)}")
    shown = group.peers if everything or len(group.peers) <= rows + 1 else group.peers[:rows]
    for peer in shown:
        grid.add_row(
            safe(str(peer.peer)),
            number(peer.count),
            *([] if rule.is_failure else [number(peer.connected)]),
            ranges(peer.fds, _PIECES if rows > ONE or everything else 1),
            _lines(peer, _BIND_LINES if rows > ONE or everything else 1),
        )
    rest = group.peers[len(shown) :]
    if rest:
        grid.add_row(
            f"{len(rest):,} more: --all",
            number(sum(peer.count for peer in rest)),
            *([] if rule.is_failure else [number(sum(peer.connected for peer in rest))]),
            style=FAINT,
        )
    return grid


def _place(group: Group) -> str:
    """Return the heading: findings are at the bind(), or where their rule says."""
    bind = group.sample.calls.get("bind")
    if any(some.call != "bind()" for some in group.failed_calls):
        return "LINES"
    return "BIND LINES" if bind is not None and bind.line == group.sample.at.line else "LINES"


def _lines(peer: PeerCount, most: int) -> str:
    """Format `403, 452, 497, ...`: the first lines are kept, the JSON report has the rest."""
    shown = ", ".join(str(line) for line in peer.bind_lines[:most])
    return f"{shown}, ..." if peer.count > min(len(peer.bind_lines), most) else shown
