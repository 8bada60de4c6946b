"""What names the line of a program whose stack is its interpreter's."""

from __future__ import annotations

import pytest

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


@pytest.mark.parametrize("command", ["nginx", "early", "beam.smp", None])
def test_a_program_s_own_frames_need_none(command: str | None) -> None:
    assert naming_the_line(command, None) is None
