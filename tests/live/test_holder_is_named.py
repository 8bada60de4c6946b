"""What the trace cannot show, this machine can: who has the port that the traced program wants."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from live.sessions import PATIENCE, run, start, tracer, until

pytestmark = pytest.mark.live

BINDS = """
import socket, sys
try:
    socket.socket().bind(("127.0.0.1", int(sys.argv[1])))
except OSError as error:
    print(error.errno)
"""


def test_run_names_the_holder_of_a_port(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port, fd = server.getsockname()[1], server.fileno()
        done = run(tmp_path, "run", "--", sys.executable, "-c", BINDS, str(port))
    report = " ".join(done.stderr.split())
    assert f"port {port} is taken" in report
    assert f"(pid {os.getpid()}, fd {fd}) has it: a listener." in report


def test_attach_names_the_holder_when_the_process_has_gone(tmp_path: Path) -> None:
    """Others of its network namespace are there still, and can be asked."""
    waits = f"import sys; sys.stdin.readline(){BINDS}"
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        subprocess.Popen(
            [sys.executable, "-c", waits, str(server.getsockname()[1])],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        ) as process,
    ):
        tracing = start(tmp_path, "attach", str(process.pid))
        until(lambda: tracer(process.pid), "strace to attach")
        process.communicate("\n", timeout=PATIENCE)
        report, _ = tracing.communicate(timeout=PATIENCE)
        fd = server.fileno()
    assert f"(pid {os.getpid()}, fd {fd}) has it: a listener." in " ".join(report.split())
