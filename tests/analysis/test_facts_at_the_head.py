"""What the head of a trace says of its machine is read however the trace comes."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from strace_analyzer.analysis.analyze import analyze
from strace_analyzer.machine.facts import read
from strace_analyzer.report.gate import Gate, judge
from strace_analyzer.report.selection import Selected

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


def test_is_open() -> None:
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


def test_in_the_json_lines_of_docker(tmp_path: Path) -> None:
    path = tmp_path / "x-json.log"
    kept = ({"log": line, "stream": "stderr", "time": "2026-12-01T17:00:00Z"} for line in
            (HEAD + CALLS).splitlines(keepends=True))  # fmt: skip
    path.write_text("".join(f"{json.dumps(one)}\n" for one in kept))
    (ports,) = analyze(path).traces[0].ports
    assert ports.range == RANGE


@pytest.mark.parametrize("other", ['{"log": 7}', '{"log"', '{"a": "b"}', '{"log": null}'])
def test_what_is_no_line_of_docker_is_no_fact(other: str) -> None:
    assert read([other.encode()]).values == {}


@pytest.mark.parametrize(
    ("compress", "calls"),
    [
        (gzip.compress, 1), (gzip.compress, 400), (lzma.compress, 1), (lzma.compress, 400),
        (bz2.compress, 1),
    ],
)  # fmt: skip
def test_in_a_compressed_stream(
    compress: Callable[[bytes], bytes], calls: int, tmp_path: Path
) -> None:
    """Also one that is longer than what a pipe shows of it at first (but of bzip2, where nothing can
    be read before a block of 900,000 bytes is there)."""
    more = "".join(f"100 write(1, {os.urandom(40).hex()!r}, 80) = 80\n" for _ in range(calls))
    path = tmp_path / "t"
    path.write_bytes(compress((HEAD + more.replace("'", '"') + CALLS).encode()))
    with (
        path.open("rb") as file,
        subprocess.Popen(["cat"], stdin=file, stdout=subprocess.PIPE) as cat,
    ):
        assert cat.stdout is not None
        analysis = analyze(cat.stdout)
    (ports,) = analysis.traces[0].ports
    assert ports.range == RANGE
    assert len(analysis.findings) == 1


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress])
@pytest.mark.parametrize("is_open", [False, True])
def test_behind_many_others_in_a_compressed_file(
    compress: Callable[[bytes], bytes], is_open: bool, tmp_path: Path
) -> None:
    """gzip gives the first lines alone, and those that ran already fill many kilobytes."""
    others = "".join(
        f"# strace-analyzer: process.{pid} = {os.urandom(3000).hex()}\n" for pid in range(8)
    )
    path = tmp_path / "t"
    path.write_bytes(compress((others + HEAD + CALLS).encode()))
    with path.open("rb") as file:
        (ports,) = analyze(file if is_open else path).traces[0].ports
    assert ports.range == RANGE


LISTENS = """\
100 execve("/bin/x", ["x"], 0x7ffd /* 9 vars */) = 0
100 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
100 listen(3, 5) = 0
100 getsockname(3, {{sa_family=AF_INET, sin_port=htons({0}), sin_addr=inet_addr("0.0.0.0")}}, [16]) = 0
100 close(3) = 0
100 exit_group(0) = ?
100 +++ exited with 0 +++
"""


@pytest.mark.parametrize(
    ("head", "port", "is_hidden"),
    [("", 40000, False), ("", 2000, True), (HEAD, 40000, False), (HEAD, 50000, True)],
)
def test_a_port_that_the_kernel_would_not_choose_was_bound_unseen(
    head: str, port: int, is_hidden: bool
) -> None:
    """listen() chooses of the range that is in force, as the head or --port-range tells it."""
    text = LISTENS.format(port).encode()
    made = [analyze(io.BytesIO(head.encode() + text))]
    if head:
        made.append(analyze(io.BytesIO(text), port_range=RANGE))
    for analysis in made:
        assert ("bind-hidden" in {one.code for one in analysis.unknown}) == is_hidden


UNBOUND = "".join(line for line in CALLS.splitlines(keepends=True) if "bind(" not in line)
ORDINARY = "100 getpid() = 100\n100 futex(0x7f1, FUTEX_WAKE_PRIVATE, 1) = 0\n"


@pytest.mark.parametrize("more", ["", ORDINARY])
@pytest.mark.parametrize(("shown", "verdict"), [("in part", "inconclusive"), ("all", "clean")])
def test_where_options_hid_something_no_bind_is_no_proof(
    shown: str, verdict: str, more: str
) -> None:
    """-e 'trace=!bind' leaves no other mark than what the head says of the options."""
    head = f"# strace-analyzer: shown = {shown}\n"
    made = analyze(io.BytesIO((head + more + UNBOUND).encode()))
    assert judge(Selected(made), Gate()).verdict == verdict
    reason = made.traces[0].inconclusive
    assert (reason is not None and "bind()" in reason) == (verdict == "inconclusive")
