"""Line numbers before lines, of grep -n, cat -n and editors: where they jump, lines are missing."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from analysis.verdicts import said

import strace_analyzer as sa
from strace_analyzer.report.gate import judge, parse_gate
from strace_analyzer.report.selection import Selected

SAMPLES = sorted((Path(__file__).resolve().parents[2] / "samples").glob("*.strace"))[::4]
STYLES: dict[str, Callable[[int, str], str]] = {
    "grep -n": "{}:{}".format,
    "cat -n": "{:6}\t{}".format,
    "quoted": "> {}:{}".format,
    "bat": "{:4} \u2502 {}".format,
}
CLIENT = """\
7 execve("/bin/a", ["a"], 0x7ffd /* 20 vars */) = 0
7 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
7 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
7 recvfrom(3, "", 1, 0, NULL, NULL) = 0
7 close(3) = 0
7 exit_group(0) = ?
7 +++ exited with 0 +++
""".splitlines()
LAST = len(CLIENT)


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
def test_a_jump_proves_that_lines_are_missing(style: Callable[[int, str], str]) -> None:
    numbered = [style(number, line) for number, line in enumerate(CLIENT, 1)]
    assert said(numbered)[0] == "clean"
    verdict, reason = said([*numbered[:-2], style(900, CLIENT[-1])])
    assert verdict == "inconclusive"
    missing = 900 - (LAST - 2) - 1
    assert reason == f"{missing} lines are missing: line numbers jump from {LAST - 2} to 900"
    one = [*numbered[:4], numbered[5]]
    assert said(one) == (
        "inconclusive",
        "line 5 is missing: line numbers jump from 4 to 6",
    )


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.stem)
def test_a_sample_is_the_same_with_numbers_and_not_clean_if_they_jump(
    sample: Path, style: Callable[[int, str], str]
) -> None:
    lines = sample.read_text(encoding="utf-8", errors="replace").splitlines()[:300]
    chance = random.Random(sample.name)
    numbered = [style(number, line) for number, line in enumerate(lines, 1)]
    assert said(numbered)[0] == said(lines)[0]
    gone = chance.randrange(20, len(lines) - 1) if len(lines) > 22 else len(lines) // 2
    left = [*numbered[:gone], *numbered[gone + 1 :]]
    assert said(left)[0] in ("inconclusive", "findings")


def test_pieces_of_folded_lines_and_output_without_numbers_are_no_jump() -> None:
    """An editor numbers a folded line once; output among the lines may have lost its number."""
    numbered = [f"{number}:{line}" for number, line in enumerate(CLIENT, 1)]
    output = [*numbered[:4], "hello", "6:" + CLIENT[4], "7:" + CLIENT[5]]
    assert said(output)[0] == "clean"


@pytest.mark.parametrize(
    "line",
    [
        "strace: ptrace(PTRACE_SETOPTIONS, 77): Operation not permitted",
        "strace: attach: ptrace(PTRACE_SEIZE, 77): Operation not permitted",
        "strace: Could not attach to process. If your uid matches the uid of the target",
    ],
)
def test_a_task_that_strace_could_not_trace_may_have_done_anything(line: str) -> None:
    said_so = line.removeprefix("strace: ")
    assert said([*CLIENT[:4], line, *CLIENT[4:]]) == ("inconclusive", f"strace said: {said_so}")


PENDING = "-1 EINPROGRESS (Operation now in progress)"
PAIR = "7 socketpair(AF_UNIX, SOCK_STREAM, 0, [17, 18]) = 0"


@pytest.mark.parametrize("first", [[], [PAIR]], ids=["sockets", "a pair too"])
def test_what_grep_leaves_of_a_client_is_not_clean(first: list[str]) -> None:
    """`grep 'socket\\|connect'`: the number is given out again, and neither close() nor bind() is
    shown."""
    tried = [CLIENT[1], CLIENT[2].replace(" = 0", f" = {PENDING}")] * 40
    assert said([*first, *tried])[0] == "inconclusive"


@pytest.mark.parametrize("end", ["10:00:0", "10:00:01.12", "12:3"])
def test_a_time_without_an_end_is_the_beginning_of_a_line(tmp_path: Path, end: str) -> None:
    trace = tmp_path / "a.strace"
    lines = [line.removeprefix("7 ") for line in CLIENT[:5]]
    trace.write_text("\n".join([*lines, end]), encoding="ascii")
    analysis = sa.analyze(trace)
    assert [warning.code for warning in analysis.warnings] == ["truncated-end"]
    assert judge(Selected(analysis), parse_gate((), ())).verdict == "inconclusive"


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
@pytest.mark.parametrize("first", [2, 57, 100_000])
def test_numbers_that_do_not_begin_with_one(style: Callable[[int, str], str], first: int) -> None:
    """The lines before are missing, unless a program begins here: that comes first in a trace."""
    numbered = [style(number, line) for number, line in enumerate(CLIENT, first)]
    assert said(numbered)[0] == "clean"
    verdict, reason = said(numbered[1:])
    assert verdict == "inconclusive"
    assert reason == f"{first:,} lines are missing: line numbers begin with {first + 1:,}"
    quoted = [style(number, line) for number, line in enumerate(CLIENT[1:], 2)]
    assert said(["From the log:", *quoted])[0] == "clean"


@pytest.mark.parametrize(
    ("half", "verdict"),
    [
        ("7 bind(4, {sa_family=AF_INET, ...}, 16", "inconclusive"),
        ("7 bind(", "inconclusive"),
        ("7 connect(", "inconclusive"),
        ("7 socket(", "inconclusive"),
        ("7 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP", "clean"),
        ("7 setsockopt(4, SOL_IP, IP_BIND_ADDRESS_NO_PORT, [1], 4", "clean"),
        ("7 poll([{fd=4, events=POLLIN}], 1, -1", "clean"),
        ("7 read(4, ", "clean"),
        ("7 accept(4, ", "clean"),
    ],
)
def test_a_call_in_which_strace_detached(half: str, verdict: str) -> None:
    """What waits is as it was, and a socket that was not made then is as one that was made later.
    A bind() is what we look for, and so may be what is not shown. strace says it behind the call,
    or behind the trace where a line of another thread came between."""
    made = ["7 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 4"]
    found = said([*CLIENT[:5], *made, f"{half} <detached ...>"])
    assert found[0] == verdict
    apart = [f"{half} <unfinished ...>", "8 close(3) = 0"]
    clone = "7 clone(child_stack=NULL, flags=CLONE_VM|CLONE_FILES|CLONE_THREAD|CLONE_SIGHAND) = 8"
    ended = [f"strace: Process {tid} detached" for tid in (7, 8)]
    assert said([*CLIENT[:5], *made, clone, *apart, *ended])[0] == verdict
