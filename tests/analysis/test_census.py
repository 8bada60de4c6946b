"""The census: which processes made sockets, how each connected, to how many destinations."""

from __future__ import annotations

from inspect import cleandoc

import pytest
from report.printed import printed

import strace_analyzer as sa
from strace_analyzer.analysis import Settings
from strace_analyzer.findings import Process
from tests.kernel_model.following import ANY, FIXED, MAIL, NO_PORT, OURS, PORT, TCP, UDP, WEB


def processes(trace: str) -> tuple[Process, ...]:
    analyzer = sa.Analyzer("trace")
    for line in cleandoc(trace).splitlines():
        analyzer.feed(line)
    return analyzer.close().processes


COUNTED = ("sockets", "tcp_connections", "early_bound", "no_port", "address_bound")


@pytest.mark.parametrize(
    ("calls", "counts"),
    [
        (f"connect(3, {WEB}) = 0", (1, 1, 0, 0, 0)),
        (f"bind(3, {ANY}) = 0\nconnect(3, {WEB}) = 0", (1, 1, 1, 0, 0)),
        (f"bind(3, {OURS}) = 0\nconnect(3, {WEB}) = 0", (1, 1, 0, 0, 1)),
        (f"bind(3, {FIXED}) = 0\nconnect(3, {WEB}) = 0", (1, 1, 0, 0, 1)),
        (
            f"setsockopt(3, {NO_PORT}) = 0\nbind(3, {ANY}) = 0\nconnect(3, {WEB}) = 0",
            (1, 1, 0, 1, 0),
        ),
        (f"bind(3, {ANY}) = 0\nlisten(3, 5) = 0", (1, 0, 0, 0, 0)),
        # a port that the refused connect gave back is not bound any more
        (
            f"bind(3, {ANY}) = 0\n"
            f"connect(3, {WEB}) = -1 ECONNREFUSED (Connection refused)\nconnect(3, {WEB}) = 0",
            (1, 2, 1, 0, 0),
        ),
    ],
    ids=["plain", "early", "address", "port", "no port", "listener", "refused and again"],
)
def test_a_connection_is_counted_by_what_was_bound_before_it(
    calls: str, counts: tuple[int, ...]
) -> None:
    (process,) = processes(f"socket({TCP}) = 3\n{calls}")
    assert tuple(getattr(process, name) for name in COUNTED) == counts


def test_a_bind_that_was_not_decoded_does_not_say_to_what() -> None:
    """strace -e raw=bind"""
    (process,) = processes(f"socket({TCP}) = 3\nbind(0x3, 0x7ffd, 0x10) = 0\nconnect(3, {WEB}) = 0")
    assert (process.address_bound, process.not_told) == (0, 1)


SHOWN = '{sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, [16]'


@pytest.mark.parametrize(
    ("calls", "not_told"),
    [
        (f"connect(3, {WEB}) = 0", 1),
        (f"socket({TCP}) = 3\nconnect(3, {WEB}) = 0", 0),
        (f"bind(3, {ANY}) = 0\nconnect(3<TCP:[0.0.0.0:40001]>, {WEB}) = 0", 0),
        (f"socket({TCP}) = 3\ngetsockname(3, {PORT}) = 0\nconnect(3, {WEB}) = 0", 1),
        (f"socket({TCP}) = 3\nbind(3, 0x7ffd, 16) = 0\nconnect(3, {WEB}) = 0", 1),
        (f"getsockname(3, {SHOWN}) = 0\nconnect(3, {WEB}) = 0", 0),
    ],
    ids=["older", "made here", "bound here", "bound unseen", "undecoded", "shown to be unbound"],
)
def test_how_a_port_was_chosen_is_not_told_where_the_socket_is_older(
    calls: str, not_told: int
) -> None:
    (process,) = processes(calls)
    assert (process.tcp_connections, process.not_told) == (1, not_told)


@pytest.mark.parametrize(
    ("accepted", "lives"),
    [("{sa_family=AF_UNIX}, [2]", 0), (f"{WEB.removesuffix('16')}[16]", 2), ("NULL, NULL", 2)],
)
def test_a_listener_is_an_internet_socket_only_where_the_trace_says_so(
    accepted: str, lives: int
) -> None:
    """Its socket() is older than the trace: the address of who came tells, if it is shown."""
    analyzer = sa.Analyzer("trace", Settings(rules=(), keep_sockets=True))
    analyzer.feed("getpid() = 5")
    analyzer.feed('open("/dev/null", O_RDWR) = 3')
    analyzer.feed("listen(9, 50) = 0")
    analyzer.feed(f"accept(9, {accepted}) = 10")
    made = analyzer.close()
    assert [process.sockets for process in made.processes] == [0]
    assert len(made.sockets) == len(list(made.sockets)) == lives
    assert printed(made).startswith("no connections: 1 process, no outgoing TCP connection\n")


def test_what_became_of_connections_and_where_they_went() -> None:
    (process,) = processes(
        f"""
        socket({TCP}) = 3
        connect(3, {WEB}) = 0
        socket({TCP}) = 4
        connect(4, {WEB}) = -1 EINPROGRESS (Operation now in progress)
        getsockopt(4, SOL_SOCKET, SO_ERROR, [0], [4]) = 0
        socket({TCP}) = 5
        connect(5, {MAIL}) = -1 EINPROGRESS (Operation now in progress)
        getsockopt(5, SOL_SOCKET, SO_ERROR, [ECONNREFUSED], [4]) = 0
        socket({TCP}) = 6
        connect(6, {MAIL}) = -1 EINPROGRESS (Operation now in progress)
        """
    )
    assert (process.tcp_connections, process.connected, process.failed) == (4, 2, 1)
    assert process.destinations == 2


def test_datagrams_and_what_came_in_are_no_connections_of_the_process() -> None:
    (process,) = processes(
        f"""
        socket({UDP}) = 3
        connect(3, {WEB}) = 0
        socket({TCP}) = 4
        bind(4, {FIXED}) = 0
        listen(4, 5) = 0
        accept(4, {WEB}) = 5
        """
    )
    assert (process.sockets, process.tcp_connections, process.connected) == (2, 0, 0)


def test_a_connection_counts_for_the_process_that_made_the_socket() -> None:
    parent, child = processes(
        f"""
        70 execve("/usr/bin/fetch", ["fetch", "--all"], 0x7ffe /* 20 vars */) = 0
        70 socket({TCP}) = 3
        70 clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|SIGCHLD, child_tidptr=0x7f1) = 71
        71 connect(3, {WEB}) = 0
        71 socket({TCP}) = 4
        71 connect(4, {MAIL}) = 0
        """
    )
    assert (parent.id, parent.tgid, parent.parent) == ("t1:70", 70, None)
    assert (parent.command, parent.argv) == ("fetch", ("fetch", "--all"))
    assert (parent.sockets, parent.tcp_connections) == (1, 1)
    assert (child.id, child.tgid, child.parent) == ("t1:71", 71, "t1:70")
    assert (child.sockets, child.tcp_connections) == (1, 1)


def test_findings_are_counted_by_process_and_rule() -> None:
    (process,) = processes(
        f"""
        socket({TCP}) = 3
        bind(3, {ANY}) = 0
        connect(3, {WEB}) = 0
        socket({TCP}) = 4
        bind(4, {OURS}) = 0
        connect(4, {WEB}) = 0
        """
    )
    assert process.findings == {"bind-address-port-zero": 1, "bind-any-port-zero": 1}
