"""`sockets FILE:N` and `--line N`: what is on any line; `--all`: every call of a socket."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from cli import running
from cli.running import ERLANG, SSH

import strace_analyzer as sa

ON_19 = [
    number
    for number, line in enumerate(Path(ERLANG).read_text().splitlines(), 1)
    if 395 <= number <= 411 and re.search(r"\((19[<,)]|AF_INET)", line)
]
"""the lines of one socket's life, whose calls are on fd 19"""
OTHER = """\
7 openat(AT_FDCWD, "/etc/hosts", O_RDONLY) = 3
7 read(3, "127.0.0.1 secret"..., 4096) = 20
7 close(3) = 0
7 read(3</etc/hosts>, "127.0.0.1 secret"..., 4096) = 20
7 --- SIGCHLD {si_signo=SIGCHLD} ---
7 getpid() = 7
7 read(5, "secret", 6) = 6
hello world
7 socket(AF_UNIX, SOCK_STREAM, 0) = 4
7 connect(4, {sa_family=AF_UNIX, sun_path="/run/x"}, 110) = 0
7 write(6<UNIX-STREAM:[77]>, "secret", 6) = 6
7 recvfrom(9<TCP:[127.0.0.1:40000->127.0.0.1:80]>, "secret", 6, 0, NULL, NULL) = 6
7 +++ exited with 0 +++
"""
ANSWERS = [
    "not a socket call: openat() of /etc/hosts",
    "not a socket call: read() of /etc/hosts",
    "not a socket call: close() of /etc/hosts",
    "not a socket call: read() of /etc/hosts",
    "no call: SIGCHLD is delivered",
    "not a socket call: getpid()",
    "not a socket call: read() of fd 5, whose origin this trace does not show",
    "no call: no line of strace's",
    "not an internet socket: socket(AF_UNIX)",
    "not an internet socket: connect() of fd 4",
    "not an internet socket: write() of UNIX-STREAM:[77]",
    None,
    "no call: an exit",
]
DATA = """\
7 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
7 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
7 write(3, "secret", 6) = 6
7 read(3, "secret", 100) = 40
7 read(8, "other file", 100) = 10
7 read(3, 0x7f, 100) = -1 EAGAIN (Resource temporarily unavailable)
7 read(3, "secret", 100) = 50
7 write(3, "secret", 6) = 6
7 close(3) = 0
"""


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """The same on a page so wide that a call stands beside the name of its line."""
    return running.run(*words, COLUMNS="250")


def test_fifteen_lines_on_one_descriptor() -> None:
    """Of these eight were denied once: only the calls that make a socket what it is were known."""
    assert len(ON_19) == 15
    for number in ON_19:
        done = run("sockets", f"{ERLANG}:{number}")
        title, _, life, *rest = done.stdout.splitlines()
        assert title.startswith(f"{ERLANG}:{number}  [4519]  ")
        assert life.startswith("TCP socket, fd 19 of beam.smp[4510]")
        assert [line.split()[0] for line in rest if "[4519]" in line][::6] == ["395", "411"]
        assert run("sockets", ERLANG, "--line", str(number)).stdout == done.stdout


@pytest.mark.parametrize(("number", "answer"), list(enumerate(ANSWERS, 1)))
def test_what_is_no_call_of_a_socket_is_named(
    number: int, answer: str | None, tmp_path: Path
) -> None:
    trace = tmp_path / "trace"
    trace.write_text(OTHER)
    done = run("sockets", f"{trace}:{number}")
    lines = done.stdout.splitlines()
    assert lines[0].startswith(f"{trace}:{number}")
    if answer is None:
        assert "peer 127.0.0.1:80" in done.stdout or "shows no socket()" in done.stdout
    else:
        assert lines[1:] == [f"  {answer}"]
    assert "secret" not in done.stdout


@pytest.mark.parametrize("name", ["ssh-b-any.strace", "python-threads-halves.strace"])
def test_every_line_has_an_answer_that_the_events_agree_with(name: str) -> None:
    """A line is a socket's exactly where `events` gives it one."""
    sample = Path(SSH).parent / name
    events = run("events", sample, "--format", "jsonl").stdout.splitlines()
    rows = [row for row in map(json.loads, events) if row["type"] != "header"]
    for row in rows[:: max(1, len(rows) // 40)]:
        text = run("sockets", sample, "--line", str(row["line"])).stdout
        is_denied = "  no call: " in text or "  not a" in text or "shows no socket()" in text
        assert is_denied is (row["socket"] is None), (row["line"], text)


def test_a_line_that_there_is_not() -> None:
    done = run("sockets", f"{SSH}:2000")
    assert done.returncode == 2
    assert done.stderr.startswith("strace-analyzer: there is no line 2,000: ")


def test_a_place_as_editors_write_it(tmp_path: Path) -> None:
    trace = tmp_path / "trace:7"
    trace.write_text(OTHER)
    assert run("sockets", trace).returncode == run("sockets", trace, "--line", "1").returncode
    assert "read() of /etc/hosts" in run("sockets", f"{trace}:2:9:").stdout
    two = run("sockets", f"{trace}:2", f"{trace}:3")
    assert (two.returncode, two.stdout) == (2, "")
    assert "one at a time" in two.stderr


def test_all_shows_every_call_and_folds_the_data(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    trace.write_text(DATA)
    out = run("sockets", f"{trace}:7", "--all").stdout
    assert [line.split()[0] for line in out.splitlines() if " [7]  " in line][1:] == [
        "1", "2", "3", "4", "8", "9",
    ]  # fmt: skip
    assert "and 2 more until line 7: 90 bytes, 1 failed" in out
    assert "secret" not in out


def test_all_shows_as_many_calls_as_the_trace_has() -> None:
    """Of every socket of a trace: each call once, alone or folded."""
    done = run("sockets", SSH, "--all")
    shown = len(re.findall(r"^ +\d+ +\[\d+\]", done.stdout, re.M))
    folded = sum(int(more) for more in re.findall(r"and ([\d,]+) more until", done.stdout))
    events = run("events", SSH, "--format", "jsonl").stdout.splitlines()
    of_sockets = [row for row in map(json.loads, events) if row.get("socket")]
    assert shown + folded == len(of_sockets) > len(sa.analyze(SSH).sockets)


def test_other_formats_say_it_on_standard_error(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    trace.write_text(OTHER)
    done = run("sockets", f"{trace}:4", "--format", "json")
    assert "strace-analyzer: line 4: not a socket call: read() of /etc/hosts" in done.stderr
    assert json.loads(done.stdout)["sockets"] == []
    found = json.loads(run("sockets", f"{ERLANG}:407", "--format", "json").stdout)["sockets"]
    assert [life["fd"] for life in found] == [19]


def test_lines_are_counted_from_1() -> None:
    done = run("sockets", f"{SSH}:0")
    assert (done.returncode, done.stderr) == (
        2, f"strace-analyzer: {SSH}:0: lines are counted from 1\n",
    )  # fmt: skip


def test_every_call_of_a_socket_has_its_time() -> None:
    """Seconds since the beginning of the trace; none in a trace without times."""
    calls = r"^ +(\d+) +(\+[0-9]+\.[0-9]{6}) +\[4519\]  \w+\("
    done = running.run("sockets", ERLANG, "--line", "403", "--all")
    timed = re.findall(calls, done.stdout, re.M)
    assert len(timed) > 5
    assert [float(at) for _, at in timed] == sorted(float(at) for _, at in timed)
    assert "+0." not in running.run("sockets", SSH, "--line", "36", "--all").stdout


def test_a_bind_that_failed_is_shown_in_its_sockets_life(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    trace.write_text(
        "7 socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 4\n"
        '7 bind(4, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("0.0.0.0")}, 16) = -1 '
        "EADDRINUSE (Address already in use)\n"
        "7 close(4) = 0\n"
    )
    rows = running.run("sockets", f"{trace}:2").stdout.splitlines()
    assert [row.split()[0] for row in rows if row.startswith("      ")] == ["1", "2", "3"]
    assert rows[-3].endswith('bind(4, {AF_INET, htons(80), "0.0.0.0"}) = EADDRINUSE')


@pytest.mark.parametrize(
    "times",
    [
        ["23:59:59.000001", "23:59:59.900002", "00:00:00.000003"],
        ["23:59:58", "23:59:59", "00:00:00"],
        ["1796176009.893636", "1796176009.893653", "1796176010.000001"],
    ],
    ids=["-tt", "-t", "-ttt"],
)
@pytest.mark.parametrize("failing", range(1, 3))
def test_a_call_that_failed_has_its_time_in_the_life_of_its_socket(
    times: list[str], failing: int, tmp_path: Path
) -> None:
    taken = (
        'bind(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("0.0.0.0")}, 16)'
        " = -1 EADDRINUSE (Address already in use)"
    )
    calls = ["socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3", "listen(3, 5) = 0"]
    calls.insert(failing, taken)
    trace = tmp_path / "trace"
    lines = [f"7 {time} {call}" for time, call in zip(times, calls, strict=True)]
    trace.write_text("\n".join(lines) + "\n")
    shown = running.run("sockets", str(trace), "--line", str(failing + 1)).stdout
    assert f"{failing + 1}  {times[failing]}  [7]  bind(3" in shown
