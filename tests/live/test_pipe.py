"""A pipe from strace, and a file that grows: findings come before the input ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from live.sessions import COMMAND, PATIENCE, environment, findings, program, run, start, until

SOCKET = "socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3\n"
BIND = 'bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0\n'
CONNECT = (
    'connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0\n'
)
CLOSE = "close(3) = 0\n"
TOLD = "<stdin>:2: note: bind-any-port-zero: process[?] fd 3 -> 192.0.2.7:80\n"


def test_a_finding_comes_before_the_input_ends(tmp_path: Path) -> None:
    with start(tmp_path, "--follow", stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(SOCKET + BIND + CONNECT)
        process.stdin.flush()
        assert process.stdout.readline() == TOLD.replace("note: ", "")
        output, errors = process.communicate(CLOSE, timeout=PATIENCE)
    assert output.startswith("\nprobable note: the traced program binds before connecting")
    assert (errors, process.returncode) == ("", 0)


def test_without_follow_a_pipe_gets_the_report_alone(tmp_path: Path) -> None:
    done = run(tmp_path, given=SOCKET + BIND + CONNECT + CLOSE)
    assert done.stdout.startswith("probable note: ")


def test_json_lines_tell_what_is_learned_later(tmp_path: Path) -> None:
    import json

    with start(tmp_path, "--follow", "--format", "jsonl", stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(
            SOCKET + BIND + CONNECT.replace("= 0", "= -1 EINPROGRESS (In progress)")
        )
        process.stdin.flush()
        first = json.loads(process.stdout.readline())
        process.stdin.write("getsockopt(3, SOL_SOCKET, SO_ERROR, [0], [4]) = 0\n")
        process.stdin.flush()
        second = json.loads(process.stdout.readline())
        output, _ = process.communicate(CLOSE, timeout=PATIENCE)
    rest = [json.loads(line) for line in output.splitlines()]
    assert (first["type"], first["outcome"], first["level"]) == (
        "finding",
        "in-progress",
        "note",
    )
    assert (second["type"], second["id"]) == ("update", first["id"])
    assert second["outcome"] == "connected"
    assert [item["type"] for item in rest] == ["update", "trace", "update", "warning", "summary"]
    assert "level" not in rest[2]
    assert "fd" not in rest[2]  # only what has changed


def test_concise_lines_come_once(tmp_path: Path) -> None:
    done = run(
        tmp_path, "--follow", "--format", "concise", given=2 * (SOCKET + BIND + CONNECT + CLOSE)
    )
    told = [line for line in done.stdout.splitlines() if "bind-any-port-zero" in line]
    assert [line.split(":")[1] for line in told] == ["2", "6"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_input_and_brings_the_report(
    number: signal.Signals, tmp_path: Path
) -> None:
    with start(tmp_path, "--follow", stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(SOCKET + BIND + CONNECT)
        process.stdin.flush()
        assert process.stdout.readline() == TOLD.replace("note: ", "")
        process.send_signal(number)
        assert process.stdout.read().startswith("\nprobable note: ")
        process.stdin.close()
    assert process.returncode == 0


@pytest.mark.live
def test_strace_s_own_pipe(tmp_path: Path) -> None:
    """strace -o '|strace-analyzer' keeps the program's outputs out of the trace."""
    ours = f"|{' '.join(COMMAND)} --format json -o report"
    done = subprocess.run(
        ["strace", "-f", "-yy", "-o", ours, *program("early_binds.py", 3, 0, 5)],
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert (done.stdout, done.returncode) == ("begun\nsaid on standard output\n", 5)
    report = tmp_path / "report"
    until(report.exists, "the report, which may be written after strace has ended")
    assert len(findings(report.read_text())) == 3


@pytest.mark.live
def test_standard_error_with_all_that_is_written_there(tmp_path: Path) -> None:
    script = (
        "import sys; exec(open(sys.argv[1]).read().replace('os._exit(status)', ''))\n"
        "sys.stderr.write('connect(3, garbage\\n<... resumed>\\n\\x00\\xff) = 0\\n')"
    )
    early, *arguments = program("early_binds.py", 2, 0, 0)[1:]
    tracing = subprocess.Popen(
        ["strace", "-f", sys.executable, "-c", script, early, *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    done = subprocess.run(
        [*COMMAND, "--format", "json"],
        stdin=tracing.stderr,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment(tmp_path),
        timeout=PATIENCE,
    )
    tracing.wait()
    assert done.returncode in (0, 1)
    assert done.stderr == ""


def test_a_reader_that_goes_away_ends_it_quietly(tmp_path: Path) -> None:
    with start(tmp_path, "--follow", "--format", "concise", stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(SOCKET + BIND + CONNECT + CLOSE)
        process.stdin.flush()
        process.stdout.readline()
        process.stdout.close()
        process.stdin.write(SOCKET + BIND + CONNECT + CLOSE)
        process.stdin.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0


def following(scratch: Path) -> subprocess.Popen[str]:
    return start(scratch, "--follow", "--format", "concise", "trace")


def write(path: Path, text: str) -> None:
    with path.open("a") as stream:
        stream.write(text)


def test_a_file_that_appears_later_and_grows(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    with following(tmp_path) as process:
        assert process.stdout is not None
        write(trace, SOCKET + BIND[:30])
        write(trace, BIND[30:] + CONNECT)
        assert process.stdout.readline() == TOLD.replace("<stdin>", "trace")
        write(trace, CLOSE + SOCKET + BIND + CONNECT)
        assert process.stdout.readline() == TOLD.replace("<stdin>:2", "trace:6")
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=PATIENCE)
    assert "setsockopt-hidden" in output
    assert (errors, process.returncode) == ("", 0)


def test_a_file_that_is_cut_to_nothing(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    write(trace, SOCKET + BIND + CONNECT + CLOSE + "close(4")
    with following(tmp_path) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == TOLD.replace("<stdin>", "trace")
        os.truncate(trace, 0)
        write(trace, SOCKET + BIND + CONNECT)
        assert process.stdout.readline() == TOLD.replace("<stdin>:2", "trace:7")
        process.terminate()
        process.communicate(timeout=PATIENCE)
    assert process.returncode == 0


def test_a_file_that_is_replaced(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    write(trace, SOCKET + BIND + CONNECT + CLOSE)
    with following(tmp_path) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == TOLD.replace("<stdin>", "trace")
        trace.rename(tmp_path / "trace.1")
        write(trace, SOCKET + BIND + CONNECT)
        assert process.stdout.readline() == TOLD.replace("<stdin>:2", "trace:6")
        process.terminate()
        process.communicate(timeout=PATIENCE)
    assert process.returncode == 0


def test_only_one_trace_can_be_followed(tmp_path: Path) -> None:
    for words in (["one", "two"], [str(tmp_path)]):
        done = run(tmp_path, "--follow", *words)
        assert done.stderr == (
            "strace-analyzer: --follow reads one trace: a file, or standard input\n"
        )
        assert done.returncode == 2


@pytest.mark.parametrize("options", [(), ("--follow",)])
def test_lines_of_two_containers_in_a_pipe_are_refused_with_what_takes_them_apart(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    lines = [SOCKET, BIND, CONNECT, CLOSE]
    mixed = "".join(f"web-1  | {line}api-1  | {line}" for line in lines)
    refused = run(tmp_path, *options, given=mixed)
    apart = run(tmp_path, *options, given="".join(f"web-1  | {line}" for line in lines))

    assert refused.returncode == 2
    assert "the lines of 2 traces (web-1, api-1)" in refused.stderr
    assert "grep -F 'web-1' FILE | strace-analyzer" in refused.stderr
    assert "bind-any-port-zero" in apart.stdout or "probable note: " in apart.stdout


def test_a_level_that_rose_is_one_line_for_all_that_were_told(tmp_path: Path) -> None:
    """The 41st connection finds no port any more."""
    fails = BIND.replace("= 0", "= -1 EADDRINUSE (Address already in use)")
    done = run(
        tmp_path,
        "--format",
        "concise",
        "--follow",
        given="".join(
            (SOCKET + BIND + CONNECT).replace("(3", f"({fd}").replace("= 3", f"= {fd}")
            for fd in range(3, 43)
        )
        + (SOCKET + fails).replace("(3", "(43").replace("= 3", "= 43"),
    )
    told = [line for line in done.stdout.splitlines() if "bind-any-port-zero" in line]
    assert [": note: " in line for line in told] == [True] * 40 + [False]
    assert told[-1].startswith("<stdin>:2: error: bind-any-port-zero: process[?] fd 3 -> ")
    assert told[-1].endswith(" (40 told above are of this level)")
