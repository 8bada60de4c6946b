"""What /proc and sock_diag tell of processes that run already: this one, for instance."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest
from live.sessions import until

from strace_analyzer.kernel.seed import ExistingDescriptor, ExistingProcess
from strace_analyzer.kernel.socket_state import Connection, Ending
from strace_analyzer.live import sockets as kernel_tables
from strace_analyzer.live.processes import Surroundings, existing_processes, unchanged
from strace_analyzer.trace.sockaddr import SocketAddress

IP_BIND_ADDRESS_NO_PORT = 24


class Mine(NamedTuple):
    """Sockets of this process, one of each kind."""

    listener: socket.socket
    bound: socket.socket
    unbound: socket.socket
    deferred: socket.socket
    connected: socket.socket
    accepted: socket.socket
    datagram: socket.socket
    local: socket.socket


@pytest.fixture
def mine() -> Iterator[Mine]:
    with ExitStack() as stack:

        def new(*kind: int) -> socket.socket:
            return stack.enter_context(socket.socket(*kind))

        listener, bound, deferred = new(), new(socket.AF_INET6), new()
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        bound.bind(("::", 0))
        deferred.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
        deferred.bind(("0.0.0.0", 0))
        connected = stack.enter_context(socket.create_connection(listener.getsockname()))
        accepted = stack.enter_context(listener.accept()[0])
        datagram = new(socket.AF_INET, socket.SOCK_DGRAM)
        datagram.bind(("127.0.0.1", 0))
        one, _ = socket.socketpair()
        local = stack.enter_context(one)
        yield Mine(listener, bound, new(), deferred, connected, accepted, datagram, local)


def look() -> ExistingProcess:
    (process,) = existing_processes([os.getpid()], Surroundings())
    return process


def at(process: ExistingProcess, one: socket.socket) -> ExistingDescriptor:
    (found,) = [held for held in process.descriptors if held.fd == one.fileno()]
    return found


def address(one: socket.socket) -> SocketAddress:
    domain = "AF_INET6" if one.family is socket.AF_INET6 else "AF_INET"
    host, port = one.getsockname()[:2]
    return SocketAddress(domain, host, port)


def test_the_process_itself() -> None:
    process = look()
    assert process.tgid == os.getpid()
    assert os.getpid() in process.tids
    assert process.program == os.path.realpath(sys.executable)
    assert process.argv == tuple(Path("/proc/self/cmdline").read_text().rstrip("\0").split("\0"))
    assert process.network == os.readlink("/proc/self/ns/net")


def test_each_kind_of_socket(mine: Mine) -> None:
    process = look()
    listener, connected, accepted, datagram = (
        at(process, one).socket
        for one in (mine.listener, mine.connected, mine.accepted, mine.datagram)
    )
    assert listener.connection is Connection.LISTENING
    assert listener.local == address(mine.listener)
    assert connected.connection is accepted.connection is Connection.CONNECTED
    assert connected.local == accepted.peer == address(mine.connected)
    assert connected.peer == accepted.local == address(mine.listener)
    assert (connected.is_incoming, accepted.is_incoming) == (False, True)
    assert (datagram.type, datagram.protocol) == ("SOCK_DGRAM", "UDP")
    assert datagram.local == address(mine.datagram)
    assert not [held for held in process.descriptors if held.fd == mine.local.fileno()]


def test_a_port_that_is_bound_and_nothing_more(mine: Mine) -> None:
    process = look()
    if not kernel_tables.socket_table(os.getpid()).shows_bound:
        pytest.skip("Linux before 6.8 does not list bound sockets")
    bound, unbound, deferred = (
        at(process, one).socket for one in (mine.bound, mine.unbound, mine.deferred)
    )
    assert bound.local == address(mine.bound)
    assert bound.domain == "AF_INET6"
    assert unbound.local is deferred.local is None  # no port is taken
    assert bound.is_complete
    assert unbound.is_complete
    assert deferred.is_complete


def test_without_sock_diag_the_port_of_a_bound_socket_is_unknown(
    mine: Mine, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = look()
    monkeypatch.setattr(kernel_tables, "_ask", lambda: None)
    read = look()
    for one in (mine.listener, mine.connected, mine.accepted, mine.datagram):
        assert at(read, one) == at(asked, one)
    assert at(read, mine.bound).socket.local is None
    assert not at(read, mine.bound).socket.is_complete


def test_close_on_exec(mine: Mine) -> None:
    assert at(look(), mine.unbound).close_on_exec
    os.set_inheritable(mine.unbound.fileno(), True)
    assert not at(look(), mine.unbound).close_on_exec


def test_what_the_peer_has_closed(mine: Mine) -> None:
    mine.accepted.close()
    facts = at(look(), mine.connected).socket
    assert (facts.connection, facts.ending) == (Connection.CONNECTED, Ending.PEER_CLOSED)


def test_a_number_that_means_another_socket_by_now_is_left_out(mine: Mine) -> None:
    before = look()
    with socket.socket() as another:
        os.dup2(another.fileno(), mine.unbound.fileno())
    (after,) = unchanged([before])
    numbers = {held.fd for held in after.descriptors}
    assert mine.unbound.fileno() not in numbers
    assert mine.bound.fileno() in numbers


def test_a_process_that_has_gone_is_left_out() -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    assert existing_processes([gone.pid], Surroundings()) == ()


@pytest.mark.kernel
def test_another_network_namespace() -> None:
    """Its sockets and its port range, not ours."""
    script = (
        "ip link set lo up; echo 40000 40999 >/proc/sys/net/ipv4/ip_local_port_range; "
        f"exec {sys.executable} -c 'import socket, sys; s = socket.socket(); "
        's.bind(("127.0.0.1", 0)); s.listen(); print(s.getsockname()[1], flush=True); '
        "sys.stdin.read()'"
    )
    with subprocess.Popen(
        ["unshare", "-n", "sh", "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        port = int(other.stdout.readline())
        until(lambda: Path(f"/proc/{other.pid}/fd").exists(), "its /proc entry")
        surroundings = Surroundings()
        (process,) = existing_processes([other.pid], surroundings)
        table = surroundings.of(other.pid)
        other.communicate("")
    assert process.network != os.readlink("/proc/self/ns/net")
    assert table.facts.port_range == (40000, 40999)
    (held,) = process.descriptors
    assert held.socket.local == SocketAddress("AF_INET", "127.0.0.1", port)
    assert 40000 <= port <= 40999
