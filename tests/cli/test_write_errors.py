"""What cannot be written is one line on standard error and a status of our own, whatever was found;
a reader that has gone is none, and leaves the verdict's status."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cli.running import COMMAND, CURL, ERLANG, ROOT, SSH, environment
from typer.main import get_command

from strace_analyzer.cli.app import app

FULL = "strace-analyzer: cannot write: No space left on device\n"


def status(
    *words: str, stdout: str = os.devnull, stderr: str | None = None,
    before: Callable[[], None] | None = None,
) -> tuple[int, str]:  # fmt: skip
    """The exit status and, unless it goes to the file `stderr`, what standard error got."""
    with open(stdout, "w") as out, open(stderr or os.devnull, "w") as err:
        done = subprocess.run(
            [*COMMAND, *words], stdout=out, stderr=err if stderr else subprocess.PIPE,
            text=True, cwd=ROOT, env=environment(), preexec_fn=before, timeout=60,
        )  # fmt: skip
    return done.returncode, done.stderr or ""


@pytest.mark.parametrize(
    "words",
    [
        ["check", str(CURL)],
        ["check", "--format", "json", str(SSH)],
        ["sockets", "--format", "csv", str(CURL)],
        ["ports", str(CURL)],
        ["rules"],
        ["command"],
        ["--help"],
        ["--version"],
    ],
    ids=" ".join,
)
def test_a_full_disk_is_one_line(words: list[str]) -> None:
    assert status(*words, stdout="/dev/full") == (2, FULL)


WITH = {
    "attach": ["99999999"], "check": [str(ERLANG)], "compare": [str(CURL), str(SSH)],
    "events": [str(CURL)], "ports": [str(CURL)], "rule": ["socket-leak"],
    "sockets": [str(CURL)], "summary": [str(CURL)], "tree": [str(CURL)],
    "run": ["--quiet", "-o", "/dev/null", "--", "true"],
}  # fmt: skip
"""what a command is given, where it needs anything"""
EVERY = [
    *([name, *WITH.get(name, [])] for name in sorted(get_command(app).commands)),  # type: ignore[attr-defined]
    ["--help"], ["--version"], ["check", "--help"], ["nosuch"], ["check", "--nosuch"],
    ["check", "--format", "json", str(CURL)], ["check", "-"], ["check", "--files-from", "-"],
    ["check", "--ss", "-", str(CURL)], ["check", "--merged", str(CURL), str(SSH)],
]  # fmt: skip


def with_streams(words: list[str], closed: int | None = None) -> tuple[int, bytes, bytes]:
    """Status, standard output and error of a command whose standard input is empty, and of whose
    streams one may be closed."""

    def before() -> None:
        if closed is not None:
            os.close(closed)

    done = subprocess.run(
        [*COMMAND, *words], stdin=subprocess.DEVNULL, capture_output=True, cwd=ROOT,
        env=environment(), preexec_fn=before, timeout=120,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("words", EVERY, ids=lambda words: " ".join(words).replace(str(ROOT), ""))
def test_a_stream_that_is_closed_is_one_that_nobody_listens_to(words: list[str]) -> None:
    """As of git and strace: no traceback, no complaint, the same status, and what goes to the other
    stream is the same. Standard input that is closed has nothing in it."""
    if words[0] in ("attach", "run") and shutil.which("strace") is None:
        pytest.skip("no strace")
    status, out, err = with_streams(words)
    assert b"Traceback" not in err
    assert with_streams(words, closed=1) == (status, b"", err)
    unheard = with_streams(words, closed=2)
    assert (unheard[0], unheard[2]) == (status, b"")
    # what the machine holds is not the same a moment later
    assert bool(unheard[1]) == bool(out) if words[0] == "holders" else unheard[1] == out
    no_input, _, said = with_streams(words, closed=0)
    assert (no_input, b"Traceback" in said) == (status, False)


def test_no_file_gets_the_number_of_a_closed_stream(tmp_path: Path) -> None:
    """What is said on standard error would stand in the report, which was opened as number 2."""
    report = tmp_path / "report"
    words = ["check", "--format", "json", "-o", str(report), str(CURL), str(tmp_path / "none")]
    assert with_streams(words)[0] == with_streams(words, closed=2)[0]
    assert json.loads(report.read_text())["schema"] == 1


@pytest.mark.parametrize("words", [["nosuch"], ["--nosuch"], ["nosuch", "-o", "/dev/full"]])
def test_where_not_even_the_error_can_be_written_the_status_tells(words: list[str]) -> None:
    assert status(*words, stderr="/dev/full") == (2, "")


@pytest.mark.live
def test_run_fails_with_125() -> None:
    assert status("run", "--", "true", stderr="/dev/full") == (125, "")
    assert status("run", "--quiet", "-o", "/dev/full", "--", "true")[0] == 125
    code, said = status("run", "--save-trace", "/dev/full", "--", "true")
    assert code == 125
    assert said.endswith(
        "strace-analyzer: cannot write /dev/full any further: No space left on device\n"
    )


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["check", str(ERLANG)], 1),
        *(([word, str(ERLANG)], 0) for word in ("sockets", "ports", "events", "summary", "tree")),
        (["compare", str(ERLANG), str(ERLANG)], 0),
        (["rule", "bind-any-port-zero"], 0),
        (["command"], 0),
    ],
    ids=lambda item: item[0] if isinstance(item, list) else "",
)
def test_a_reader_that_has_gone_leaves_the_status_of_the_verdict(
    words: list[str], code: int
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as nobody:
        done = subprocess.run(
            [*COMMAND, *words], stdout=nobody, stderr=subprocess.PIPE, cwd=ROOT,
            env=environment(), preexec_fn=lambda: signal.signal(signal.SIGPIPE, signal.SIG_IGN),
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (code, b"")
