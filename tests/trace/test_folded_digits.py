"""Records folded amid their digits: a part of a result, a pid, a time or a duration reads like a
whole one. Nothing is silently otherwise: the trace is read as the plain one, or is inconclusive."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from wrapped_traces import Found, analysis, found
from wrappings import WRAPPINGS, Lines, Wrapping, folded

import strace_analyzer as sa

AROUND = (
    *("nl", "less -N", "vim's numbers", "kubectl --prefix", "ts", "python logging", "quoted"),
    *("docker compose", "journal", "HTML"),
)
PIDS = (
    b'12345 execve("/usr/bin/tool", ["tool"], 0x7ffd43a31c60 /* 20 vars */) = 0',
    b"12345 socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 184",
    b"12345 fcntl(184, F_DUPFD_CLOEXEC, 0) = 212",
    b'12345 bind(212, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16)'
    b" = 0",
    b'12345 connect(184, {sa_family=AF_INET, sin_port=htons(443), sin_addr=inet_addr("203.0.113.9")'
    b"}, 16) = 0",
    b"12345 close(212) = 0",
    b"12345 close(184) = 0",
    b"12345 +++ exited with 0 +++",
)
TIMES = tuple(
    line.replace(b"12345 ", b"12345 21:28:53.%06d " % (123_400 + at), 1)
    + (b"" if b"+++" in line else b" <0.%06d>" % (12_345 + at))
    for at, line in enumerate(PIDS)
)
SECOND = slice(1, None)
"""Without the line that shows the column."""
TRACES = {
    "pids": PIDS,
    "pids, from the second line": PIDS[SECOND],
    "times": TIMES,
    "times, from the second line": TIMES[SECOND],
}
DIGITS = re.compile(rb"[0-9](?=[0-9])")
NARROWEST = 30
"""Columns of text: below, most calls stand on more lines than people paste."""


def columns(lines: Lines, least: int) -> list[int]:
    """Those that cut one of the first lines between two digits."""
    cut = {match.end() for line in lines[:3] for match in DIGITS.finditer(line)}
    return sorted(column for column in cut if column >= least)


def texts(plain: Lines, around: Wrapping) -> Iterator[tuple[str, Lines, dict[int, int]]]:
    """`plain` folded at each such column, inside of what is `around` it, and with it."""
    for width in columns(plain, NARROWEST):
        pieces, places = folded(plain, width)
        yield f"inside, {width} columns", around(pieces), places
    wrapped = around(plain)
    for width in columns(wrapped, NARROWEST + len(wrapped[1]) - len(plain[1])):
        yield f"around, {width} columns", *folded(wrapped, width)


@pytest.mark.parametrize("name", [None, *AROUND])
@pytest.mark.parametrize("trace", TRACES)
def test_no_digit_that_was_folded_off_changes_what_is_found(trace: str, name: str | None) -> None:
    plain = list(TRACES[trace])
    expected = found(analysis(plain))
    around = WRAPPINGS[name] if name else list
    wrong = []
    for what, pieces, places in texts(plain, around):
        if differs(pieces, found_at(expected, places)):
            wrong.append(what)

    assert expected
    assert wrong == []


def differs(pieces: Lines, expected: Found) -> bool:
    """Something else is found, and nothing says that it may be so."""
    try:
        read = analysis(pieces)
    except sa.TraceError:  # so narrow that it is no trace any more
        return False
    return found(read) != expected and not read.traces[0].inconclusive


def found_at(expected: Found, places: dict[int, int]) -> Found:
    return [
        (rule, tuple(sorted((role, places[line]) for role, line in calls)), outcome)
        for rule, calls, outcome in expected
    ]


SOCKET = b"12345 socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 1"


def test_a_number_that_the_program_printed_is_no_part_of_a_result() -> None:
    lines = [SOCKET, b"8", *PIDS[3:]]
    read = analysis(lines)

    assert read.traces[0].sources[0].folded_results == 0
    assert [str(event) for event in sa.parse(lines)][:1] == [str(next(sa.parse([SOCKET])))]


def test_a_number_below_the_widest_line_may_be_the_rest_of_its_result() -> None:
    doubts = {doubt.code for doubt in analysis([SOCKET, b"8", PIDS[5]]).warnings}

    assert "folded-result" in doubts


def test_a_count_that_may_go_on_decides_nothing() -> None:
    read = analysis([b'12345 write(1, "42\\n"..., 3000) = 30', b"42", PIDS[5]])

    assert read.traces[0].sources[0].folded_results == 0


def test_a_line_of_the_same_width_that_is_cut_shows_that_the_result_was_folded() -> None:
    lines, _ = folded(list(PIDS[1:]), len(SOCKET))

    assert [said(event) for event in sa.parse(lines)] == [
        said(event) for event in sa.parse(PIDS[1:])
    ]


def said(event: sa.Event) -> str:
    """An event without its place."""
    return str(event).partition("Span(")[0]
