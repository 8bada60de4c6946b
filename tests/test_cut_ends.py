"""A trace that ends amid a line is told to break off, wherever that is; text whose last line only
lacks its newline is not."""

from __future__ import annotations

import io
import random
import re
from pathlib import Path

import pytest
from wrappings import WRAPPINGS, Lines

import strace_analyzer as sa
from strace_analyzer.report.gate import judge, parse_gate
from strace_analyzer.report.selection import Selected

SAMPLES = sorted((Path(__file__).resolve().parent.parent / "samples").glob("*.strace"))
WHOLE = re.compile(
    rb".*(?:\) += (?:0x[0-9a-f]+|[0-9]+|\?)(?:<[^<>]*(?:<[^<>]*>[^<>]*)*>)?(?: \([^()]*\))*"
    rb"|\) += (?:-1|\?) E[A-Z]+ \([^()]*\)|<unfinished \.\.\.>|[+-]{3} .* [+-]{3})(?: <[0-9.]+>)?"
)
TIMED = re.compile(rb"<[0-9]+\.[0-9]+>$")
SHORT = 24
"""Lines before the cut."""


def analysed(text: bytes) -> sa.Analysis:
    return sa.analyze(io.BytesIO(text), sockets=False)


def is_told(text: bytes) -> bool:
    return any(warning.code == "truncated-end" for warning in analysed(text).warnings)


def is_whole(part: bytes, line: bytes, before: Lines) -> bool:
    """`part` of `line` reads as a record, with a time if it, and one before it, had one."""
    lacks_time = TIMED.search(line) is not None and TIMED.search(part) is None
    has_times = any(map(TIMED.search, before))
    return part == line or (WHOLE.fullmatch(part) is not None and not (lacks_time and has_times))


def cuts(lines: Lines, last: int, places: list[int]) -> list[bytes]:
    """What of `lines`, of which the last is broken off at each of `places`, is not told."""
    before = lines[max(0, last - SHORT) : last]
    line = lines[last]
    parts = [line[:place] for place in places]
    return [
        part
        for part in parts
        if not is_whole(part.rstrip(b" "), line, before)
        and not is_told(b"\n".join([*before, part]))
    ]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_may_break_off_nowhere(sample: Path) -> None:
    chance = random.Random(sample.stem)
    lines = sample.read_bytes().splitlines()
    for _ in range(12):
        last = chance.randrange(SHORT, len(lines))
        places = [chance.randrange(1, len(lines[last])) for _ in range(3)]
        assert cuts(lines, last, places) == []


CALLS = (
    'openat(AT_FDCWD, "/etc/hosts", O_RDONLY) = 4',
    "socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3",
    'connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0',
    'write(3, "GET / HTTP/1.0", 14) = 14',
    "close(3)                                = 0",
    "rt_sigaction(SIGINT, NULL, NULL, 8) = -1 EINVAL (Invalid argument)",
    "close(4) = 0",
)
LAYOUTS = {
    "bare": lambda at, call: call,
    "a pid": lambda at, call: f"18433 {call}",
    "a pid and a time": lambda at, call: f"18433 12:00:0{at}.123456 {call}",
    "a pid, a time, how long": lambda at, call: f"18433 12:00:0{at}.123456 {call} <0.00001{at}>",
    "a terminal": lambda at, call: f"[pid 18433] {call}" if at % 2 else call,
    "since the last": lambda at, call: f"     0.00012{at} {call}",
    "an epoch": lambda at, call: f"1796002133.12345{at} {call}",
}
LONGEST = max(map(len, CALLS)) + 40


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("last", [3, 4, 5])
def test_it_may_break_off_at_no_byte(layout: str, last: int) -> None:
    lines = [LAYOUTS[layout](at, call).encode() for at, call in enumerate(CALLS)]
    assert cuts(lines, last, list(range(1, len(lines[last])))) == []


SURELY = sorted(
    WRAPPINGS.keys()
    & {
        *("quoted", "docker compose", "kubectl --prefix", "kubectl --timestamps", "CRI"),
        *("journal", "RFC 5424", "docker json-file", "GitHub Actions", "grep -n", "HTML"),
    }
)


@pytest.mark.parametrize("end", ["18433 clo", "18433 12:00:01.12", "[pid 18433] co", "18433 <.."])
def test_the_first_line_of_a_task_may_be_cut(end: str) -> None:
    assert is_told("\n".join([*CALLS, end]).encode())


@pytest.mark.parametrize("name", SURELY)
def test_one_that_was_wrapped_may_break_off_in_no_call(name: str) -> None:
    plain = [f"18433 {call}".encode() for call in CALLS]
    lines = WRAPPINGS[name](plain)
    last = lines[3]
    for place in range(last.index(b"18433") + 1, last.index(b") =") + 2):
        assert is_told(b"\n".join([*lines[:3], last[:place]]))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    "remark",
    [
        "",
        "\n\nAny ideas?",
        "\nThanks, Bob",
        "\n> ",
        "\n# end of the trace",
        "\n```",
        "\n$",
        "\n3 of them",
    ],
)
def test_whole_lines_whose_last_has_no_end_are_not_cut(layout: str, remark: str) -> None:
    text = "\n".join(LAYOUTS[layout](at, call) for at, call in enumerate(CALLS)) + remark
    analysis = analysed(text.encode())
    assert "truncated-end" not in {warning.code for warning in analysis.warnings}
    assert judge(Selected(analysis), parse_gate((), ())).verdict == "clean"


def test_calls_pasted_without_results_are_not_cut() -> None:
    assert not is_told(b'openat(AT_FDCWD, "/etc/hosts", O_RDONLY)\nread(4, "x", 1)\nclose(4)')


def test_each_file_of_a_family_may_be_cut(tmp_path: Path) -> None:
    text = "\n".join(f"10:00:0{at} {call}" for at, call in enumerate(CALLS))
    (tmp_path / "x.7").write_text(text + "\n")
    for end, expected in [("\n10:00:09 exit_group(0) = ?\n10:00:09 +++ exi", True), ("\n", False)]:
        (tmp_path / "x.8").write_text(text + end)
        analysis = sa.analyze(tmp_path / "x")
        told = {warning.code for warning in analysis.warnings}
        assert ("truncated-end" in told) is expected
