"""Two network namespaces joined by a veth pair, in which the client has only 100 local ports.

The host's own network is not touched: both namespaces live and die with two processes of ours, the
holder of the client's namespace and the server. Routes of the client, and what connect() meets:

    10.9.0.11-13, fd09::11-13   the server
    10.9.0.99                   nobody: no neighbour answers
    10.66.1.0/24                prohibit
    10.66.2.0/24                blackhole
    10.66.3.0/24                unreachable
    10.77.1.0/24                the server as router: it answers ICMP host unreachable
    10.77.2.0/24                the server as router: it answers ICMP host prohibited
    10.77.3.0/24                the server as router: it drops silently
    10.77.4.0/24                the server as router: it answers ICMP net unreachable
    anything else               no route at all
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).parents[1]
PROGRAM = (sys.executable, "-E", "-s", "-S", "-m")
"""runs a module of this package, such as `kernel.failing`, in the directory TESTS, without the site
module"""
PORTS = (40000, 40099)
"""the client's ip_local_port_range: 100 ports"""


@dataclass(frozen=True, slots=True)
class Run:
    """The result of one program: its trace, and what it says the kernel returned."""

    trace: Path
    gave: dict[str, object]


@dataclass(frozen=True, slots=True)
class Network:
    """A client namespace to run programs in. `client` is the process that holds it."""

    client: int
    server: int

    def strace(self, program: str, trace: Path, *options: str, limit: float = 60) -> Run:
        """Run the set-up `program` of programs.py under strace in the client's namespace.

        Raises subprocess.TimeoutExpired after `limit` seconds, CalledProcessError if it fails.
        """
        done = subprocess.run(
            [
                *self._inside(self.client),
                *("strace", "-f", "-ttt", "-T", *options, "-o", str(trace)),
                *(*PROGRAM, "kernel.programs", program),
            ],
            cwd=TESTS,
            check=True,
            capture_output=True,
            text=True,
            timeout=limit,
        )
        return Run(trace, json.loads(done.stdout))

    def sysctl(self, name: str, value: int | str) -> None:
        """Set `net.NAME` in the client's namespace. Raises CalledProcessError if it does not
        exist."""
        self._do(self.client, "sysctl", "-qw", f"net.{name}={value}")

    def ip(self, *words: str) -> None:
        """Run `ip WORDS` in the client's namespace."""
        self._do(self.client, "ip", *words)

    def serve(self, *words: str) -> None:
        """Run `ip WORDS` in the server's namespace."""
        self._do(self.server, "ip", *words)

    @staticmethod
    def _inside(process: int) -> list[str]:
        return ["nsenter", "-t", str(process), "-n", "--"]

    def _do(self, process: int, *command: str) -> None:
        subprocess.run([*self._inside(process), *command], check=True, capture_output=True)


@contextmanager
def network() -> Iterator[Network]:
    """Two fresh namespaces, which are removed when the block ends."""
    with (
        _in_new_namespace("cat") as holder,
        _in_new_namespace(*PROGRAM, "kernel.server") as server,
    ):
        net = Network(holder.pid, server.pid)
        _wire(net)
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write(b"go\n")
        server.stdin.flush()
        assert server.stdout.readline() == b"listening\n"
        yield net


@contextmanager
def _in_new_namespace(*command: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process in a network namespace of its own, which is removed with it."""
    process = subprocess.Popen(
        ["unshare", "--net", "--", *command],
        cwd=TESTS,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    own = Path("/proc/self/ns/net").readlink()
    while Path(f"/proc/{process.pid}/ns/net").readlink() == own:
        time.sleep(0.002)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _wire(net: Network) -> None:
    net.ip("link", "set", "lo", "up")
    net.serve("link", "set", "lo", "up")
    net.ip("link", "add", "near", "type", "veth", "peer", "name", "far", "netns", str(net.server))
    for host in (1, 2, 3):
        net.ip("addr", "add", f"10.9.0.{host}/24", "dev", "near")
        net.ip("addr", "add", f"fd09::{host}/64", "dev", "near", "nodad")
    for host in (11, 12, 13):
        net.serve("addr", "add", f"10.9.0.{host}/24", "dev", "far")
        net.serve("addr", "add", f"fd09::{host}/64", "dev", "far", "nodad")
    net.ip("link", "set", "near", "up")
    net.serve("link", "set", "far", "up")
    net.ip("route", "add", "prohibit", "10.66.1.0/24")
    net.ip("route", "add", "blackhole", "10.66.2.0/24")
    net.ip("route", "add", "unreachable", "10.66.3.0/24")
    net.ip("route", "add", "10.77.0.0/16", "via", "10.9.0.11")
    net.serve("route", "add", "unreachable", "10.77.1.0/24")
    net.serve("route", "add", "prohibit", "10.77.2.0/24")
    net.serve("route", "add", "blackhole", "10.77.3.0/24")
    net._do(net.server, "sysctl", "-qw", "net.ipv4.ip_forward=1")
    net._do(net.server, "sysctl", "-qw", "net.ipv4.icmp_ratelimit=0")
    net._do(net.client, "sysctl", "-qw", "net.ipv4.ip_local_port_range={} {}".format(*PORTS))
    net.sysctl("ipv4.tcp_syn_retries", 1)
    # On a busy machine, the peer can answer a repeated FIN with RST, which would end TIME_WAIT.
    net.sysctl("ipv4.tcp_rfc1337", 1)
