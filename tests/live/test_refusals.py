"""What cannot be traced is refused with one clear line, and nothing is left running."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from live.sessions import COMMAND, assert_nothing_is_left, run

pytestmark = pytest.mark.live


def refused(scratch: Path, *words: str, **more: str) -> tuple[str, int]:
    """The one line, without our name, and the status."""
    done = run(scratch, *words, **more)
    assert done.stdout == ""
    *before, line = done.stderr.splitlines()
    assert before == []
    assert line.startswith("strace-analyzer: ")
    assert_nothing_is_left(scratch)
    return line.removeprefix("strace-analyzer: "), done.returncode


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["nosuchprogram"], "nosuchprogram: no such program in PATH"),
        (["./nothing"], "./nothing: no such file"),
        (["/"], "/: is not an executable file"),
        (["--fail-on", "qqq", "true"], "--fail-on qqq: no such level or rule"),
        (["-o", "none/report", "true"], "cannot write none/report: No such file or directory"),
        (
            ["--save-trace", "none/trace", "true"],
            "cannot write none/trace: No such file or directory",
        ),
        (
            ["--strace-option=--nonsense", "true"],
            "strace cannot trace: unrecognized option '--nonsense'",
        ),
        (
            ["--strace-option=-o", "--strace-option=file", "true"],
            "--strace-option -o: strace-analyzer needs that one for itself",
        ),
    ],
)
def test_run_refuses(words: list[str], line: str, tmp_path: Path) -> None:
    assert refused(tmp_path, "run", *words) == (line, 125)


def test_a_file_without_an_interpreter(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("neither a program nor a script\n")
    script.chmod(0o755)
    done = run(tmp_path, "run", "./script")
    assert done.stderr.splitlines()[-1] == (
        "strace-analyzer: ./script: cannot be run: Exec format error"
    )
    assert done.returncode == 125


@pytest.mark.parametrize(("command", "status"), [("run", 125), ("attach", 2)])
def test_without_strace(command: str, status: int, tmp_path: Path) -> None:
    target = "/bin/true" if command == "run" else str(os.getpid())
    line, got = refused(tmp_path, command, target, PATH=str(tmp_path))
    assert line.startswith("strace is not installed: install it")
    assert got == status


def test_a_process_that_is_not_there(tmp_path: Path) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    line = f"{gone.pid}: no such process: it has ended, or never was"
    assert refused(tmp_path, "attach", str(gone.pid)) == (line, 2)


def test_a_zombie(tmp_path: Path) -> None:
    with subprocess.Popen(["true"]) as ended:
        os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
        line, status = refused(tmp_path, "attach", str(ended.pid))
    assert line == f"{ended.pid}: has ended already (a zombie: its parent has not waited for it)"
    assert status == 2


def test_a_process_that_is_traced_already(tmp_path: Path) -> None:
    with subprocess.Popen(
        ["strace", "-o", str(tmp_path / "first"), "-e", "trace=none", "cat"],
        stdin=subprocess.PIPE,
    ) as tracing:
        children = subprocess.run(
            ["pgrep", "-P", str(tracing.pid), "-x", "cat"], capture_output=True, text=True
        )
        while not children.stdout:
            children = subprocess.run(
                ["pgrep", "-P", str(tracing.pid), "-x", "cat"], capture_output=True, text=True
            )
        pid = children.stdout.strip()
        done = run(tmp_path, "attach", "-q", pid)
        tracing.communicate(b"")
    words = f"{pid}: is traced already, by strace (pid {tracing.pid}): end that first"
    assert (done.stderr, done.returncode) == (f"strace-analyzer: {words}\n", 2)


@pytest.mark.skipif(os.geteuid() != 0, reason="root gives the capability up")
def test_root_without_the_capability(tmp_path: Path) -> None:
    drop = ["setpriv", "--bounding-set=-sys_ptrace", "--inh-caps=-sys_ptrace"]
    with subprocess.Popen(["sleep", "60"], user=65534, group=65534, extra_groups=[]) as other:
        done = run(tmp_path, "attach", "-q", str(other.pid), command=[*drop, *COMMAND])
        other.kill()
    assert done.stderr.startswith(
        f"strace-analyzer: {other.pid}: strace may not trace it: root without CAP_SYS_PTRACE"
    )
    assert done.returncode == 2
    assert_nothing_is_left(tmp_path)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs two users")
def test_another_user_s_process(tmp_path: Path) -> None:
    """As nobody: the words come from the function, since nobody may not read every checkout."""
    asked = (
        "import os, sys; sys.path.insert(0, sys.argv[1]); "
        "from strace_analyzer.live.refusals import not_permitted; os.setgroups([]); "
        "os.setgid(65534); os.setuid(65534); print(not_permitted(int(sys.argv[2])))"
    )
    root = str(Path(__file__).resolve().parents[2])
    done = subprocess.run(
        [sys.executable, "-c", asked, root, str(os.getpid())], capture_output=True, text=True
    )
    assert done.stdout == "it belongs to root: run strace-analyzer as that user or as root (sudo)\n"
