"""The destinations of a group as a table: the same columns in every report for people."""

from __future__ import annotations

from typing import NamedTuple

from strace_analyzer.findings import Group, PeerCount
from strace_analyzer.plain import number, ranges
from strace_analyzer.rules import Rule

_BIND_LINES = 4
_PIECES = 4
"""pieces of a list of file descriptors"""


class Places(NamedTuple):
    """Headings and rows, the most frequent destinations first; the `numbers` columns after the
    first are numbers. `left_out` are the destinations beyond the rows."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: int
    left_out: tuple[PeerCount, ...] = ()


def places(group: Group, rule: type[Rule], most: int | None, *, brief: bool = False) -> Places:
    """Return the table of at most `most` destinations, or one more, since a row that says `1 more`
    takes as much room. `brief` shortens the lists in its cells."""
    numbers = 1 if rule.is_failure else 2
    headings = ("Destination", rule.counted.capitalize(), "Connected")[: numbers + 1]
    is_whole = most is None or len(group.peers) <= most + 1
    shown = group.peers if is_whole else group.peers[:most]
    rows = tuple(
        (
            *(str(peer.peer), number(peer.count), number(peer.connected))[: numbers + 1],
            ranges(peer.fds, 1 if brief else _PIECES),
            _lines(peer, 1 if brief else _BIND_LINES),
        )
        for peer in shown
    )
    return Places((*headings, "FD", _where(group)), rows, numbers, group.peers[len(shown) :])


def _where(group: Group) -> str:
    """Return the heading: findings are at the bind(), or where their rule says."""
    bind = group.sample.calls.get("bind")
    if any(some.call != "bind()" for some in group.failed_calls):
        return "Lines"
    return "Bind lines" if bind is not None and bind.line == group.sample.at.line else "Lines"


def _lines(peer: PeerCount, most: int) -> str:
    """Format `403, 452, 497, ...`: the first lines are kept, the JSON report has the rest."""
    shown = ", ".join(str(line) for line in peer.bind_lines[:most])
    return f"{shown}, ..." if peer.count > min(len(peer.bind_lines), most) else shown
