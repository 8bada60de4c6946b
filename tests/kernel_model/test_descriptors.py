"""Descriptors: how a number comes to stand for a socket, and when the last one is gone."""

from __future__ import annotations

import pytest
from kernel_model.following import (
    ANY,
    FIXED,
    FORK,
    MAIL,
    PORT,
    REFUSED,
    TCP,
    THREAD,
    WEB,
    follow,
    so_far,
    told,
)

EXEC = 'execve("/bin/cat", ["cat"], 0x7ffd9 /* 9 vars */) = 0'

COPIES = [
    "dup(3) = 4",
    "dup2(3, 4) = 4",
    "dup3(3, 4, 0) = 4",
    "dup3(3, 4, O_CLOEXEC) = 4",
    "fcntl(3, F_DUPFD, 4) = 4",
    "fcntl(3, F_DUPFD_CLOEXEC, 4) = 4",
    "fcntl64(3, F_DUPFD, 4) = 4",
    "fcntl(3, 0, 4) = 4",
    "fcntl(3, 0x406, 4) = 4",
]
KEEPS = ["dup(3) = 4", "dup2(3, 4) = 4", "dup3(3, 4, 0) = 4", "fcntl(3, F_DUPFD, 4) = 4"]


@pytest.mark.parametrize("copy", COPIES)
def test_a_copy_is_the_same_socket(copy: str) -> None:
    followed = follow(f"""
        socket({TCP}) = 3
        bind(3, {ANY}) = 0
        {copy}
        close(3) = 0
        connect(4, {WEB}) = 0
        close(4) = 0
        """)
    assert followed.told[2:] == ["connect 4: ephemeral connected", "close 4: gone"]


@pytest.mark.parametrize("copy", COPIES)
def test_which_copies_execve_closes(copy: str) -> None:
    followed = so_far(f"""
        socket({TCP}) = 3
        {copy}
        {EXEC}
        """)
    assert followed.open_fds(0) == ([3, 4] if copy in [*KEEPS, *COPIES[6:8]] else [3])


@pytest.mark.parametrize(
    "call",
    [
        "dup(3) = -1 EMFILE (Too many open files)",
        "dup2(3, 3) = 3",
        "fcntl(3, F_DUPFD, 4) = -1 EINVAL (Invalid argument)",
        "fcntl(3, F_GETFL) = 0x2 (flags O_RDWR)",
        "fcntl(3, F_SETFL, O_RDWR|O_NONBLOCK) = 0",
        "fcntl(AT_FDCWD, F_SETFD, FD_CLOEXEC) = 0",
        "dup(-1) = 9",
    ],
)
def test_a_call_that_copies_nothing(call: str) -> None:
    assert so_far(f"socket({TCP}) = 3\n{call}").open_fds(0) == [3]


def test_dup2_closes_what_was_there() -> None:
    assert told(f"""
        socket({TCP}) = 3
        socket({TCP}) = 4
        bind(4, {ANY}) = 0
        dup2(3, 4) = 4
        close(3) = 0
        dup2(4, 3) = 3
        dup2(4, 3) = 3
        close(4) = 0
        dup2(7, 3) = 3
        """)[2:] == ["bind 4: ephemeral unconnected", "close 4: gone", "close 3: gone"]


@pytest.mark.parametrize(
    "call",
    [
        'open("/etc/hosts", O_RDONLY) = 3',
        'openat(AT_FDCWD, "/etc/hosts", O_RDONLY|O_CLOEXEC) = 3',
        "epoll_create1(EPOLL_CLOEXEC) = 3",
        "eventfd2(0, EFD_CLOEXEC) = 3",
        "timerfd_create(CLOCK_MONOTONIC, 0) = 3",
        "pipe2([3, 5], O_CLOEXEC) = 0",
        "pipe([5, 3]) = 0",
        "socketpair(AF_UNIX, SOCK_STREAM, 0, [3, 5]) = 0",
        "socket(AF_UNIX, SOCK_STREAM, 0) = 3",
        "dup(9) = 3",
        "dup2(9, 3) = 3",
        "io_uring_setup(8, {flags=0}) = 3",
        "pidfd_open(77, 0) = 3",
    ],
)
def test_a_call_that_returns_the_number_ends_what_it_was(call: str) -> None:
    """A close was missed: not traced, or made through io_uring."""
    assert "close 3: gone" in told(f"socket({TCP}) = 3\nbind(3, {ANY}) = 0\n{call}")


@pytest.mark.parametrize(
    "call",
    [
        'openat(AT_FDCWD, "/none", O_RDONLY) = -1 ENOENT (No such file or directory)',
        "pipe2(0x7ffd1, 0) = -1 EMFILE (Too many open files)",
        "pipe2(0x7ffd1, 0) = 0",
        "socketpair(AF_UNIX, SOCK_STREAM, 0, 0x7ffd1) = -1 EMFILE (Too many open files)",
        "socketpair(AF_UNIX, SOCK_STREAM, 0, 0x7ffd1) = 0",
        f"socket({TCP}) = -1 EMFILE (Too many open files)",
        "io_uring_setup(8, {flags=0}) = -1 ENOSYS (Function not implemented)",
        'read(3, "", 0) = 0',
        "ioctl(3, FIONREAD, [0]) = 0",
        "ioctl(3, FIOCLEX) = -1 EBADF (Bad file descriptor)",
    ],
)
def test_a_call_that_ends_nothing(call: str) -> None:
    assert so_far(f"socket({TCP}) = 3\n{call}").open_fds(0) == [3]


@pytest.mark.parametrize("result", ["0", "?", "-1 EINTR (Interrupted system call)", "-1 EIO (E)"])
def test_close_frees_the_number_whatever_it_says(result: str) -> None:
    assert told(f"socket({TCP}) = 3\nclose(3) = {result}")[1:] == ["close 3: gone"]


def test_close_that_finds_nothing_shows_that_the_number_was_free() -> None:
    followed = follow(f"""
        socket({TCP}) = 3
        bind(3, {ANY}) = 0
        close(3) = -1 EBADF (Bad file descriptor)
        close(3) = -1 EBADF (Bad file descriptor)
        close(AT_FDCWD) = -1 EBADF (Bad file descriptor)
        """)
    assert followed.told[2:] == ["close 3: gone"]


def test_a_close_whose_return_is_lost_ends_with_the_next() -> None:
    followed = told(f"""
        7 socket({TCP}) = 3
        7 socket({TCP}) = 4
        7 close(3 <unfinished ...>
        7 close(4 <unfinished ...>
        7 <... close resumed>) = 0
        """)
    assert followed[2:] == ["close 3: gone", "close 4: gone"]


def test_close_frees_the_number_when_it_is_entered() -> None:
    """Another thread is given it before close() is back: two sockets, one number."""
    followed = follow(f"""
        7 execve("/bin/a", ["a"], 0x7ffd1 /* 9 vars */) = 0
        7 clone({THREAD}) = 8
        7 socket({TCP}) = 3
        7 bind(3, {ANY}) = 0
        7 close(3 <unfinished ...>
        8 socket({TCP}) = 3
        7 <... close resumed>) = 0
        8 connect(3, {WEB}) = 0
        """)
    assert followed.said[2:] == [
        "8 socket 3: unbound unconnected",
        "7 close 3: gone",
        "8 connect 3: autobound connected",
    ]


def test_close_that_never_came_back() -> None:
    assert told(f"""
        7 socket({TCP}) = 3
        7 close(3 <unfinished ...>
        7 +++ killed by SIGKILL +++
        """)[1:] == ["close 3: gone"]


def test_close_of_a_copy_in_two_halves() -> None:
    assert told(f"""
        7 socket({TCP}) = 3
        7 dup(3) = 4
        7 close(3 <unfinished ...>
        8 close(9 <unfinished ...>
        8 <... close resumed>) = 0
        7 <... close resumed>) = 0
        7 close(4) = 0
        """)[1:] == ["close 4: gone"]


def test_closes_of_two_processes_under_way_at_once_end_the_socket_once() -> None:
    """The one that is back last does: until then it holds the socket, whose number is free."""
    followed = follow(f"""
        7 socket({TCP}) = 3
        7 clone({FORK}) = 8
        8 close_range(3, 11, 0 <unfinished ...>
        7 close(3 <unfinished ...>
        8 <... close_range resumed>) = 0
        7 <... close resumed>) = 0
        """)
    assert followed.said[1:] == ["7 close 3: gone"]


@pytest.mark.parametrize(
    "call",
    [
        "socket(AF_UNIX, SOCK_STREAM, 0) = 4<UNIX-STREAM:[7]>",
        "socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE) = 4<NETLINK:[ROUTE:7]>",
        "accept4(3<UNIX-STREAM:[6]>, NULL, NULL, 0) = 4<UNIX-STREAM:[7]>",
    ],
)
def test_a_socket_whose_note_says_that_it_is_of_another_kind_is_not_held(call: str) -> None:
    assert so_far(call).open_fds(0) == []


def test_a_number_that_another_kind_of_socket_got_is_no_longer_what_it_was() -> None:
    """Its close() was not seen."""
    assert told(f"""
        socket({TCP}) = 3
        socket(AF_UNIX, SOCK_STREAM, 0) = 3<UNIX-STREAM:[7]>
        """)[1:] == ["close 3: gone"]


def test_close_of_the_first_task_before_anything_said_its_number() -> None:
    """Without -f -o the first task is bare until a second one is followed."""
    followed = follow(f"""
        socket({TCP}) = 3
        clone({THREAD}) = 8
        strace: Process 8 attached
        close(3 <unfinished ...>
        [pid 8] socket({TCP}) = 3
        [pid 7] <... close resumed>) = 0
        [pid 7] connect(3, {WEB}) = 0
        """)
    assert followed.said[1:] == [
        "8 socket 3: unbound unconnected",
        "7 close 3: gone",
        "7 connect 3: autobound connected",
    ]


# close_range


@pytest.mark.parametrize(
    ("call", "left"),
    [
        ("close_range(4, 5, 0) = 0", [3, 6]),
        ("close_range(4, 4294967295, 0) = 0", [3]),
        ("close_range(4, ~0U, 0) = 0", [3]),
        ("close_range(4, -1, 0) = 0", [3]),
        ("close_range(0x4, 0x5, 0) = 0", [3, 6]),
        ("close_range(3, 6, CLOSE_RANGE_CLOEXEC) = 0", [3, 4, 5, 6]),
        ("close_range(5, 6, 0) = -1 EINVAL (Invalid argument)", [3, 4, 5, 6]),
        ("close_range(FOO, 6, 0) = 0", [3, 4, 5, 6]),
    ],
)
def test_close_range(call: str, left: list[int]) -> None:
    sockets = "\n".join(f"socket({TCP}) = {fd}" for fd in (3, 4, 5, 6))
    assert so_far(f"{sockets}\n{call}").open_fds(0) == left


def test_close_range_may_leave_it_to_execve() -> None:
    followed = so_far(f"""
        socket({TCP}) = 3
        socket({TCP}) = 4
        close_range(4, 4294967295, CLOSE_RANGE_CLOEXEC) = 0
        {EXEC}
        """)
    assert followed.open_fds(0) == [3]
    assert followed.told[2:] == ["close 4: gone"]


def test_close_range_may_unshare_first() -> None:
    followed = so_far(f"""
        7 execve("/bin/a", ["a"], 0x7ffd1 /* 9 vars */) = 0
        7 clone({THREAD}) = 8
        7 socket({TCP}) = 3
        8 close_range(3, 3, CLOSE_RANGE_UNSHARE) = 0
        8 close_range(3, 3, CLOSE_RANGE_UNSHARE) = 0
        """)
    assert (followed.open_fds(7), followed.open_fds(8)) == ([3], [])
    assert followed.told[1:] == []


# close-on-exec


@pytest.mark.parametrize(
    ("call", "closes"),
    [
        ("fcntl(3, F_SETFD, FD_CLOEXEC) = 0", True),
        ("fcntl(3, F_SETFD, 0x1) = 0", True),
        ("fcntl(3, F_SETFD, 0) = 0", False),
        ("ioctl(3, FIOCLEX) = 0", True),
        ("ioctl(3, 0x5451) = 0", True),
        ("ioctl(9, FIOCLEX) = 0", False),
    ],
)
def test_the_flag_can_be_set(call: str, closes: bool) -> None:
    assert so_far(f"socket({TCP}) = 3\n{call}\n{EXEC}").open_fds(0) == ([] if closes else [3])


@pytest.mark.parametrize(
    "call", ["fcntl(3, F_SETFD, 0) = 0", "ioctl(3, FIONCLEX) = 0", "ioctl(3, 0x5450) = 0"]
)
def test_the_flag_can_be_cleared(call: str) -> None:
    socket = "socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP) = 3"
    assert so_far(f"{socket}\n{EXEC}").open_fds(0) == []
    assert so_far(f"{socket}\n{call}\n{EXEC}").open_fds(0) == [3]


def test_accept4_can_set_it() -> None:
    followed = so_far(f"""
        socket({TCP}) = 3
        listen(3, 5) = 0
        accept4(3, NULL, NULL, SOCK_CLOEXEC|SOCK_NONBLOCK) = 4
        accept4(3, NULL, NULL, SOCK_NONBLOCK) = 5
        {EXEC}
        """)
    assert followed.open_fds(0) == [3, 5]


CLOSED_AT_EXEC = f"""socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP) = 3
bind(3, {ANY}) = 0
{EXEC}
"""


def test_a_number_used_after_execve_was_not_closed() -> None:
    """FIONCLEX is often not traced."""
    followed = follow(CLOSED_AT_EXEC + f"connect(3, {WEB}) = 0\n{EXEC}")
    assert followed.told[2:] == [
        "close 3: gone",
        "inherited 3: ephemeral unconnected",
        "connect 3: ephemeral connected",
    ]


def test_nor_was_its_copy() -> None:
    socket = "socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP) = 3"
    followed = follow(f"{socket}\ndup(3) = 4\n{EXEC}\nlisten(3, 5) = 0\nclose(4) = 0")
    assert followed.told[1:] == ["listen 3: autobound listening"]


def test_a_flag_of_its_number_or_a_close_that_is_cut_does_not_bring_it_back() -> None:
    calls = "fcntl(3, F_SETFD, 0) = 0\nclose(3 <unfinished ...>"
    assert told(CLOSED_AT_EXEC + calls)[2:] == ["close 3: gone"]


@pytest.mark.parametrize(
    "call",
    [
        'openat(AT_FDCWD, "/etc/hosts", O_RDONLY) = 3',
        "dup2(1, 3) = 3",
        "close(3) = -1 EBADF (Bad file descriptor)",
    ],
)
def test_unless_the_number_was_given_or_found_free(call: str) -> None:
    assert told(CLOSED_AT_EXEC + f"{call}\nlisten(3, 5) = 0")[2:] == [
        "close 3: gone",
        "inherited 3: unbound unconnected",
        "listen 3: autobound listening",
    ]


def test_a_failed_execve_closes_nothing() -> None:
    followed = so_far("""
        socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP) = 3
        execve("/none", ["none"], 0x7ffd9 /* 9 vars */) = -1 ENOENT (No such file or directory)
        execve("/bin/a", ["a"], 0x7ffd9 /* 9 vars */ <unfinished ...>
        """)
    assert followed.open_fds(0) == [3]


def test_a_fork_keeps_the_socket_open() -> None:
    followed = follow(f"""
        7 socket({TCP}) = 3
        7 bind(3, {ANY}) = 0
        7 clone({FORK}) = 8
        7 close(3) = 0
        8 connect(3, {WEB}) = {REFUSED}
        8 exit_group(0) = ?
        8 +++ exited with 0 +++
        """)
    assert followed.said[2:] == [
        "8 connect 3: deferred unconnected (ECONNREFUSED)",
        "8 close 3: gone",
    ]


# what -y and -yy say of a number


@pytest.mark.parametrize(
    "use",
    [
        "listen(3</dev/null>, 5) = -1 ENOTSOCK (Socket operation on non-socket)",
        "recvmsg(3<UNIX-STREAM:[4712]>, {msg_namelen=0}, 0) = 1",
        "getsockopt(3<NETLINK:[4712]>, SOL_SOCKET, SO_TYPE, [3], [4]) = 0",
        'write(3<TCP:[4712]>, "x", 1) = 1',
        'write(3<socket:[4712]>, "x", 1) = 1',
        'write(3<UDP:[127.0.0.1:53]>, "x", 1) = 1',
    ],
)
def test_a_note_that_contradicts_shows_a_missed_close(use: str) -> None:
    assert told(f"socket({TCP}) = 3<TCP:[4711]>\nbind(3<TCP:[4711]>, {ANY}) = 0\n{use}")[2:] == [
        "close 3: gone"
    ]


@pytest.mark.parametrize(
    "use",
    [
        'read(3<TCP:[4711]>, "x", 1) = 1',
        'read(3<socket:[4711]>, "x", 1) = 1',
        'read(3<TCP:[0.0.0.0:40001]>, "x", 1) = 1',
        'read(3<TCP:[192.0.2.1:40001->192.0.2.7:80]>, "x", 1) = 1',
        'read(3, "x", 1) = 1',
    ],
)
def test_a_note_that_agrees(use: str) -> None:
    setup = f"socket({TCP}) = 3<TCP:[4711]>\nbind(3<TCP:[4711]>, {ANY}) = 0\n"
    followed = so_far(setup + use)
    assert followed.open_fds(0) == [3]
    assert len(followed.steps) == 2


@pytest.mark.parametrize(
    ("setup", "note"),
    [
        ("", "0.0.0.0:40001"),
        (f"bind(3, {FIXED}) = 0", "0.0.0.0:40001"),
        (f"bind(3, {ANY}) = 0\ngetsockname(3, {PORT}) = 0", "0.0.0.0:40002"),
        (f"connect(3, {WEB}) = 0", "0.0.0.0:40001"),
    ],
)
def test_a_port_that_it_cannot_have_shows_another_socket(setup: str, note: str) -> None:
    followed = so_far(f"socket({TCP}) = 3\n{setup}\nlisten(3<TCP:[{note}]>, 5) = 0")
    assert followed.told[-3:-1] == ["close 3: gone", "inherited 3: unbound unconnected"]


@pytest.mark.parametrize(
    ("setup", "note"),
    [
        (f"bind(3, {ANY}) = 0\ngetsockname(3, {PORT}) = 0", "0.0.0.0:40001"),
        (f"bind(3, {FIXED}) = 0", "0.0.0.0:4000"),
        (f"bind(3, {FIXED}) = 0", "192.0.2.1:4000->192.0.2.7:80"),
        (f"bind(3, {ANY}) = 0\nconnect(3, {WEB}) = {REFUSED}", "0.0.0.0:40009"),
        ("listen(3, 5) = 0", "0.0.0.0:40001"),
    ],
)
def test_a_port_that_it_can_have(setup: str, note: str) -> None:
    followed = so_far(f"socket({TCP}) = 3\n{setup}\nlisten(3<TCP:[{note}]>, 5) = 0")
    assert "close 3: gone" not in followed.told


def test_a_dup_that_is_not_traced_is_seen_by_the_port_it_shows() -> None:
    followed = so_far(f"""
        7 execve("/bin/a", ["a"], 0x7ffd1 /* 9 vars */) = 0
        7 clone({THREAD}) = 8
        7 socket({TCP}) = 3<TCP:[4711]>
        7 bind(3<TCP:[4711]>, {ANY}) = 0
        8 socket({TCP}) = 4<TCP:[4712]>
        8 bind(4<TCP:[4712]>, {ANY}) = 0
        7 connect(5<TCP:[0.0.0.0:40001]>, {WEB}) = 0
        9 connect(6<TCP:[0.0.0.0:40002]>, {WEB}) = 0
        8 connect(6<TCP:[192.0.2.1:40002]>, {WEB}) = 0
        """)
    assert followed.said[4:] == [
        "7 connect 5: ephemeral connected",
        "9 inherited 6: unbound unconnected",
        "9 connect 6: autobound connected",
        "8 inherited 6: unbound unconnected",
        "8 connect 6: autobound connected",
    ]
    assert followed.steps[4].socket.doubts == {"fd-reuse"}


def test_the_subflow_of_an_mptcp_socket_is_no_other_socket() -> None:
    followed = so_far("""
        socket(AF_INET, SOCK_STREAM, IPPROTO_MPTCP) = 3
        read(3<TCP:[192.0.2.1:40001->192.0.2.7:80]>, "x", 1) = 1
        """)
    assert followed.open_fds(0) == [3]


def test_a_note_tells_what_the_trace_has_not() -> None:
    socket = follow(f"""
        socket({TCP}) = 3
        bind(3, {ANY}) = 0
        setsockopt(3<TCP:[0.0.0.0:40001]>, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0
        listen(3<TCP:[4711]>, 5) = 0
        """).last
    assert (socket.assigned_port, socket.inode) == (40001, 4711)


def test_a_close_that_was_no_socket_s_is_not_the_close_of_the_task_that_is_named_later() -> None:
    """Half a line without a pid, then the pid: number 5 was nothing when the close began."""
    assert told(f"""
        close(5 <unfinished ...>
        [pid 13] socket({TCP}) = 5
        [pid 12] <... close resumed>) = 0
        [pid 13] connect(5, {WEB}) = 0
        """) == ["socket 5: unbound unconnected", "connect 5: autobound connected"]


def test_a_call_that_never_returns_is_made_by_the_task_that_was_named_meanwhile() -> None:
    followed = follow(f"""
        socket({TCP}) = 3
        clone({FORK}) = 13
        connect(3, {WEB} <unfinished ...>
        [pid 13] close(3) = 0
        [pid 12] +++ killed by SIGKILL +++
        """)
    assert followed.said[-2:] == ["12 connect 3: autobound connecting", "12 close 3: gone"]


def test_a_call_is_about_what_its_number_meant_when_it_began() -> None:
    followed = follow(f"""
        1 socket({TCP}) = 3
        1 bind(3, {ANY}) = 0
        1 clone({THREAD}) = 2
        2 connect(3, {WEB} <unfinished ...>
        1 close(3) = 0
        1 socket({TCP}) = 3
        1 bind(3, {ANY}) = 0
        2 <... connect resumed>) = 0
        1 connect(3, {MAIL}) = -1 EINPROGRESS (Operation now in progress)
        """)
    first, second = followed.socket_after(2), followed.socket_after(7)
    assert (first.id, second.id) != (second.id, first.id)
    assert [followed.socket_after(line).id for line in (4, 9)] == [first.id, second.id]
    assert followed.step_of(4).now is None  # the last reference was that of the call itself
