"""Who holds the ports: each line names its first process whole, whatever its name is and whatever
stands in the other lines. (A pid was cut where another line made the column wider.)"""

from __future__ import annotations

import random

import pytest
from report.printed import lines

from strace_analyzer.findings import Endpoint
from strace_analyzer.live.holders import HiddenProcess, PortsNow, SocketsHeld
from strace_analyzer.report.text.holders import page

NAMES = (
    "ssh",
    "java com.example.a.very.long.Main",
    "\x1b]0;owned\x07\x1b",
    "\U000e0041" * 4,
    "a b",
)
STATES = (("TCP", "CLOSE-WAIT"), ("TCP", "ESTAB"), ("UDP", "ESTAB"), ("TCP", "LISTEN"))
PEERS = (None, "192.0.2.7", "2001:db8:1234:5678:9abc:def0:1234:5678", "2001:db8:1:2:3:4:5:6")


def holding(dice: random.Random) -> SocketsHeld:
    protocol, state = dice.choice(STATES)
    peer = dice.choice(PEERS)
    return SocketsHeld(
        command=dice.choice(NAMES),
        pids=tuple(sorted(dice.sample(range(1, 4_194_304), dice.choice((1, 2, 3, 5, 2000))))),
        protocol=protocol,
        state=state,
        peer=None if peer is None else Endpoint(peer, dice.randrange(1, 65536)),
        sockets=dice.randrange(1, 30_000),
        ports=dice.choice((0, 1, 28_232)),
        incoming=dice.choice((None, 65535)) if peer is None else None,
    )


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("width", [80, 100])
def test_no_pid_is_cut_or_folded(width: int, seed: int) -> None:
    dice = random.Random(seed)
    rows = tuple(holding(dice) for _ in range(dice.randrange(1, 12)))
    found = PortsNow((32768, 60999), 0, 100, 28_132, rows, (), by_root=True)
    text = lines(page(found, everything=True), width)
    assert max(map(len, text.splitlines())) <= width
    for row in rows:
        assert f"[{row.pids[0]}" in text


@pytest.mark.parametrize("command", ["nginx", "(kernel)", "(unknown)"])
def test_sockets_may_be_theirs_only_where_an_owner_is_unknown(command: str) -> None:
    row = holding(random.Random(1))._replace(command=command)
    found = PortsNow(
        (32768, 60999), 0, 100, 28_132, (row,), (HiddenProcess("init", 1),), by_root=True
    )
    text = " ".join(lines(page(found, everything=True)).split())
    assert "Not readable: init[1]" in text
    assert ("may be theirs" in text) is (command == "(unknown)")
