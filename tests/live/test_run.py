"""`run`: the program is left alone, its status is ours, and the report is right."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from live.sessions import (
    PROGRAMS,
    assert_nothing_is_left,
    findings,
    program,
    run,
    start,
    straces,
    until,
)

pytestmark = pytest.mark.live


def test_the_report_goes_to_standard_error(tmp_path: Path) -> None:
    done = run(tmp_path, "run", "--", *program("early_binds.py", 3, 0, 0))
    assert done.stdout == "begun\nsaid on standard output\n"
    assert done.stderr.startswith("said on standard error\nnote: python")
    assert "binds before connecting: 3 of its 3 outgoing TCP connections" in done.stderr
    assert "of the traced machine" in done.stderr  # the port range is not assumed
    assert "Proof  the trace, which is not kept (--save-trace FILE)" in done.stderr
    assert done.returncode == 0
    assert_nothing_is_left(tmp_path)


def test_the_report_goes_to_a_file(tmp_path: Path) -> None:
    words = ("run", "--format", "json", "-o", "report.json", "--")
    done = run(tmp_path, *words, *program("early_binds.py", 2, 0, 0))
    assert done.stdout == "begun\nsaid on standard output\n"
    assert done.stderr == "said on standard error\n"
    assert len(findings((tmp_path / "report.json").read_text())) == 2


def test_standard_input_is_the_program_s(tmp_path: Path) -> None:
    done = run(tmp_path, "run", "-o", "report", "--", "cat", given="one\ntwo\n")
    assert (done.stdout, done.stderr, done.returncode) == ("one\ntwo\n", "", 0)


def test_the_program_s_descriptors_are_the_same(tmp_path: Path) -> None:
    listing = [sys.executable, "-c", "import os; print(os.listdir('/proc/self/fd'))"]
    plain = subprocess.run(
        listing, stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=tmp_path
    )
    traced = run(tmp_path, "run", "-o", "report", "--save-trace", "trace", "--", *listing)
    assert traced.stdout == plain.stdout == "['0', '1', '2', '3']\n"


def test_only_the_calls_that_matter_stop_the_program(tmp_path: Path) -> None:
    status = ["grep", "Seccomp:", "/proc/self/status"]
    done = run(tmp_path, "run", "-o", "report", "--save-trace", "trace", "--", *status)
    assert done.stdout == "Seccomp:\t2\n"
    trace = (tmp_path / "trace").read_text()
    assert "execve(" in trace
    assert "mmap(" not in trace


def test_what_the_program_writes_is_never_taken_for_the_trace(tmp_path: Path) -> None:
    garbage = (
        'bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0\n'
        'connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.1")}, 16)'
        " = 0\n+++ exited with 0 +++\nstrace: Process 1 attached\n\x1b[31m\x00"
    )
    writing = [sys.executable, "-c", f"import sys; sys.stderr.write({garbage!r})"]
    done = run(tmp_path, "run", "--format", "json", "-o", "report", "--", *writing)
    assert done.stderr == garbage
    report = json.loads((tmp_path / "report").read_text())
    assert report["summary"]["verdict"] == "no-connections"
    (source,) = report["traces"][0]["sources"]
    assert (source["foreign"], source["unparsed"]) == (0, 0)


@pytest.mark.parametrize(
    ("script", "status"),
    [("exit 0", 0), ("exit 3", 3), ("kill -9 $$", 137), ("kill -TERM $$", 143)],
)
def test_the_exit_status_is_the_program_s(script: str, status: int, tmp_path: Path) -> None:
    assert run(tmp_path, "run", "-o", "report", "--", "sh", "-c", script).returncode == status


@pytest.mark.parametrize(
    ("options", "own", "status"),
    [
        ([], 0, 0),
        (["--fail-on", "never"], 0, 0),
        (["--fail-on", "bind-any-port-zero"], 0, 1),
        (["--fail-on", "note"], 0, 1),
        (["--fail-on", "error"], 0, 0),
        (["--fail-on", "note"], 7, 7),
    ],
)
def test_the_gate_counts_only_where_it_is_asked_for(
    options: list[str], own: int, status: int, tmp_path: Path
) -> None:
    words = ("run", *options, "--", *program("early_binds.py", 1, 0, own))
    assert run(tmp_path, *words).returncode == status


def test_options_behind_the_program_are_the_program_s(tmp_path: Path) -> None:
    done = run(tmp_path, "run", "-o", "report", "sh", "-c", "echo $0 $1", "--format", "nonsense")
    assert (done.stdout, done.returncode) == ("--format nonsense\n", 0)


def test_a_saved_trace_gives_the_same_findings(tmp_path: Path) -> None:
    words = ("run", "--save-trace", "trace", "--format", "json", "-o", "live.json", "--")
    run(tmp_path, *words, *program("early_binds.py", 3, 0, 0))
    later = run(tmp_path, "check", "--format", "json", "trace")
    now = findings((tmp_path / "live.json").read_text())
    assert [f["at"] for f in now] == [f["at"] for f in findings(later.stdout)]
    assert len(now) == 3


def test_threads_children_and_programs_are_followed(tmp_path: Path) -> None:
    words = ("run", "--format", "json", "-o", "report", "--")
    assert run(tmp_path, *words, *program("children.py")).returncode == 0
    found = findings((tmp_path / "report").read_text())
    threads = [(f["process"]["id"], f["calls"]["bind"]["tid"]) for f in found]
    assert len(found) == 3
    assert len({process for process, _ in threads}) == 3
    assert threads[0][0] != f"t1:{threads[0][1]}"  # the first is a thread's, of the main process
    assert {f["confidence"] for f in found} == {"certain"}


def test_what_a_program_leaves_running_is_followed_to_its_end(tmp_path: Path) -> None:
    early = " ".join(program("early_binds.py", 2, 0.2, 0))
    script = f"{early} >/dev/null 2>&1 & exit 4"
    done = run(tmp_path, "run", "--format", "json", "-o", "report", "--", "sh", "-c", script)
    assert done.returncode == 4
    assert len(findings((tmp_path / "report").read_text())) == 2


def test_stacks_name_the_function_that_called_bind(tmp_path: Path) -> None:
    source = PROGRAMS / "early.c"
    subprocess.run(["gcc", "-g", "-O0", "-o", tmp_path / "early", source], check=True)
    words = ("run", "--stacks", "--format", "json", "-o", "report", "--", "./early")
    assert run(tmp_path, *words).returncode == 0
    (group,) = json.loads((tmp_path / "report").read_text())["groups"]
    assert "choose_local_port" in group["call_site"]


def test_json_lines_come_while_the_program_runs(tmp_path: Path) -> None:
    words = ("run", "--format", "jsonl", "--", *program("early_binds.py", 40, 0.1, 0))
    with start(tmp_path, *words) as process:
        assert process.stderr is not None
        first = json.loads(process.stderr.readline())
        still_running = bool(straces(tmp_path))
        rest = [line for line in process.stderr if line != "said on standard error\n"]
    assert (first["type"], first["rule"]) == ("finding", "bind-any-port-zero")
    assert still_running
    kinds = [json.loads(line)["type"] for line in rest]
    assert kinds.count("finding") == 39
    assert kinds[-1] == "summary"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGUSR1])
def test_a_signal_is_handed_on_to_the_program(number: signal.Signals, tmp_path: Path) -> None:
    words = ("run", "-o", "report", "--", *program("signals.py", tmp_path / "ready"))
    process = start(tmp_path, *words)
    until((tmp_path / "ready").exists, "the program's start")
    process.send_signal(number)
    output, errors = process.communicate()
    assert (output, errors, process.returncode) == (f"{number.name}\n", "", 1)
    assert (tmp_path / "report").read_text().startswith("no connections")
    assert_nothing_is_left(tmp_path)


def test_a_program_ended_by_a_signal_has_its_report(tmp_path: Path) -> None:
    words = ("run", "--", *program("early_binds.py", 200, 0.05, 0))
    process = start(tmp_path, *words)
    assert process.stdout is not None
    process.stdout.readline()
    process.terminate()
    _, errors = process.communicate()
    assert process.returncode == 143
    assert errors.startswith(("no connections", "note: python"))
    assert_nothing_is_left(tmp_path)


def test_a_reader_that_goes_away_does_no_harm(tmp_path: Path) -> None:
    words = ("run", "--format", "jsonl", "--", *program("early_binds.py", 20, 0.05, 6))
    with start(tmp_path, *words) as process:
        assert process.stderr is not None
        process.stderr.readline()
        process.stderr.close()
        assert process.stdout is not None
        assert process.stdout.read() == "begun\nsaid on standard output\n"
    assert process.returncode in (1, 6)  # 1: the program itself cannot write its last line any more
    assert_nothing_is_left(tmp_path)


def test_stacks_of_an_interpreter_say_what_names_the_line(tmp_path: Path) -> None:
    """libpython's frames say nothing of the program's own line: py-spy does."""
    done = run(tmp_path, "run", "--stacks", "--", *program("early_binds.py", 1, 0, 0))
    if "built without stack traces" in done.stderr:
        pytest.skip("strace without -k")
    text = " ".join(done.stderr.split())
    assert "these frames are the interpreter's: when it runs again, py-spy dump --pid PID " in text
    assert "names the line of Python" in text
