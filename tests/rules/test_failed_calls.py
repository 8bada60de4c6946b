"""What a headline says of calls that found no port: how many of each kind, and the first of all."""

from __future__ import annotations

import io

import pytest
from report.printed import printed

import strace_analyzer as sa
from strace_analyzer.findings import Confidence

ANY = '{sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16'
PEER = '{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16'
SOCKET = "socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 4\n"
REACHED = f"{SOCKET}connect(4, {PEER}) = 0\nclose(4) = 0\n"
NO_PORT = {
    "bind": f"{SOCKET}bind(4, {ANY}) = -1 EADDRINUSE (Address already in use)\nclose(4) = 0\n",
    "connect": f"{SOCKET}connect(4, {PEER}) = -1 EADDRNOTAVAIL (Cannot assign requested address)\n"
    "close(4) = 0\n",
}


def report(trace: str) -> str:
    """The text report, its folded lines joined."""
    return " ".join(printed(sa.analyze(io.BytesIO(trace.encode()))).split())


@pytest.mark.parametrize(
    ("order", "said"),
    [
        (
            ["connect"] * 3 + ["bind"] * 3,
            "3 bind() calls failed EADDRINUSE and 3 connect() calls failed EADDRNOTAVAIL, first on "
            "line 5",
        ),
        (
            ["bind"] * 2 + ["connect"] * 3,
            "3 connect() calls failed EADDRNOTAVAIL and 2 bind() calls failed EADDRINUSE, first on "
            "line 5",
        ),
        (["bind"] * 2, "2 bind() calls failed EADDRINUSE, first on line 5"),
    ],
)
def test_each_call_is_counted_as_what_it_was(order: list[str], said: str) -> None:
    made = report(REACHED + "".join(NO_PORT[call] for call in order))
    assert said in made
    assert "BIND LINES" not in made


def test_the_first_is_the_first_of_all_be_it_only_probable() -> None:
    """Two failures prove nothing yet, the third in a row does."""
    assert "4 connect() calls failed EADDRNOTAVAIL, first on line 2" in report(
        NO_PORT["connect"] * 4
    )


@pytest.mark.parametrize(
    ("before", "confidence"), [("", Confidence.PROBABLE), (SOCKET, Confidence.CERTAIN)]
)
def test_a_socket_that_is_older_than_the_trace_may_have_a_port(
    before: str, confidence: Confidence
) -> None:
    """It may be bound to a fixed port whose pair is in use: connect(2) EADDRNOTAVAIL."""
    fails = f"connect(4, {PEER}) = -1 EADDRNOTAVAIL (Cannot assign requested address)\n"
    found = sa.analyze(io.BytesIO((REACHED + before + fails).encode())).findings
    assert [(one.rule, one.confidence) for one in found] == [
        ("ephemeral-ports-exhausted", confidence)
    ]
