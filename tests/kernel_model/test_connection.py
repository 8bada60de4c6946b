"""connect() and what becomes of it: every row of CONNECT, every error, and who shows the outcome."""

from __future__ import annotations

import pytest
from kernel_model.following import (
    ANY,
    FIXED,
    GOING_ON,
    MAIL,
    REFUSED,
    TCP,
    UDP,
    WEB,
    follow,
    told,
)

from strace_analyzer.kernel.socket_state import Binding, Connection, Outcome
from strace_analyzer.kernel.transitions import (
    AT_ONCE,
    CONNECT,
    ROUND_TRIP,
    ConnectResult,
    connect_result,
)

ALREADY = "-1 EALREADY (Operation already in progress)"
ISCONN = "-1 EISCONN (Transport endpoint is already connected)"
TIMEDOUT = "-1 ETIMEDOUT (Connection timed out)"
HOSTUNREACH = "-1 EHOSTUNREACH (No route to host)"


@pytest.mark.parametrize(
    ("errno", "result"),
    [
        (None, ConnectResult.DONE),
        ("EINPROGRESS", ConnectResult.GOING_ON),
        ("EALREADY", ConnectResult.GOING_ON),
        ("EINTR", ConnectResult.GOING_ON),
        ("ERESTARTSYS", ConnectResult.GOING_ON),
        ("ERESTARTNOINTR", ConnectResult.GOING_ON),
        ("EISCONN", ConnectResult.ALREADY_CONNECTED),
        # given after the hash tables were entered: the port goes back
        ("ECONNREFUSED", ConnectResult.REFUSED),
        ("ETIMEDOUT", ConnectResult.REFUSED),
        ("ECONNRESET", ConnectResult.REFUSED),
        ("ECONNABORTED", ConnectResult.REFUSED),
        ("EADDRNOTAVAIL", ConnectResult.REFUSED),
        # given by the route, or before it: the port stays
        ("ENETUNREACH", ConnectResult.NOT_TRIED),
        ("EACCES", ConnectResult.NOT_TRIED),
        ("EINVAL", ConnectResult.NOT_TRIED),
        ("EPERM", ConnectResult.NOT_TRIED),
        ("EAFNOSUPPORT", ConnectResult.NOT_TRIED),
        ("EAGAIN", ConnectResult.NOT_TRIED),
        ("EHOSTUNREACH", ConnectResult.UNCLEAR),
        ("ENOBUFS", ConnectResult.UNCLEAR),
        ("EBADF", ConnectResult.INVALID),
        ("ENOTSOCK", ConnectResult.INVALID),
        ("EFAULT", ConnectResult.INVALID),
    ],
)
def test_what_an_error_of_connect_says(errno: str | None, result: ConnectResult) -> None:
    assert connect_result(errno, None) is result


@pytest.mark.parametrize("errno", ["EHOSTUNREACH", "ENETUNREACH"])
def test_unreachable_is_a_route_at_once_and_a_router_after_a_round_trip(errno: str) -> None:
    assert connect_result(errno, AT_ONCE / 2) is ConnectResult.NOT_TRIED
    assert connect_result(errno, AT_ONCE) is ConnectResult.UNCLEAR
    assert connect_result(errno, ROUND_TRIP / 2) is ConnectResult.UNCLEAR
    assert connect_result(errno, ROUND_TRIP) is ConnectResult.REFUSED


@pytest.mark.parametrize("errno", ["EHOSTUNREACH", "ENETUNREACH", "EACCES", "EPROTO"])
def test_an_error_after_in_progress_is_the_pending_one(errno: str) -> None:
    """net/ipv4/af_inet.c __inet_stream_connect: in SS_CONNECTING no route is looked up again."""
    assert connect_result(errno, 0.0, connecting=True) is ConnectResult.REFUSED
    assert connect_result("EALREADY", 0.0, connecting=True) is ConnectResult.GOING_ON
    assert connect_result("EFAULT", 0.0, connecting=True) is ConnectResult.INVALID


def connects(*results: str) -> list[str]:
    """The steps of a bound socket that connect()s once for each result."""
    calls = "\n".join(f"connect(3, {WEB}) = {result}" for result in results)
    return told(f"socket({TCP}) = 3\nbind(3, {ANY}) = 0\n{calls}")[2:]


@pytest.mark.parametrize(
    ("results", "steps"),
    [
        (["0"], ["connect 3: ephemeral connected"]),
        ([GOING_ON], ["connect 3: ephemeral connecting (EINPROGRESS)"]),
        (["?"], ["connect 3: ephemeral connecting"]),
        ([ISCONN], ["connect 3: ephemeral connected (EISCONN)"]),
        (
            [GOING_ON, "0"],
            ["connect 3: ephemeral connecting (EINPROGRESS)", "outcome 3: ephemeral connected"],
        ),
        (
            [GOING_ON, ALREADY, ISCONN, ISCONN],
            [
                "connect 3: ephemeral connecting (EINPROGRESS)",
                "outcome 3: ephemeral connecting (EALREADY)",
                "outcome 3: ephemeral connected (EISCONN)",
                "connect 3: ephemeral connected (EISCONN)",
            ],
        ),
        (
            [GOING_ON, REFUSED],
            [
                "connect 3: ephemeral connecting (EINPROGRESS)",
                "outcome 3: deferred unconnected (ECONNREFUSED)",
            ],
        ),
        (
            [GOING_ON, HOSTUNREACH],
            [
                "connect 3: ephemeral connecting (EINPROGRESS)",
                "outcome 3: deferred unconnected (EHOSTUNREACH)",
            ],
        ),
        (  # a second success at once is another socket's: this one would answer EISCONN
            ["0", "0"],
            [
                "connect 3: ephemeral connected",
                "close 3: gone",
                "inherited 3: unbound unconnected",
                "connect 3: autobound connected",
            ],
        ),
        (
            [GOING_ON, "0", "0"],
            [
                "connect 3: ephemeral connecting (EINPROGRESS)",
                "outcome 3: ephemeral connected",
                "connect 3: ephemeral connected",
            ],
        ),
    ],
)
def test_rows_of_the_connect_table(results: list[str], steps: list[str]) -> None:
    assert connects(*results) == steps


def test_every_row_of_the_connect_table_is_told_above() -> None:
    unconnected, connecting = Connection.UNCONNECTED, Connection.CONNECTING
    assert {
        (unconnected, ConnectResult.DONE): Connection.CONNECTED,
        (unconnected, ConnectResult.GOING_ON): connecting,
        (unconnected, ConnectResult.ALREADY_CONNECTED): Connection.CONNECTED,
        (connecting, ConnectResult.DONE): Connection.CONNECTED,
        (connecting, ConnectResult.GOING_ON): connecting,
        (connecting, ConnectResult.ALREADY_CONNECTED): Connection.CONNECTED,
        (connecting, ConnectResult.REFUSED): unconnected,
        (Connection.CONNECTED, ConnectResult.DONE): Connection.CONNECTED,
        (Connection.CONNECTED, ConnectResult.ALREADY_CONNECTED): Connection.CONNECTED,
    } == CONNECT


def test_of_connects_that_repeat_the_trail_keeps_the_first_and_the_last() -> None:
    trail = follow(f"""
        socket({TCP}) = 3
        bind(3, {FIXED}) = 0
        connect(3, {WEB}) = {REFUSED}
        connect(3, {WEB}) = {REFUSED}
        connect(3, {WEB}) = {REFUSED}
        connect(3, {WEB}) = 0
        """).last.trail
    assert [(item.role, item.call.span.first) for item in trail] == [
        ("socket", 1),
        ("bind", 2),
        ("connect", 3),
        ("connect", 6),
    ]


def test_arguments_with_their_names() -> None:
    """-N"""
    address, length = WEB.rsplit(", ", 1)
    assert told(f"""
        socket(domain=AF_INET, type=SOCK_STREAM, protocol=IPPROTO_TCP) = 3
        connect(sockfd=3, addr={address}, addrlen={length}) = 0
        close(fd=3) = 0
        """)[1:] == ["connect 3: autobound connected", "close 3: gone"]


def test_a_failure_that_holds_the_port_and_a_retry() -> None:
    held = "-1 ENETUNREACH (Network is unreachable)"
    assert connects(held, "0") == [
        "connect 3: ephemeral unconnected (ENETUNREACH)",
        "connect 3: ephemeral connected",
    ]


@pytest.mark.parametrize(
    ("time", "binding", "doubts"),
    [
        ("", Binding.EPHEMERAL, {"release-unclear"}),
        (" <0.000041>", Binding.EPHEMERAL, set()),
        (" <3.061234>", Binding.DEFERRED, set()),
    ],
)
def test_no_route_to_host_is_decided_by_its_duration(
    time: str, binding: Binding, doubts: set[str]
) -> None:
    socket = follow(f"""
        socket({TCP}) = 3
        bind(3, {ANY}) = 0
        connect(3, {WEB}) = {HOSTUNREACH}{time}
        """).last
    assert (socket.binding, socket.outcome) == (binding, Outcome.FAILED)
    assert socket.doubts == doubts


def test_an_address_that_is_half_shown_may_be_anybodys() -> None:
    socket = follow(f"""
        socket({TCP}) = 3
        bind(3, {ANY}) = 0
        connect(3, {{sa_family=AF_INET, sin_port=htons(80), ...}}, 16) = -1 ENETUNREACH (N) <3.061>
        """).last
    assert socket.was_released


def test_or_by_the_times_of_its_halves() -> None:
    socket = follow(f"""
        7 10:00:00.000100 socket({TCP}) = 3
        7 10:00:00.000200 bind(3, {ANY}) = 0
        7 10:00:00.000300 connect(3, {WEB} <unfinished ...>
        8 10:00:00.000400 getpid() = 8
        7 10:00:03.000300 <... connect resumed>) = {HOSTUNREACH}
        """).last
    assert socket.was_released
    assert not socket.doubts


def test_a_call_that_is_no_connect_at_all() -> None:
    assert connects(
        "-1 EBADF (Bad file descriptor)",
        "-1 ENOTSOCK (Socket operation on non-socket)",
        "-1 EFAULT (Bad address)",
    ) == ["close 3: gone"]


def test_a_bound_port_stays_whatever_fails() -> None:
    assert told(f"""
        socket({TCP}) = 3
        bind(3, {FIXED}) = 0
        connect(3, {WEB}) = {TIMEDOUT}
        connect(3, {WEB}) = 0
        """)[2:] == ["connect 3: bound unconnected (ETIMEDOUT)", "connect 3: bound connected"]


@pytest.mark.parametrize("result", ["0", GOING_ON, REFUSED])
def test_a_connected_socket_that_connects_elsewhere_is_another_one(result: str) -> None:
    followed = follow(f"""
        socket({TCP}) = 3
        bind(3, {ANY}) = 0
        connect(3, {WEB}) = 0
        connect(3, {MAIL}) = {result}
        """)
    assert followed.told[3:5] == ["close 3: gone", "inherited 3: unbound unconnected"]
    assert followed.unknown == ["older-socket"]


def test_a_listener_that_connects_is_another_socket() -> None:
    followed = follow(f"""
        socket({TCP}) = 3
        bind(3, {ANY}) = 0
        listen(3, 5) = 0
        connect(3, {WEB}) = 0
        """)
    assert followed.told[3:] == [
        "close 3: gone",
        "inherited 3: unbound unconnected",
        "connect 3: autobound connected",
    ]


def test_udp_and_raw_sockets_connect_again_and_again() -> None:
    assert told(f"""
        socket({UDP}) = 3
        connect(3, {WEB}) = 0
        connect(3, {MAIL}) = 0
        socket(AF_INET, SOCK_RAW, IPPROTO_ICMP) = 4
        connect(4, {WEB}) = 0
        connect(4, {MAIL}) = 0
        """) == [
        "socket 3: unbound unconnected",
        "connect 3: autobound connected",
        "connect 3: autobound connected",
        "socket 4: unbound unconnected",
        "connect 4: autobound connected",
        "connect 4: autobound connected",
    ]


def test_connects_are_counted_and_polls_are_not() -> None:
    followed = follow(f"""
        socket({TCP}) = 3
        connect(3, {WEB}) = {REFUSED}
        connect(3, {WEB}) = {GOING_ON}
        connect(3, {WEB}) = {ALREADY}
        connect(3, {WEB}) = 0
        """)
    assert followed.last.connects == 2


def test_connect_to_another_family_is_nothing_of_ours() -> None:
    assert told(f"""
        socket({TCP}) = 3
        connect(3, {{sa_family=AF_UNIX, sun_path="/run/a"}}, 110) = -1 EAFNOSUPPORT (Address family not supported by protocol)
        connect(9, {{sa_family=AF_UNIX, sun_path="/run/a"}}, 110) = 0
        connect(AT_FDCWD, {WEB}) = -1 EBADF (Bad file descriptor)
        """) == [
        "socket 3: unbound unconnected",
        "local 3: unbound unconnected (EAFNOSUPPORT)",  # for the list of failures only
    ]


def test_fast_open_connects() -> None:
    name = WEB.removesuffix(", 16")
    followed = follow(f"""
        socket({TCP}) = 3
        bind(3, {ANY}) = 0
        sendto(3, "GET", 3, MSG_FASTOPEN, {WEB}) = 3
        socket({TCP}) = 4
        sendmsg(4, {{msg_name={name}, msg_namelen=16, msg_iov=[{{iov_base="GET", iov_len=3}}], msg_iovlen=1, msg_controllen=0, msg_flags=0}}, MSG_FASTOPEN) = {GOING_ON}
        sendto(4, "GET", 3, MSG_NOSIGNAL, NULL, 0) = 3
        """)
    assert followed.told[2:] == [
        "connect 3: ephemeral connected",
        "socket 4: unbound unconnected",
        "connect 4: autobound connecting (EINPROGRESS)",
        "outcome 4: autobound connected",
    ]


# who shows the outcome of a connect() in progress

CONNECTING = f"""socket({TCP}) = 3
bind(3, {ANY}) = 0
connect(3, {WEB}) = {GOING_ON}
"""


@pytest.mark.parametrize(
    "call",
    [
        "getsockopt(3, SOL_SOCKET, SO_ERROR, [0], [4]) = 0",
        f"getpeername(3, {WEB.replace('16', '[16]')}) = 0",
        'write(3, "x", 1) = 1',
        "sendmmsg(3, [...], 1, 0) = 1",
        'read(3, "x", 10) = 1',
        'recvfrom(3, "x", 10, 0, NULL, NULL) = 1',
    ],
)
def test_a_call_shows_that_it_was_made(call: str) -> None:
    followed = follow(CONNECTING + call)
    assert followed.told[3:] == ["outcome 3: ephemeral connected"]
    assert followed.last.outcome is Outcome.CONNECTED


@pytest.mark.parametrize(
    "call",
    [
        "getsockopt(3, SOL_SOCKET, SO_ERROR, [ECONNREFUSED], [4]) = 0",
        "getsockopt(3, SOL_SOCKET, SO_ERROR, [111], [4]) = 0",
        r'getsockopt(3, 0x1, 0x4, "\x6f\x00\x00\x00", [4]) = 0',
        'write(3, "x", 1) = -1 ECONNREFUSED (Connection refused)',
        "read(3, 0x7f1, 10) = -1 ETIMEDOUT (Connection timed out)",
        "sendto(3, 0x7f1, 10, 0, NULL, 0) = -1 EHOSTUNREACH (No route to host)",
    ],
)
def test_a_call_shows_that_it_failed_and_the_port_is_free(call: str) -> None:
    followed = follow(CONNECTING + call)
    assert followed.told[3:4] == [
        "outcome 3: deferred unconnected"
        + (f" ({followed.steps[3].errno})" if followed.steps[3].errno else "")
    ]
    assert (followed.last.outcome, followed.last.was_released) == (Outcome.FAILED, True)


@pytest.mark.parametrize(
    "call",
    [
        "getsockopt(3, SOL_SOCKET, SO_ERROR, 0x7ffd2, [4]) = 0",
        "getsockopt(3, SOL_SOCKET, SO_ERROR, [0], [4]) = -1 EBADF (Bad file descriptor)",
        "getsockopt(3, SOL_SOCKET, SO_RCVBUF, [131072], [4]) = 0",
        "getsockopt(9, SOL_SOCKET, SO_ERROR, [0], [4]) = 0",
        "getsockopt(3, SOL_FOO, 4, [0], [4]) = 0",
        "getsockopt(3, SOL_TCP, TCP_NEW_THING, [0], [4]) = 0",
        "getpeername(3, 0x7ffd2, [16]) = -1 ENOTCONN (Transport endpoint is not connected)",
        'getpeername(3, {sa_family=AF_UNIX, sun_path="/run/a"}, [110]) = 0',
        "getpeername(3, 0x7ffd2, [16]) = 0",
        "write(3, 0x7f1, 10) = -1 EAGAIN (Resource temporarily unavailable)",
        'write(3, "", 0) = 0',
        'read(3, "", 0) = 0',
        "poll([{fd=3, events=POLLOUT}], 1, 100) = 1 ([{fd=3, revents=POLLOUT|POLLHUP}])",
        "shutdown(3, SHUT_WR) = -1 ENOTCONN (Transport endpoint is not connected)",
        "shutdown(9, SHUT_WR) = 0",
        f"getpeername(9, {WEB.replace('16', '[16]')}) = 0",
        "sendmsg(-1, {msg_namelen=0}, 0) = -1 EBADF (Bad file descriptor)",
    ],
)
def test_a_call_that_shows_nothing(call: str) -> None:
    assert told(CONNECTING + call)[3:] == []


def test_so_error_0_after_the_error_was_taken_changes_nothing() -> None:
    """The call that returns the pending error takes it (docs/kernel.md)."""
    followed = follow(f"""
        socket({TCP}) = 3
        bind(3, {ANY}) = 0
        connect(3, {WEB}) = {GOING_ON}
        sendto(3, "x", 1, 0, NULL, 0) = {REFUSED}
        getsockopt(3, SOL_SOCKET, SO_ERROR, [0], [4]) = 0
        """)
    assert followed.last.outcome is Outcome.FAILED


def test_end_of_file_shows_both_that_it_was_made_and_that_the_peer_closed() -> None:
    assert told(CONNECTING + 'recvfrom(3, "", 10, 0, NULL, NULL) = 0')[3:] == [
        "outcome 3: ephemeral connected",
        "eof 3: ephemeral connected",
    ]


def test_a_connect_that_never_came_back() -> None:
    """The thread dies, or the trace ends, inside of connect(): it was made, its end is not known."""
    one = follow(f"""
        7 socket({TCP}) = 3
        7 bind(3, {ANY}) = 0
        7 connect(3, {WEB} <unfinished ...>
        7 +++ killed by SIGKILL +++
        """)
    assert one.told[2:4] == ["connect 3: ephemeral connecting", "close 3: gone"]
    other = follow(f"""
        7 socket({TCP}) = 3
        7 bind(3, {ANY}) = 0
        7 connect(3, {WEB} <unfinished ...>
        8 read(5,  <unfinished ...>
        """)
    assert other.told[2:] == ["connect 3: ephemeral connecting"]


# how it ends

CONNECTED = f"""socket({TCP}) = 3
bind(3, {ANY}) = 0
connect(3, {WEB}) = 0
"""


@pytest.mark.parametrize(
    "call",
    [
        "read(3, 0x7f1, 10) = -1 ECONNRESET (Connection reset by peer)",
        "write(3, 0x7f1, 10) = -1 EPIPE (Broken pipe)",
        "recvmsg(3, {msg_namelen=0}, 0) = -1 ETIMEDOUT (Connection timed out)",
        "getsockopt(3, SOL_SOCKET, SO_ERROR, [ECONNRESET], [4]) = 0",
    ],
)
def test_a_reset_gives_the_port_back_at_once(call: str) -> None:
    followed = follow(CONNECTED + call)
    error = f" ({followed.steps[-1].errno})" if followed.steps[-1].errno else ""
    assert followed.told[3:] == [f"reset 3: deferred unconnected{error}"]
    assert followed.last.outcome is Outcome.CONNECTED


@pytest.mark.parametrize(
    ("calls", "steps"),
    [
        (
            'read(3, "", 10) = 0\nread(3, "", 10) = 0\nclose(3) = 0',
            ["eof 3: ephemeral connected", "close 3: gone"],
        ),
        (
            "recvmsg(3, {msg_namelen=0}, 0) = 0\nshutdown(3, SHUT_WR) = 0\nclose(3) = 0",
            ["eof 3: ephemeral connected", "release 3: deferred unconnected", "close 3: gone"],
        ),
        (
            'shutdown(3, SHUT_RDWR) = 0\nread(3, "", 10) = 0\nclose(3) = 0',
            ["shutdown 3: ephemeral connected", "close 3: gone"],
        ),
        (
            "shutdown(3, 1) = 0\nwrite(3, 0x7f1, 10) = -1 EPIPE (Broken pipe)",
            ["shutdown 3: ephemeral connected"],
        ),
    ],
)
def test_who_closes_first(calls: str, steps: list[str]) -> None:
    """The peer's FIN and then ours: LAST_ACK, and the port is free; ours first: TIME_WAIT."""
    assert told(CONNECTED + calls)[3:] == steps


def test_data_on_a_connected_socket_is_no_news() -> None:
    followed = follow(CONNECTED + 'write(3, "x", 1) = 1\nread(3, "x", 1) = 1\nread(9, "", 1) = 0')
    assert followed.told[3:] == []


@pytest.mark.parametrize("how", ["SHUT_RD", "SHUT_RDWR"])
def test_a_listener_that_is_shut_down_stops_listening(how: str) -> None:
    """net/ipv4/af_inet.c inet_shutdown: TCP_LISTEN with RCV_SHUTDOWN disconnects."""
    assert told(f"""
        socket({TCP}) = 3
        bind(3, {ANY}) = 0
        listen(3, 5) = 0
        shutdown(3, {how}) = 0
        """)[3:] == ["shutdown 3: deferred unconnected"]


def test_shut_wr_leaves_a_listener_alone() -> None:
    assert (
        told(f"""
        socket({TCP}) = 3
        bind(3, {FIXED}) = 0
        listen(3, 5) = 0
        shutdown(3, SHUT_WR) = 0
        """)[3:]
        == []
    )


def test_errors_on_datagram_sockets_end_nothing() -> None:
    followed = follow(f"""
        socket({UDP}) = 3
        connect(3, {WEB}) = 0
        read(3, 0x7f1, 10) = {REFUSED}
        read(3, "", 10) = 0
        """)
    assert followed.told[2:] == []


def test_an_accepted_connection_stands_on_the_listeners_port() -> None:
    peer = WEB.replace("16", "[16]")
    followed = follow(f"""
        socket({TCP}) = 3
        bind(3, {FIXED}) = 0
        listen(3, 5) = 0
        accept4(3, {peer}, SOCK_CLOEXEC) = 4
        accept(3, NULL, NULL) = 5
        accept(3, 0x7ffd1, [16]) = -1 EAGAIN (Resource temporarily unavailable)
        accept(9, {peer}) = 6
        accept(8, {{sa_family=AF_UNIX}}, [110 => 2]) = 7
        """)
    assert followed.told[3:] == [
        "accept 4: bound connected",
        "accept 5: bound connected",
        "accept 6: bound connected",
    ]
    assert [step.socket.protocol for step in followed.steps[3:]] == ["TCP", "TCP", None]
    assert followed.steps[3].socket.peer is not None
    assert followed.steps[4].socket.peer is None


def test_an_unread_how_is_no_shutdown() -> None:
    assert told(CONNECTED + "shutdown(3, 0x9 /* SHUT_??? */) = 0")[3:] == []
