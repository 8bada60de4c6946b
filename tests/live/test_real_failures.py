"""What rules about failing programs say of real ones: connections that are never closed, and a list of
the machine's sockets that is /proc/net/tcp6."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from live.sessions import run

pytestmark = pytest.mark.live

LEAKS = """
import os, socket, sys
server = socket.create_server(("127.0.0.1", 0), backlog=50)
kept = []
for _ in range(12):
    client = socket.create_connection(server.getsockname())
    served, _ = server.accept()
    served.close()
    while client.recv(100):
        pass
    if sys.argv[1] == "keep":
        kept.append(client)
    else:
        client.close()
os._exit(0)
"""


def rules_of(trace: Path, scratch: Path) -> list[dict[str, Any]]:
    report = run(scratch, "--format", "json", "--level", "note", str(trace)).stdout
    found: list[dict[str, Any]] = json.loads(report)["findings"]
    return found


@pytest.mark.parametrize(("what", "leaks"), [("keep", 10), ("close", 0)])
def test_sockets_that_a_program_does_not_close(what: str, leaks: int, tmp_path: Path) -> None:
    """Twelve within a second, of which the last two may still be in use: fewer than three sockets
    were made after them. Python closes what is left as it ends; os._exit() does not."""
    trace = tmp_path / "trace"
    words = ["strace", "-fyyttT", "-s0", "-o", str(trace), sys.executable, "-c", LEAKS, what]
    subprocess.run(words, check=True, capture_output=True)
    found = [one for one in rules_of(trace, tmp_path) if one["rule"] == "socket-leak"]
    assert len(found) == leaks
    assert {one["outcome"] for one in found} <= {"connected"}


LISTENS = """
import socket, sys
server = socket.create_server(("::", 6140), family=socket.AF_INET6, dualstack_ipv6=True)
print("ready", flush=True)
sys.stdin.read()
"""
WANTS = """
import socket, sys
try:
    socket.socket(getattr(socket, sys.argv[1])).bind((sys.argv[2], 6140))
except OSError:
    pass
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, for a network namespace")
@pytest.mark.parametrize(("family", "address"), [("AF_INET6", "::1"), ("AF_INET", "127.0.0.1")])
def test_the_list_of_ipv6_sockets_names_the_holder(
    family: str, address: str, tmp_path: Path
) -> None:
    """Of an IPv4 port too: a dual-stack listener stands in /proc/net/tcp6 alone."""
    with subprocess.Popen(
        ["unshare", "-n", "sh", "-c", 'ip link set lo up; exec "$0" -c "$1"', sys.executable, LISTENS],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as server:  # fmt: skip
        assert server.stdout is not None
        assert server.stdout.readline() == "ready\n"
        listed = Path(f"/proc/{server.pid}/net/tcp6").read_text()
        inside = ["nsenter", "-t", str(server.pid), "-n", "--", "strace", "-o", "trace"]
        words = [*inside, sys.executable, "-c", WANTS, family, address]
        subprocess.run(words, check=True, cwd=tmp_path, capture_output=True)
        server.communicate()
    (tmp_path / "tcp6").write_text(listed)
    report = " ".join(run(tmp_path, "--ss", "tcp6", "trace").stdout.split())
    assert "port 6140 is taken" in report
    assert "According to the list of the machine's sockets, a listener has it" in report
