"""Start real servers, each in a network namespace of its own, and send them requests."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from live.sessions import PATIENCE, until

_ASK = """
import sys, urllib.request
for _ in range(int(sys.argv[1])):
    urllib.request.urlopen("http://127.0.0.1:8080/").read()
"""
_NGINX = """
daemon off; worker_processes 2; pid {scratch}/pid; error_log {scratch}/errors;
events {{ worker_connections 64; }}
http {{
    access_log off;
    server {{ listen 127.0.0.1:8080; location / {{ proxy_pass http://127.0.0.1:8081; }} }}
    server {{ listen 127.0.0.1:8081; location / {{ return 200 "answered"; }} }}
}}
"""


@contextmanager
def server(words: Sequence[str]) -> Iterator[int]:
    """Yield the process id of a server that listens on 127.0.0.1:8080 of a new network
    namespace."""
    inside = ["unshare", "-n", "sh", "-c", 'ip link set lo up; exec "$@"', "sh", *words]
    with subprocess.Popen(inside, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            until(lambda: _listens(process.pid), "a listener on port 8080")
            yield process.pid
        finally:
            process.terminate()


@contextmanager
def nginx(scratch: Path) -> Iterator[int]:
    """Yield the master of an nginx with two workers, which is a proxy for itself."""
    file = scratch / "nginx.conf"
    file.write_text(_NGINX.format(scratch=scratch))
    with server(["nginx", "-e", str(scratch / "errors"), "-c", str(file)]) as pid:
        until(lambda: len(children(pid)) == 2, "two workers")
        yield pid


def ask(pid: int, times: int) -> None:
    """Send `times` requests to the server `pid`, one connection each."""
    words = ["nsenter", "-t", str(pid), "-n", sys.executable, "-c", _ASK, str(times)]
    subprocess.run(words, check=True, timeout=PATIENCE)


def children(pid: int) -> list[int]:
    """Return the current children, according to ps."""
    done = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True)
    return [int(word) for word in done.stdout.split()]


def _listens(pid: int) -> bool:
    """Whether 127.0.0.1:8080 (1F90) is in state LISTEN (0A) in the network namespace of `pid`."""
    try:
        text = Path(f"/proc/{pid}/net/tcp").read_text()
    except OSError:
        return False
    return any(" 0100007F:1F90 " in line and " 0A " in line for line in text.splitlines())
