"""What counts as a half without its partner does not hang on lines that a reader may leave out."""

from __future__ import annotations

from pathlib import Path

import pytest

import strace_analyzer as sa
from strace_analyzer.analysis import Settings
from strace_analyzer.analysis.analyze import analyze_traces
from strace_analyzer.analysis.pieces import Pieces
from strace_analyzer.kernel.interest import BEGINNING
from strace_analyzer.kernel.tracker import Tracker
from strace_analyzer.rules import catalogue
from strace_analyzer.trace.events import Event
from strace_analyzer.trace.reader import EventStream, traces


def pieces(*lines: str, calls_before: int = 0) -> Pieces:
    """Of a trace that begins with so many calls of other tasks."""
    stream, tracker = EventStream("trace"), Tracker()
    pieces = Pieces(tracker)
    for line in [*["1 brk(NULL) = 0x1"] * calls_before, *lines]:
        show(pieces, tracker, stream.feed(line.encode()))
    show(pieces, tracker, stream.close())
    tracker.close()
    return pieces


def show(pieces: Pieces, tracker: Tracker, events: list[Event]) -> None:
    for event in events:
        pieces.last = event
        for hear in pieces.listening(event):
            hear(event)
        tracker.feed(event)


@pytest.mark.parametrize(
    ("before", "lost"),
    [
        (["7 brk(NULL) = 0x1"], 0),
        (["7 socket(AF_INET, SOCK_STREAM, 0) = 3"], 1),
    ],
)
def test_a_task_is_known_by_the_calls_that_matter(before: list[str], lost: int) -> None:
    """Whoever is first heard of in the middle of a call may have waited in it since tracing
    began."""
    lines = [*before, "7 <... socket resumed>) = 4"]
    assert pieces(*lines, calls_before=BEGINNING).lost == lost


def test_in_the_beginning_a_task_is_known_by_any_call() -> None:
    assert pieces("7 brk(NULL) = 0x1", "7 <... socket resumed>) = 4").lost == 1


@pytest.mark.parametrize(
    ("last", "broke_off"),
    [
        (["8 exit_group(0 <unfinished ...>"], 0),
        (["8 exit_group(0) = ?"], 0),
        (["8 exit_group(0 <unfinished ...>", "9 brk(NULL <unfinished ...>"], 1),
        (["8 exit_group(0) = ?", "9 --- SIGCHLD {si_signo=SIGCHLD} ---"], 1),
        (["8 exit_group(0) = ?", "9 +++ exited with 0 +++"], 1),
    ],
)
def test_the_last_line_says_whether_a_trace_broke_off(last: list[str], broke_off: int) -> None:
    assert pieces("7 accept4(4,  <unfinished ...>", *last).broke_off == broke_off


FIRST = "7 socket(AF_INET, SOCK_STREAM, 0 <unfinished ...>"


@pytest.mark.parametrize(
    ("then", "lost"),
    [
        (["7 <... socket resumed>) = 4"], 0),
        (["7 close(4) = 0"], 1),
        (["7 bind(4,  <unfinished ...>"], 1),
        ([FIRST, FIRST], 2),
        (["7 +++ exited with 0 +++"], 0),
        (["strace: Process 7 detached", "7 close(4) = 0"], 1),
        (["7 <... socket resumed>!{{) = 4", "7 close(4) = 0"], 0),
    ],
)
def test_a_first_half_is_lost_where_its_task_goes_on(then: list[str], lost: int) -> None:
    """Not where it ends, or where its second half came and is not understood. What socket() gave
    is unknown even where strace left the task in it."""
    assert pieces(FIRST, *then).lost == lost


@pytest.mark.parametrize("calls_before", [0, 1000])
@pytest.mark.parametrize("is_strict", [False, True])
@pytest.mark.parametrize(
    ("half", "lost"),
    [
        ("fcntl(4, F_DUPFD_CLOEXEC, 0", True),
        ("fcntl64(4, F_DUPFD, 10", True),
        ("dup(4", True),
        ("fcntl(4, F_GETFL", False),
        ("fcntl(4, F_SETFD, FD_CLOEXEC", False),
        ("fcntl(5, F_DUPFD, 0", False),
    ],
)
def test_the_lost_half_of_a_copy_of_a_socket_is_missed(
    half: str, lost: bool, is_strict: bool, calls_before: int, tmp_path: Path
) -> None:
    """Whatever is skipped: who has the socket is unknown. Descriptor 5 is none."""
    (tmp_path / "trace").write_text(
        '7 execve("/bin/x", ["x"], 0x7ffd /* 9 vars */) = 0\n'
        "7 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3\n"
        + CONNECT.replace("5", "3", 1)
        + ") = 0\n"
        + "7 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 4\n"
        + "7 getuid() = 0\n" * calls_before
        + f"7 {half} <unfinished ...>\n8 getpid() = 8\n7 getuid() = 0\n"
        + "7 close(3) = 0\n7 +++ exited with 0 +++\n"
    )
    (trace,) = traces([str(tmp_path / "trace")])
    analysis = analyze_traces([trace], Settings(rules=catalogue(), strict=is_strict))
    assert ("halves-lost" in {warning.code for warning in analysis.warnings}) == lost


CONNECT = (
    '7 connect(5, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16'
)


@pytest.mark.parametrize(
    ("lines", "which"),
    [
        ([f"{CONNECT} <detached ...>"], "connect() was under way as strace detached"),
        ([f"{CONNECT} <unfinished ...>"], "connect() was under way at its end"),
        (
            ["8 poll([{fd=3}], 1, -1 <detached ...>", f"{CONNECT} <detached ...>"],
            "poll() and connect() were under way as strace detached",
        ),
        (
            [f"{pid} poll([{{fd=3}}], 1, -1 <detached ...>" for pid in (8, 9)]
            + [f"{CONNECT} <detached ...>", "6 read(3,  <detached ...>"],
            "poll() and others were under way as strace detached",
        ),
    ],
)
def test_calls_that_began_are_calls(lines: list[str], which: str) -> None:
    analysis = sa.analyze("\n".join(lines) + "\n")
    said = f"this trace shows no call that came to its end: {which}"
    assert analysis.traces[0].inconclusive == said
