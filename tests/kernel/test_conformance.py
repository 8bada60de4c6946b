"""Each set-up against the kernel: does it still give what we wrote down, and does the tool foresee
it?"""

from __future__ import annotations

import platform
from pathlib import Path

import pytest
from kernel.network import Network
from kernel.reading import play, use
from kernel.setups import ALL, UNCLOSED, SetUp

pytestmark = pytest.mark.kernel


def _version() -> tuple[int, int]:
    major, minor = platform.release().split(".")[:2]
    return int(major), int("".join(c for c in minor if c.isdigit()))


@pytest.mark.parametrize("setup", [*ALL, *UNCLOSED], ids=lambda setup: setup.program)
def test_kernel_and_prediction(setup: SetUp, net: Network, kernel: str, tmp_path: Path) -> None:
    if _version() < setup.since:
        pytest.skip(f"{kernel} is older than {setup.since[0]}.{setup.since[1]}")
    run = net.strace(setup.program, tmp_path / "trace")

    # the kernel gives what docs/kernel.md says
    phases = run.gave["phases"]
    assert [phase["given"] for phase in phases] == setup.given, kernel
    assert [next(iter(phase["failed"]), None) for phase in phases] == setup.failed, kernel
    assert all(len(phase["failed"]) <= 1 for phase in phases), kernel
    if setup not in UNCLOSED:
        ports = run.gave["ports"]
        assert ports == setup.ports or (setup.ports == -1 and 60 <= ports <= 100), kernel

    # the tool foresees every call that found no port, and no other, from the calls before it
    played = play(run.trace)
    assert played.predicted == played.happened, kernel
    without_port = [
        count
        for phase in phases
        for call, count in phase["failed"].items()
        if not call.endswith(("ECONNREFUSED", "ENETUNREACH"))
    ]
    assert len(played.happened) == sum(without_port)

    # and its account has the figures that were worked out by hand
    if not setup.program.startswith("udp_"):
        account = use(run.trace)
        assert (account.peak_pinned, account.peak_needed) == (setup.pinned, setup.needed)
        assert max((a.peak_pinned for a in account.by_address), default=0) == setup.address


def test_refused_sockets_hold_nothing(net: Network, tmp_path: Path) -> None:
    """300 of them open, and the whole range is still free: DOMAIN 3.5, `refused, not closed`."""
    run = net.strace("refused", tmp_path / "trace")
    account = use(run.trace)
    assert account.total_pinned == 300
    assert account.peak_pinned == 1
    assert account.headroom == 99
    assert play(run.trace).peak == 1


def test_early_binds_would_have_fitted(net: Network, tmp_path: Path) -> None:
    """180 over three destinations need 60 ports; bound early, 80 find none."""
    early = net.strace("early_180_over_three", tmp_path / "early")
    assert early.gave["phases"][0]["failed"] == {"bind EADDRINUSE": 80}
    account = use(early.trace)
    assert (account.headroom, account.headroom_without_bind) == (0, 66)


def test_unbound_180_fit(net: Network, tmp_path: Path) -> None:
    account = use(net.strace("unbound_180_over_three", tmp_path / "trace").trace)
    assert account.total_connections == 180
    assert account.headroom_without_bind == 40
