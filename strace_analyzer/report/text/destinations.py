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
    if ran_out:
        grid = table("DESTINATION", ">FAILED", "FD", "~LINES")
    else:
        grid = table("DESTINATION", f">{_binds(group)}", ">CONNECTED", "FD", "~BIND LINES")
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


def _binds(group: Group) -> str:
    return "EARLY-BOUND" if group.rule == "bind-any-port-zero" else "BOUND"


def _lines(peer: PeerCount) -> str:
    """`403, 452, 497, ...`: the first of them are kept, the rest are in the JSON report."""
    shown = ", ".join(str(line) for line in peer.bind_lines[:_BIND_LINES])
    return f"{shown}, ..." if peer.count > min(len(peer.bind_lines), _BIND_LINES) else shown
