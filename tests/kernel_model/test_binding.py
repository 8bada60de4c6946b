"""bind(), and what shows or changes who chose the local port: every row of the tables BIND,
PORT_AT_CONNECT and RELEASED."""

from __future__ import annotations

import pytest
from kernel_model.following import (
    ANY,
    FIXED,
    GOING_ON,
    NO_PORT,
    NOWHERE,
    OURS,
    PORT,
    REFUSED,
    TCP,
    UDP,
    UNSPEC,
    WEB,
    follow,
    told,
)

from strace_analyzer.kernel.socket_state import Binding, Connection, Origin
from strace_analyzer.kernel.transitions import BIND, PORT_AT_CONNECT, RELEASED, Request


@pytest.mark.parametrize(
    ("address", "binding"), [(ANY, "ephemeral"), (OURS, "ephemeral"), (FIXED, "bound")]
)
def test_bind_of_an_unbound_socket(address: str, binding: str) -> None:
    assert told(f"""
        socket({TCP}) = 3
        bind(3, {address}) = 0
        """) == ["socket 3: unbound unconnected", f"bind 3: {binding} unconnected"]


@pytest.mark.parametrize(
    ("second", "binding"), [(ANY, "deferred"), (OURS, "deferred"), (FIXED, "bound")]
)
def test_a_deferred_port_may_be_bound_again(second: str, binding: str) -> None:
    assert told(f"""
        socket({TCP}) = 3
        setsockopt(3, {NO_PORT}) = 0
        bind(3, {OURS}) = 0
        bind(3, {second}) = 0
        """)[2:] == ["bind 3: deferred unconnected", f"bind 3: {binding} unconnected"]


def test_no_port_counts_as_it_stands_when_bind_runs() -> None:
    assert told(f"""
        socket({TCP}) = 3
        setsockopt(3, {NO_PORT}) = 0
        bind(3, {OURS}) = 0
        setsockopt(3, SOL_IP, IP_BIND_ADDRESS_NO_PORT, [0], 4) = 0
        bind(3, {ANY}) = 0
        setsockopt(3, {NO_PORT}) = 0
        """)[2:] == [
        "bind 3: deferred unconnected",
        "setsockopt 3: deferred unconnected",
        "bind 3: ephemeral unconnected",
        "setsockopt 3: ephemeral unconnected",
    ]


def test_every_row_of_the_bind_table_is_told_above() -> None:
    assert BIND == {
        (Binding.UNBOUND, Request.PORT): Binding.BOUND,
        (Binding.UNBOUND, Request.ANY_PORT): Binding.EPHEMERAL,
        (Binding.UNBOUND, Request.LATER): Binding.DEFERRED,
        (Binding.DEFERRED, Request.PORT): Binding.BOUND,
        (Binding.DEFERRED, Request.ANY_PORT): Binding.EPHEMERAL,
        (Binding.DEFERRED, Request.LATER): Binding.DEFERRED,
    }


def test_a_failed_bind_leaves_the_socket_as_it_was() -> None:
    followed = follow(f"""
        socket({TCP}) = 3
        bind(3, {ANY}) = -1 EADDRINUSE (Address already in use)
        bind(3, {ANY}) = ?
        """)
    assert followed.told[1:] == [
        "bind 3: unbound unconnected (EADDRINUSE)",
        "bind 3: unbound unconnected",
    ]
    assert followed.last.evidence("bind") is None


def test_a_second_bind_that_succeeds_is_another_socket() -> None:
    followed = follow(f"""
        socket({TCP}) = 3
        bind(3, {FIXED}) = 0
        bind(3, {ANY}) = 0
        """)
    assert followed.told[2:] == [
        "close 3: gone",
        "inherited 3: unbound unconnected",
        "bind 3: ephemeral unconnected",
    ]
    assert followed.last.origin is Origin.INHERITED
    assert followed.last.doubts == {"older-socket", "fd-reuse"}
    assert (followed.last.domain, followed.last.protocol) == ("AF_INET", None)


def test_a_raw_socket_may_be_bound_twice() -> None:
    """net/ipv4/raw.c raw_bind: there is no port that could be taken."""
    followed = follow(f"""
        socket(AF_INET, SOCK_RAW, IPPROTO_TCP) = 3
        bind(3, {ANY}) = 0
        bind(3, {OURS}) = 0
        """)
    assert followed.last.protocol == "RAW"
    assert not followed.last.doubts


def test_unspec_and_inaddr_any_is_a_wildcard_bind() -> None:
    socket = follow(f"""
        socket({TCP}) = 3
        bind(3, {UNSPEC}) = 0
        """).last
    assert socket.binding is Binding.EPHEMERAL
    assert socket.local is not None
    assert socket.local.is_wildcard


def test_a_bind_begins_a_new_trail() -> None:
    followed = follow(f"""
        socket({TCP}) = 3
        setsockopt(3, {NO_PORT}) = 0
        bind(3, {OURS}) = 0
        getsockname(3, {NOWHERE}) = 0
        bind(3, {FIXED}) = 0
        """)
    assert [(e.role, e.call.span.first) for e in followed.last.trail] == [
        ("socket", 1),
        ("setsockopt", 2),
        ("bind", 5),
    ]


def test_bind_on_another_family_is_not_ours() -> None:
    assert (
        told("""
        socket(AF_NETLINK, SOCK_RAW|SOCK_CLOEXEC, NETLINK_ROUTE) = 3
        bind(3, {sa_family=AF_NETLINK, nl_pid=0, nl_groups=00000000}, 12) = 0
        bind(9, {sa_family=AF_UNIX, sun_path="/run/a"}, 110) = 0
        bind(-1, {sa_family=AF_UNIX, sun_path="/run/a"}, 110) = -1 EBADF (Bad file descriptor)
        """)
        == ["local -1: unbound unconnected (EBADF)"]  # for the list of failures only
    )


# the port that comes without bind()


@pytest.mark.parametrize("setup", ["", f"setsockopt(3, {NO_PORT}) = 0\nbind(3, {OURS}) = 0\n"])
@pytest.mark.parametrize("call", [f"connect(3, {WEB}) = 0", "listen(3, 5) = 0"])
def test_connect_and_listen_give_a_port_to_a_socket_without_one(setup: str, call: str) -> None:
    assert follow(f"socket({TCP}) = 3\n{setup}{call}").last.binding is Binding.AUTOBOUND


@pytest.mark.parametrize(("address", "binding"), [(ANY, "ephemeral"), (FIXED, "bound")])
@pytest.mark.parametrize("call", [f"connect(3, {WEB}) = 0", "listen(3, 5) = 0"])
def test_a_port_that_bind_took_stays(address: str, binding: str, call: str) -> None:
    socket = follow(f"socket({TCP}) = 3\nbind(3, {address}) = 0\n{call}").last
    assert socket.binding.value == binding


def test_every_row_of_port_at_connect_is_told_above() -> None:
    assert PORT_AT_CONNECT == {
        Binding.UNBOUND: Binding.AUTOBOUND,
        Binding.DEFERRED: Binding.AUTOBOUND,
    }


@pytest.mark.parametrize("setup", ["", f"setsockopt(3, {NO_PORT}) = 0\nbind(3, {ANY}) = 0\n"])
def test_the_first_datagram_gives_a_port(setup: str) -> None:
    followed = follow(f'socket({UDP}) = 3\n{setup}sendto(3, "x", 1, 0, {WEB}) = 1')
    assert followed.told[-1] == "send 3: autobound unconnected"


def test_a_datagram_that_was_not_sent_gives_none() -> None:
    followed = follow(f"""
        socket({UDP}) = 3
        sendto(3, "x", 1, 0, {WEB}) = -1 EAGAIN (Resource temporarily unavailable)
        sendto(3, "x", 1, 0, NULL, 0) = -1 EDESTADDRREQ (Destination address required)
        sendto(3, "x", 1, 0, 0x7ffd4a10, 16) = 1
        """)
    assert followed.told[1:] == [
        "send 3: unbound unconnected (EAGAIN)",
        "send 3: unbound unconnected (EDESTADDRREQ)",
    ]


# given back


@pytest.mark.parametrize(
    ("setup", "binding", "released"),
    [
        ("", Binding.UNBOUND, False),
        (f"setsockopt(3, {NO_PORT}) = 0\nbind(3, {ANY}) = 0\n", Binding.DEFERRED, False),
        (f"bind(3, {ANY}) = 0\n", Binding.DEFERRED, True),
        (f"bind(3, {FIXED}) = 0\n", Binding.BOUND, False),
    ],
)
def test_what_a_refused_connect_leaves(setup: str, binding: Binding, released: bool) -> None:
    socket = follow(f"socket({TCP}) = 3\n{setup}connect(3, {WEB}) = {REFUSED}").last
    assert (socket.binding, socket.was_released) == (binding, released)


def test_every_row_of_released_is_told_above() -> None:
    """AUTOBOUND: the second case; without a bind() it is unbound again."""
    assert RELEASED == {
        Binding.EPHEMERAL: Binding.DEFERRED,
        Binding.AUTOBOUND: Binding.DEFERRED,
    }


def test_the_retry_after_a_release_is_a_new_port() -> None:
    assert told(f"""
        socket({TCP}) = 3
        bind(3, {ANY}) = 0
        connect(3, {WEB}) = {REFUSED}
        connect(3, {WEB}) = 0
        """)[2:] == [
        "connect 3: deferred unconnected (ECONNREFUSED)",
        "connect 3: autobound connected",
    ]


@pytest.mark.parametrize("result", ["0", GOING_ON])
def test_connect_to_unspec_disconnects_and_releases(result: str) -> None:
    followed = follow(f"""
        socket({TCP}) = 3
        bind(3, {ANY}) = 0
        connect(3, {WEB}) = {result}
        connect(3, {UNSPEC}) = 0
        """)
    assert followed.told[-1] == "release 3: deferred unconnected"
    assert followed.last.peer is None


def test_connect_to_unspec_keeps_what_was_never_connected_or_named() -> None:
    assert told(f"""
        socket({TCP}) = 3
        bind(3, {ANY}) = 0
        connect(3, {UNSPEC}) = 0
        connect(3, {WEB}) = 0
        connect(3, {UNSPEC}) = -1 EINVAL (Invalid argument)
        socket({TCP}) = 4
        bind(4, {FIXED}) = 0
        connect(4, {WEB}) = 0
        connect(4, {UNSPEC}) = 0
        """) == [
        "socket 3: unbound unconnected",
        "bind 3: ephemeral unconnected",
        "connect 3: ephemeral connected",
        "socket 4: unbound unconnected",
        "bind 4: bound unconnected",
        "connect 4: bound connected",
        "release 4: bound unconnected",
    ]


# what getsockname() shows


def test_getsockname_with_port_0_shows_that_the_port_is_deferred() -> None:
    assert told(f"""
        socket({TCP}) = 3
        getsockname(3, {NOWHERE}) = 0
        bind(3, {ANY}) = 0
        getsockname(3, {NOWHERE}) = 0
        """)[1:] == [
        "getsockname 3: unbound unconnected",
        "bind 3: ephemeral unconnected",
        "getsockname 3: deferred unconnected",
    ]


def test_getsockname_shows_the_port_that_was_taken() -> None:
    followed = follow(f"""
        socket({TCP}) = 3
        bind(3, {ANY}) = 0
        getsockname(3, {PORT}) = 0
        """)
    assert followed.last.assigned_port == 40001
    assert followed.last.local is not None
    assert followed.last.local.port == 0


def test_getsockname_of_a_socket_that_connect_bound_shows_its_address() -> None:
    socket = follow(f"""
        socket({TCP}) = 3
        connect(3, {WEB}) = 0
        getsockname(3, {OURS.replace("htons(0)", "htons(40002)").replace("16", "[16]")}) = 0
        """).last
    assert socket.local is not None
    assert (socket.local.address, socket.assigned_port) == ("192.0.2.1", 40002)


def test_the_port_that_getsockname_shows_after_a_release_is_stale() -> None:
    socket = follow(f"""
        socket({TCP}) = 3
        bind(3, {ANY}) = 0
        connect(3, {WEB}) = {REFUSED}
        getsockname(3, {PORT}) = 0
        """).last
    assert (socket.binding, socket.assigned_port) == (Binding.DEFERRED, None)


def test_what_getsockname_does_not_tell() -> None:
    assert told(f"""
        socket({TCP}) = 3
        getsockname(3, 0x7ffd1, [16]) = 0
        getsockname(3, {{sa_family=AF_INET, ...}}, [16]) = 0
        getsockname(3, {{sa_family=AF_UNIX}}, [2]) = 0
        getsockname(3, 0x7ffd1, [16]) = -1 EBADF (Bad file descriptor)
        getsockname(AT_FDCWD, {PORT}) = 0
        """) == ["socket 3: unbound unconnected"]


def test_a_listener_listens_whatever_its_port() -> None:
    followed = follow(f"""
        socket({TCP}) = 3
        listen(3, 5) = -1 EADDRINUSE (Address already in use)
        bind(3, {ANY}) = 0
        listen(3, 5) = 0
        listen(3, 50) = 0
        connect(3, {WEB}) = -1 EISCONN (Transport endpoint is already connected)
        """)
    assert followed.told[1:] == [
        "listen 3: unbound unconnected (EADDRINUSE)",
        "bind 3: ephemeral unconnected",
        "listen 3: ephemeral listening",
        "listen 3: ephemeral listening",
        "connect 3: ephemeral listening (EISCONN)",
    ]
    assert followed.last.connection is Connection.LISTENING
