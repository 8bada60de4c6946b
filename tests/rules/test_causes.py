"""Why ports ran out, and whether they would have been enough without the binds."""

from __future__ import annotations

import io

import pytest

import strace_analyzer as sa

RANGE = (40000, 40009)
"""ten ports"""
INUSE = "-1 EADDRINUSE (Address already in use)"
NOTAVAIL = "-1 EADDRNOTAVAIL (Cannot assign requested address)"
ANY = '{sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16'


def to(host: int) -> str:
    return f'{{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.{host}")}}, 16'


class Trace:
    """Lines of a program, a second apart."""

    def __init__(self) -> None:
        self.lines = ['7 10:00:00 execve("./client", ["./client"], 0x7ffd1 /* 3 vars */) = 0']
        self._fd = 3

    def say(self, call: str) -> None:
        second = len(self.lines) // 100
        self.lines.append(f"7 10:00:{second:02} {call}")

    def socket(self, kind: str = "SOCK_STREAM, IPPROTO_TCP") -> int:
        self._fd += 1
        self.say(f"socket(AF_INET, {kind}) = {self._fd}")
        return self._fd

    def bound(self, host: int, *, port: int | None = None, close: bool = False) -> None:
        """One early bind and its connection; getsockname() shows `port`."""
        fd = self.socket()
        self.say(f"bind({fd}, {ANY}) = 0")
        if port is not None:
            shown = ANY.replace("htons(0)", f"htons({port})").replace("16", "[16]")
            self.say(f"getsockname({fd}, {shown}) = 0")
        self.connected(host, fd, close=close)

    def connected(self, host: int, fd: int | None = None, *, close: bool = False) -> None:
        fd = self.socket() if fd is None else fd
        self.say(f"connect({fd}, {to(host)}) = 0")
        if close:
            self.say(f"close({fd}) = 0")

    def bind_fails(self) -> None:
        self.say(f"bind({self.socket()}, {ANY}) = {INUSE}")

    def connect_fails(self, host: int) -> None:
        self.say(f"connect({self.socket()}, {to(host)}) = {NOTAVAIL}")

    def causes(self, port_range: tuple[int, int] | None = RANGE) -> list[tuple[str, str]]:
        """(cause, without_bind) of each finding of exhaustion."""
        text = "".join(f"{line}\n" for line in self.lines)
        analysis = sa.analyze(io.BytesIO(text.encode()), port_range=port_range)
        return [
            (str(finding.cause), str(finding.without_bind))
            for finding in analysis.findings
            if finding.rule == "ephemeral-ports-exhausted"
        ]


@pytest.fixture
def trace() -> Trace:
    return Trace()


def test_early_binds_to_two_destinations(trace: Trace) -> None:
    for host in (1, 2) * 5:
        trace.bound(host)
    trace.bind_fails()
    assert trace.causes() == [("early-binds", "would-fit")]


def test_early_binds_to_one_destination(trace: Trace) -> None:
    """Where the failed bind was to go is not known: to the same destination nothing would fit."""
    for _ in range(10):
        trace.bound(1)
    trace.bind_fails()
    assert trace.causes() == [("early-binds", "unknown")]


def test_early_binds_and_an_unbound_connect(trace: Trace) -> None:
    for _ in range(10):
        trace.bound(1)
    trace.connected(2)
    trace.connect_fails(1)
    assert trace.causes() == [("early-binds", "would-not-fit")]


def test_early_binds_whose_ports_wait(trace: Trace) -> None:
    for host in (1, 2) * 5:
        trace.bound(host, close=True)
    trace.bind_fails()
    assert trace.causes() == [("time-wait", "would-fit")]


def test_one_destination_without_any_bind(trace: Trace) -> None:
    for _ in range(10):
        trace.connected(1)
    trace.connect_fails(1)
    assert trace.causes() == [("one-destination", "would-not-fit")]


def test_another_process_holds_the_ports(trace: Trace) -> None:
    trace.connected(1)
    trace.connect_fails(1)
    assert trace.causes() == [("another-process", "unknown")]


def test_some_early_binds_that_are_not_enough_to_explain_it(trace: Trace) -> None:
    trace.bound(1)
    trace.connected(2)
    trace.connect_fails(2)
    assert trace.causes() == [("unknown", "unknown")]


def test_datagrams_share_no_port_either_way(trace: Trace) -> None:
    trace.say(f"bind({trace.socket('SOCK_DGRAM, IPPROTO_UDP')}, {ANY}) = {INUSE}")
    assert trace.causes() == [("unknown", "would-not-fit")]


def test_a_smaller_range_than_the_assumed_one_is_seen_by_its_ports(trace: Trace) -> None:
    for number in range(10):
        trace.bound(1 + number % 2, port=50000 + number)
    trace.bind_fails()
    assert trace.causes(None) == [("early-binds", "would-fit")]


def test_ports_that_lie_far_apart_show_no_smaller_range(trace: Trace) -> None:
    for number in range(10):
        trace.bound(1 + number % 2, port=40000 + 1000 * number)
    trace.bind_fails()
    assert trace.causes(None) == [("unknown", "unknown")]


def test_many_connections_are_explained_by_a_smaller_range_than_the_assumed_one(
    trace: Trace,
) -> None:
    for _ in range(200):
        trace.connected(1)
    trace.connect_fails(1)
    assert trace.causes(None) == [("unknown", "unknown")]
