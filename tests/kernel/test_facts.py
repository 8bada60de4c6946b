"""Small facts of docs/kernel.md, and what depends on a sysctl or on chance."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from kernel.network import PORTS, Network
from kernel.reading import play, steps

import strace_analyzer as sa
from strace_analyzer.findings import ChosenPorts
from strace_analyzer.kernel.socket_state import Binding

pytestmark = pytest.mark.kernel


def test_second_bind(net: Network, kernel: str, tmp_path: Path) -> None:
    run = net.strace("bind_twice", tmp_path / "trace")
    assert run.gave["bound"] == "EINVAL", kernel
    assert run.gave["no_port"] == "ok", kernel


def test_listener_cannot_connect(net: Network, kernel: str, tmp_path: Path) -> None:
    assert net.strace("listener_connects", tmp_path / "trace").gave["connect"] == "EISCONN", kernel


def test_unspecified_family_pins(net: Network, kernel: str, tmp_path: Path) -> None:
    run = net.strace("bind_unspec", tmp_path / "trace")
    assert run.gave["any"] == 0, kernel
    assert run.gave["pinned"] is True, kernel
    assert run.gave["address"] == "EAFNOSUPPORT", kernel
    bound = [step.now for step in steps(run.trace) if step.role == "bind" and not step.errno]
    assert [socket.binding for socket in bound if socket is not None] == [Binding.EPHEMERAL]


def test_listen_takes_a_port_alone(net: Network, kernel: str, tmp_path: Path) -> None:
    run = net.strace("no_port_then_listen", tmp_path / "trace")
    assert (run.gave["before"], run.gave["listen"], run.gave["after"]) == (0, "ok", True), kernel
    assert [phase["given"] for phase in run.gave["phases"]] == [[99], [0]], kernel
    played = play(run.trace)
    assert played.predicted == played.happened


@pytest.mark.parametrize(("program", "shows"), [("any_one", True), ("unbound_one", False)])
def test_ports_that_bind_chose_show_the_range(
    net: Network, kernel: str, tmp_path: Path, program: str, shows: bool
) -> None:
    """bind() took all of it, at random. connect() took as many, but in order: that shows nothing."""
    run = net.strace(program, tmp_path / "trace", "-yy")
    (use,) = sa.analyze(run.trace).traces[0].ports
    low, high = PORTS
    assert use.chosen == (ChosenPorts(100, low, high, shows_range=True) if shows else None), kernel


@pytest.mark.parametrize(("family", "wildcard"), [("AF_INET", "0.0.0.0"), ("AF_INET6", "::")])
def test_listen_without_bind_takes_the_wildcard_address(family: str, wildcard: str) -> None:
    with socket.socket(socket.AddressFamily[family]) as listener:
        listener.listen()
        assert listener.getsockname()[0] == wildcard


def test_listen_finds_no_port(net: Network, kernel: str, tmp_path: Path) -> None:
    """Unbound connections leave none to listen() or to a wildcard bind, but to another address."""
    run = net.strace("unbound_then_listen", tmp_path / "trace")
    assert run.gave["listen"] == "EADDRINUSE", kernel
    assert [phase["given"] for phase in run.gave["phases"]] == [[100], [0], [3]], kernel
    played = play(run.trace)
    assert played.predicted == played.happened
    assert [refusal.call for refusal in played.happened][3:4] == ["listen"]


def test_udp_reuse_shares_ports(net: Network, kernel: str, tmp_path: Path) -> None:
    run = net.strace("udp_reuse_address", tmp_path / "trace")
    assert run.gave["phases"] == [{"given": [120, 120, 120], "failed": {}}], kernel
    assert run.gave["ports"] <= 100, kernel
    assert play(run.trace).predicted == []


def test_autobind_reuse_moves_the_failure(net: Network, kernel: str, tmp_path: Path) -> None:
    """How many fit is chance, between the 100 of a plain bind and the 300 of none."""
    net.sysctl("ipv4.ip_autobind_reuse", 1)
    run = net.strace("autobind_reuse", tmp_path / "trace")
    (phase,) = run.gave["phases"]
    assert 100 <= sum(phase["given"]) < 300, kernel
    assert list(phase["failed"]) == ["connect EADDRNOTAVAIL"], kernel
    assert {refusal.call for refusal in play(run.trace).happened} == {"connect"}
    assert play(run.trace, autobind_reuse=True).predicted == []  # none of them is certain


def test_reused_time_wait_unbound(net: Network, kernel: str, tmp_path: Path) -> None:
    """tcp_tw_reuse=1 frees shared ports after a second: the low bound holds, the high does not."""
    net.sysctl("ipv4.tcp_tw_reuse", 1)
    run = net.strace("reuse_time_wait_unbound", tmp_path / "trace")
    assert [phase["given"] for phase in run.gave["phases"]] == [[100], [100]], kernel
    assert len(play(run.trace).predicted) == 100
    assert play(run.trace, time_wait=False).predicted == []


def test_reused_time_wait_does_not_help_early_binds(
    net: Network, kernel: str, tmp_path: Path
) -> None:
    net.sysctl("ipv4.tcp_tw_reuse", 1)
    run = net.strace("reuse_time_wait_any", tmp_path / "trace")
    assert [phase["given"] for phase in run.gave["phases"]] == [[100], [0], [0], [0]], kernel
    played = play(run.trace)
    assert played.predicted == played.happened


def test_a_bound_socket_keeps_its_port_over_af_unspec(
    net: Network, kernel: str, tmp_path: Path
) -> None:
    assert net.strace("unspec_before_connect", tmp_path / "trace").gave["held"] is True, kernel


def test_a_socket_whose_port_was_released_can_be_bound_again_and_is_pinned(
    net: Network, kernel: str, tmp_path: Path
) -> None:
    gave = net.strace("bound_again", tmp_path / "trace").gave
    assert gave["refused"] == "ECONNREFUSED", kernel
    for after in ("after refusal", "after AF_UNSPEC"):
        assert (gave[f"bind {after}"], gave[f"held {after}"]) == ("ok", True), kernel


def test_a_destination_of_the_wrong_family_leaves_the_port(
    net: Network, kernel: str, tmp_path: Path
) -> None:
    gave = net.strace("families_that_do_not_fit", tmp_path / "trace").gave
    assert (gave["V6ONLY"], gave["V6ONLY held"]) == ("ENETUNREACH", True), kernel
    assert (gave["mapped"], gave["mapped held"]) == ("EAFNOSUPPORT", True), kernel


def test_an_option_of_length_0_is_cleared(net: Network, kernel: str, tmp_path: Path) -> None:
    gave = net.strace("option_of_no_length", tmp_path / "trace").gave
    assert (gave["set"], gave["pinned"]) == (0, True), kernel
