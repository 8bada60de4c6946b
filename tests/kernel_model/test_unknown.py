"""What the trace does not tell: which doubt is raised, where, how often, and when it is settled."""

from __future__ import annotations

import pytest
from kernel_model.following import (
    ANY,
    GOING_ON,
    NO_PORT,
    NOWHERE,
    PORT,
    REFUSED,
    TCP,
    UDP,
    WEB,
    follow,
    so_far,
)

from strace_analyzer.kernel.socket_state import Binding, Origin

# sockets older than the trace


def test_connect_of_an_older_socket_is_unknown() -> None:
    followed = follow(f"7 connect(3, {WEB}) = 0")
    assert followed.told == ["inherited 3: unbound unconnected", "connect 3: autobound connected"]
    assert [(d.code, d.fd, d.line) for d in followed.doubts] == [("older-socket", 3, 1)]
    assert (followed.last.origin, followed.last.domain) == (Origin.INHERITED, "AF_INET")


def test_also_where_the_note_shows_that_it_is_tcp() -> None:
    """<TCP:[inode]> tells the protocol, not whether it is bound."""
    followed = follow(f"7 connect(3<TCP:[4711]>, {WEB}) = 0")
    assert followed.last.protocol == "TCP"
    assert followed.unknown == ["older-socket"]


@pytest.mark.parametrize(
    ("first", "doubts"),
    [
        (f"bind(3, {ANY}) = 0", {"older-socket"}),
        (f"bind(3<TCP:[4711]>, {ANY}) = 0", set()),
        (f"bind(3, {ANY}) = 0\ngetsockopt(3, SOL_SOCKET, SO_TYPE, [1], [4]) = 0", set()),
        (f"bind(3, {ANY}) = 0\ngetsockopt(3, SOL_SOCKET, SO_PROTOCOL, [6], [4]) = 0", set()),
        (f"bind(3, {ANY}) = 0\ngetsockopt(3, SOL_SOCKET, SO_PROTOCOL, [17], [4]) = 0",
         {"older-socket"}),
        (f"bind(3, {ANY}) = 0\nsetsockopt(3<TCP:[0.0.0.0:40001]>, SOL_TCP, TCP_NODELAY, [1], 4) = 0"
         "\nlisten(3<TCP:[0.0.0.0:40001]>, 5) = -1 EINVAL (Invalid argument)", set()),
    ],
)  # fmt: skip
def test_bound_and_connected_the_question_is_only_whether_it_is_tcp(
    first: str, doubts: set[str]
) -> None:
    followed = follow(f"{first}\nconnect(3, {WEB}) = 0")
    assert followed.unknown == []
    assert followed.last.binding is Binding.EPHEMERAL
    assert followed.last.doubts == doubts


def test_getsockname_shows_that_it_was_not_bound() -> None:
    followed = follow(f"getsockname(3, {NOWHERE}) = 0\nconnect(3, {WEB}) = 0")
    assert followed.unknown == []


def test_getsockname_shows_a_port_that_somebody_gave_it() -> None:
    followed = follow(f"getsockname(3, {PORT}) = 0\nconnect(3, {WEB}) = 0")
    assert followed.unknown == ["older-socket"]


@pytest.mark.parametrize(
    "call",
    [
        "setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0",
        "listen(3, 5) = 0",
        f"getsockname(3, {PORT}) = 0",
        f"bind(3, {ANY}) = -1 EINVAL (Invalid argument)",
    ],
)
def test_what_only_a_socket_can_be_used_for_shows_an_older_socket(call: str) -> None:
    assert follow(call).told[0] == "inherited 3: unbound unconnected"


@pytest.mark.parametrize(
    "call",
    [
        "close(3) = 0",
        'write(3, "x", 1) = 1',
        f"connect(3, {WEB}) = -1 EBADF (Bad file descriptor)",
        f"connect(3</dev/null>, {WEB}) = -1 ENOTSOCK (Socket operation on non-socket)",
        "setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = -1 EBADF (Bad file descriptor)",
        "setsockopt(3, SOL_SOCKET, SO_SNDBUF, [1], 4) = 0",
        "setsockopt(3<UNIX-STREAM:[4711]>, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0",
        "setsockopt(AT_FDCWD, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0",
        'bind(3, {sa_family=AF_UNIX, sun_path="/run/a"}, 110) = 0',
        "getsockopt(3, SOL_SOCKET, SO_ERROR, [0], [4]) = 0",
        "shutdown(3, SHUT_WR) = 0",
    ],
)
def test_what_any_file_can_be_used_for_shows_none(call: str) -> None:
    assert follow(call).told == []


@pytest.mark.parametrize(
    ("calls", "domain", "type", "protocol"),
    [
        ("getsockopt(3, SOL_SOCKET, SO_DOMAIN, [2], [4]) = 0", "AF_INET", None, None),
        ("getsockopt(3, SOL_SOCKET, SO_DOMAIN, [10], [4]) = 0", "AF_INET6", None, None),
        ("getsockopt(3, SOL_SOCKET, SO_TYPE, [1], [4]) = 0", None, "SOCK_STREAM", None),
        (
            "getsockopt(3, SOL_SOCKET, SO_DOMAIN, [2], [4]) = 0\n"
            "getsockopt(3, SOL_SOCKET, SO_TYPE, [2], [4]) = 0",
            "AF_INET", "SOCK_DGRAM", "UDP",
        ),
        (
            "getsockopt(3, SOL_SOCKET, SO_DOMAIN, [2], [4]) = 0\n"
            "getsockopt(3, SOL_SOCKET, SO_PROTOCOL, [262], [4]) = 0",
            "AF_INET", None, "MPTCP",
        ),
    ],
)  # fmt: skip
def test_what_an_older_socket_says_about_itself(
    calls: str, domain: str | None, type: str | None, protocol: str | None
) -> None:
    socket = follow(f"listen(3, 5) = 0\n{calls}\nlisten(3, 9) = 0").last
    assert (socket.domain, socket.type, socket.protocol) == (domain, type, protocol)


def test_what_socket_said_is_not_changed_by_getsockopt() -> None:
    socket = follow(f"""
        socket({TCP}) = 3
        getsockopt(3, SOL_SOCKET, SO_TYPE, [2], [4]) = 0
        getsockopt(3, SOL_SOCKET, SO_PROTOCOL, [17], [4]) = 0
        getsockopt(3, SOL_SOCKET, SO_DOMAIN, [1], [4]) = 0
        listen(3, 5) = 0
        """).last
    assert (socket.domain, socket.type, socket.protocol) == ("AF_INET", "SOCK_STREAM", "TCP")


# descriptors of other processes


def test_a_socket_that_came_over_a_unix_socket() -> None:
    followed = follow(f"""
        7 recvmsg(4, {{msg_name=NULL, msg_iov=[{{iov_base="x", iov_len=1}}], msg_iovlen=1, msg_control=[{{cmsg_len=24, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[5, 6<UNIX-STREAM:[99]>, 7</etc/hosts>]}}], msg_controllen=24, msg_flags=0}}, 0) = 1
        7 connect(5, {WEB}) = 0
        """)
    assert followed.told == ["inherited 5: unbound unconnected", "connect 5: autobound connected"]
    assert followed.unknown == ["received-descriptor"]
    assert followed.last.origin is Origin.RECEIVED


def test_the_note_of_a_received_descriptor() -> None:
    socket = follow("""
        recvmsg(4, {msg_control=[{cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[5<TCPv6:[4711]>]}], msg_controllen=24, msg_flags=0}, 0) = 1
        """).last
    assert (socket.domain, socket.type, socket.protocol) == ("AF_INET6", "SOCK_STREAM", "TCP")


@pytest.mark.parametrize(
    "control",
    [
        "{cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, {5}}",
        "{cmsg_len=20, cmsg_level=0x1, cmsg_type=0x1, cmsg_data=[5]}",
        "[{cmsg_len=28, cmsg_level=SOL_SOCKET, cmsg_type=SCM_CREDENTIALS, cmsg_data={pid=1}},"
        " {cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[5]}]",
    ],
)
def test_older_and_other_spellings_of_rights(control: str) -> None:
    followed = follow(
        f"recvmsg(4, {{msg_control={control}, msg_controllen=24, msg_flags=0}}, 0) = 1"
    )
    assert followed.told == ["inherited 5: unbound unconnected"]


@pytest.mark.parametrize(
    "message",
    [
        "{msg_control=[{cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=...}]}",
        "{msg_control=0x7ffd1, msg_controllen=24, msg_flags=0}",
        "0x7ffd1",
    ],
)
def test_rights_that_are_not_printed(message: str) -> None:
    assert follow(f"recvmsg(4, {message}, 0) = 1").told == []


def test_a_failed_receive_brings_nothing() -> None:
    assert (
        follow("recvmsg(4, 0x7ffd1, 0) = -1 EAGAIN (Resource temporarily unavailable)").told == []
    )


@pytest.mark.parametrize(
    ("result", "told"),
    [
        ("5", ["inherited 5: unbound unconnected"]),
        ("5<TCP:[4711]>", ["inherited 5: unbound unconnected"]),
        ("5</etc/hosts>", []),
        ("-1 EPERM (Operation not permitted)", []),
    ],
)
def test_pidfd_getfd(result: str, told: list[str]) -> None:
    assert follow(f"pidfd_getfd(4, 3, 0) = {result}").told == told


SEND = (
    "sendmsg(4, {msg_name=NULL, msg_iov=[], msg_iovlen=0, msg_control=[{cmsg_len=20,"
    " cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[3, 9]}], msg_flags=0}, 0) = 1"
)


def test_a_bound_socket_that_was_passed_on_may_be_connected_elsewhere() -> None:
    followed = follow(f"socket({TCP}) = 3\nbind(3, {ANY}) = 0\n{SEND}\nconnect(3, {WEB}) = 0")
    assert [(d.code, d.fd, d.line) for d in followed.doubts] == [("passed-descriptor", 3, 3)]
    assert followed.last.doubts == {"passed-descriptor"}


def test_an_unbound_socket_that_was_passed_on() -> None:
    followed = follow(f"socket({TCP}) = 3\n{SEND}\nbind(3, {ANY}) = 0")
    assert followed.unknown == []
    assert followed.last.doubts == {"passed-descriptor"}


def test_a_unix_socket_or_a_failed_send_pass_nothing() -> None:
    failed = SEND.replace("= 1", "= -1 EPIPE (Broken pipe)")
    followed = follow(f"socket(AF_UNIX, SOCK_STREAM, 0) = 3\n{SEND}\nsocket({TCP}) = 3\n{failed}")
    assert followed.unknown == []
    assert not followed.last.doubts


def test_io_uring_hides_calls() -> None:
    followed = follow("""
        7 io_uring_setup(8, {flags=0}) = -1 ENOSYS (Function not implemented)
        7 io_uring_setup(8, {flags=0}) = 3
        """)
    assert [(d.code, d.task.tid if d.task else None, d.line) for d in followed.doubts] == [
        ("io-uring", 7, 2)
    ]


# addresses and options that strace did not decode


@pytest.mark.parametrize("address", ["0x7ffd1, 16", "{sa_family=AF_INET, ...}, 16", "NULL, 0"])
def test_connect_to_an_address_that_is_not_shown(address: str) -> None:
    followed = follow(f"socket({TCP}) = 3\nbind(3, {ANY}) = 0\nconnect(3, {address}) = 0")
    assert followed.told[2:] == ["connect 3: ephemeral unconnected"]
    assert followed.unknown == ["undecoded-address"]


@pytest.mark.parametrize(
    ("call", "unknown"),
    [
        ("connect(3, 0x7ffd1, 16) = 0", ["undecoded-address"]),
        ("connect(0x3, 0x7ffd1, 0x10) = 0", ["undecoded-address"]),
        ("connect(3<TCP:[4711]>, 0x7ffd1, 16) = 0", ["undecoded-address"]),
        ("connect(3<UNIX-STREAM:[4711]>, 0x7ffd1, 16) = 0", []),
        ("connect(3, 0x7ffd1, 16) = -1 EFAULT (Bad address)", []),
        ("connect(3, 0x7ffd1, 16) = -1 EBADF (Bad file descriptor)", []),
    ],
)
def test_connect_of_a_socket_that_was_not_shown_either(call: str, unknown: list[str]) -> None:
    assert follow(call).unknown == unknown


def test_a_call_that_could_not_read_the_address() -> None:
    followed = follow(f"socket({TCP}) = 3\nconnect(3, 0x1, 16) = -1 EFAULT (Bad address)")
    assert followed.unknown == []


def test_the_address_of_another_family_does_not_matter() -> None:
    followed = follow("""
        socket(AF_UNIX, SOCK_STREAM, 0) = 3
        connect(3, 0x7ffd1, 110) = 0
        bind(3, 0x7ffd1, 110) = -1 EADDRINUSE (Address already in use)
        """)
    assert followed.unknown == []


@pytest.mark.parametrize("address", ["0x7ffd1, 16", "{sa_family=AF_INET, ...}, 16"])
def test_bind_to_an_address_that_is_not_shown(address: str) -> None:
    """It counts when the socket connects, and is itself the line to look at."""
    followed = follow(f"socket({TCP}) = 3\nbind(3, {address}) = 0\nlisten(3, 5) = 0")
    assert followed.unknown == []
    followed = follow(f"socket({TCP}) = 3\nbind(3, {address}) = 0\nconnect(3, {WEB}) = 0")
    assert [(d.code, d.line) for d in followed.doubts] == [("undecoded-address", 2)]
    assert followed.last.local is None


def test_a_bind_that_found_no_port_or_a_port_in_use() -> None:
    followed = follow(f"""
        socket({TCP}) = 3
        bind(3, 0x7ffd1, 16) = -1 EADDRINUSE (Address already in use)
        bind(3, 0x7ffd1, 16) = -1 EACCES (Permission denied)
        bind(9, 0x7ffd1, 16) = 0
        """)
    assert [(d.code, d.line) for d in followed.doubts] == [("undecoded-address", 2)]


def test_addresses_as_bare_bytes_are_addresses() -> None:
    """-X raw"""
    followed = follow(r"""
        socket(0x2, 0x1|0x80000, 0) = 3
        setsockopt(3, 0x1, 0x2, [1], 4) = 0
        bind(3, {sa_family=0x2, sin_port="\x00\x00", sin_addr="\x00\x00\x00\x00"}, 16) = 0
        connect(3, {sa_family=0x2, sin_port="\x00\x50", sin_addr="\xc0\x00\x02\x07"}, 16) = 0
        """)
    assert followed.told[1:] == [
        "setsockopt 3: unbound unconnected",
        "bind 3: ephemeral unconnected",
        "connect 3: ephemeral connected",
    ]
    assert followed.last.peer is not None
    assert (followed.last.peer.address, followed.last.peer.port) == ("192.0.2.7", 80)
    assert followed.last.options.reuse_address
    assert followed.unknown == []


@pytest.mark.parametrize("value", ["0x7ffd1", "NULL"])
def test_an_option_whose_value_is_not_shown_may_be_on(value: str) -> None:
    followed = follow(f"""
        socket({TCP}) = 3
        setsockopt(3, SOL_IP, IP_BIND_ADDRESS_NO_PORT, {value}, 4) = 0
        bind(3, {ANY}) = 0
        connect(3, {WEB}) = 0
        """)
    assert followed.last.binding is Binding.EPHEMERAL
    assert followed.last.doubts == {"setsockopt-hidden"}


@pytest.mark.parametrize(
    "settling",
    [
        "setsockopt(3, SOL_IP, IP_BIND_ADDRESS_NO_PORT, [0], 4) = 0\nbind(3, {ANY}) = 0",
        "bind(3, {ANY}) = 0\ngetsockname(3, {PORT}) = 0",
    ],
)
def test_until_something_shows_that_it_is_off(settling: str) -> None:
    calls = settling.replace("{ANY}", ANY).replace("{PORT}", PORT)
    socket = follow(f"""socket({TCP}) = 3
setsockopt(3, SOL_IP, IP_BIND_ADDRESS_NO_PORT, 0x7ffd1, 4) = 0
{calls}
connect(3, {WEB}) = 0""").last
    assert not socket.doubts


# calls that are missing


@pytest.mark.parametrize(
    "call",
    [
        'sendto(3, "x", 1, 0, NULL, 0) = 1',
        'write(3, "x", 1) = 1',
        'read(3, "x", 9) = 1',
        f"getpeername(3, {WEB.replace('16', '[16]')}) = 0",
        "getsockopt(3, SOL_SOCKET, SO_ERROR, [ECONNREFUSED], [4]) = 0",
        "getsockopt(3, SOL_SOCKET, SO_ERROR, [0], [4]) = 0",
    ],
)
def test_use_of_a_socket_that_was_never_connected_shows_a_hidden_connect(call: str) -> None:
    followed = follow(f"socket({TCP}) = 3\n{call}\n{call}")
    assert [(d.code, d.fd, d.line) for d in followed.doubts] == [("connect-hidden", 3, 2)]


@pytest.mark.parametrize(
    "trace",
    [
        f'socket({TCP}) = 3\nconnect(3, {WEB}) = 0\nwrite(3, "x", 1) = 1',
        f"socket({TCP}) = 3\nconnect(3, {WEB}) = {GOING_ON}\n"
        f"getsockopt(3, SOL_SOCKET, SO_ERROR, [ECONNREFUSED], [4]) = 0\n"
        f"getsockopt(3, SOL_SOCKET, SO_ERROR, [ECONNREFUSED], [4]) = 0",
        f"socket({TCP}) = 3\ngetsockopt(3, SOL_SOCKET, SO_ERROR, 0x7ffd1, [4]) = 0",
        f"socket({TCP}) = 3\nlisten(3, 5) = 0\ngetsockopt(3, SOL_SOCKET, SO_ERROR, [0], [4]) = 0",
        f"socket({TCP}) = 3\nwrite(3, 0x7f1, 1) = -1 EPIPE (Broken pipe)",
        f'socket({TCP}) = 3\n{SEND}\nread(3, "x", 9) = 1',
        f'socket({UDP}) = 3\nread(3, "x", 9) = 1',
        'listen(3, 5) = 0\naccept(3, NULL, NULL) = 4\nwrite(4, "x", 1) = 1',
        'getsockname(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")},'
        ' [16]) = 0\nwrite(3, "x", 1) = 1',
    ],
)
def test_use_that_shows_no_hidden_connect(trace: str) -> None:
    assert follow(trace).unknown == []


def test_a_port_before_connect_shows_a_hidden_bind() -> None:
    followed = follow(f"socket({TCP}) = 3\ngetsockname(3, {PORT}) = 0\nconnect(3, {WEB}) = 0")
    assert [(d.code, d.fd, d.line) for d in followed.doubts] == [("bind-hidden", 3, 2)]


@pytest.mark.parametrize(
    "trace",
    [
        f"socket({TCP}) = 3\nconnect(3, {WEB}) = {REFUSED}\ngetsockname(3, {PORT}) = 0\n"
        f"connect(3, {WEB}) = 0",
        f"socket({UDP}) = 3\ngetsockname(3, {PORT}) = 0\nconnect(3, {WEB}) = 0",
        f"socket({TCP}) = 3\nbind(3, {ANY}) = 0\ngetsockname(3, {PORT}) = 0\nconnect(3, {WEB}) = 0",
    ],
)
def test_a_port_that_is_no_surprise(trace: str) -> None:
    assert follow(trace).unknown == []


# what -yy proves


@pytest.mark.parametrize(
    ("note", "proved"),
    [
        ("<TCP:[0.0.0.0:40001]>", True),
        ("<TCP:[4711]>", False),
        ("<socket:[4711]>", False),
        ("", False),
        ("<TCP:[192.0.2.1:40001->192.0.2.7:80]>", False),
    ],
)
def test_a_port_shown_between_bind_and_connect_proves_the_binding(note: str, proved: bool) -> None:
    followed = so_far(
        f"socket({TCP}) = 3\nbind(3, {ANY}) = 0\nconnect(3{note}, {WEB}) = {GOING_ON}"
    )
    assert followed.last.proved_pinned is proved


def test_no_port_shown_under_no_port() -> None:
    socket = follow(f"""
        socket({TCP}) = 3<TCP:[4711]>
        setsockopt(3<TCP:[4711]>, {NO_PORT}) = 0
        bind(3<TCP:[4711]>, {ANY}) = 0
        connect(3<TCP:[4711]>, {WEB}) = 0
        """).last
    assert (socket.binding, socket.proved_pinned) == (Binding.AUTOBOUND, False)


@pytest.mark.parametrize(
    "first",
    [
        "getpid() = 7",
        "poll([{fd=3, events=POLLIN}], 1, 5 <unfinished ...>\n<... poll resumed>) = 0 (Timeout)",
    ],
)
def test_copies_of_older_sockets_are_followed_whatever_the_trace_begins_with(first: str) -> None:
    followed = follow(f"{first}\ndup(5) = 6\nbind(5, {ANY}) = 0\nconnect(6, {WEB}) = 0")
    (connect,) = [step for step in followed.steps if step.role == "connect"]
    assert connect.socket.evidence("bind") is not None
