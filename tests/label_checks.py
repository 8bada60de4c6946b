"""What the labels of a trace (see the convention in the shared README) require of the rules: one
check each.

A label is one row per bind(). The verdict of a row decides what a rule must say about it; a file
without rows must give no finding that depends on a bind.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from shared_folder import TRACES2, Label, labels, table

import strace_analyzer as sa
from strace_analyzer.findings import CallRecord
from strace_analyzer.kernel.doubts import Doubt

EPHEMERAL = range(32768, 61000)
FLAGGED = {"FLAG": {"connected", "in-progress"}, "FLAG_FAILED_CONNECT": {"failed"}}
DOUBTFUL = ("UNKNOWN", "UNKNOWN_IO_URING", "FLAG_CROSS_PROCESS")

Place = tuple[str, int]
"""A line, and the file (or member of a family) that contains it."""


@cache
def analysis(trace: Path) -> sa.Analysis:
    return sa.analyze(trace)


def found(trace: Path, rule: str) -> list[sa.Finding]:
    return [finding for finding in analysis(trace).findings if finding.rule == rule]


def rows(trace: Path, *verdicts: str) -> list[Label]:
    return [row for row in labels(trace.parent)[trace.name] if row.verdict in verdicts]


def place(call: CallRecord) -> Place:
    return Path(call.source).name, call.line


def bind(finding: sa.Finding) -> Place:
    return place(finding.calls["bind"])


def binds(labelled: list[Label]) -> set[Place]:
    return {(row.file, row.bind_line) for row in labelled}


def lines(findings: list[sa.Finding]) -> list[tuple[str, int, int, int]]:
    """Return (file and line of the bind, connect line, fd of the bind) of each finding, in
    order."""
    return sorted((*bind(f), f.calls["connect"].line, f.calls["bind"].fd) for f in findings)


def expected_lines(labelled: list[Label]) -> list[tuple[str, int, int, int]]:
    return sorted((row.file, row.bind_line, row.connect_line or 0, row.fd) for row in labelled)


def fixed_port(trace: Path, row: Label) -> int:
    """Return the explicit port named by the reason of a NOTE_FIXED_PORT row, else in its line."""
    named = re.search(r"explicit local port ([0-9]+)", row.reason)
    if named is None:
        file = trace if trace.is_file() else trace / row.file
        line = file.read_text("utf-8", "surrogateescape").split("\n")[row.bind_line - 1]
        raw = re.search(r'_port="\\x(..)\\x(..)"', line)  # -X raw and verbose, -xx
        if raw is not None:
            return int(raw[1] + raw[2], 16)
        named = re.search(r"_port=htons\(([0-9]+)", line)
        assert named is not None, line
    return int(named[1])


def the_main_rule_finds_exactly_the_flagged_binds(trace: Path) -> None:
    doubtful = binds(rows(trace, *DOUBTFUL))
    judged = [f for f in found(trace, "bind-any-port-zero") if bind(f) not in doubtful]
    assert lines(judged) == expected_lines(rows(trace, *FLAGGED))


NO_SETSOCKOPT = frozenset({"setsockopt-hidden"})
"""No setsockopt() in the trace, and getsockname() shows no port between bind and connect: after the
connect it would show the same under IP_BIND_ADDRESS_NO_PORT."""

NO_CLOSE = frozenset({"descriptor-calls-hidden"})
NO_COPIES = frozenset({"copies-hidden"})
"""The program copies descriptors, and the filter hides dup() and fork()."""
NO_FAILURES = frozenset({"failures-hidden"})

DOUBTS: dict[str, set[frozenset[str]]] = {
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
    "a-midway.strace": {frozenset(), frozenset({"older-socket"})},
    "m61-enet.strace": {NO_COPIES | NO_CLOSE, NO_COPIES | NO_CLOSE | {"clone-hidden"}},
    "m61-enetclose.strace": {NO_COPIES, NO_COPIES | {"clone-hidden"}},
    "m61-enetyy.strace": {NO_COPIES, NO_COPIES | NO_CLOSE},
    "m61-z.strace": {NO_FAILURES, NO_FAILURES | {"fd-reuse", "older-socket"}},
    "u-uring.strace": {frozenset({"io-uring"})},
}
"""Traces that hide what could make their findings harmless; in all others findings are certain. In
the 03 ones, the program queried the port of its first socket only, before connecting it."""


def a_finding_is_certain_unless_the_trace_hides_something(trace: Path) -> None:
    flagged = binds(rows(trace, *FLAGGED))
    judged = [f for f in found(trace, "bind-any-port-zero") if bind(f) in flagged]
    if judged:
        assert {f.doubts for f in judged} == DOUBTS.get(trace.name, {frozenset()})
    wrong = [f.at for f in judged if bool(f.doubts) is (f.confidence is sa.Confidence.CERTAIN)]
    assert wrong == []


def outcome_thread_and_process_of_a_finding(trace: Path) -> None:
    by_bind = {bind(f): f for f in found(trace, "bind-any-port-zero")}
    flagged = {(row.file, row.bind_line): row for row in rows(trace, *FLAGGED)}
    wrong = {
        place: (row.verdict, by_bind[place].outcome.value)
        for place, row in flagged.items()
        if by_bind[place].outcome.value not in FLAGGED[row.verdict]
    }
    assert wrong == {}
    threads = {place: row.pid for place, row in flagged.items() if row.pid}
    assert {place: by_bind[place].calls["bind"].tid for place in threads} == threads


def what_the_trace_cannot_tell_is_said(trace: Path) -> None:
    """An UNKNOWN bind gives no finding, or a probable one; and the report mentions it."""
    doubtful = binds(rows(trace, *DOUBTFUL))
    main = [f for f in found(trace, "bind-any-port-zero") if bind(f) in doubtful]
    if trace.parent == TRACES2:
        assert [f.at for f in main if f.confidence is sa.Confidence.CERTAIN] == []
    probable = {bind(f) for f in main if f.confidence is sa.Confidence.PROBABLE}
    assert analysis(trace).unknown or analysis(trace).warnings or probable >= doubtful


def specific_addresses_are_the_milder_rule(trace: Path) -> None:
    doubtful = binds(rows(trace, *DOUBTFUL))
    findings = [f for f in found(trace, "bind-address-port-zero") if bind(f) not in doubtful]
    assert lines(findings) == expected_lines(rows(trace, "NOTE_SPECIFIC_IP"))


def fixed_ports_inside_the_ephemeral_range(trace: Path) -> None:
    fixed = [r for r in rows(trace, "NOTE_FIXED_PORT") if fixed_port(trace, r) in EPHEMERAL]
    connected = [f for f in found(trace, "fixed-source-port") if "connect" in f.calls]
    assert lines(connected) == expected_lines(fixed)


def exhausted_ports_are_found_where_bind_says_so(trace: Path) -> None:
    at = {(Path(f.at.source).name, f.at.line) for f in found(trace, "ephemeral-ports-exhausted")}
    labelled = binds(labels(trace.parent)[trace.name])
    assert at & labelled == binds(rows(trace, "EXHAUSTION"))


def bound_unused_only_where_tcp_was_bound_and_never_connected(trace: Path) -> None:
    never_connected = binds(
        [
            row
            for row in rows(trace, "NONE", *DOUBTFUL)
            if row.connect_line is None and row.protocol.startswith(("TCP", "MPTCP"))
        ]
    )
    flagged = [
        bind(f)
        for f in found(trace, "bound-unused")
        if Doubt.COPIES_HIDDEN not in f.doubts  # it may have connected under an unseen number
    ]
    assert set(flagged) <= never_connected


def a_trace_without_inet_bind_has_no_early_bind(trace: Path) -> None:
    if labels(trace.parent)[trace.name]:
        return
    early = ("bind-any-port-zero", "bind-address-port-zero", "bound-unused", "fixed-source-port")
    assert [f for f in analysis(trace).findings if f.rule in early] == []


def figures_of_ports(trace: Path) -> None:
    """What was counted with ss while the programs ran; `-` is unknown."""
    ports = {use.namespace: use for use in analysis(trace).traces[0].ports}
    for row in table(trace.parent / "PORTS.tsv"):
        if row["file"] != trace.name:
            continue
        known = {
            name: int(figure)
            for name, figure in row.items()
            if name not in ("file", "namespace", "why") and figure != "-"
        }
        use = ports[int(row["namespace"])]
        assert {name: getattr(use, name) for name in known} == known


CHECKS = (
    the_main_rule_finds_exactly_the_flagged_binds,
    a_finding_is_certain_unless_the_trace_hides_something,
    outcome_thread_and_process_of_a_finding,
    what_the_trace_cannot_tell_is_said,
    specific_addresses_are_the_milder_rule,
    fixed_ports_inside_the_ephemeral_range,
    exhausted_ports_are_found_where_bind_says_so,
    bound_unused_only_where_tcp_was_bound_and_never_connected,
    a_trace_without_inet_bind_has_no_early_bind,
    figures_of_ports,
)


def disagreements(trace: Path) -> list[str]:
    """Return the disagreements between the analysis of `trace` and its labels."""
    found = []
    for check in CHECKS:
        try:
            check(trace)
        except AssertionError as error:
            found.append(f"{check.__name__}: {error}")
    analysis.cache_clear()
    return found
