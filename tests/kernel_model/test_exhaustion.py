"""Which failed calls show that ports ran out, how sure that is, and which space of ports it was."""

from __future__ import annotations

import pytest
from kernel_model.following import (
    ANY,
    FIXED,
    GOING_ON,
    MAIL,
    NO_PORT,
    OURS,
    TCP,
    UDP,
    WEB,
    follow,
)

from strace_analyzer.exhaustion import Exhaustion
from strace_analyzer.kernel.destination import Destination, destination, space

INUSE = "-1 EADDRINUSE (Address already in use)"
NOTAVAIL = "-1 EADDRNOTAVAIL (Cannot assign requested address)"
AGAIN = "-1 EAGAIN (Resource temporarily unavailable)"
TCP6 = "AF_INET6, SOCK_STREAM, IPPROTO_TCP"
WEB6 = (
    "{sa_family=AF_INET6, sin6_port=htons(80), sin6_flowinfo=htonl(0),"
    ' inet_pton(AF_INET6, "2001:db8::7", &sin6_addr), sin6_scope_id=0}, 28'
)
NEVER = '{sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("192.0.2.7")}, 16'


def dry(trace: str) -> list[str]:
    """`E1 2` for each sign of exhaustion, with its line; `?` behind it where it is only likely."""
    judge = Exhaustion()
    found = []
    for step in follow(trace).steps:
        judge.judge(step)
        sign = step.dry
        if sign is not None:
            doubt = "" if sign.certain else "?"
            found.append(f"{sign.code.value} {step.event.span.first}{doubt}")
    return found


@pytest.mark.parametrize(
    ("trace", "signs"),
    [
        (f"socket({TCP}) = 3\nbind(3, {ANY}) = {INUSE}", ["E1 2"]),
        (f"socket({TCP}) = 3\nbind(3, {OURS}) = {INUSE}", ["E1 2"]),
        (f"socket({UDP}) = 3\nbind(3, {ANY}) = {INUSE}", ["E1 2"]),
        (f"socket({TCP}) = 3\nbind(3, {FIXED}) = {INUSE}", []),
        (f"socket({TCP}) = 3\nbind(3, 0x7ffd1, 16) = {INUSE}", []),
        (f"socket({TCP}) = 3\nbind(3, {OURS}) = {NOTAVAIL}", []),
        (f"socket({TCP}) = 3\nbind(3, {ANY}) = {INUSE} (INJECTED)", []),
        (f"socket({TCP}) = 3\nlisten(3, 5) = {INUSE}", ["E4 2"]),
        (
            f"socket({TCP}) = 3\nsetsockopt(3, {NO_PORT}) = 0\nbind(3, {ANY}) = 0\n"
            f"listen(3, 5) = {INUSE}",
            ["E4 4"],
        ),
        (f"socket({TCP}) = 3\nbind(3, {FIXED}) = 0\nlisten(3, 5) = {INUSE}", []),
        (f"socket({UDP}) = 3\nconnect(3, {WEB}) = {AGAIN}", ["E3 2?"]),
        (f'socket({UDP}) = 3\nsendto(3, "x", 1, 0, {WEB}) = {AGAIN}', ["E3 2?"]),
        (f"socket({UDP}) = 3\nbind(3, {ANY}) = 0\nconnect(3, {WEB}) = {AGAIN}", []),
        (f"socket({TCP}) = 3\nconnect(3, {WEB}) = {AGAIN}", []),
    ],
)
def test_calls_that_found_no_port(trace: str, signs: list[str]) -> None:
    assert dry(trace) == signs


def connects(*attempts: tuple[str, str], socket: str = TCP, bind: str = "") -> list[str]:
    """Signs of sockets that each connect once: address and result."""
    return dry(
        "\n".join(f"socket({socket}) = 3\n{bind}connect(3, {to}) = {how}" for to, how in attempts)
    )


def test_no_port_for_a_destination_that_was_reached_before() -> None:
    assert connects((WEB, "0"), (WEB, NOTAVAIL)) == ["E2 4"]
    assert connects((WEB, GOING_ON), (WEB, NOTAVAIL)) == ["E2 4"]


def test_no_port_for_another_destination_may_be_its_address() -> None:
    assert connects((WEB, "0"), (MAIL, NOTAVAIL)) == ["E2 4?"]


def test_a_destination_that_is_not_shown_is_nobodys() -> None:
    assert connects(("0x7ffd1, 16", "0"), (WEB, NOTAVAIL)) == ["E2 4?"]


def test_three_in_a_row_are_no_accident() -> None:
    assert connects((WEB, NOTAVAIL), (MAIL, NOTAVAIL), (WEB, NOTAVAIL), (MAIL, NOTAVAIL)) == [
        "E2 2?",
        "E2 4?",
        "E2 6",
        "E2 8",
    ]


def test_a_success_ends_the_row() -> None:
    attempts = [(MAIL, NOTAVAIL), (MAIL, NOTAVAIL), (WEB, "0"), (MAIL, NOTAVAIL)]
    assert connects(*attempts) == ["E2 2?", "E2 4?", "E2 8?"]


def test_ipv6_counts_once_it_has_worked() -> None:
    assert connects((WEB6, NOTAVAIL), (WEB6, NOTAVAIL), (WEB6, NOTAVAIL), socket=TCP6) == []
    assert connects((WEB6, "0"), (WEB6, NOTAVAIL), socket=TCP6) == ["E2 4"]


def test_port_0_and_a_port_of_its_own_are_other_reasons() -> None:
    assert connects((NEVER, NOTAVAIL)) == []
    assert connects((WEB, "0"), (WEB, NOTAVAIL), bind=f"bind(3, {FIXED}) = 0\n") == []
    assert connects((WEB, "0"), (WEB, NOTAVAIL), socket="AF_INET, SOCK_RAW, 6") == []


# which space a port is taken from


@pytest.mark.parametrize(
    ("socket", "expected"),
    [
        (TCP, "TCP"),
        ("AF_INET6, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP", "TCP"),
        ("AF_INET, SOCK_STREAM, IPPROTO_MPTCP", "TCP"),
        ("AF_INET, SOCK_STREAM, 0x106", "TCP"),
        ("AF_INET, SOCK_STREAM, IPPROTO_SCTP", "SCTP"),
        ("AF_INET, SOCK_DCCP, IPPROTO_IP", "DCCP"),
        (UDP, "UDP"),
        ("AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE", "UDPLITE"),
        ("AF_INET, SOCK_DGRAM, IPPROTO_ICMP", None),
        ("AF_INET, SOCK_RAW, IPPROTO_TCP", None),
        ("AF_INET, SOCK_STREAM, IPPROTO_FOO", "TCP"),
        ("AF_INET, SOCK_FOO, IPPROTO_IP", "TCP"),
        ("AF_INET, 0x4d /* SOCK_??? */, IPPROTO_IP", None),
    ],
)
def test_the_space_of_a_socket(socket: str, expected: str | None) -> None:
    assert space(follow(f"socket({socket}) = 3").last) == expected


@pytest.mark.parametrize("domain", ["AF_UNIX", "AF_NETLINK", "AF_FOO", "0x2a", "AF_LOCAL"])
def test_other_families_make_no_steps(domain: str) -> None:
    assert follow(f"socket({domain}, SOCK_STREAM, 0) = 3").steps == []


def test_a_family_that_is_not_printed_may_be_ours() -> None:
    socket = follow("socket(???, SOCK_STREAM, 0) = 3").last
    assert (socket.domain, socket.protocol, space(socket)) == (None, None, "TCP")


def test_an_accepted_connection_takes_none() -> None:
    trace = f"socket({TCP}) = 3\nlisten(3, 5) = 0\naccept(3, {WEB.replace('16', '[16]')}) = 4"
    assert space(follow(trace).last) is None


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (WEB, Destination("192.0.2.7", 80)),
        (WEB6, Destination("2001:db8::7", 80)),
        (WEB6.replace("2001:db8::7", "::ffff:192.0.2.7"), Destination("192.0.2.7", 80)),
    ],
)
def test_where_it_is_connected_to(address: str, expected: Destination) -> None:
    socket = follow(f"socket({TCP6}) = 3\nconnect(3, {address}) = 0").last
    assert destination(socket.peer) == expected


def test_nowhere() -> None:
    assert destination(None) is None
