"""A connect() that fails: does the socket keep the port of its bind(), and does the tool know?"""

from __future__ import annotations

from pathlib import Path

import pytest
from kernel.network import Network
from kernel.reading import steps

from strace_analyzer.kernel.socket_state import Binding

pytestmark = pytest.mark.kernel

# program, what connect() gives, whether it answers within 50 ms, and the port
FAILURES = [
    ("fails_refused", "ECONNREFUSED", True, "released"),
    ("fails_port_zero", "ECONNREFUSED", True, "released"),
    ("fails_silence", "ETIMEDOUT", False, "released"),
    ("fails_no_neighbour", ("ETIMEDOUT", "EHOSTUNREACH"), False, "released"),
    ("fails_router_unreachable", "EHOSTUNREACH", False, "released"),
    ("fails_router_prohibited", "EHOSTUNREACH", False, "released"),
    ("fails_router_no_route", "ENETUNREACH", False, "released"),
    ("fails_no_route", "ENETUNREACH", True, "held"),
    ("fails_no_route_v6", "ENETUNREACH", True, "held"),
    ("fails_broadcast", "ENETUNREACH", True, "held"),
    ("fails_multicast", "ENETUNREACH", True, "held"),
    ("fails_prohibited", "EACCES", True, "held"),
    ("fails_blackhole", "EINVAL", True, "held"),
    ("fails_unreachable", "EHOSTUNREACH", True, "held"),
    ("fails_forbidden", "EPERM", True, "held"),
]


def _tool_says(trace: Path) -> str:
    """From the trace alone: the binding of the socket whose connect() failed, after it."""
    failed = [step for step in steps(trace) if step.role == "connect" and step.errno]
    (step,) = failed
    assert step.was is not None
    assert step.now is not None
    assert step.was.binding is Binding.EPHEMERAL
    return "held" if step.now.binding is Binding.EPHEMERAL else "released"


@pytest.mark.parametrize(("program", "errno", "quick", "port"), FAILURES, ids=str)
def test_failure(
    program: str,
    errno: str | tuple[str, ...],
    quick: bool,
    port: str,
    net: Network,
    kernel: str,
    tmp_path: Path,
) -> None:
    run = net.strace(program, tmp_path / "trace")
    if run.gave.get("supported") is False:
        pytest.skip("no cgroup hook for connect() here")
    expected = errno if isinstance(errno, tuple) else (errno,)
    assert run.gave["connect"] in expected, kernel
    assert run.gave["quick"] is quick, kernel
    assert run.gave["port"] == port, kernel
    assert run.gave["stale"] is True, f"{kernel}: getsockname() no longer shows the old port"
    assert _tool_says(run.trace) == port


def test_taken_four_tuple_releases(net: Network, kernel: str, tmp_path: Path) -> None:
    net.sysctl("ipv4.ip_autobind_reuse", 1)
    run = net.strace("fails_address_not_available", tmp_path / "trace")
    assert run.gave["connect"] == "EADDRNOTAVAIL", kernel
    assert run.gave["port"] == "released", kernel
    assert _tool_says(run.trace) == "released"


def test_named_port_survives_a_refusal(net: Network, kernel: str, tmp_path: Path) -> None:
    run = net.strace("refused_named_port", tmp_path / "trace")
    assert run.gave["connect"] == "ECONNREFUSED", kernel
    assert run.gave["other"] == "EADDRINUSE", kernel
    after = [step.now for step in steps(run.trace) if step.role == "connect"]
    assert [socket.binding for socket in after if socket is not None] == [Binding.BOUND]


def test_pending_error_is_taken_once(net: Network, kernel: str, tmp_path: Path) -> None:
    run = net.strace("in_progress_send_takes_error", tmp_path / "trace")
    assert (run.gave["send"], run.gave["so_error"]) == ("ECONNREFUSED", 0), kernel
    last = [step.now for step in steps(run.trace) if step.role == "outcome"][-1]
    assert last is not None
    assert last.was_released


def test_refused_after_progress(net: Network, kernel: str, tmp_path: Path) -> None:
    run = net.strace("in_progress_refused", tmp_path / "trace")
    assert run.gave["outcomes"] == ["ECONNREFUSED"], kernel
