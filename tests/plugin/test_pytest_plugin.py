"""The pytest plugin, under the real strace: it names the right test of several, and fails it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

pytestmark = pytest.mark.live
ROOT = Path(__file__).resolve().parents[2]
GATE = ("--strace-analyzer", "--strace-analyzer-fail-on", "bind-any-port-zero")
SERVER = """
import socket, subprocess, sys, threading
import pytest

@pytest.fixture(scope="session")
def address():
    server = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=lambda: [server.accept() for _ in range(9)], daemon=True).start()
    return server.getsockname()

EARLY = "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1])), source_address=('', 0))"
"""
THREE = """
def test_plain(address):
    socket.create_connection(address).close()

def test_early(address):
    socket.create_connection(address, source_address=("", 0)).close()

def test_nothing():
    pass
"""


def run(folder: Path, text: str, *options: str, **environment: str) -> tuple[int, str]:
    """The tests of `text` in a pytest of its own."""
    (folder / "test_it.py").write_text(SERVER + text)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "strace_analyzer.pytest", "-p", "no:cacheprovider",
         "-rA", *options, "test_it.py"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": "", **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def outcomes(output: str) -> dict[str, str]:
    """By test: how it ended."""
    return {
        test: how
        for how, test in re.findall(r"^(PASSED|FAILED|ERROR) test_it.py::(\w+)", output, re.M)
    }


def test_the_right_one_of_three_is_named_and_fails(tmp_path: Path) -> None:
    status, output = run(tmp_path, THREE, *GATE)
    assert outcomes(output) == {
        "test_plain": "PASSED", "test_early": "FAILED", "test_nothing": "PASSED",
    }  # fmt: skip
    assert status == 1
    assert "bind(" in output
    assert "leave out source_address=('0.0.0.0', 0)" in output
    assert re.search(
        r"^test_it.py::test_early: note: bind-any-port-zero, 1 finding, to 127.0.0.1:\d+$",
        output,
        re.M,
    )
    assert "3 tests traced, nothing found in 2 of them; 2 outgoing TCP connections" in output


def test_below_the_gate_it_is_only_named(tmp_path: Path) -> None:
    status, output = run(tmp_path, THREE, "--strace-analyzer")
    assert status == 0
    assert set(outcomes(output).values()) == {"PASSED"}
    assert "test_it.py::test_early: note: bind-any-port-zero" in output


def test_without_the_option_nothing_is_traced(tmp_path: Path) -> None:
    status, output = run(tmp_path, THREE)
    assert status == 0
    assert "traced" not in output
    assert "bind-any-port-zero" not in output


OTHER_PLACES = """
def test_program(address):
    subprocess.run([sys.executable, "-c", EARLY, str(address[1])], check=True)

def test_thread(address):
    thread = threading.Thread(
        target=lambda: socket.create_connection(address, source_address=("", 0)).close()
    )
    thread.start()
    thread.join()

@pytest.fixture
def before(address):
    socket.create_connection(address, source_address=("", 0)).close()

def test_before(before):
    pass

@pytest.fixture
def after(address):
    yield
    socket.create_connection(address, source_address=("", 0)).close()

def test_after(after):
    pass

def test_last():
    pass
"""


def test_a_program_a_thread_and_fixtures_count_for_their_test(tmp_path: Path) -> None:
    status, output = run(tmp_path, OTHER_PLACES, *GATE)
    named = re.findall(r"^test_it.py::(\w+): note: bind-any-port-zero, 1 finding", output, re.M)
    assert named == ["test_program", "test_thread", "test_before", "test_after"]
    assert {test for test, how in outcomes(output).items() if how == "PASSED"} >= {"test_last"}
    assert "5 tests traced, nothing found in 1 of them" in output
    assert "1 error" in output  # what a fixture does after the test is an error of its teardown
    assert status == 1


OLDER = """
@pytest.fixture(scope="session")
def program(address):
    text = "import sys; sys.stdin.readline(); sys.argv[1:] = [sys.argv[1]]; exec(sys.argv.pop())"
    text = f"import sys; sys.stdin.readline(); {EARLY}"
    return subprocess.Popen([sys.executable, "-c", text, str(address[1])], stdin=subprocess.PIPE)

def test_start(program):
    pass

def test_use(program):
    program.communicate(b"go")
    assert program.returncode == 0
"""


def test_a_program_of_an_earlier_test_counts_for_the_test_that_uses_it(tmp_path: Path) -> None:
    _, output = run(tmp_path, OLDER, *GATE)
    assert outcomes(output) == {"test_start": "PASSED", "test_use": "FAILED"}


LOST = """
import os, signal

def test_first():
    with open("/proc/self/status") as status:
        tracer = next(int(line.split()[1]) for line in status if line.startswith("TracerPid"))
    os.kill(tracer, signal.SIGKILL)

def test_second():
    pass
"""


def test_where_strace_is_gone_no_test_is_called_clean(tmp_path: Path) -> None:
    status, output = run(tmp_path, LOST, *GATE)
    assert status == pytest.ExitCode.INTERNAL_ERROR
    assert "strace has ended" in output
    assert "PASSED" not in output
    assert "nothing found in" not in output or "0 tests traced" in output


FAILING = """
def test_both(address):
    socket.create_connection(address, source_address=("", 0)).close()
    assert 1 == 2

@pytest.mark.skip
def test_skipped(address):
    pass
"""


def test_a_test_that_fails_by_itself_keeps_its_own_reason(tmp_path: Path) -> None:
    status, output = run(tmp_path, FAILING, *GATE)
    assert "assert 1 == 2" in output
    assert "strace-analyzer" in output
    assert outcomes(output) == {"test_both": "FAILED"}
    assert status == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((*GATE, "-n", "2"), "--strace-analyzer traces one process: leave out -n"),
        (
            ("--strace-analyzer", "--strace-analyzer-fail-on", "bind-any-port-zer"),
            "--strace-analyzer-fail-on bind-any-port-zer: no such level or rule",
        ),
    ],
)
def test_what_cannot_be_is_one_clear_error(
    options: tuple[str, ...], words: str, tmp_path: Path
) -> None:
    status, output = run(tmp_path, THREE, *options)
    assert status == pytest.ExitCode.USAGE_ERROR
    assert words in output
    assert "Traceback" not in output


def test_without_strace(tmp_path: Path) -> None:
    status, output = run(tmp_path, THREE, *GATE, PATH=str(tmp_path))
    assert status == pytest.ExitCode.USAGE_ERROR
    assert "--strace-analyzer: strace is not installed: install it" in output


def test_where_another_traces_already(tmp_path: Path) -> None:
    strace = shutil.which("strace")
    assert strace is not None
    (tmp_path / "test_it.py").write_text(SERVER + THREE)
    done = subprocess.run(
        [strace, "-f", "-o", "/dev/null", "-e", "trace=none", sys.executable, "-m", "pytest",
         "-p", "strace_analyzer.pytest", *GATE, "test_it.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        timeout=120,
    )  # fmt: skip
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "this process is traced already, by strace" in done.stdout + done.stderr


def test_pytest_finds_it_by_itself() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["pytest11"] == {
        "strace_analyzer.pytest": "strace_analyzer.pytest"
    }
