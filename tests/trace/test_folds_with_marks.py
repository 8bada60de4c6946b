"""The rest of a folded line may be indented, or begin with a mark of the program that folded it:
every call is read as if it stood on one line, wherever the fold is."""

from __future__ import annotations

import json
import textwrap

import pytest
from wrapped_traces import analysis, found
from wrappings import WRAPPINGS, Lines, folded

import strace_analyzer as sa
from strace_analyzer.trace.input.wrapping.likely import WELL, reads

MARKS = ("+ ", "> ", "| ", "↪ ", "↳ ", "→ ", "... ", "\\ ", "+++ ", "» ")
INDENTS = (" ", "  ", "\t", "        ")
V4 = [
    b'81 execve("/usr/bin/tool", ["tool", "-x"], 0x7ffd43a31c60 /* 20 vars */) = 0',
    b"81 socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP) = 3",
    b"81 setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0",
    b'81 bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0',
    b"81 connect(3, {sa_family=AF_INET, sin_port=htons(443), sin_addr=inet_addr("
    b'"203.0.113.9")}, 16) = -1 EINPROGRESS (Operation now in progress)',
    b"81 poll([{fd=3, events=POLLOUT}], 1, 1000) = 1 ([{fd=3, revents=POLLOUT}])",
    b"81 getsockopt(3, SOL_SOCKET, SO_ERROR, [0], [4]) = 0",
    b"81 close(3) = 0",
]
V6 = [
    V4[0],
    b"81 socket(AF_INET6, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP) = 3",
    b"81 bind(3, {sa_family=AF_INET6, sin6_port=htons(0), sin6_flowinfo=htonl(0), "
    b'inet_pton(AF_INET6, "::", &sin6_addr), sin6_scope_id=0}, 28) = 0',
    b"81 connect(3, {sa_family=AF_INET6, sin6_port=htons(443), sin6_flowinfo=htonl(0), "
    b'inet_pton(AF_INET6, "2001:db8::1", &sin6_addr), sin6_scope_id=0}, 28) = 0',
    V4[-1],
]
TRACES = {"IPv4": V4, "IPv6": V6}


def at_words(lines: Lines, width: int, mark: str) -> tuple[Lines, dict[int, int]]:
    """Return `lines` broken at blanks, which are lost, and for each line the number of its first
    piece."""
    pieces: Lines = []
    places = {}
    for number, line in enumerate(lines, 1):
        places[number] = len(pieces) + 1
        parts = textwrap.wrap(line.decode(), width, break_long_words=False, break_on_hyphens=False)
        pieces += [parts[0].encode(), *((mark + part).encode() for part in parts[1:])]
    return pieces, places


def read_otherwise(trace: str, pieces: Lines, places: dict[int, int]) -> bool:
    plain, read = analysis(TRACES[trace]), analysis(pieces)
    return (found(read), read.traces[0].inconclusive) != (
        found(plain, places),
        plain.traces[0].inconclusive,
    )


@pytest.mark.parametrize("trace", TRACES)
@pytest.mark.parametrize("mark", [*INDENTS, *MARKS])
def test_folded_at_a_column(trace: str, mark: str) -> None:
    assert [
        width
        for width in range(52, 130, 3)
        if read_otherwise(trace, *folded(TRACES[trace], width, mark.encode()))
    ] == []


@pytest.mark.parametrize("trace", TRACES)
@pytest.mark.parametrize("mark", [*INDENTS, *MARKS])
def test_folded_at_words(trace: str, mark: str) -> None:
    assert [
        width
        for width in range(60, 130, 7)
        if read_otherwise(trace, *at_words(TRACES[trace], width, mark))
    ] == []


@pytest.mark.parametrize("name", ["docker compose", "journal", "ts", "CRI"])
@pytest.mark.parametrize("mark", ["+ ", "> ", "↪ "])
def test_behind_a_prefix(name: str, mark: str) -> None:
    pieces, places = at_words(V4, 80, mark)
    assert not read_otherwise("IPv4", WRAPPINGS[name](pieces), places)


@pytest.mark.parametrize("indent", [b"", b" ", b"\t"])
@pytest.mark.parametrize("width", [40, 61, 78])
def test_pieces_in_json_of_which_no_line_is_whole(indent: bytes, width: int) -> None:
    """Each piece is an object, or a string in a list; the first lines hold no whole record."""
    pieces, places = folded(V4, width, indent)
    texts = [piece.decode() for piece in pieces]
    objects = [json.dumps({"message": text, "host": "n1"}).encode() for text in texts]
    assert not read_otherwise("IPv4", objects, places)
    strings = [json.dumps(text).encode() + b"," for text in texts]
    shifted = {number: place + 1 for number, place in places.items()}
    assert not read_otherwise("IPv4", [b"[", *strings, b"]"], shifted)


@pytest.mark.parametrize("line", [*V4, *V6])
def test_what_strace_prints_reads_well(line: bytes) -> None:
    assert reads(line) == WELL


@pytest.mark.parametrize(
    "line",
    [
        b"81 socket(AF_I NET, SOCK_STREAM, IPPROTO_TCP) = 3",
        b"81 socket(AF_INET, SOCK_STREAM|SOCK_CLO EXEC, IPPROTO_TCP) = 3",
        b'81 connect(3, {sa _family=AF_INET, sin_addr=inet_addr("203.0.113.9")}, 16) = 0',
        b'81 connect(3, {sa_family=AF_INET, sin_addr=inet_addr("203.0. 113.9")}, 16) = 0',
        b'81 connect(3, {sa_family=AF_INET, sin_addr=inet_addr("203.0.113.9") }, 16) = 0',
        b'81 bind(3, {sin6_flowinfo=htonl(0), inet_pton(AF_INET6, ": :", &sin6_addr)}, 28) = 0',
        b"81 connect(3, 0x7ffd, 16) = -1 EINPROGRESS (Operation nowin progress)",
        b"81 <... connect resumed>{sa_family=AF_I NET}, 16) = 0",
    ],
)
def test_a_blank_amid_a_word_does_not(line: bytes) -> None:
    assert reads(line) < WELL


def test_a_mark_before_a_record_of_its_own_is_no_fold() -> None:
    """`+ ` of `set -x` before a whole line."""
    events = list(sa.parse([*V4[:2], b"+ ls", *V4[2:]]))
    assert [event.name for event in events if isinstance(event, sa.Syscall)] == [
        line.split(b"(")[0].split()[-1].decode() for line in V4
    ]
