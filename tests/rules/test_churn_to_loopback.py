"""Connections one after another to this host itself: ports in TIME_WAIT that the kernel gives again."""

from __future__ import annotations

import io

import pytest
from report.printed import printed

import strace_analyzer as sa

RANGE = (40000, 40099)
ANY = '{sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16'
OTHERS = [
    ('{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")}, 16', True),
    ('{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16', False),
]


def churn(to: str, tw_reuse: int | None, *, ends: str = "0") -> sa.Analysis:
    """Ninety connections in a range of a hundred ports, closed here first; what the machine said of
    tcp_tw_reuse stands at the head, if anything."""
    head = [] if tw_reuse is None else [f"# strace-analyzer: net.ipv4.tcp_tw_reuse = {tw_reuse}"]
    lines = [*head, '7 10:00:00.000000 execve("/bin/c", ["c"], 0x7ff1 /* 1 var */) = 0']
    for number in range(90):
        at = f"7 10:00:{number // 10:02}.{number % 10}"
        lines += [
            f"{at}00000 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3",
            f"{at}00100 connect(3, {to}) = {'0' if number < 89 else ends}",
            f"{at}00200 close(3) = 0",
        ]
    return sa.analyze(io.BytesIO("\n".join([*lines, ""]).encode()), port_range=RANGE)


def level(analysis: sa.Analysis) -> str:
    (found,) = [one for one in analysis.findings if one.rule == "connection-churn"]
    return str(found.level)


@pytest.mark.parametrize(
    ("tw_reuse", "expected"),
    [(None, (True, False)), (0, (False, False)), (1, (True, True)), (2, (True, False))],
)
@pytest.mark.parametrize("at", range(2), ids=["loopback", "another host"])
def test_the_level_is_for_what_the_kernel_does(
    at: int, tw_reuse: int | None, expected: tuple[bool, bool]
) -> None:
    """docs/kernel.md "TIME_WAIT": whose ports are given again after a second."""
    to, _ = OTHERS[at]
    analysis = churn(to, tw_reuse)
    assert level(analysis) == ("note" if expected[at] else "error")
    nearly = [one for one in analysis.findings if one.rule == "ephemeral-ports-exhausted"]
    assert [str(one.level) for one in nearly] == ([] if expected[at] else ["warning"])
    report = " ".join(printed(analysis).split())
    assert ("reuses such a port after a second" in report) == expected[at]
    assert ("is in TIME_WAIT for 60 s" in report) == expected[at]


@pytest.mark.parametrize("at", range(2), ids=["loopback", "another host"])
def test_ports_that_ran_out_are_an_error_wherever_to(at: int) -> None:
    to, _ = OTHERS[at]
    no_port = "-1 EADDRNOTAVAIL (Cannot assign requested address)"
    assert level(churn(to, None, ends=no_port)) == "error"


@pytest.mark.parametrize(
    ("tw_reuse", "expected"),
    [(None, (10, 90)), (0, (90, 90)), (1, (10, 10)), (2, (10, 90))],
)
@pytest.mark.parametrize("at", range(2), ids=["loopback", "another host"])
def test_an_early_bind_is_waste_where_connect_would_take_the_port_again(
    at: int, tw_reuse: int | None, expected: tuple[int, int]
) -> None:
    """Ten connections a second, one after another: so many ports would have been enough."""
    to, _ = OTHERS[at]
    head = "" if tw_reuse is None else f"# strace-analyzer: net.ipv4.tcp_tw_reuse = {tw_reuse}\n"
    text = head + '7 10:00:00.000000 execve("/bin/c", ["c"], 0x7ff1 /* 1 var */) = 0\n'
    for number in range(90):
        when = f"7 10:00:{number // 10:02}.{number % 10}00000"
        text += (
            f"{when} socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3\n"
            f"{when} bind(3, {ANY}) = 0\n{when} connect(3, {to}) = 0\n{when} close(3) = 0\n"
        )
    made = sa.analyze(io.BytesIO(text.encode()), port_range=(40000, 40999))
    (ports,) = made.traces[0].ports
    assert ports.peak_pinned_with_time_wait == 90
    assert ports.peak_needed_with_time_wait == expected[at]
    assert ports.headroom_without_bind_with_time_wait == 1000 - expected[at]
    early = {str(one.level) for one in made.findings if one.rule == "bind-any-port-zero"}
    assert early == {"note" if expected[at] == 90 else "warning"}
