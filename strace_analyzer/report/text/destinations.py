"""Takes a group, gives the table of where its connections went: destination, how often, fds, bind
lines."""

from __future__ import annotations

from rich.table import Table

from strace_analyzer.findings import Group, PeerCount
from strace_analyzer.plain import number, ranges, safe
from strace_analyzer.report.text.style import FAINT, table
from strace_analyzer.rules import Rule

_ROWS = 8
_BIND_LINES = 4


def destinations(group: Group, rule: type[Rule], everything: bool) -> Table:
    """The most frequent destinations first; beyond eight they are counted, unless `everything`."""
    connected = [] if rule.is_failure else [">CONNECTED"]
    grid = table("DESTINATION", f">{rule.counted}", *connected, "FD", f"~{_place(group)}")
    shown = group.peers if everything or len(group.peers) <= _ROWS + 1 else group.peers[:_ROWS]
    for peer in shown:
        grid.add_row(
            safe(str(peer.peer)),
            number(peer.count),
            *([] if rule.is_failure else [number(peer.connected)]),
            ranges(peer.fds),
            _lines(peer),
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


def _lines(peer: PeerCount) -> str:
    """`403, 452, 497, ...`: the first of them are kept, the rest are in the JSON report."""
    shown = ", ".join(str(line) for line in peer.bind_lines[:_BIND_LINES])
    return f"{shown}, ..." if peer.count > min(len(peer.bind_lines), _BIND_LINES) else shown
