"""A UDP connect() that fails: a resolver's question which addresses can be reached, or news."""

from __future__ import annotations

import io

import pytest
from report.printed import printed

import strace_analyzer as sa
from strace_analyzer.report.gate import Gate, judge
from strace_analyzer.report.selection import Selected, Selection

START = '7 execve("/bin/a", ["a"], 0x7ffd1 /* 3 vars */) = 0\n7 getpid() = 7\n'
ERRORS = {
    "ENETUNREACH": "Network is unreachable",
    "EHOSTUNREACH": "No route to host",
    "EADDRNOTAVAIL": "Cannot assign requested address",
}


def attempt(kind: str, port: int, address: str = "192.0.2.7", errno: str = "") -> tuple[str, ...]:
    """socket(), connect() and close(); `errno` is empty if connect() succeeds."""
    if ":" in address:
        family = "AF_INET6"
        to = f'sin6_port=htons({port}), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "{address}", &sin6_addr), sin6_scope_id=0}}, 28'
    else:
        family = "AF_INET"
        to = f'sin_port=htons({port}), sin_addr=inet_addr("{address}")}}, 16'
    result = f"-1 {errno} ({ERRORS[errno]})" if errno else "0"
    return (
        f"socket({family}, {kind}|SOCK_CLOEXEC, IPPROTO_IP) = 3",
        f"connect(3, {{sa_family={family}, {to}) = {result}",
        "close(3) = 0",
    )


def analysis(*attempts: tuple[str, ...]) -> sa.Analysis:
    lines = [f"7 {call}\n" for calls in attempts for call in calls]
    return sa.analyze(io.BytesIO((START + "".join(lines)).encode()))


def verdict(made: sa.Analysis) -> str:
    return judge(Selected(made, Selection()), Gate()).verdict


def rows(made: sa.Analysis, *, everything: bool = False) -> list[list[str]]:
    """Error, times and destination of each row of the paragraph."""
    lines = printed(made, everything=everything).splitlines()
    return [line.split()[1:4] for line in lines if line.startswith("  connect()")]


TCP, UDP = "SOCK_STREAM", "SOCK_DGRAM"
HTTPS = ("192.0.2.10", "192.0.2.11", "2001:db8::7")


@pytest.mark.parametrize("errno", ["ENETUNREACH", "EHOSTUNREACH"])
@pytest.mark.parametrize("address", HTTPS)
def test_a_probe_before_it_hides_no_connection_that_failed(address: str, errno: str) -> None:
    """Both have the same error, destination and reason."""
    probe, real = (attempt(kind, 8443, address, errno) for kind in (UDP, TCP))
    made = analysis(probe, real)
    assert [(one.protocol, one.times) for one in made.failed_calls] == [("UDP", 1), ("TCP", 1)]
    assert rows(made) == rows(analysis(real)) != []
    assert [times for _, times, _ in rows(made, everything=True)] == ["2"]


@pytest.mark.parametrize("errno", ERRORS)
@pytest.mark.parametrize("is_before", [False, True])
@pytest.mark.parametrize("port", [8443, 0, 9, 65535])
def test_the_probes_of_a_resolver_are_no_news(port: int, is_before: bool, errno: str) -> None:
    """To the port to which TCP connects, or to the one of a name without a service."""
    probe = attempt(UDP, port, "2001:db8::7", errno)
    real = attempt(TCP, 8443)
    made = analysis(probe, real) if is_before else analysis(real, probe)
    assert verdict(made) == "clean"
    assert rows(made) == []
    assert len(rows(made, everything=True)) == 1


@pytest.mark.parametrize("port", [53, 514])
@pytest.mark.parametrize("errno", ERRORS)
def test_an_address_that_udp_needs_is_news(errno: str, port: int) -> None:
    """A name server, or a service to which no TCP connection goes."""
    made = analysis(attempt(TCP, 8443), attempt(UDP, port, "fd00::53", errno))
    assert rows(made) == [[errno, "1", f"[fd00::53]:{port}"]]
    assert verdict(made) == ("inconclusive" if errno == "EADDRNOTAVAIL" else "clean")


def test_a_name_server_asked_by_tcp_does_not_make_the_question_by_udp_a_probe() -> None:
    made = analysis(attempt(TCP, 53), attempt(UDP, 53, "fd00::53", "EADDRNOTAVAIL"))
    assert rows(made) == [["EADDRNOTAVAIL", "1", "[fd00::53]:53"]]
    assert verdict(made) == "inconclusive"


@pytest.mark.parametrize("port", [53, 514])
def test_it_is_got_over_if_another_address_serves(port: int) -> None:
    """Of a service over UDP, getaddrinfo() tries IPv6 and then IPv4; so does a program."""
    failing = attempt(UDP, port, "fd00::53", "EADDRNOTAVAIL")
    made = analysis(attempt(TCP, 8443), failing, attempt(UDP, port))
    assert verdict(made) == "clean"
    assert len(rows(made)) == 1


def test_what_another_process_connects_to_excuses_nothing() -> None:
    lines = (
        START
        + START.replace("7 ", "8 ")
        + "".join(
            f"{pid} {call}\n"
            for pid, calls in (
                (7, attempt(UDP, 8443, "fd00::53", "EADDRNOTAVAIL")),
                (8, attempt(TCP, 8443)),
            )
            for call in calls
        )
    )
    assert verdict(sa.analyze(io.BytesIO(lines.encode()))) == "inconclusive"


def test_a_send_after_a_connect_that_failed_stands_beside_it() -> None:
    """EDESTADDRREQ alone would blame the program."""
    failing = attempt(UDP, 53, "::1", "EADDRNOTAVAIL")
    send = 'sendto(3, "x", 1, 0, NULL, 0) = -1 EDESTADDRREQ (Destination address required)'
    text = printed(analysis((*failing[:2], send, failing[2])))
    assert "connect()  EADDRNOTAVAIL" in text
    assert "sendto()   EDESTADDRREQ" in text
    assert "it is not connected, and names no destination" in text
