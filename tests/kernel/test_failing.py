"""Why calls fail for want of a port or an address: docs/kernel.md, "What is not exhaustion" and after."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from kernel.network import PROGRAM, TESTS, Network

import strace_analyzer as sa
from strace_analyzer.report.gate import Gate, judge
from strace_analyzer.report.selection import Selected

pytestmark = pytest.mark.kernel


def gave(net: Network, situation: str, trace: Path | None = None) -> dict[str, object]:
    """What the calls of a situation of failing.py gave in the client's namespace; under strace, if
    its `trace` is wanted."""
    strace = () if trace is None else ("strace", "-f", "-ttt", "-T", "-o", str(trace))
    done = subprocess.run(
        [
            *("nsenter", "-t", str(net.client), "-n", "--"),
            *strace,
            *(*PROGRAM, "kernel.failing", situation),
        ],
        cwd=TESTS,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    result: dict[str, object] = json.loads(done.stdout)
    return result


def test_a_pair_of_ends_is_one_connections_alone(net: Network, kernel: str) -> None:
    assert gave(net, "source_port_pair") == {
        "first": "ok",
        "same pair, open": "EADDRNOTAVAIL",
        "another destination": "ok",
        "same pair, TIME_WAIT": "ok",
    }, kernel


def test_without_timestamps_a_pair_in_time_wait_is_taken(net: Network, kernel: str) -> None:
    net.sysctl("ipv4.tcp_timestamps", 0)
    assert gave(net, "source_port_pair")["same pair, TIME_WAIT"] == "EADDRNOTAVAIL", kernel


def test_without_ipv6(net: Network, kernel: str) -> None:
    net.sysctl("ipv6.conf.all.disable_ipv6", 1)
    assert gave(net, "no_ipv6") == {
        "connect loopback": "EADDRNOTAVAIL",
        "connect another host": "EADDRNOTAVAIL",
        "bind ::1": "EADDRNOTAVAIL",
        "bind ::": "ok",
        "datagram": "EADDRNOTAVAIL",
    }, kernel


def explained(trace: Path) -> list[tuple[str, str, str]]:
    """Of the calls that the tool says failed: name, error, and why. Python itself asks for a peer."""
    told = sa.analyze(trace).failed_calls
    return [(one.call, one.errno, one.explanation) for one in told if one.call != "getpeername"]


def verdict(trace: Path) -> str:
    return judge(Selected(sa.analyze(trace)), Gate()).verdict


def test_messages_without_ipv6(net: Network, kernel: str, tmp_path: Path) -> None:
    net.sysctl("ipv6.conf.all.disable_ipv6", 1)
    trace = tmp_path / "trace"
    assert gave(net, "message_without_ipv6", trace) == {
        "sendto": "EADDRNOTAVAIL",
        "sendmsg": "EADDRNOTAVAIL",
    }, kernel
    assert explained(trace) == [
        ("sendto", "EADDRNOTAVAIL", "no-ipv6"),
        ("sendmsg", "EADDRNOTAVAIL", "no-ipv6"),
    ]
    assert {finding.rule for finding in sa.analyze(trace).findings} == {"address-not-available"}


def test_every_call_that_asks_for_a_port(net: Network, kernel: str, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    assert gave(net, "every_port_in_use", trace) == {
        "TCP_FASTOPEN_CONNECT": "EADDRNOTAVAIL",
        "send on it": "EPIPE",
        "MSG_FASTOPEN": "EADDRNOTAVAIL",
        "listen": "EADDRINUSE",
    }, kernel
    assert explained(trace) == [
        ("connect", "EADDRNOTAVAIL", "no-port"),
        ("sendto", "EPIPE", "not-connected"),
        ("sendto", "EADDRNOTAVAIL", "no-port"),
        ("listen", "EADDRINUSE", "no-port"),
    ]
    assert verdict(trace) == "findings"


def test_every_datagram_that_asks_for_a_port(net: Network, kernel: str, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    assert set(gave(net, "every_datagram_port_in_use", trace).values()) == {"EAGAIN"}, kernel
    assert [why for _, _, why in explained(trace)] == ["no-port"] * 3
    assert verdict(trace) == "findings"


def test_a_source_port_that_was_named_again(net: Network, kernel: str, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    assert gave(net, "source_port_again", trace) == {
        "open": "EADDRINUSE",
        "TIME_WAIT": "EADDRINUSE",
    }, kernel
    causes = [one.cause for one in sa.analyze(trace).findings if one.rule == "port-taken"]
    assert causes == ["own-connection", "time-wait"]


def test_a_pair_in_time_wait_is_named(net: Network, kernel: str, tmp_path: Path) -> None:
    net.sysctl("ipv4.tcp_timestamps", 0)
    trace = tmp_path / "trace"
    gave(net, "source_port_pair", trace)
    causes = [
        one.cause for one in sa.analyze(trace).findings if one.rule == "address-not-available"
    ]
    assert causes == ["pair-in-use", "pair-in-time-wait"], kernel


def test_an_address_of_another_host(net: Network, kernel: str) -> None:
    assert set(gave(net, "not_local").values()) == {"EADDRNOTAVAIL"}, kernel


def test_who_may_have_the_port_of_a_server(net: Network, kernel: str) -> None:
    assert gave(net, "taken_port") == {
        "a listener": "EADDRINUSE",
        "on another address": "ok",
        "an outgoing connection": "EADDRINUSE",
        "a bound socket": "EADDRINUSE",
        "two bound, both reusing": "ok",
        "the second listens": "EADDRINUSE",
        "dual stack has IPv4 too": "EADDRINUSE",
    }, kernel


def test_udp_ports_of_each_address(net: Network, kernel: str) -> None:
    assert gave(net, "datagram_ports_by_address") == {
        "10.9.0.1": 100,
        "10.9.0.2": 100,
        "wildcard, then": 0,
        "connect(), then": 0,
        "connect() alone": 100,
    }, kernel


def test_the_last_port_of_an_odd_range(net: Network, kernel: str, tmp_path: Path) -> None:
    net.sysctl("ipv4.ip_local_port_range", "40000 40002")
    trace = tmp_path / "trace"
    assert gave(net, "range_of_three", trace) == {"connect()": 2, "bind()": 2, "UDP": 3}, kernel
    made = sa.analyze(trace, port_range=(40000, 40002))
    dry = [one for one in made.findings if one.rule == "ephemeral-ports-exhausted"]
    assert {one.cause for one in dry} == {"one-destination", "early-binds", "own-sockets"}


def holders(trace: Path) -> list[str | None]:
    """The cause of each port that was found taken."""
    return [one.cause for one in sa.analyze(trace).findings if one.rule == "port-taken"]


def test_a_connection_with_itself(net: Network, kernel: str, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    assert gave(net, "connection_with_itself", trace) == {
        "connect": "ok",
        "both ends": True,
        "a server there": "EADDRINUSE",
    }, kernel
    assert holders(trace) == ["self-connection"]


def test_a_listener_that_was_passed_on(net: Network, kernel: str, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    assert gave(net, "passed_listener", trace) == {
        "while the other has it": "EADDRINUSE",
        "after its end": "ok",
    }, kernel
    assert holders(trace) == ["passed-socket"]


def test_an_inherited_listener(net: Network, kernel: str) -> None:
    assert gave(net, "inherited_listener") == {
        "while the child lives": "EADDRINUSE",
        "after its end": "ok",
    }, kernel


def test_close_on_exec_that_ioctl_changes(net: Network, kernel: str, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    assert gave(net, "close_on_exec_by_ioctl", trace) == {
        "FIONCLEX": "EADDRINUSE",
        "FIOCLEX": "ok",
    }, kernel
    (found,) = [one for one in sa.analyze(trace).findings if one.rule == "port-taken"]
    assert (found.cause, found.detail("port")) == ("inherited-listener", 6140)
    assert found.confidence is sa.Confidence.CERTAIN


def test_a_source_port_is_had_with_so_reuseaddr_on_both(net: Network, kernel: str) -> None:
    """Whether bind() or connect() gave it to the other, which is open or in TIME_WAIT."""
    said = gave(net, "source_port_taken")
    assert len(said) == 16
    assert {name for name, what in said.items() if what == "ok"} == {
        "bind() reusing open: reusing",
        "bind() reusing TIME_WAIT: reusing",
        "connect() reusing open: reusing",
        "connect() reusing TIME_WAIT: reusing",
    }, kernel
    assert set(said.values()) == {"ok", "EADDRINUSE"}, kernel


@pytest.mark.parametrize(
    ("reuse", "again"),
    [
        (0, ()),
        (1, ("127.0.0.1", "::1", "10.9.0.1", "10.9.0.11")),
        (2, ("127.0.0.1", "::1")),
    ],
)
def test_to_whom_ports_in_time_wait_are_given_again(
    net: Network, kernel: str, reuse: int, again: tuple[str, ...]
) -> None:
    """127.0.0.1, ::1, an address of the host's own, another host."""
    net.sysctl("ipv4.tcp_tw_reuse", reuse)
    said = gave(net, "ports_of_loopback")
    assert list(said) == ["127.0.0.1", "::1", "10.9.0.1", "10.9.0.11"]
    assert {to: counts for to, counts in said.items() if counts == [100, 100]} == {
        to: [100, 100] for to in again
    }, kernel
    assert all(counts in ([100, 100], [100, 0]) for counts in said.values()), kernel


def test_early_binds_keep_the_ports_of_loopback_too(net: Network, kernel: str) -> None:
    net.sysctl("ipv4.tcp_tw_reuse", 2)
    assert gave(net, "bound_ports_of_loopback") == {"127.0.0.1": [100, 0]}, kernel


def test_a_predecessor_in_time_wait(net: Network, kernel: str) -> None:
    assert gave(net, "predecessor") == {"plain": "EADDRINUSE", "reusing": "ok"}, kernel


def test_half_of_the_ports_first(net: Network, kernel: str) -> None:
    """connect() gives the even ports of 40000-40099 first, and the odd ones when they are all in use."""
    assert gave(net, "parity") == {"first half": 0, "second half": 50}, kernel


def test_the_search_grows_as_ports_fill(net: Network, kernel: str) -> None:
    """Processor time of the call, the median of a tenth: a ratio, which a busy machine does not change."""
    subprocess.run(
        [
            *("nsenter", "-t", str(net.client), "-n", "--"),
            *("sysctl", "-qw", "net.ipv4.ip_local_port_range=40000 43999"),
        ],
        check=True,
    )
    found = gave(net, "search")
    assert found["full"] == "EADDRNOTAVAIL", kernel
    ratio = found["ratio"]
    assert isinstance(ratio, float)
    assert ratio > 2, kernel


def test_a_datagram_to_port_0_is_refused_by_name(net: Network, kernel: str) -> None:
    """connect() to it is taken."""
    assert gave(net, "datagram_to_port_0") == {
        "sendto AF_INET": "EINVAL",
        "connect AF_INET": "ok",
        "sendto AF_INET6": "EINVAL",
        "connect AF_INET6": "ok",
    }, kernel


def test_what_poll_tells_of_a_connect_under_way(net: Network, kernel: str) -> None:
    failed = ["POLLIN", "POLLOUT", "POLLERR", "POLLHUP"]
    assert gave(net, "what_poll_tells") == {
        "made": ["POLLOUT"],
        "refused": failed,
        "never connected": ["POLLOUT", "POLLHUP"],
        "under way": [],
        "made and reset": failed,
        "sendfile": "EAGAIN",
        "splice": "EAGAIN",
    }, kernel


def test_ports_that_bind_named_are_nobody_elses(net: Network, kernel: str, tmp_path: Path) -> None:
    """Bound, listening, or connected to another destination."""
    trace = tmp_path / "trace"
    asked = {"bind": "EADDRINUSE", "connect": "EADDRNOTAVAIL", "listen": "EADDRINUSE"}
    assert gave(net, "named_ports_fill_the_range", trace) == {
        **{
            f"{name}: {call}": error
            for name in ("bound", "listening", "connected")
            for call, error in asked.items()
        },
        "udp: bind": "EADDRINUSE",
        "udp: connect": "EAGAIN",
    }, kernel
    made = sa.analyze(trace, port_range=(40000, 40099))
    dry = [one for one in made.findings if one.rule == "ephemeral-ports-exhausted"]
    assert [one.cause for one in dry] == ["own-sockets"] * 11
    assert {one.detail("held_named") for one in dry} == {100}


def test_ipv6_only_sockets_reach_no_ipv4_address(net: Network, kernel: str, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    assert gave(net, "ipv6_only", trace) == {
        "connect": "ENETUNREACH",
        "connect, UDP": "ENETUNREACH",
        "sendto, UDP": "ENETUNREACH",
        "sendmsg, UDP": "ENETUNREACH",
        "the option after bind": "EINVAL",
    }, kernel
    assert [why for _, _, why in explained(trace)] == ["ipv6-only"] * 4 + ["bound-already"]


def test_options_that_are_refused(net: Network, kernel: str, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    assert gave(net, "options_refused", trace) == {
        "root: SO_BINDTODEVICE": "ENODEV",
        "root: SO_BINDTODEVICE again": "ok",
        "root: SO_BINDTOIFINDEX": "EINVAL",
        "root: IP_TRANSPARENT": "ok",
        "nobody: SO_BINDTODEVICE": "ENODEV",
        "nobody: SO_BINDTODEVICE again": "EPERM",
        "nobody: SO_BINDTOIFINDEX": "EINVAL",
        "nobody: IP_TRANSPARENT": "EPERM",
        "IP_UNICAST_IF": "EADDRNOTAVAIL",
        "IP_LOCAL_PORT_RANGE": "EINVAL",
        "joined twice": "EADDRINUSE",
        "left before it joined": "EADDRNOTAVAIL",
    }, kernel
    assert [why for _, _, why in explained(trace)] == [
        "no-such-device",
        "no-such-device",
        "device-not-permitted",
        "transparent-not-permitted",
        "no-such-device",
        "bad-port-range",
        "in-group",
        "not-in-group",
    ]
    assert verdict(trace) == "no-connections"


def test_addresses_that_are_refused(net: Network, kernel: str, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    assert gave(net, "addresses_refused", trace) == {
        "link-local without a device": "EINVAL",
        "IPv4 under IPV6_V6ONLY": "EINVAL",
        "from loopback": "EINVAL",
        "bound again": "EINVAL",
        "from a listener": "EISCONN",
        "TCP to many": "ENETUNREACH",
        "to all, UDP": "EACCES",
        "with SO_BROADCAST": "ok",
    }, kernel
    assert [why for _, _, why in explained(trace)] == [
        "no-scope",
        "ipv6-only",
        "from-loopback",
        "bound-already",
        "listens",
        "for-many",
        "no-broadcast",
    ]
