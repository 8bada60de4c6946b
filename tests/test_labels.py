"""Every labelled trace, against every rule: recall and precision 1.0, the right lines.

The labels (their convention stands in the shared README) are one row per bind(). What a rule must
say of a row follows from the row's verdict; a file without rows must give no finding that rests
on a bind.
"""

from __future__ import annotations

from functools import cache

import pytest
from shared_folder import TRACES, Label, labels

import strace_analyzer as sa

pytestmark = pytest.mark.labels
FILES = sorted(labels())
EPHEMERAL = range(32768, 61000)
FLAGGED = {"FLAG": {"connected", "in-progress"}, "FLAG_FAILED_CONNECT": {"failed"}}


@cache
def analysis(name: str) -> sa.Analysis:
    return sa.analyze(TRACES / name)


def found(name: str, rule: str) -> list[sa.Finding]:
    return [finding for finding in analysis(name).findings if finding.rule == rule]


def rows(name: str, *verdicts: str) -> list[Label]:
    return [row for row in labels()[name] if row.verdict in verdicts]


def lines(findings: list[sa.Finding]) -> list[tuple[int, int, int]]:
    """(bind line, connect line, fd of the bind) of each finding, in order."""
    return sorted(
        (f.calls["bind"].line, f.calls["connect"].line, f.calls["bind"].fd) for f in findings
    )


def expected_lines(labelled: list[Label]) -> list[tuple[int, int, int]]:
    return sorted((row.bind_line, row.connect_line or 0, row.fd) for row in labelled)


def assigned_fixed_port(row: Label) -> int:
    """The explicit port that the reason of a NOTE_FIXED_PORT row names."""
    return int(row.reason.split("explicit local port ")[1].split(";")[0])


@pytest.mark.parametrize("name", FILES)
def test_the_main_rule_finds_exactly_the_flagged_binds(name: str) -> None:
    findings = found(name, "bind-any-port-zero")
    flagged = rows(name, *FLAGGED)
    doubtful = {row.bind_line for row in rows(name, "UNKNOWN", "FLAG_CROSS_PROCESS")}
    judged = [f for f in findings if f.calls["bind"].line not in doubtful]
    assert lines(judged) == expected_lines(flagged)


NO_SETSOCKOPT = frozenset({"setsockopt-hidden"})
"""No setsockopt() in the trace, and getsockname() shows no port between bind and connect: what it
shows after the connect would be the same under IP_BIND_ADDRESS_NO_PORT."""

DOUBTS = {
    "attach-midway.strace": {NO_SETSOCKOPT | {"older-socket"}},
    "kernel-03a-bindany-k1.strace": {frozenset(), NO_SETSOCKOPT},
    "kernel-03b-bindany-k3ip.strace": {frozenset(), NO_SETSOCKOPT},
    "kernel-03c-bindany-k3port.strace": {frozenset(), NO_SETSOCKOPT},
    "kernel-mixed_60bindany_then_nobind3.strace": {NO_SETSOCKOPT},
    "kernel-mixed_60nobind_then_bindany.strace": {NO_SETSOCKOPT},
    "kernel-nonblock_connect.strace": {NO_SETSOCKOPT},
    "kernel-refused_not_closed.strace": {NO_SETSOCKOPT},
    "kernel-refused_ports_released.strace": {NO_SETSOCKOPT},
    "kernel-tw_active_bindany-tcp_tw_reuse_0.strace": {NO_SETSOCKOPT},
    "kernel-tw_active_bindany.strace": {NO_SETSOCKOPT},
    "kernel-tw_passive_bindany.strace": {NO_SETSOCKOPT},
    "socat-bind-any.strace": {NO_SETSOCKOPT},
}
"""Traces that hide what could make their findings harmless; in all others they are certain. In the
03 ones the program asked for the port of its first socket alone before it connected it."""


@pytest.mark.parametrize("name", [name for name in FILES if rows(name, *FLAGGED)])
def test_a_finding_is_certain_unless_the_trace_hides_something(name: str) -> None:
    flagged = {row.bind_line for row in rows(name, *FLAGGED)}
    judged = [f for f in found(name, "bind-any-port-zero") if f.calls["bind"].line in flagged]
    assert {f.doubts for f in judged} == DOUBTS.get(name, {frozenset()})
    wrong = [f.at for f in judged if bool(f.doubts) is (f.confidence is sa.Confidence.CERTAIN)]
    assert wrong == []


@pytest.mark.parametrize("name", [name for name in FILES if rows(name, *FLAGGED)])
def test_outcome_thread_and_process_of_a_finding(name: str) -> None:
    by_bind = {f.calls["bind"].line: f for f in found(name, "bind-any-port-zero")}
    outcomes = {row.bind_line: by_bind[row.bind_line].outcome.value for row in rows(name, *FLAGGED)}
    wrong = {
        row.bind_line: (row.verdict, outcomes[row.bind_line])
        for row in rows(name, *FLAGGED)
        if outcomes[row.bind_line] not in FLAGGED[row.verdict]
    }
    assert wrong == {}
    threads = {row.bind_line: row.pid for row in rows(name, *FLAGGED) if row.pid}
    assert {line: by_bind[line].calls["bind"].tid for line in threads} == threads


@pytest.mark.parametrize(
    "name", [name for name in FILES if rows(name, "UNKNOWN", "FLAG_CROSS_PROCESS")]
)
def test_what_the_trace_cannot_tell_is_said(name: str) -> None:
    doubtful = {row.bind_line for row in rows(name, "UNKNOWN", "FLAG_CROSS_PROCESS")}
    probable = {
        f.calls["bind"].line
        for f in found(name, "bind-any-port-zero")
        if f.confidence is sa.Confidence.PROBABLE
    }
    assert analysis(name).unknown or probable >= doubtful


@pytest.mark.parametrize("name", FILES)
def test_specific_addresses_are_the_milder_rule(name: str) -> None:
    findings = found(name, "bind-address-port-zero")
    assert lines(findings) == expected_lines(rows(name, "NOTE_SPECIFIC_IP"))


@pytest.mark.parametrize("name", FILES)
def test_fixed_ports_inside_the_ephemeral_range(name: str) -> None:
    fixed = [row for row in rows(name, "NOTE_FIXED_PORT") if assigned_fixed_port(row) in EPHEMERAL]
    connected = [f for f in found(name, "fixed-source-port") if "connect" in f.calls]
    assert lines(connected) == expected_lines(fixed)


@pytest.mark.parametrize("name", FILES)
def test_exhausted_ports_are_found_where_bind_says_so(name: str) -> None:
    binds = {row.bind_line for row in labels()[name]}
    at = {f.at.line for f in found(name, "ephemeral-ports-exhausted")}
    assert at & binds == {row.bind_line for row in rows(name, "EXHAUSTION")}


@pytest.mark.parametrize("name", FILES)
def test_bound_unused_only_where_tcp_was_bound_and_never_connected(name: str) -> None:
    never_connected = {
        row.bind_line
        for row in rows(name, "NONE")
        if row.connect_line is None and row.protocol.startswith(("TCP", "MPTCP"))
    }
    assert {f.calls["bind"].line for f in found(name, "bound-unused")} <= never_connected


@pytest.mark.parametrize("name", [name for name in FILES if not labels()[name]])
def test_a_trace_without_inet_bind_has_no_early_bind(name: str) -> None:
    early = ("bind-any-port-zero", "bind-address-port-zero", "bound-unused", "fixed-source-port")
    assert [f for f in analysis(name).findings if f.rule in early] == []
