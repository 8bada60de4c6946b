"""Folding every line of a trace in two, at its half or at the same token, changes no finding: the
rest of a call is not taken for a record behind a prefix."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from wrapped_traces import analysis, found
from wrappings import Lines

SAMPLES = sorted((Path(__file__).resolve().parents[2] / "samples").glob("*.strace"))
OF_IPV6 = [sample for sample in SAMPLES if b"AF_INET6" in sample.read_bytes()]
TOKENS = (
    "sa_family=", "AF_I", "sin6_port=ht", "sin6_flowinf", "sin6_flowinfo=htonl(", "inet_p",
    "inet_pton(AF_INET6, ", "sin6_scope_id",
)  # fmt: skip


def behind(token: str) -> re.Pattern[bytes]:
    return re.compile(rb".*?" + re.escape(token.encode()))


def folded_in_two(lines: Lines, token: str | None) -> tuple[Lines, dict[int, int]]:
    """Return `lines`, each broken behind its first `token` (None: at its half) if it has one, and
    for each the number of its first piece."""
    pieces: Lines = []
    places = {}
    for number, line in enumerate(lines, 1):
        places[number] = len(pieces) + 1
        match = None if token is None else behind(token).match(line)
        at = match.end() if match else len(line) // 2 if token is None else len(line)
        pieces += [line[:at], *filter(None, [line[at:]])]
    return pieces, places


@pytest.mark.parametrize("token", [None, *TOKENS])
@pytest.mark.parametrize("sample", OF_IPV6, ids=[sample.stem for sample in OF_IPV6])
def test_every_line_folded_in_two(sample: Path, token: str | None) -> None:
    lines = [line.rstrip() for line in sample.read_bytes().splitlines()]
    pieces, places = folded_in_two(lines, token)
    plain, in_two = analysis(lines), analysis(pieces)
    assert found(in_two) == found(plain, places)
    assert in_two.traces[0].inconclusive == plain.traces[0].inconclusive


MANY = 12
V6 = [
    line
    for number in range(MANY)
    for line in (
        b"4711 socket(AF_INET6, SOCK_STREAM, IPPROTO_TCP) = 4",
        b"4711 bind(4, {sa_family=AF_INET6, sin6_port=htons(0), sin6_flowinfo=htonl(0), "
        b'inet_pton(AF_INET6, "::", &sin6_addr), sin6_scope_id=0}, 28) = 0',
        b"4711 connect(4, {sa_family=AF_INET6, sin6_port=htons(%d), sin6_flowinfo=htonl(0), "
        b'inet_pton(AF_INET6, "2001:db8::1", &sin6_addr), sin6_scope_id=0}, 28) = 0'
        % (8000 + number),
        b"4711 close(4) = 0",
    )
]


@pytest.mark.parametrize("column", range(20, 120, 7))
def test_addresses_of_ipv6_folded_at_a_column(column: int) -> None:
    """Only the lines with an address are long enough; each is in two or more pieces."""
    pieces: Lines = []
    places = {}
    for number, line in enumerate(V6, 1):
        places[number] = len(pieces) + 1
        is_long = b"inet_pton" in line
        pieces += [line[:column], line[column:]] if is_long else [line]
    assert len(found(analysis(V6))) == MANY
    assert found(analysis(pieces)) == found(analysis(V6), places)
