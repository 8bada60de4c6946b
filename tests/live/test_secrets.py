"""What a program sends and receives is in no trace that we take, and in none of which we print the
command line; the addresses are."""

from __future__ import annotations

import json
import shlex
import subprocess
from pathlib import Path

import pytest
from live.sessions import program, run, start

pytestmark = pytest.mark.live

SECRET = "hunter2-xyzzy"
CALLS = ("sendto(", "write(", "writev(", "sendmsg(", "recvfrom(", "read(", "recvmsg(", "execve(")
"""each of which was handed the secret"""


def assert_it_is_kept(trace: Path, calls: tuple[str, ...] = CALLS) -> None:
    """No four characters of it, and yet the calls and where they went."""
    text = trace.read_text()
    for call in calls:
        assert call in text
    pieces = {SECRET[at : at + 4] for at in range(len(SECRET) - 3)}
    assert [piece for piece in pieces if piece in text] == []
    assert "sin_port=htons(0)" in text
    assert 'sin_port=htons(9), sin_addr=inet_addr("127.0.0.1")' in text or "sendto(" not in calls
    assert "cmsg_data=[...]" not in text


@pytest.mark.parametrize("lean", [(), ("--lean",)])
def test_the_printed_command_line_keeps_secrets(tmp_path: Path, lean: tuple[str, ...]) -> None:
    line = run(tmp_path, "command", *lean, "--", *program("sends_secrets.py")).stdout
    done = subprocess.run(
        shlex.split(line), cwd=tmp_path, input=SECRET + "\n", text=True, capture_output=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert_it_is_kept(tmp_path / "trace.txt", ("execve(",) if lean else CALLS)
    found = json.loads(run(tmp_path, "--format", "json", "trace.txt").stdout)
    assert [one["rule"] for one in found["findings"]] == ["bind-any-port-zero"]


@pytest.mark.parametrize("lean", [(), ("--lean",)])
def test_run_keeps_secrets(tmp_path: Path, lean: tuple[str, ...]) -> None:
    words = ("run", *lean, "--save-trace", "saved", "--", *program("sends_secrets.py"))
    done = run(tmp_path, *words, given=SECRET + "\n")
    assert done.returncode == 0
    assert_it_is_kept(tmp_path / "saved", ("execve(",) if lean else CALLS)
    assert "binds before connecting" in done.stderr
    assert "  Proof  saved" in done.stderr
    assert SECRET not in done.stderr


def test_attach_keeps_secrets(tmp_path: Path) -> None:
    with subprocess.Popen(
        program("sends_secrets.py"), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    ) as traced:
        attached = start(tmp_path, "attach", "--save-trace", "saved", str(traced.pid))
        assert traced.stdin is not None
        while "\nTracerPid:\t0\n" in Path(f"/proc/{traced.pid}/status").read_text():
            assert attached.poll() is None
        traced.communicate(SECRET + "\n")
        out, _ = attached.communicate()
    assert_it_is_kept(tmp_path / "saved")
    assert "binds before connecting" in out
