"""How full the range of UDP ports is, before anything fails."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report.printed import printed

import strace_analyzer as sa

LOW, HIGH = 40000, 40099
BEGIN = '7 execve("/bin/a", ["a"], 0x7ffd1 /* 3 vars */) = 0\n7 close(99) = -1 EBADF (Bad file descriptor)\n'


def at(port: int, address: str = "0.0.0.0") -> str:
    if ":" in address:
        return (
            f"{{sa_family=AF_INET6, sin6_port=htons({port}), sin6_flowinfo=htonl(0), "
            f'inet_pton(AF_INET6, "{address}", &sin6_addr), sin6_scope_id=0}}, 28'
        )
    return f'{{sa_family=AF_INET, sin_port=htons({port}), sin_addr=inet_addr("{address}")}}, 16'


def taken(
    how: str, fd: int, address: str = "0.0.0.0", option: str = "", port: int = 0
) -> list[str]:
    """The calls by which a UDP socket gets a port."""
    family = "AF_INET6" if ":" in address else "AF_INET"
    to = at(53, "2001:db8::1" if ":" in address else "192.0.2.1")
    get = {
        "bind": f"bind({fd}, {at(port, address)}) = 0",
        "connect": f"connect({fd}, {to}) = 0",
        "send": f'sendto({fd}, ""..., 1, 0, {to}) = 1',
    }
    switched = [f"setsockopt({fd}, SOL_SOCKET, {option}, [1], 4) = 0"] if option else []
    return [f"socket({family}, SOCK_DGRAM, IPPROTO_IP) = {fd}", *switched, get[how]]


def analysed(lines: list[str], pid: int = 7) -> sa.Analysis:
    text = BEGIN + "".join(f"{pid} {line}\n" for line in lines)
    return sa.analyze(io.BytesIO(text.encode()), port_range=(LOW, HIGH))


def full(made: sa.Analysis) -> list[tuple[str, str | None, object]]:
    return [
        (str(one.level), one.cause, one.detail("used"))
        for one in made.findings
        if one.rule == "ephemeral-ports-exhausted"
    ]


@pytest.mark.parametrize("how", ["bind", "connect", "send"])
@pytest.mark.parametrize(
    ("count", "level"), [(79, None), (80, "warning"), (94, "warning"), (95, "error")]
)
def test_the_level_is_by_what_is_left(how: str, count: int, level: str | None) -> None:
    made = analysed([line for fd in range(3, 3 + count) for line in taken(how, fd)])
    assert full(made) == ([] if level is None else [(level, "own-sockets", count)])


def test_what_is_closed_or_shared_or_another_address_s_is_not_counted() -> None:
    closed = [line for _ in range(200) for line in [*taken("send", 3), "close(3) = 0"]]
    shared = [line for fd in range(3, 103) for line in taken("bind", fd, option="SO_REUSEADDR")]
    same = [line for fd in range(3, 103) for line in taken("bind", fd, port=40001)]
    outside = [line for fd in range(3, 103) for line in taken("bind", fd, port=20000 + fd)]
    halves = [line for fd in range(3, 103) for line in taken("bind", fd, f"192.0.2.{1 + fd % 2}")]
    for lines in (closed, shared, same, outside, halves):
        assert full(analysed(lines)) == []


def test_ports_named_within_the_range_are_gone_for_others() -> None:
    named = [line for port in range(50) for line in taken("bind", 3 + port, port=LOW + port)]
    given = [line for fd in range(60, 100) for line in taken("connect", fd)]
    assert full(analysed([*named, *given])) == [("warning", "own-sockets", 90)]


def test_tcp_that_ran_out_says_nothing_about_udp() -> None:
    dry = [
        "socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 200",
        f"bind(200, {at(0)}) = -1 EADDRINUSE (Address already in use)",
    ]
    lines = [line for fd in range(3, 93) for line in taken("connect", fd)]
    assert ("warning", "own-sockets", 90) in full(analysed([*lines, *dry]))
    failing = [
        "socket(AF_INET, SOCK_DGRAM, IPPROTO_IP) = 200",
        f"connect(200, {at(53, '192.0.2.1')}) = -1 EAGAIN (Resource temporarily unavailable)",
    ]
    assert [used for _, _, used in full(analysed([*lines, *failing]))] == [None]


def test_the_page_says_udp_and_what_helps() -> None:
    made = analysed([line for fd in range(3, 99) for line in taken("connect", fd)])
    report = " ".join(printed(made).split())
    assert "local UDP ports nearly ran out for a (pid 7): 96 of 100 in use at one time" in report
    assert "UDP sockets of this trace have these ports, one each" in report
    assert "connect() or the first send on a socket that is not bound EAGAIN" in report
    assert "Use one UDP socket for many peers" in report


def test_several_processes_are_counted() -> None:
    text = BEGIN + BEGIN.replace("7 ", "8 ")
    for fd in range(3, 51):
        text += "".join(f"{pid} {line}\n" for pid in (7, 8) for line in taken("connect", fd))
    made = sa.analyze(io.BytesIO(text.encode()), port_range=(LOW, HIGH))
    assert full(made) == [("error", "own-sockets", 96)]
    assert "nearly ran out for 2 processes" in " ".join(printed(made).split())


ADDRESSES = st.sampled_from(["0.0.0.0", "192.0.2.1", "192.0.2.2", "::", "2001:db8::1"])
MOVES = st.lists(
    st.tuples(st.sampled_from(["bind", "connect", "send", "close"]), st.integers(3, 20), ADDRESSES),
    max_size=60,
)


@given(MOVES)
def test_the_count_is_that_of_a_naive_model(moves: list[tuple[str, int, str]]) -> None:
    """Open sockets, looked at again after every call: those that a wildcard search of one family
    would meet, and of those on single addresses the most on any one."""
    low, high = 40000, 40003
    lines, open_now, most = [], dict[int, str](), 0
    for how, fd, address in moves:
        if how == "close":
            lines.append(f"close({fd}) = 0")
            open_now.pop(fd, None)
        elif fd not in open_now:
            lines += taken(how, fd, address)
            wildcard = "::" if ":" in address else "0.0.0.0"
            open_now[fd] = address if how == "bind" else wildcard
        places = list(open_now.values())
        four = max(places.count("192.0.2.1"), places.count("192.0.2.2")) + places.count("0.0.0.0")
        six = places.count("2001:db8::1")
        most = max(most, places.count("::") + max(four, six))
    text = BEGIN + "".join(f"7 {line}\n" for line in lines)
    made = sa.analyze(io.BytesIO(text.encode()), port_range=(low, high))
    used = [used for _, _, used in full(made)]
    assert used == ([] if most < 0.8 * 4 else [min(most, 4)])
