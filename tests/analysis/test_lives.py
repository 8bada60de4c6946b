"""Lives: each internet socket as one row, folded when its last descriptor goes."""

from __future__ import annotations

from inspect import cleandoc

import strace_analyzer as sa
from strace_analyzer.analysis import Settings
from strace_analyzer.findings import Endpoint, SocketLife
from strace_analyzer.kernel.socket_state import Outcome
from tests.kernel_model.following import ANY, FIXED, PORT, TCP, WEB


def lives(trace: str, keep: bool = True) -> list[SocketLife]:
    analyzer = sa.Analyzer("trace", Settings(rules=(), keep_sockets=keep))
    for line in cleandoc(trace).splitlines():
        analyzer.feed(line)
    sockets = analyzer.close().sockets
    found = list(sockets)
    assert len(found) == len(sockets)
    return found


def test_a_life_from_socket_to_close() -> None:
    (life,) = lives(
        f"""
        70 10:00:01.000000 socket({TCP}) = 3
        70 10:00:01.000100 bind(3, {ANY}) = 0
        70 10:00:01.000200 getsockname(3, {PORT}) = 0
        70 10:00:01.000300 connect(3, {WEB}) = 0
        70 10:00:03.500000 close(3) = 0
        """
    )
    assert (life.trace, life.process.id, life.process.tid, life.fd) == ("t1", "t1:70", 70, 3)
    assert (life.socket.domain, life.socket.protocol, life.namespace) == ("AF_INET", "TCP", 0)
    assert (life.origin, life.binding, life.connection) == ("created", "ephemeral", "connected")
    assert life.outcome is Outcome.CONNECTED
    assert (life.local.address, life.local.port, life.local.assigned_port) == ("0.0.0.0", 0, 40001)
    assert life.peer == Endpoint("192.0.2.7", 80)
    assert (str(life.opened), str(life.closed), life.seconds_open) == ("trace:1", "trace:5", 2.5)
    roles = [(record.role, record.line) for record in life.trail]
    assert roles == [("socket", 1), ("bind", 2), ("getsockname", 3), ("connect", 4), ("close", 5)]


def test_what_is_still_open_at_the_end_is_not_closed() -> None:
    (life,) = lives(f"10:00:01 socket({TCP}) = 3\n10:00:02 connect(3, {WEB}) = 0")
    assert (life.closed, life.seconds_open, life.connection) == (None, None, "connected")
    assert [record.role for record in life.trail] == ["socket", "connect"]


def test_lives_stand_in_order_of_first_sight_whatever_ends_first() -> None:
    found = lives(
        f"""
        socket({TCP}) = 3
        socket({TCP}) = 4
        close(4) = 0
        socket({TCP}) = 5
        close(3) = 0
        """
    )
    assert [(life.fd, life.closed and life.closed.line) for life in found] == [
        (3, 5),
        (4, 3),
        (5, None),
    ]


def test_a_socket_lives_until_its_last_descriptor_is_closed() -> None:
    (life,) = lives(f"socket({TCP}) = 3\ndup(3) = 4\nclose(3) = 0\nclose(4) = 0")
    assert life.closed is not None
    assert life.closed.line == 4


def test_an_exit_closes_without_a_call() -> None:
    (life,) = lives(f"70 10:00:01 socket({TCP}) = 3\n70 10:00:04 +++ exited with 0 +++")
    assert (str(life.closed), life.seconds_open) == ("trace:2", 3.0)
    assert [record.role for record in life.trail] == ["socket"]


def test_what_came_in_and_what_is_older_than_the_trace() -> None:
    older, incoming = lives(f"listen(3, 5) = 0\naccept(3, {WEB}) = 4\nclose(4) = 0")
    assert (older.origin, older.connection, older.fd) == ("inherited", "listening", 3)
    assert (incoming.origin, incoming.peer) == ("accepted", Endpoint("192.0.2.7", 80))
    assert [record.role for record in incoming.trail] == ["accept", "close"]


def test_nothing_is_kept_that_nobody_asked_for() -> None:
    assert lives(f"socket({TCP}) = 3\nbind(3, {FIXED}) = 0\nclose(3) = 0", keep=False) == []
