"""Set-ups that are run on the real kernel: `python programs.py NAME` runs one and prints the
results.

Each set-up is a function that makes sockets until the kernel refuses, and keeps them open. It runs
under strace in the client's namespace of network.py (100 local ports). It prints what the kernel
itself says, which is compared with the analysis of the trace: how many connections each destination
got, which calls failed and how, and how many different local ports were in use at the end.

This is over 250 lines because it is a catalogue: one function of a few lines for each set-up.
"""

from __future__ import annotations

import errno
import json
import os
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable

from kernel.attempt import once

A, B, C = ("10.9.0.11", 8001), ("10.9.0.12", 8001), ("10.9.0.13", 8001)
THREE = (A, B, C)
THREE_PORTS = (("10.9.0.11", 8001), ("10.9.0.11", 8002), ("10.9.0.11", 8003))
THREE6 = (("fd09::11", 8001), ("fd09::12", 8001), ("fd09::13", 8001))
MAPPED = (("::ffff:10.9.0.11", 8001), ("::ffff:10.9.0.12", 8001), ("::ffff:10.9.0.13", 8001))
ANY, ANY6 = ("0.0.0.0", 0), ("::", 0)
NEAR, NEAR2, NEAR6 = ("10.9.0.1", 0), ("10.9.0.2", 0), ("fd09::1", 0)
SERVER_CLOSES, SERVER_RESETS = ("10.9.0.11", 8004), ("10.9.0.11", 8005)
NOBODY_LISTENS = ("10.9.0.11", 9)

NO_PORT = (socket.IPPROTO_IP, 24, 1)
REUSE_ADDRESS = (socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
REUSE_PORT = (socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
TRANSPARENT = (socket.IPPROTO_IP, 19, 1)
V6ONLY = (socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
NARROW = (socket.IPPROTO_IP, 51, struct.pack("I", 40019 << 16 | 40000))
RESET_AT_CLOSE = (socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

TCP = (socket.AF_INET, socket.SOCK_STREAM, 0)
TCP6 = (socket.AF_INET6, socket.SOCK_STREAM, 0)
UDP = (socket.AF_INET, socket.SOCK_DGRAM, 0)
MPTCP = (socket.AF_INET, socket.SOCK_STREAM, 262)

Address = tuple[str, int]
PROGRAMS: dict[str, Callable[[], None]] = {}

open_sockets: list[socket.socket] = []
phases: list[dict[str, object]] = []
facts: dict[str, object] = {}


def program(run: Callable[[], None]) -> Callable[[], None]:
    PROGRAMS[run.__name__] = run
    return run


def fill(
    *to: Address | None,
    bind: Address | None = None,
    kind: tuple[int, int, int] = TCP,
    options: tuple[tuple[int, int, object], ...] = (),
    limit: int = 120,
    round_robin: bool = False,
    keep: bool = True,
    close_failed: bool = True,
    patience: int = 3,
) -> list[socket.socket]:
    """Make up to `limit` sockets for each destination; a destination is finished after `patience`
    failures.

    A destination of None only binds. With `keep` False, every socket is closed at once.
    """
    given = dict.fromkeys(to, 0)
    failed: dict[str, int] = {}
    bad = dict.fromkeys(to, 0)
    made: list[socket.socket] = []
    turns = (
        [d for _ in range(limit) for d in to]
        if round_robin
        else [d for d in to for _ in range(limit)]
    )
    for destination in turns:
        if bad[destination] >= patience:
            continue
        s = socket.socket(*kind)
        call = "setsockopt"
        try:
            for option in options:
                s.setsockopt(*option)  # type: ignore[call-overload]
            if bind is not None:
                call = "bind"
                s.bind(bind)
            if destination is not None:
                call = "connect"
                s.connect(destination)
        except OSError as error:
            name = f"{call} {errno.errorcode[error.errno or 0]}"
            failed[name] = failed.get(name, 0) + 1
            bad[destination] += 1
            if close_failed:
                s.close()
            else:
                open_sockets.append(s)
            continue
        given[destination] += 1
        if keep:
            open_sockets.append(s)
            made.append(s)
        else:
            s.close()
    phases.append({"given": list(given.values()), "failed": failed})
    return made


def local_ports() -> int:
    """Return the number of different local ports of our open sockets."""
    return len({s.getsockname()[1] for s in open_sockets} - {0})


def main(name: str) -> None:
    PROGRAMS[name]()
    print(json.dumps({"phases": phases, "ports": local_ports(), **facts}))


# One port for one connection, or for many?


@program
def unbound_one() -> None:
    fill(A)


@program
def unbound_three() -> None:
    fill(*THREE)


@program
def unbound_three_ports() -> None:
    fill(*THREE_PORTS)


@program
def any_one() -> None:
    fill(A, bind=ANY)


@program
def any_three() -> None:
    fill(*THREE, bind=ANY)


@program
def any_three_ports() -> None:
    fill(*THREE_PORTS, bind=ANY)


@program
def any_round_robin() -> None:
    fill(*THREE, bind=ANY, round_robin=True)


@program
def address_one() -> None:
    fill(A, bind=NEAR)


@program
def address_three() -> None:
    fill(*THREE, bind=NEAR)


@program
def two_addresses() -> None:
    fill(*THREE, bind=NEAR)
    fill(*THREE, bind=NEAR2)


@program
def any_no_port() -> None:
    fill(*THREE, bind=ANY, options=(NO_PORT,))


@program
def address_no_port() -> None:
    fill(*THREE, bind=NEAR, options=(NO_PORT,))


@program
def any_reuse_address() -> None:
    fill(*THREE, bind=ANY, options=(REUSE_ADDRESS,))


@program
def address_reuse_address() -> None:
    fill(*THREE, bind=NEAR, options=(REUSE_ADDRESS,))


@program
def any_reuse_port() -> None:
    fill(*THREE, bind=ANY, options=(REUSE_PORT,))


@program
def unbound_reuse_address() -> None:
    fill(*THREE, options=(REUSE_ADDRESS,))


@program
def autobind_reuse() -> None:
    fill(*THREE, bind=ANY, options=(REUSE_ADDRESS,), patience=120)


@program
def any_transparent() -> None:
    fill(*THREE, bind=ANY, options=(TRANSPARENT,))


# IPv6 and dual stack


@program
def v6_unbound() -> None:
    fill(*THREE6, kind=TCP6)


@program
def v6_any() -> None:
    fill(*THREE6, kind=TCP6, bind=ANY6)


@program
def v6_any_only() -> None:
    fill(*THREE6, kind=TCP6, bind=ANY6, options=(V6ONLY,))


@program
def v6_address() -> None:
    fill(*THREE6, kind=TCP6, bind=NEAR6)


@program
def v6_address_no_port() -> None:
    fill(*THREE6, kind=TCP6, bind=NEAR6, options=(NO_PORT,))


@program
def v6_any_no_port() -> None:
    fill(*THREE6, kind=TCP6, bind=ANY6, options=(NO_PORT,))


@program
def dual_unbound() -> None:
    fill(*MAPPED, kind=TCP6)


@program
def dual_any() -> None:
    fill(*MAPPED, kind=TCP6, bind=ANY6)


@program
def dual_mapped_any() -> None:
    fill(*MAPPED, kind=TCP6, bind=("::ffff:0.0.0.0", 0))


@program
def v4_any_then_v6_only() -> None:
    fill(A, bind=ANY)
    fill(THREE6[0], kind=TCP6, bind=ANY6, options=(V6ONLY,))


@program
def v6_only_then_v4_unbound() -> None:
    fill(THREE6[0], kind=TCP6, bind=ANY6, options=(V6ONLY,), limit=60)
    fill(A)


# UDP


@program
def udp_unbound() -> None:
    fill(*THREE, kind=UDP)


@program
def udp_any() -> None:
    fill(*THREE, kind=UDP, bind=ANY)


@program
def udp_address() -> None:
    fill(*THREE, kind=UDP, bind=NEAR)


@program
def udp_address_no_port() -> None:
    fill(*THREE, kind=UDP, bind=NEAR, options=(NO_PORT,))


@program
def udp_reuse_address() -> None:
    fill(*THREE, kind=UDP, bind=ANY, options=(REUSE_ADDRESS,))


@program
def tcp_and_udp() -> None:
    fill(A, bind=ANY)
    fill(A, kind=UDP, bind=ANY)


# IP_LOCAL_PORT_RANGE and MPTCP


@program
def range_unbound() -> None:
    fill(*THREE, options=(NARROW,))


@program
def range_any() -> None:
    fill(*THREE, bind=ANY, options=(NARROW,))


@program
def range_address_no_port() -> None:
    fill(*THREE, bind=NEAR, options=(NARROW, NO_PORT))


@program
def mptcp_unbound() -> None:
    fill(*THREE, kind=MPTCP)


@program
def mptcp_any() -> None:
    fill(*THREE, kind=MPTCP, bind=ANY)


# Mixtures


@program
def sixty_any_then_unbound() -> None:
    fill(A, bind=ANY, limit=60)
    fill(*THREE)


@program
def sixty_unbound_then_any() -> None:
    fill(A, limit=60)
    fill(B, bind=ANY)


@program
def sixty_other_address_then_unbound() -> None:
    fill(A, bind=NEAR2, limit=60)
    fill(B)


@program
def sixty_unbound_then_other_address() -> None:
    fill(A, limit=60)
    fill(B, bind=NEAR2)


@program
def no_port_then_unbound() -> None:
    fill(A, bind=NEAR2, options=(NO_PORT,))
    fill(A)


@program
def two_addresses_then_any() -> None:
    fill(A, bind=NEAR)
    fill(A, bind=NEAR2)
    fill(A, bind=ANY)


@program
def forty_idle_then_unbound() -> None:
    fill(None, bind=ANY, limit=40)
    fill(*THREE)


@program
def listener_then_unbound() -> None:
    (s,) = fill(None, bind=ANY, limit=1)
    s.listen()
    fill(A)


@program
def unbound_then_listen() -> None:
    fill(A)
    s = socket.socket()
    facts["listen"] = once(s.listen)
    fill(None, bind=ANY, limit=3)
    fill(None, bind=NEAR2, limit=3)


@program
def no_port_then_listen() -> None:
    fill(A, bind=ANY, limit=99)
    s = socket.socket()
    s.setsockopt(*NO_PORT)
    s.bind(ANY)
    facts["before"] = s.getsockname()[1]
    facts["listen"] = once(s.listen)
    facts["after"] = s.getsockname()[1] != 0
    fill(A)
    s.close()


# TIME_WAIT


def _after_closing(first: Callable[[], object]) -> None:
    first()
    time.sleep(0.1)
    fill(A, bind=ANY, limit=3)
    fill(B, limit=3)
    fill(A, limit=3)


def _close_all(sockets: list[socket.socket]) -> None:
    for s in sockets:
        s.close()
        open_sockets.remove(s)


@program
def any_client_closes() -> None:
    _after_closing(lambda: _close_all(fill(A, bind=ANY, limit=100)))


@program
def any_reuse_client_closes() -> None:
    _close_all(fill(A, bind=ANY, options=(REUSE_ADDRESS,), limit=100))
    time.sleep(0.1)
    fill(B, bind=ANY, options=(REUSE_ADDRESS,), limit=3)


@program
def unbound_client_closes() -> None:
    _close_all(fill(A, limit=100))
    time.sleep(0.1)
    fill(B, limit=3, keep=False)
    fill(A, limit=3)
    fill(B, bind=ANY, limit=3)


def _served(to: Address, bind: Address | None, until_end: bool) -> None:
    """Make 250 consecutive connections that the server ends."""
    given = 0
    for _ in range(250):
        s = socket.socket()
        if bind is not None:
            error = once(lambda s=s: s.bind(bind))  # type: ignore[misc]
            if error != "ok":
                phases.append({"given": [given], "failed": {f"bind {error}": 1}})
                return
        s.connect(to)
        facts["end"] = once(lambda s=s: s.recv(10))  # type: ignore[misc]
        if until_end:
            s.close()
        else:
            open_sockets.append(s)
        given += 1
        time.sleep(0.0005)
    phases.append({"given": [given], "failed": {}})


@program
def any_server_closes() -> None:
    _served(SERVER_CLOSES, ANY, until_end=True)


@program
def any_server_resets() -> None:
    """RST releases the port although the descriptor is open."""
    _served(SERVER_RESETS, ANY, until_end=False)


@program
def any_server_closes_then_shutdown() -> None:
    """FIN from the peer and our shutdown() release the port although the descriptor is open."""
    given = 0
    for _ in range(250):
        s = socket.socket()
        s.bind(ANY)
        s.connect(SERVER_CLOSES)
        s.recv(10)
        s.shutdown(socket.SHUT_WR)
        open_sockets.append(s)
        given += 1
        time.sleep(0.0005)
    phases.append({"given": [given], "failed": {}})


@program
def any_client_resets() -> None:
    fill(A, bind=ANY, options=(RESET_AT_CLOSE,), limit=250, keep=False)


@program
def any_client_shuts_down_first() -> None:
    """shutdown() before the peer's end of file is an active close."""
    for s in fill(A, bind=ANY, limit=100):
        s.shutdown(socket.SHUT_WR)
        s.recv(10)
    _close_all(list(open_sockets))
    time.sleep(0.1)
    fill(B, bind=ANY, limit=3)


@program
def reuse_time_wait_unbound() -> None:
    """Under tcp_tw_reuse=1."""
    _close_all(fill(A, limit=100))
    time.sleep(1.3)
    fill(A, limit=100)


@program
def reuse_time_wait_any() -> None:
    """Under tcp_tw_reuse=1."""
    _close_all(fill(A, bind=ANY, limit=100))
    time.sleep(1.3)
    fill(B, bind=ANY, limit=3)
    fill(B, limit=3)
    fill(B, bind=ANY, options=(NO_PORT,), limit=3)


# Failures that release or hold


@program
def refused() -> None:
    fill(NOBODY_LISTENS, bind=ANY, limit=300, patience=300, close_failed=False)


@program
def refused_named_port() -> None:
    s = socket.socket()
    s.bind(("0.0.0.0", 40007))
    facts["connect"] = once(lambda: s.connect(NOBODY_LISTENS))
    other = socket.socket()
    facts["other"] = once(lambda: other.bind(("0.0.0.0", 40007)))


@program
def refused_then_retry() -> None:
    """The retry shares ports: 100 are retried to one destination, then the same number from unbound
    sockets to another."""
    fill(NOBODY_LISTENS, bind=ANY, limit=100, patience=100, close_failed=False)
    facts["retry"] = sorted({once(lambda s=s: s.connect(A)) for s in open_sockets})  # type: ignore[misc]
    fill(B)


@program
def held_then_retry() -> None:
    """No route: the port is kept, and a retry is still bound. 60 of them leave 40."""
    fill(("192.0.2.1", 80), bind=ANY, limit=60, patience=60, close_failed=False)
    facts["retry"] = sorted({once(lambda s=s: s.connect(A)) for s in open_sockets})  # type: ignore[misc]
    fill(B)


def _fails(to: Address, kind: tuple[int, int, int] = TCP, bind: Address = ANY) -> None:
    """After connect() of one bound socket has failed: does its port still block a bind()?"""
    s = socket.socket(*kind)
    s.bind(bind)
    port = s.getsockname()[1]
    begun = time.monotonic()
    facts["connect"] = once(lambda: s.connect(to))
    facts["quick"] = time.monotonic() - begun < 0.05
    facts["stale"] = s.getsockname()[1] == port
    other = socket.socket(*kind)
    facts["port"] = (
        "held" if once(lambda: other.bind((bind[0], port))) == "EADDRINUSE" else "released"
    )
    open_sockets.append(s)


@program
def fails_refused() -> None:
    _fails(NOBODY_LISTENS)


@program
def fails_port_zero() -> None:
    _fails(("10.9.0.11", 0))


@program
def fails_no_route() -> None:
    _fails(("192.0.2.1", 80))


@program
def fails_no_route_v6() -> None:
    _fails(("2001:db8::1", 80), TCP6, ANY6)


@program
def fails_broadcast() -> None:
    _fails(("255.255.255.255", 80))


@program
def fails_multicast() -> None:
    _fails(("224.0.0.1", 80))


@program
def fails_prohibited() -> None:
    _fails(("10.66.1.1", 80))


@program
def fails_blackhole() -> None:
    _fails(("10.66.2.1", 80))


@program
def fails_unreachable() -> None:
    _fails(("10.66.3.1", 80))


@program
def fails_no_neighbour() -> None:
    _fails(("10.9.0.99", 80))


@program
def fails_router_unreachable() -> None:
    _fails(("10.77.1.1", 80))


@program
def fails_router_prohibited() -> None:
    _fails(("10.77.2.1", 80))


@program
def fails_silence() -> None:
    _fails(("10.77.3.1", 80))


@program
def fails_router_no_route() -> None:
    _fails(("10.77.4.1", 80))


@program
def fails_address_not_available() -> None:
    """Under ip_autobind_reuse=1, bind() assigns one port twice, and the second 4-tuple is taken.

    Whether the loser still holds its port is visible once the winner is gone without TIME_WAIT.
    """
    winners: dict[int, socket.socket] = {}
    while True:
        s = socket.socket()
        s.setsockopt(*REUSE_ADDRESS)
        s.bind(ANY)
        port = s.getsockname()[1]
        facts["connect"] = once(lambda s=s: s.connect(A))  # type: ignore[misc]
        open_sockets.append(s)
        if facts["connect"] != "ok":
            break
        winners[port] = s
    winners[port].setsockopt(*RESET_AT_CLOSE)
    winners[port].close()
    open_sockets.remove(winners[port])
    time.sleep(0.05)
    other = socket.socket()
    facts["port"] = "held" if once(lambda: other.bind(("0.0.0.0", port))) != "ok" else "released"


@program
def fails_forbidden() -> None:
    """A cgroup whose BPF hook forbids connect()."""
    from kernel import cgroup  # imported here because it needs ctypes

    with cgroup.without_connect() as entered:
        facts["supported"] = entered
        if entered:
            _fails(A)


@program
def in_progress_refused() -> None:
    """EINPROGRESS, then SO_ERROR reports the failure: the port is free although nobody closed
    it."""
    outcomes = set()
    for _ in range(300):
        s = socket.socket()
        s.setblocking(False)
        s.bind(ANY)
        s.connect_ex(NOBODY_LISTENS)
        time.sleep(0.0005)
        outcomes.add(errno.errorcode.get(s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), "ok"))
        open_sockets.append(s)
    facts["outcomes"] = sorted(outcomes)
    phases.append({"given": [0], "failed": {}})


@program
def in_progress_send_takes_error() -> None:
    """The call that returns the pending error clears it: SO_ERROR is 0 afterwards."""
    s = socket.socket()
    s.setblocking(False)
    s.bind(ANY)
    s.connect_ex(NOBODY_LISTENS)
    time.sleep(0.01)
    facts["send"] = once(lambda: s.send(b"x"))
    facts["so_error"] = s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)


@program
def unspec_releases() -> None:
    """connect(AF_UNSPEC) on connected sockets: 250 fit, and none is closed."""
    import ctypes  # imported here because loading it adds a thousand lines to the trace

    libc = ctypes.CDLL(None, use_errno=True)
    given = 0
    for _ in range(250):
        s = socket.socket()
        s.bind(ANY)
        s.connect(A)
        assert libc.connect(s.fileno(), b"\0" * 16, 16) == 0, os.strerror(ctypes.get_errno())
        open_sockets.append(s)
        given += 1
    phases.append({"given": [given], "failed": {}})
    open_sockets.clear()


# The figures of real programs


@program
def early_180_over_three() -> None:
    """As Erlang/OTP 23 does: 180 connections over three destinations, each bound first."""
    fill(*THREE, bind=ANY, limit=60, round_robin=True, patience=60)


@program
def unbound_180_over_three() -> None:
    """As Erlang/OTP 25 does."""
    fill(*THREE, limit=60, round_robin=True)


@program
def threads() -> None:
    """Eight threads with four bound connections each, all at once: two threads connect to A for
    each that connects to B and to C."""
    made: list[socket.socket] = []

    def work(to: Address) -> None:
        for _ in range(4):
            s = socket.socket()
            s.bind(ANY)
            s.connect(to)
            made.append(s)

    workers = [threading.Thread(target=work, args=(to,)) for to in (A, A, B, C) * 2]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    open_sockets.extend(made)
    phases.append({"given": [len(made)], "failed": {}})


# Small facts


@program
def bind_twice() -> None:
    s = socket.socket()
    s.bind(ANY)
    facts["bound"] = once(lambda: s.bind(ANY))
    deferred = socket.socket()
    deferred.setsockopt(*NO_PORT)
    deferred.bind(ANY)
    facts["no_port"] = once(lambda: deferred.bind(ANY))


@program
def no_port_after_bind() -> None:
    for _ in range(60):
        s = socket.socket()
        s.bind(ANY)
        s.setsockopt(*NO_PORT)
        s.connect(A)
        open_sockets.append(s)
    fill(B)


@program
def no_port_switched_off() -> None:
    fill(*THREE, bind=ANY, options=(NO_PORT, (socket.IPPROTO_IP, 24, 0)))


@program
def listener_connects() -> None:
    s = socket.socket()
    s.bind(ANY)
    s.listen()
    facts["connect"] = once(lambda: s.connect(A))


@program
def fast_open() -> None:
    """sendto(MSG_FASTOPEN) keeps the bound port: 60 of them leave 40."""
    for _ in range(60):
        s = socket.socket()
        s.bind(ANY)
        s.sendto(b"x", 0x20000000, A)
        open_sockets.append(s)
    fill(B)


@program
def fast_open_connect() -> None:
    """TCP_FASTOPEN_CONNECT keeps the bound port as well."""
    fill(A, bind=ANY, options=((socket.IPPROTO_TCP, 30, 1),), limit=60)
    fill(B)


@program
def udp_lite() -> None:
    """UDP-Lite, then UDP: each has its own ports."""
    fill(A, kind=(socket.AF_INET, socket.SOCK_DGRAM, 136), bind=ANY)
    fill(A, kind=UDP, bind=ANY)


@program
def bind_unspec() -> None:
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    s = socket.socket()
    facts["any"] = libc.bind(s.fileno(), b"\0" * 16, 16)
    facts["pinned"] = s.getsockname()[1] != 0
    other = socket.socket()
    libc.bind(other.fileno(), b"\0" * 4 + socket.inet_aton("10.9.0.1") + b"\0" * 8, 16)
    facts["address"] = errno.errorcode[ctypes.get_errno()]


def _holds(s: socket.socket) -> bool:
    """Return whether nobody else can have its port."""
    return once(lambda: socket.socket().bind(("0.0.0.0", s.getsockname()[1]))) == "EADDRINUSE"


def _dissolve(s: socket.socket) -> None:
    """connect(AF_UNSPEC)"""
    import ctypes

    ctypes.CDLL(None).connect(s.fileno(), b"\0" * 16, 16)


@program
def unspec_before_connect() -> None:
    s = socket.socket()
    s.bind(ANY)
    _dissolve(s)
    facts["held"] = _holds(s)


@program
def bound_again() -> None:
    refused, dissolved = socket.socket(), socket.socket()
    for s in (refused, dissolved):
        s.bind(ANY)
    facts["refused"] = once(lambda: refused.connect(NOBODY_LISTENS))
    dissolved.connect(A)
    _dissolve(dissolved)
    for name, s in (("after refusal", refused), ("after AF_UNSPEC", dissolved)):
        facts[f"bind {name}"] = once(lambda s=s: s.bind(ANY))
        facts[f"held {name}"] = _holds(s)


@program
def families_that_do_not_fit() -> None:
    only, mapped = (socket.socket(socket.AF_INET6) for _ in range(2))
    only.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    only.bind(("::", 0))
    facts["V6ONLY"] = once(lambda: only.connect(MAPPED[0]))
    mapped.bind(("::ffff:0.0.0.0", 0))
    facts["mapped"] = once(lambda: mapped.connect(("fd09::b", 8001)))
    other = socket.socket(socket.AF_INET6)
    facts["V6ONLY held"] = once(lambda: other.bind(("::", only.getsockname()[1]))) == "EADDRINUSE"
    facts["mapped held"] = _holds(mapped)


@program
def option_of_no_length() -> None:
    import ctypes

    s = socket.socket()
    s.setsockopt(*NO_PORT)
    facts["set"] = ctypes.CDLL(None).setsockopt(s.fileno(), NO_PORT[0], NO_PORT[1], None, 0)
    s.bind(ANY)
    facts["pinned"] = s.getsockname()[1] != 0


@program
def shared_by_dup_and_fork() -> None:
    """Sixty sockets of which one copy each is closed, by us or by a child: they keep their ports,
    and 40 are left."""
    originals = [*fill(A, bind=ANY, limit=60)]
    copies = [s.dup() for s in originals]
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    _close_all(originals)
    open_sockets.extend(copies)
    fill(B)


@program
def own_namespace() -> None:
    """A new network namespace has its own ports: 100 here, then the same number there."""
    import ctypes

    fill(None, bind=ANY)
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.unshare(0x40000000) == 0, os.strerror(ctypes.get_errno())
    with open("/proc/sys/net/ipv4/ip_local_port_range", "w") as setting:
        setting.write("40000 40099")
    fill(None, bind=ANY)


if __name__ == "__main__":
    main(sys.argv[1])
