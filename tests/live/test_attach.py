"""`attach`: what runs already is known, and goes on when we leave, whenever that is."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from live.sessions import (
    PATIENCE,
    assert_nothing_is_left,
    findings,
    program,
    run,
    start,
    tracer,
    until,
)

pytestmark = pytest.mark.live


class Older(NamedTuple):
    """The program of older_sockets.py, ready: its sockets by what they are."""

    process: subprocess.Popen[str]
    bound: int
    unbound: int
    deferred: int
    connected: int

    @property
    def pid(self) -> int:
        return self.process.pid

    def go(self) -> None:
        """Let it use its sockets, and wait until it has."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "done\n"

    def end(self) -> int:
        """Let it end by itself; its status."""
        self.process.communicate("\n", timeout=PATIENCE)
        return self.process.returncode


@contextmanager
def older_sockets() -> Iterator[Older]:
    with subprocess.Popen(
        program("older_sockets.py"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        pid, *fds = map(int, process.stdout.readline().split())
        assert pid == process.pid
        yield Older(process, *fds)
        process.kill()


ENDLESS = program("early_binds.py", 1_000_000, 0.01, 0)
"""goes on for hours: on a busy machine a test may take long"""
LOOKS_AGAIN = 0.5
"""Seconds in which `attach`, if it has nothing else to do, has looked whether the descriptors are
still what they were: what the program changes before that is not taken for older."""


def until_it_waits(process: subprocess.Popen[str]) -> None:
    """Until it has slept for that long whenever one looks, and has used no processor: on a busy
    machine it may take any time to look."""

    def waited() -> bool:
        used = set()
        for _ in range(25):
            fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
            if fields[0] != "S":
                return False
            used.add((fields[11], fields[12]))
            time.sleep(LOOKS_AGAIN / 25)
        return len(used) == 1

    until(waited, "waiting for the program")


def test_older_sockets_are_known(tmp_path: Path) -> None:
    with older_sockets() as older:
        watching = start(tmp_path, "attach", "-q", "--format", "json", str(older.pid))
        until(lambda: tracer(older.pid), "being traced")
        until_it_waits(watching)
        older.go()
        watching.send_signal(signal.SIGINT)
        output, errors = watching.communicate(timeout=PATIENCE)
        assert tracer(older.pid) == 0
        assert older.end() == 0
    assert (errors, watching.returncode) == ("", 0)
    report = json.loads(output)
    found = findings(output)
    assert [f["confidence"] for f in found] == ["probable"] + 4 * ["certain"]
    assert found[0]["fd"] == older.bound
    assert found[0]["at"].startswith("<strace>:")
    assert sorted(found[0]["calls"]) == ["connect"]
    assert {f["process"]["id"] for f in found} == {f"t1:{older.pid}"}
    assert len({f["calls"]["bind"]["tid"] for f in found[1:]}) == 2
    (process,) = report["processes"]
    assert process["tgid"] == older.pid
    assert process["command"].startswith("python")
    assert process["argv"][1].endswith("older_sockets.py")
    assert (process["early_bound"], process["tcp_connections"]) == (5, 7)
    assert report["unknown"] == []
    assert report["warnings"] == []
    assert_nothing_is_left(tmp_path)


def test_the_sockets_in_the_list_of_a_saved_trace(tmp_path: Path) -> None:
    with older_sockets() as older:
        words = ("attach", "--save-trace", "trace", "-o", "report", str(older.pid))
        watching = start(tmp_path, *words)
        until(lambda: tracer(older.pid), "being traced")
        older.go()
        watching.terminate()
        assert watching.wait(PATIENCE) == 0
    text = (tmp_path / "report").read_text()
    assert "which port did it ask for?" in text
    lines = (tmp_path / "trace").read_text().splitlines()
    quoted = re.findall(r"^ +([0-9]+)  (\w+\()", text, re.M)
    assert len(quoted) > 2
    assert [number for number, call in quoted if call not in lines[int(number) - 1]] == []
    later = run(tmp_path, "check", "--format", "json", "trace")
    found = findings(later.stdout)
    assert len(found) == 4  # what was there before, only `attach` knows: but for the names
    (process,) = json.loads(later.stdout)["processes"]
    assert process["tgid"] == older.pid
    assert process["argv"][1:] == ["older_sockets.py"]
    assert len(process["tids"]) > 1


def test_for_a_while(tmp_path: Path) -> None:
    with older_sockets() as older:
        begin = time.monotonic()
        done = run(tmp_path, "attach", "-q", "--for", "500ms", str(older.pid))
        assert time.monotonic() - begin >= 0.5
        assert done.stdout.startswith("no connections")
        assert (done.stderr, done.returncode) == ("", 0)
        assert tracer(older.pid) == 0
        older.go()
        assert older.end() == 0
    assert_nothing_is_left(tmp_path)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_with_the_report(number: signal.Signals, tmp_path: Path) -> None:
    with subprocess.Popen(ENDLESS, stdout=subprocess.PIPE) as busy:
        words = ("attach", "-q", "--format", "json", "--save-trace", "saved", str(busy.pid))
        watching = start(tmp_path, *words)
        saved = tmp_path / "saved"
        until(lambda: saved.exists() and b"connect(" in saved.read_bytes(), "an early bind")
        watching.send_signal(number)
        output, errors = watching.communicate(timeout=PATIENCE)
        assert busy.poll() is None
        assert tracer(busy.pid) == 0
        busy.kill()
    # by chance strace left it in the middle of a bind(), and says so
    doubts = [warning["code"] for warning in json.loads(output)["warnings"]]
    assert doubts in ([], ["truncated-end"])
    assert (errors, watching.returncode) == ("", 2 if doubts else 0)
    assert len(findings(output)) > 0
    assert_nothing_is_left(tmp_path)


def test_a_reader_that_has_gone_leaves_the_status_of_the_verdict(tmp_path: Path) -> None:
    """`attach ... --fail-on note | head -1` in a script with pipefail."""
    reading, writing = os.pipe()
    os.close(reading)
    with subprocess.Popen(ENDLESS, stdout=subprocess.PIPE) as busy, os.fdopen(writing, "w") as gone:
        words = ("-q", "--for", "1s", "--fail-on", "note", str(busy.pid))
        watching = start(tmp_path, "attach", *words, stdout=gone)
        assert watching.wait(PATIENCE) == 1
        busy.kill()


def test_threads_in_the_middle_of_calls_are_no_cut_end(tmp_path: Path) -> None:
    """strace shows the first half alone of what all but one were in as it detached. That it did so
    it says on standard error, which is kept behind the trace."""
    with subprocess.Popen(program("many_clients.py"), stdout=subprocess.PIPE) as busy:
        assert busy.stdout is not None
        busy.stdout.readline()
        words = ("--for", "1s", "--format", "json", "--save-trace", "saved", str(busy.pid))
        live = run(tmp_path, "attach", "-q", *words)
        tids = set(map(int, os.listdir(f"/proc/{busy.pid}/task")))
        busy.kill()
    *_, last = (tmp_path / "saved").read_text().rpartition(" = ")
    said = re.findall(r"^strace: Process (\d+) detached$", last, re.MULTILINE)
    assert {*map(int, said)} == tids
    for done in (live, run(tmp_path, "saved", "--format", "json")):
        report = json.loads(done.stdout)
        assert sum(process["tcp_connections"] for process in report["processes"]) > 0
        assert "truncated-end" not in {warning["code"] for warning in report["warnings"]}


@pytest.mark.parametrize("moment", [0.05, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.5, 2.0])
def test_ctrl_c_at_any_moment_leaves_the_program_alone(moment: float, tmp_path: Path) -> None:
    with subprocess.Popen(ENDLESS, stdout=subprocess.PIPE) as busy:
        watching = start(tmp_path, "attach", str(busy.pid))
        time.sleep(moment)
        watching.send_signal(signal.SIGINT)
        output, _ = watching.communicate(timeout=PATIENCE)
        assert_nothing_is_left(tmp_path)
        assert busy.poll() is None
        assert tracer(busy.pid) == 0
        busy.kill()
    # before it has begun there is nothing to report: 1 is Python's own, while it starts
    assert watching.returncode in (0, 2, 130, -signal.SIGINT, 1)
    assert bool(output) is (watching.returncode in (0, 2))
    # by chance strace left it in the middle of a socket() or bind()
    assert watching.returncode != 2 or "breaks off in the middle of a call" in " ".join(
        output.split()
    )


def test_it_ends_with_the_program(tmp_path: Path) -> None:
    with older_sockets() as older:
        watching = start(tmp_path, "attach", "--format", "json", str(older.pid))
        until(lambda: tracer(older.pid), "being traced")
        until_it_waits(watching)
        older.go()
        assert older.end() == 0
        output, _ = watching.communicate(timeout=PATIENCE)
    assert watching.returncode == 0
    assert len(findings(output)) == 5


def test_several_processes_at_once(tmp_path: Path) -> None:
    with older_sockets() as one, older_sockets() as two:
        words = ("attach", "--format", "json", str(one.pid), str(two.pid))
        watching = start(tmp_path, *words)
        until(lambda: tracer(one.pid) and tracer(two.pid), "being traced")
        one.go()
        two.go()
        watching.terminate()
        output, _ = watching.communicate(timeout=PATIENCE)
    found = findings(output)
    assert sorted(f["process"]["tgid"] for f in found) == sorted(5 * [one.pid] + 5 * [two.pid])


def test_one_of_them_cannot_be_traced(tmp_path: Path) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    with older_sockets() as older:
        done = run(tmp_path, "attach", str(older.pid), str(gone.pid))
        assert tracer(older.pid) == 0
    words = f"{gone.pid}: no such process: it has ended, or never was"
    assert (done.stderr, done.returncode) == (f"strace-analyzer: {words}\n", 2)


def test_a_thread_stands_for_its_process(tmp_path: Path) -> None:
    with subprocess.Popen(
        ["python3", "-c", "import threading, time; "
         "threading.Thread(target=time.sleep, args=(60,)).start(); time.sleep(60)"],
    ) as process:  # fmt: skip
        tasks = Path(f"/proc/{process.pid}/task")
        until(lambda: len(list(tasks.iterdir())) == 2, "the second thread")
        thread = next(t.name for t in tasks.iterdir() if t.name != str(process.pid))
        done = run(tmp_path, "attach", "-q", "--for", "0.2", thread)
        process.kill()
    assert (done.stderr, done.returncode) == ("", 0)


def test_a_reader_that_goes_away_ends_it_cleanly(tmp_path: Path) -> None:
    with subprocess.Popen(ENDLESS, stdout=subprocess.PIPE) as busy:
        with start(
            tmp_path, "attach", "-q", "--follow", "--format", "concise", str(busy.pid)
        ) as watching:
            assert watching.stdout is not None
            assert watching.stderr is not None
            first = watching.stdout.readline()
            watching.stdout.close()
            assert watching.stderr.read() == ""
        assert_nothing_is_left(tmp_path)
        assert busy.poll() is None
        assert tracer(busy.pid) == 0
        busy.kill()
    assert ": bind-any-port-zero: python" in first


def test_the_gate(tmp_path: Path) -> None:
    with older_sockets() as older:
        words = ("attach", "--fail-on", "bind-any-port-zero", str(older.pid))
        watching = start(tmp_path, *words)
        until(lambda: tracer(older.pid), "being traced")
        older.go()
        watching.terminate()
        watching.communicate(timeout=PATIENCE)
    assert watching.returncode == 1


def test_strace_goes_when_we_are_killed(tmp_path: Path) -> None:
    with older_sockets() as older:
        watching = start(tmp_path, "attach", str(older.pid))
        until(lambda: tracer(older.pid), "being traced")
        watching.kill()
        watching.communicate(timeout=PATIENCE)
        until(lambda: not tracer(older.pid), "being left alone")
        older.go()
        assert older.end() == 0


@pytest.mark.parametrize("saved", ["trace", "/dev/full"])
def test_a_program_that_makes_no_call_and_a_saved_trace(saved: str, tmp_path: Path) -> None:
    """What stands at the head of the file is no line of strace's; a full disk is told as that."""
    with subprocess.Popen(["sleep", "60"]) as idle:
        words = ("attach", "--quiet", "--for", "1", "--save-trace", saved, str(idle.pid))
        done = run(tmp_path, *words)
        idle.kill()
    assert "not the output of strace" not in done.stderr
    full = "strace-analyzer: cannot write /dev/full any further: No space left on device\n"
    assert (full in done.stderr) == (saved == "/dev/full")
    assert done.returncode == (2 if saved == "/dev/full" else 0)
