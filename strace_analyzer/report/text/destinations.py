"""Takes a group, gives the table of where its connections went: destination, how often, fds, bind
lines."""

from __future__ import annotations

from rich.table import Table

from strace_analyzer.findings import Group, PeerCount
from strace_analyzer.report.plain import number, ranges, safe
from strace_analyzer.report.text.style import FAINT, table

_ROWS = 8
_BIND_LINES = 4


def destinations(group: Group, everything: bool) -> Table:
    """The most frequent destinations first; beyond eight they are counted, unless `everything`."""
    ran_out = group.rule == "ephemeral-ports-exhausted"
    connected = [] if ran_out else [">CONNECTED"]
    grid = table("DESTINATION", f">{_counted(group)}", *connected, "FD", f"~{_place(group)}")
    shown = group.peers if everything or len(group.peers) <= _ROWS + 1 else group.peers[:_ROWS]
    for peer in shown:
        grid.add_row(
            safe(str(peer.peer)),
            number(peer.count),
            *([] if ran_out else [number(peer.connected)]),
            ranges(peer.fds),
            _lines(peer),
        )
    rest = group.peers[len(shown) :]
    if rest:
        grid.add_row(
            f"{len(rest):,} more: --all",
            number(sum(peer.count for peer in rest)),
            *([] if ran_out else [number(sum(peer.connected for peer in rest))]),
            style=FAINT,
        )
    return grid


def _counted(group: Group) -> str:
    if group.rule == "ephemeral-ports-exhausted":
        return "FAILED"
    if group.rule == "bind-any-port-zero":
        return "EARLY-BOUND"
    return "BOUND" if _place(group) == "BIND LINES" else "TIMES"


def _place(group: Group) -> str:
    """Findings stand at the bind(), or where their rule says."""
    bind = group.sample.calls.get("bind")
    return "BIND LINES" if bind is not None and bind.line == group.sample.at.line else "LINES"


def _lines(peer: PeerCount) -> str:
    """`403, 452, 497, ...`: the first of them are kept, the rest are in the JSON report."""
    shown = ", ".join(str(line) for line in peer.bind_lines[:_BIND_LINES])
    return f"{shown}, ..." if peer.count > min(len(peer.bind_lines), _BIND_LINES) else shown
