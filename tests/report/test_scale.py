"""The text report at scale: 100,000 findings in 1,000 processes are one screen, from 60 columns to
200, and plain ASCII where the encoding is not UTF-8."""

from __future__ import annotations

import io
import math
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report.fixtures import analysis, early_bind, group, port_use, process, trace
from report.printed import printed
from report.written import written
from rich.console import Console

import strace_analyzer as sa
from strace_analyzer.findings import Endpoint, ProcessRef, ProcessUse
from strace_analyzer.report.formats.format import Report
from strace_analyzer.report.formats.registry import report_format
from strace_analyzer.report.gate import Gate, judge
from strace_analyzer.report.selection import Selected
from strace_analyzer.report.text.console import SCREEN, lines
from strace_analyzer.report.text.style import Need, shared

PROCESSES, EACH = 1000, 100
WIDTHS = (60, 72, 80, 100, 132, 200)
COPIED = ("One socket's life: ", "Why: ", "  Proof  ")
"""lines with what is there to be copied, which are never wrapped"""


@cache
def many(programs: int) -> sa.Analysis:
    """A thousand processes of so many programs, each with a hundred findings."""
    groups, processes, uses = [], [], []
    for number in range(PROCESSES):
        name = f"worker-{number % programs}.bin"
        ref = ProcessRef(f"t1:{number}", 1000 + number, 1000 + number, name)
        peer = Endpoint(f"192.0.2.{number % 200 + 1}", 8000 + number % 7)
        found = early_bind(10 + number, peer, process=ref)
        groups.append(replace(group([found], id=f"g{number}"), count=EACH, connected=EACH))
        processes.append(
            process(
                id=ref.id,
                tgid=ref.tgid,
                tids=(ref.tgid,),
                command=name,
                argv=(name,),
                programs=(name,),
                tcp_connections=EACH,
                early_bound=EACH,
            )
        )
        uses.append(ProcessUse(ref.id, 1, EACH, 1))
    use = port_use(total_pinned=PROCESSES * EACH, by_process=tuple(uses))
    return analysis([], groups=groups, processes=processes, traces=[trace(ports=(use,))])


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("programs", [1, 5, PROCESSES])
def test_it_is_one_screen_of_whole_words_and_figures(programs: int, width: int) -> None:
    report = printed(many(programs), width)
    lines = report.splitlines()
    assert "100,000 of 100,000 outgoing TCP connections" in " ".join(report.split())
    assert len(lines) <= SCREEN
    assert [line for line in lines if len(line) > width and not line.startswith(COPIED)] == []
    assert "\u2026" not in report
    assert "EARLY-BOUND" in report
    assert "worker-0.bin" in report
    assert "--all" in report


@pytest.mark.parametrize("width", [80, 100, 200])
@pytest.mark.parametrize("rows", [24, 30, 43])
@pytest.mark.parametrize("programs", [1, 5, PROCESSES])
def test_on_a_terminal_it_is_as_high_as_that(programs: int, rows: int, width: int) -> None:
    """With the line where the shell asks again: nothing scrolls away."""
    report = printed(many(programs), width, rows=rows - 1)
    assert len(report.splitlines()) < rows
    assert report.startswith("warning: ")
    assert "worker-0.bin" in report
    assert "  Proof  " in report
    assert "--all" in report


class Terminal(io.StringIO):
    """What says that it is one."""

    def isatty(self) -> bool:
        return True


def test_a_screen_has_so_many_lines() -> None:
    def of(rows: int, *, terminal: bool) -> int | None:
        file = Terminal() if terminal else io.StringIO()
        return lines(Console(height=rows, force_terminal=True, file=file))

    assert [of(rows, terminal=True) for rows in (2, 24, 30, 51, 200)] == [23, 23, 29, 50, 199]
    assert of(24, terminal=False) is None


def test_markdown_and_html_have_a_cause_once_for_all_its_processes() -> None:
    report = written("markdown", many(1))
    assert len(report.splitlines()) <= 50
    assert "worker-0.bin: 1,000 processes, 100,000 connections to 1,000 destinations" in report
    page = written("html", many(1))
    assert page.count('<article class="card') == 1
    assert "1,000 processes bind before connecting: 100,000 of 100,000" in page


def test_all_of_it_is_there_with_all() -> None:
    report = printed(many(PROCESSES), everything=True)
    assert all(f"worker-{number}.bin" in report for number in range(PROCESSES))
    assert "more: --all" not in report


@pytest.mark.slow
def test_a_trace_of_a_thousand_processes_is_one_screen() -> None:
    made = sa.analyze(io.BytesIO(trace_of_early_binds(each=10)), sockets=False)
    assert (len(made.findings), len(made.processes)) == (10 * PROCESSES, PROCESSES)
    report = printed(made)
    assert report.startswith("warning: 1,000 processes bind before connecting: 10,000 of 10,000")
    assert len(report.splitlines()) <= SCREEN


@pytest.fixture(scope="module")
def of_six_programs() -> sa.Analysis:
    """A trace that hides setsockopt(), in which six programs fill the range together."""
    programs = [
        "/usr/lib/erlang/erts-11.2/bin/beam.smp",
        "/usr/bin/python3",
        "/usr/sbin/nginx",
        "/opt/bin/a-worker-with-a-rather-long-name",
        "/usr/bin/node",
        "/usr/bin/curl",
    ]
    lines = ['99 10:00:00.000000 execve("/bin/sh", ["sh", "start.sh"], 0x7ffd /* 9 vars */) = 0']
    for at in range(60):
        program, pid = programs[at % len(programs)], 100 + at
        argv = f'["{program}", "main.py"]'
        lines += [
            f"99 10:00:00.000000 clone(child_stack=NULL, flags=SIGCHLD) = {pid}",
            f'{pid} 10:00:00.000000 execve("{program}", {argv}, 0x7ffd /* 9 vars */) = 0',
        ]
    lines += timed_early_binds(processes=60, each=3)
    text = "\n".join(lines).encode()
    return sa.analyze(io.BytesIO(text), sockets=False, port_range=(40000, 40184))


def timed_early_binds(processes: int, each: int) -> list[str]:
    """A connection a second of every process, to another destination each time."""
    address = '{sa_family=AF_INET, sin_port=htons(%d), sin_addr=inet_addr("%s")}, 16'
    lines = []
    for at in range(processes * each):
        begin = f"{100 + at % processes} 10:00:0{1 + at // processes}.000000"
        lines += [
            f"{begin} socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3",
            f"{begin} bind(3, {address % (0, '0.0.0.0')}) = 0",
            f"{begin} connect(3, {address % (80 + at // processes, '192.0.2.7')}) = 0",
            f"{begin} close(3) = 0",
        ]
    return lines


@pytest.mark.parametrize("width", WIDTHS)
def test_what_the_options_hid_has_room_on_the_screen(
    of_six_programs: sa.Analysis, width: int
) -> None:
    """On a terminal, where the command line goes on below."""
    report = printed(of_six_programs, width)
    rows = sum(max(1, math.ceil(len(line) / width)) for line in report.splitlines())
    assert rows <= (SCREEN if width > 60 else SCREEN + 1)  # two causes are shown all the same
    assert "Take it again with" in report
    assert "no setsockopt() in this trace" in " ".join(report.split())
    shown = report.count("  Proof  ")
    assert shown >= 2
    assert f"and {7 - shown} more: --all" in report or shown == 7
    assert printed(of_six_programs, width, everything=True).count("  Proof  ") == 7


def test_ports_that_many_processes_filled_are_not_told_of_the_last(
    of_six_programs: sa.Analysis,
) -> None:
    said = " ".join(printed(of_six_programs).split())
    assert "local ports nearly ran out for 60 processes: 180 of 185 in use at one time" in said


def trace_of_early_binds(each: int) -> bytes:
    """A thousand children of one program, so many connections each, one after the other."""
    lines = ['99 execve("/bin/x", ["x"], 0x7ffd /* 9 vars */) = 0']
    lines += [f"99 clone(child_stack=NULL, flags=SIGCHLD) = {1000 + at}" for at in range(PROCESSES)]
    address = '{sa_family=AF_INET, sin_port=htons(%d), sin_addr=inet_addr("%s")}, 16'
    for at in range(PROCESSES * each):
        pid = 1000 + at % PROCESSES
        lines += [
            f"{pid} socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3",
            f"{pid} bind(3, {address % (0, '0.0.0.0')}) = 0",
            f"{pid} connect(3, {address % (80 + at % 3, '192.0.2.7')}) = 0",
            f"{pid} close(3) = 0",
        ]
    return "\n".join(lines).encode()


NAME = "wörker-€.bin"


@pytest.mark.parametrize("format", ["text", "html", "junit"])
@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_where_the_locale_is_not_utf_8_it_is_plain_ascii(encoding: str, format: str) -> None:
    ref = ProcessRef("t1:700", 700, 702, NAME)
    found = early_bind(10, process=ref)
    parts = [trace(), trace(id="t2", name="other.strace")]
    made = analysis([found], processes=[process(command=NAME)], traces=parts)
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    selected = Selected(made)
    report_format(format).write(Report(selected, judge(selected, Gate()), Gate()), stream)
    stream.flush()
    said = stream.buffer.getvalue().decode("ascii")  # type: ignore[attr-defined]
    assert "rker-" in said
    assert ("-- crawler.strace ---" in said) == (format == "text")


@given(
    st.lists(
        st.tuples(st.integers(1, 12), st.integers(0, 40), st.integers(0, 40), st.booleans()),
        min_size=1,
        max_size=9,
    ),
    st.integers(20, 200),
)
def test_columns_share_the_room(columns: list[tuple[int, int, int, bool]], room: int) -> None:
    measured = [Need(head, head + word, head + word + more) for head, word, more, _ in columns]
    may_fold = [may for *_, may in columns]
    widths = shared(measured, may_fold, room)
    assert all(0 < width <= one.maximum for width, one in zip(widths, measured, strict=True))
    if sum(one.minimum for one in measured) <= room:  # no word is broken
        assert sum(widths) <= room
        assert all(
            width >= (min(one.minimum, 16) if may else one.minimum)
            for width, one, may in zip(widths, measured, may_fold, strict=True)
        )
    else:
        assert sum(widths) <= room or max(widths) <= 6
    if sum(max(one.heading, 6) for one in measured) <= room:  # no heading is broken
        assert all(width >= one.heading for width, one in zip(widths, measured, strict=True))
