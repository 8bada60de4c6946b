"""What names the line of a program whose stack is its interpreter's."""

from __future__ import annotations

import pytest

import strace_analyzer as sa
from strace_analyzer.rules.runtimes import naming_the_line


@pytest.mark.parametrize(
    ("command", "tool", "language"),
    [
        ("python3.11", "py-spy dump --pid PID", "Python"),
        ("worker.py", "py-spy dump --pid PID", "Python"),
        ("java", "asprof -e bind -d 30 -o traces PID (async-profiler)", "Java"),
        ("node", "kill -USR1 PID, then node inspect -p PID", "Node.js"),
        ("ruby3.1", "rbspy snapshot --pid PID", "Ruby"),
    ],
)
def test_it_is_named(command: str, tool: str, language: str) -> None:
    said = naming_the_line(command, None)
    begin = "these frames are the interpreter's: while it runs, "
    assert said == f"{begin}{tool} names the line of {language}"


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        ("", "while it runs, py-spy dump --pid 7 names the line of Python"),
        ("7 +++ exited with 0 +++", "when it runs again, py-spy dump --pid PID names the line"),
        ("7 +++ killed by SIGKILL +++", "when it runs again, py-spy dump --pid PID names the line"),
    ],
)
def test_of_a_process_whose_end_the_trace_shows_the_number_is_gone(end: str, expected: str) -> None:
    analyzer = sa.Analyzer()
    for line in (
        '7 execve("/usr/bin/python3.11", ["python3.11"], 0x7ffd /* 3 vars */) = 0',
        "7 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3",
        end,
    ):
        analyzer.feed(line)
    (process,) = analyzer.close().processes
    assert expected in (naming_the_line("python3.11", process) or "")


@pytest.mark.parametrize("command", ["nginx", "early", "beam.smp", None])
def test_a_program_s_own_frames_need_none(command: str | None) -> None:
    assert naming_the_line(command, None) is None
