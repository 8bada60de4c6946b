"""What the trace cannot show, this machine can: who has the port that the traced program wants."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest
from live.sessions import run

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
