"""What the head of a trace says of its machine is read however the trace comes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from strace_analyzer.analysis.analyze import analyze
from strace_analyzer.machine.facts import read

RANGE = (40000, 40999)
HEAD = "# strace-analyzer: net.ipv4.ip_local_port_range = 40000 40999\n"
CALLS = """\
100 execve("/bin/x", ["x"], 0x7ffd /* 9 vars */) = 0
100 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
100 bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
100 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
100 close(3) = 0
100 exit_group(0) = ?
100 +++ exited with 0 +++
"""
PREFIXES = ("", "> ", ">> > ", "web-1  | ", "2026-12-01T17:00:00.123456789Z ", "   ")


@pytest.mark.parametrize("prefix", PREFIXES)
def test_behind_what_a_mail_or_a_log_put_before_it(prefix: str, tmp_path: Path) -> None:
    path = tmp_path / "t"
    path.write_text("".join(prefix + line for line in (HEAD + CALLS).splitlines(keepends=True)))
    (ports,) = analyze(path).traces[0].ports
    assert ports.range == RANGE


def test_what_a_program_wrote_is_no_fact() -> None:
    line = '1 write(1, "# strace-analyzer: shown = all'
    assert read([line.encode()]).values == {}


def test_in_a_pipe() -> None:
    reading, writing = os.pipe()
    os.write(writing, (HEAD + CALLS).encode())
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        analysis = analyze(pipe)
    (ports,) = analysis.traces[0].ports
    assert ports.range == RANGE
    assert len(analysis.findings) == 1
    assert analysis.traces[0].sources[0].lines == (HEAD + CALLS).count("\n")


@pytest.mark.parametrize("options", [[], ["--follow"]])
def test_on_standard_input(options: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "strace_analyzer", *options, "--format", "jsonl", "-"],
        input=HEAD + CALLS,
        capture_output=True,
        text=True,
        check=False,
    )
    assert '"range": [40000, 40999]' in done.stdout
