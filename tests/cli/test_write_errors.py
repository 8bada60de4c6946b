"""What cannot be written is one line on standard error and a status of our own, whatever was found;
a reader that has gone is none, and leaves the verdict's status."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable

import pytest
from cli.running import COMMAND, CURL, ERLANG, ROOT, SSH, environment

FULL = "strace-analyzer: cannot write: No space left on device\n"
CLOSED = "strace-analyzer: cannot write: Bad file descriptor\n"


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


@pytest.mark.parametrize("words", [[str(CURL)], ["collect"]])
def test_so_is_a_closed_standard_output(words: list[str]) -> None:
    assert status(*words, before=lambda: os.close(1)) == (2, CLOSED)


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
