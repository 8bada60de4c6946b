"""The text report on a terminal is one screen, however much was found: what gives way is counted or
named, and --all has it. The verdict, a fix and a reason for what is not known stay."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from report.printed import printed

import strace_analyzer as sa

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = sorted(path.name for path in (ROOT / "samples").glob("*.strace"))
ADDRESS = '{sa_family=AF_INET, sin_port=htons(%d), sin_addr=inet_addr("%s")}'


def early_bind(pid: int, time: float, peer: tuple[int, str], result: str = "0") -> Iterator[str]:
    """A connection that is bound before, closed at once."""
    begin = f"{pid} {1_700_000_000 + time:.6f}"
    yield f"{begin} socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3"
    yield f"{begin} bind(3, {ADDRESS % (0, '0.0.0.0')}, 16) = 0"
    yield f"{begin} connect(3, {ADDRESS % peer}, 16) = {result}"
    yield f"{begin} close(3) = 0"


def many_destinations() -> Iterator[str]:
    """One process that goes to four hundred."""
    yield '9 1700000000.000000 execve("/usr/bin/python3", ["python3", "crawl.py"], 0x7f /* 9 vars */) = 0'
    yield "9 1700000000.000000 setsockopt(3, SOL_TCP, TCP_NODELAY, [1], 4) = -1 EBADF (Bad file descriptor)"
    for at in range(400):
        yield from early_bind(9, at / 100, (80 + at % 3, f"192.0.2.{at % 200 + 1}"))


def many_processes(programs: int) -> Iterator[str]:
    """A hundred children of so many programs, in a trace that hides setsockopt(); some of their
    connections fail, each with an error of its own."""
    errors = ("ECONNREFUSED", "ETIMEDOUT", "EHOSTUNREACH", "ENETUNREACH", "ECONNRESET")
    yield '9 1700000000.000000 execve("/bin/sh", ["sh", "start.sh"], 0x7f /* 9 vars */) = 0'
    for at in range(100):
        pid, name = 1000 + at, f"worker-{at % programs}"
        yield f"9 1700000000.000000 clone(child_stack=NULL, flags=SIGCHLD) = {pid}"
        yield f'{pid} 1700000000.000000 execve("/opt/{name}", ["{name}"], 0x7f /* 9 vars */) = 0'
    for at in range(500):
        failed = f"-1 {errors[at % 5]} (Something)"
        peer = 80 + at % 7, f"192.0.2.{at % 50 + 1}"
        yield from early_bind(1000 + at % 100, at / 100, peer, failed if at % 4 == 0 else "0")


def hidden() -> Iterator[str]:
    """Three processes in full, of which the trace shows nothing but bind() and connect()."""
    for at in range(30):
        pid, to = 1000 + at % 3, 80 + at
        yield f"{pid} bind({at}, {ADDRESS % (0, '0.0.0.0')}, 16) = 0"
        yield f"{pid} connect({at}, {ADDRESS % (to, '192.0.2.7')}, 16) = 0"


MADE = {
    "one process": many_destinations,
    "one program": lambda: many_processes(1),
    "four programs": lambda: many_processes(4),
    "sixty programs": lambda: many_processes(60),
    "three that are hidden": hidden,
}


@cache
def analysis(name: str) -> sa.Analysis:
    if name in MADE:
        return sa.analyze([line.encode() for line in MADE[name]()])
    return sa.analyze(ROOT / "samples" / name)


def rows(report: str, width: int) -> int:
    """The lines of a terminal that it takes."""
    return sum(max(1, -(-len(line) // width)) for line in report.splitlines())


HINTS = {
    "One socket's life: strace-": "one socket's life",
    "Why: strace-": "the rule's documentation",
}


@settings(max_examples=60)
@given(
    st.sampled_from([*SAMPLES, *MADE]),
    st.integers(60, 200),
    st.integers(24, 60),
)
def test_it_is_one_screen(name: str, width: int, height: int) -> None:
    made = analysis(name)
    everything = printed(made, width)
    report = printed(made, width, rows=height - 1)
    assert rows(report, width) <= height - 1
    said = " ".join(report.split())
    assert report.splitlines()[0] == everything.splitlines()[0]
    for block in ("  Fix ", "  Not known ", "  What it hides ", "  Take it again "):
        assert (block in report) == (block in everything), block
    assert re.search(r"\d lines?, ", said)
    for label, called in HINTS.items():
        gone = label in " ".join(everything.split()) and label not in said
        assert gone == bool(re.search(rf"Not shown: [^:]*{called}[^:]*: --all", said)), label
    is_shortened = "Not shown" in everything or " more: --all" in everything
    if rows(everything, width) <= height - 1 and not is_shortened:
        assert report == everything


def test_what_gives_way_is_named_or_counted() -> None:
    report = printed(analysis("one process"), 60, rows=23)
    assert "Not shown: why it matters, local ports" in report
    assert re.search(r"39\d more: --all", report)
    for name in ("sixty programs", "three that are hidden"):
        report = printed(analysis(name), 60, rows=23)
        assert re.search(r"\d more(?: remarks)?: --all", report)
    everything = printed(analysis("one process"), 60, everything=True)
    assert "LOCAL PORTS TAKEN" in everything
    assert "bind() to 0.0.0.0 port 0 takes a local port" in everything
    assert "more: --all" not in everything
    assert "Not shown" not in everything


@pytest.mark.parametrize(("height", "width"), [(24, 60), (24, 100), (30, 80), (50, 200)])
@pytest.mark.parametrize("name", ["one process", "sixty programs", "three that are hidden"])
def test_on_a_terminal(name: str, height: int, width: int, tmp_path: Path) -> None:
    place = tmp_path / "trace"
    place.write_text("\n".join(MADE[name]()))
    said = on_a_terminal([sys.executable, "-m", "strace_analyzer", str(place)], height, width)
    assert said.startswith(("warning: ", "probabl", "error: "))
    assert "--all" in said
    assert rows(said, width) <= height - 1


def on_a_terminal(words: list[str], height: int, width: int) -> str:
    """What a command writes to a terminal of this size, without its colours."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
    kept = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES")}
    with subprocess.Popen(words, stdout=theirs, cwd=ROOT, env={**kept, "TERM": "xterm"}) as run:
        os.close(theirs)
        said = b""
        while True:
            try:
                more = os.read(ours, 65536)
            except OSError:  # EIO: nobody has the other end
                break
            if not more:
                break
            said += more
        assert run.wait() in (0, 1, 2)
    os.close(ours)
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", said.decode()).replace("\r\n", "\n")


@pytest.mark.parametrize("width", [60, 80, 200])
def test_so_are_many_traces(width: int) -> None:
    words = [sys.executable, "-m", "strace_analyzer", "check", "--merged"]
    said = on_a_terminal([*words, *(f"samples/{name}" for name in SAMPLES)], 24, width)
    assert said.startswith("error: ")
    assert "Not known" in said
    assert "Not shown: " in said
    assert rows(said, width) < 24
