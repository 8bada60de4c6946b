"""What the examples in the rule files do not show: ends of traces, other ways to be closed, and
what cannot be read."""

from __future__ import annotations

import io

import pytest

import strace_analyzer as sa

ANY = '{sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16'
WEB = '{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16'
TCP = "AF_INET, SOCK_STREAM, IPPROTO_TCP"


def findings(*lines: str) -> list[sa.Finding]:
    """Those of a whole program: it begins with its execve(), and calls of no class are shown."""
    start = ['7 execve("/bin/a", ["a"], 0x7ffd1 /* 3 vars */) = 0', "7 getpid() = 7"]
    text = "".join(f"{line}\n" for line in [*start, *lines])
    return list(sa.analyze(io.BytesIO(text.encode())).findings)


def rules(*lines: str) -> list[str]:
    return [finding.rule for finding in findings(*lines)]


def test_a_port_that_is_held_until_the_trace_ends() -> None:
    with_times = [
        f"7 10:00:00.000000 socket({TCP}) = 3",
        f"7 10:00:00.000100 bind(3, {ANY}) = 0",
        f"7 10:00:09.000000 socket({TCP}) = 4",
    ]
    assert rules(*with_times) == ["bound-unused"]
    assert findings(*with_times)[0].held_seconds is None
    assert rules(*with_times[:2]) == []


def test_without_times_it_must_outlive_another_bind() -> None:
    held = [f"7 socket({TCP}) = 3", f"7 bind(3, {ANY}) = 0"]
    other = [f"7 socket({TCP}) = 4", f"7 bind(4, {ANY}) = 0", "7 listen(4, 5) = 0"]
    assert rules(*held) == []
    assert rules(*held, *other) == ["bound-unused"]
    assert rules(*held, "7 close(3) = 0", *other) == []
    assert rules(*held, *other, "7 listen(3, 5) = 0", "7 close(3) = 0") == []


@pytest.mark.parametrize(
    ("closing", "last"),
    [
        ("7 close(3) = 0", "close"),
        ("7 close_range(3, 9, 0) = 0", "close"),
        ("7 dup2(1, 3) = 3", "connect"),
        ('7 execve("/bin/b", ["b"], 0x7ffd1 /* 3 vars */) = 0', "connect"),
        ("7 +++ exited with 0 +++", "connect"),
    ],
)
def test_however_it_is_closed_the_binding_has_ended(closing: str, last: str) -> None:
    (finding,) = findings(
        f"7 socket({TCP.replace('STREAM', 'STREAM|SOCK_CLOEXEC')}) = 3",
        f"7 bind(3, {ANY}) = 0",
        f"7 connect(3, {WEB}) = 0",
        closing,
    )
    assert [call.role for call in finding.trail] == [
        *("socket", "bind", "connect"),
        *(["close"] if last == "close" else []),
    ]


def test_how_long_the_port_was_held() -> None:
    (finding,) = findings(
        f"7 10:00:00.000000 socket({TCP}) = 3",
        f"7 10:00:01.000000 bind(3, {ANY}) = 0",
        f"7 10:00:02.000000 connect(3, {WEB}) = 0",
        "7 10:00:04.500000 +++ exited with 0 +++",
    )
    assert finding.held_seconds == 3.5


def test_addresses_that_are_not_shown_make_no_finding() -> None:
    bound, raw = [f"7 socket({TCP}) = 3", f"7 bind(3, {ANY}) = 0"], "0x7ffd1, 16"
    assert rules(*bound, f"7 connect(3, {raw}) = 0", "7 close(3) = 0") == []
    assert rules(f"7 socket({TCP}) = 3", f"7 bind(3, {raw}) = 0", f"7 connect(3, {WEB}) = 0") == []


def test_a_retry_after_a_failure_that_holds_the_port_is_the_same_finding() -> None:
    (finding,) = findings(
        f"7 socket({TCP}) = 3",
        f"7 bind(3, {ANY}) = 0",
        f"7 connect(3, {WEB}) = -1 ENETUNREACH (Network is unreachable)",
        f"7 connect(3, {WEB}) = 0",
        "7 close(3) = 0",
    )
    assert (finding.calls["connect"].line, finding.outcome.value) == (5, "connected")
    assert [call.line for call in finding.trail if call.role == "connect"] == [5, 6]


def test_a_retry_after_a_release_is_none() -> None:
    (finding,) = findings(
        f"7 socket({TCP}) = 3",
        f"7 bind(3, {ANY}) = 0",
        f"7 connect(3, {WEB}) = -1 ECONNREFUSED (Connection refused)",
        f"7 connect(3, {WEB}) = 0",
        "7 close(3) = 0",
    )
    assert finding.outcome.value == "failed"
    assert [call.line for call in finding.trail if call.role == "connect"] == [5]


def test_the_process_is_the_one_that_made_the_socket_and_the_thread_the_one_that_bound_it() -> None:
    (finding,) = findings(
        f"7 socket({TCP}) = 3",
        "7 clone(child_stack=0x7f1, flags=CLONE_VM|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD) = 8",
        f"8 bind(3, {ANY}) = 0",
        f"7 connect(3, {WEB}) = 0",
    )
    assert (finding.process.tgid, finding.process.tid, finding.process.command) == (7, 8, "a")
    assert finding.calls["connect"].tid == 7
