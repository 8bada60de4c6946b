"""Takes a group, gives the table of where its connections went: destination, how often, fds, bind
lines."""

from __future__ import annotations

from rich.table import Table

from strace_analyzer.findings import Group, PeerCount
from strace_analyzer.plain import number, ranges, safe
from strace_analyzer.report.text.style import FAINT, table
from strace_analyzer.rules import Rule

ROWS, FEW, ONE = 8, 3, 1
"""rows where there is room, where there is little, where there is none"""
_BIND_LINES = 4
_PIECES = 4
"""of a list of file descriptors"""


def destinations(group: Group, rule: type[Rule], everything: bool, rows: int = ROWS) -> Table:
    """The most frequent destinations first; beyond so many `rows` they are counted, unless
    `everything`."""
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
    """Findings stand at the bind(), or where their rule says."""
    bind = group.sample.calls.get("bind")
    if any(some.call != "bind()" for some in group.failed_calls):
        return "LINES"
    return "BIND LINES" if bind is not None and bind.line == group.sample.at.line else "LINES"


def _lines(peer: PeerCount, most: int) -> str:
    """`403, 452, 497, ...`: the first of them are kept, the rest are in the JSON report."""
    shown = ", ".join(str(line) for line in peer.bind_lines[:most])
    return f"{shown}, ..." if peer.count > min(len(peer.bind_lines), most) else shown
