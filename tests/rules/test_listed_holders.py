"""Ports ran out, and the list of the machine's sockets (--ss) shows who has them."""

from __future__ import annotations

import pytest
from rules.test_own_holders import REFUSED, listed

from strace_analyzer.analysis import Analysis, Analyzer, Settings
from strace_analyzer.machine import parse
from strace_analyzer.report.redaction.redaction import Redaction
from strace_analyzer.report.redaction.values import KINDS
from strace_analyzer.rules import catalogue

RANGE = (40000, 40099)
"""a hundred ports"""
THERE, ELSEWHERE, NOBODY = "192.0.2.7:80", "192.0.2.9:443", "*:*"
"""where the refused connection goes; another destination; the peer of a socket that is only bound"""
BIND = (
    "7 socket(AF_INET, SOCK_STREAM, 0) = 4\n7 bind(4, {sa_family=AF_INET, sin_port=htons(0), "
    'sin_addr=inet_addr("0.0.0.0")}, 16) = -1 EADDRINUSE (Address already in use)\n'
)


def analyzed(text: str, ss: str, port_range: tuple[int, int] | None = RANGE) -> Analysis:
    settings = Settings(rules=catalogue(), port_range=port_range, machine=parse(ss.splitlines()))
    analyzer = Analyzer("trace", settings)
    for line in text.splitlines():
        analyzer.feed(line)
    return analyzer.close()


def waiting(peer: str, low: int, high: int) -> str:
    return listed(peer, range(low, high), "TIME-WAIT")


@pytest.mark.parametrize("port_range", [RANGE, None], ids=["known", "assumed"])
@pytest.mark.parametrize(
    ("text", "ss", "cause"),
    [
        pytest.param(REFUSED, waiting(THERE, 40000, 40100), "time-wait", id="there"),
        pytest.param(
            REFUSED,
            waiting(THERE, 40000, 40060) + listed(THERE, range(40060, 40100)),
            "time-wait",
            id="most of them",
        ),
        pytest.param(
            REFUSED,
            waiting(THERE, 40000, 40060) + listed(NOBODY, range(40060, 40100), "LISTEN"),
            "time-wait",
            id="listeners have the rest",
        ),
        pytest.param(
            REFUSED,
            waiting(THERE, 40000, 40040) + listed(THERE, range(40040, 40100)),
            "another-process",
            id="few of them",
        ),
        pytest.param(
            REFUSED, listed(THERE, range(40000, 40100)), "another-process", id="open connections"
        ),
        pytest.param(REFUSED, waiting(ELSEWHERE, 40000, 40100), "another-process", id="elsewhere"),
        pytest.param(REFUSED, waiting(THERE, 40000, 40030), "another-process", id="some of all"),
        pytest.param(BIND, waiting(ELSEWHERE, 40000, 40100), "time-wait", id="bind"),
        pytest.param(
            BIND,
            waiting(ELSEWHERE, 40000, 40100) + listed(THERE, range(40000, 40100)),
            "another-process",
            id="bind, and each has an open connection too",
        ),
    ],
)
def test_ports_in_time_wait_are_the_cause_if_they_are_most_of_what_is_in_the_way(
    text: str, ss: str, cause: str, port_range: tuple[int, int] | None
) -> None:
    """bind() can share a port with nobody, connect() with connections to elsewhere."""
    (found,) = analyzed(text, ss, port_range).findings
    assert (found.rule, found.cause) == ("ephemeral-ports-exhausted", cause)
    assert (found.detail("machine_waiting") is not None) == (cause == "time-wait")


def test_of_bind_what_helps_whoever_has_the_ports_is_said_too() -> None:
    (group,) = analyzed(BIND, waiting(ELSEWHERE, 40000, 40100)).groups
    assert "IP_BIND_ADDRESS_NO_PORT" in group.advice
    assert "TIME-WAIT to 192.0.2.9:443 has 100 of these ports: closed" in group.advice


def test_who_has_how_many_is_a_list_in_the_details() -> None:
    ss = listed(THERE, range(40000, 40070), who="a; b: 3") + waiting(THERE, 40070, 40100)
    (found,) = analyzed(REFUSED, ss).findings
    assert found.shares("machine") == (
        ("a; b: 3 (pid 9)", 70),
        ("TIME-WAIT to 192.0.2.7:80", 30),
    )


def test_names_and_addresses_in_that_list_are_redacted() -> None:
    ss = listed(THERE, range(40000, 40070), who="worker") + waiting(THERE, 40070, 40100)
    (found,) = Redaction(KINDS).analysis(analyzed(REFUSED, ss)).findings
    (worker, ports), (wait, rest) = found.shares("machine")
    assert (ports, rest) == (70, 30)
    assert "worker" not in worker
    assert "(pid 9)" in worker
    assert "192.0.2.7" not in wait
    assert ":80" in wait
