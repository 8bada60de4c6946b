"""How bad an early bind is, by what its process did to the ports; and how sure, by what is hidden."""

from __future__ import annotations

from dataclasses import replace

import pytest

import strace_analyzer as sa
from strace_analyzer.analysis import Settings
from strace_analyzer.findings import PortUse, ProcessUse, Summary
from strace_analyzer.kernel.socket_state import Outcome
from strace_analyzer.rules.bind_address_port_zero import BindAddressPortZero
from strace_analyzer.rules.bind_any_port_zero import BindAnyPortZero
from strace_analyzer.rules.bound_unused import BoundUnused
from strace_analyzer.rules.fixed_source_port import FixedSourcePort
from strace_analyzer.rules.waste import early_bind_level, with_hidden_calls

TRACE = """\
socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
"""


def finding(trace: str = TRACE) -> sa.Finding:
    """The one finding of the trace, as it stands before it is judged."""
    analyzer = sa.Analyzer("trace", Settings(rules=(BindAnyPortZero, BindAddressPortZero)))
    found = [item for line in trace.splitlines() for item in analyzer.feed(line)]
    return found[-1]


def ports(size: int = 100) -> PortUse:
    return PortUse(0, (40000, 39999 + size), "option", 0, 0, 0, 0, None, None, None, 0, 0, None,
                   0.0, 0.0, 0, (), ())  # fmt: skip


def summary(use: ProcessUse | None, **more: object) -> Summary:
    uses = {} if use is None else {(finding().process.id, 0): use}
    return replace(Summary(uses=uses, ports={0: ports()}), **more)  # type: ignore[arg-type]


def use(pinned: int, needed: int, **more: object) -> ProcessUse:
    return ProcessUse("7", pinned, pinned, needed)._replace(**more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("process", "level"),
    [
        (None, sa.Level.NOTE),
        (use(1, 1), sa.Level.NOTE),
        (use(5, 5), sa.Level.NOTE),
        (use(5, 4), sa.Level.WARNING),
        (use(79, 79), sa.Level.NOTE),
        (use(80, 80), sa.Level.ERROR),
        (use(1, 1, exhausted=True), sa.Level.ERROR),
        (use(0, 0, peak_pinned_at_address=80), sa.Level.ERROR),
        (use(1, 1, most_pinned=6, most_needed=3), sa.Level.WARNING),
        (use(1, 1, most_pinned=3, most_needed=3), sa.Level.NOTE),
    ],
)
def test_the_level_of_an_early_bind(process: ProcessUse | None, level: sa.Level) -> None:
    assert early_bind_level(finding(), summary(process)) is level


def test_the_ports_of_another_namespace_do_not_count() -> None:
    elsewhere = finding()._replace(namespace=1)
    assert early_bind_level(elsewhere, summary(use(100, 1))) is sa.Level.NOTE


def test_without_figures_of_the_namespace_only_waste_is_known() -> None:
    assert early_bind_level(finding(), summary(use(100, 1), ports={})) is sa.Level.WARNING


def judged(rule: type[sa.Rule], item: sa.Finding, end: Summary) -> sa.Finding:
    return rule(sa.Analyzer()._analysis).judge(item, end)


@pytest.mark.parametrize(
    ("changes", "end", "level"),
    [
        ({}, summary(use(9, 3)), sa.Level.WARNING),
        ({"outcome": Outcome.FAILED}, summary(use(90, 3)), sa.Level.NOTE),
        (
            {"socket": finding().socket._replace(protocol="SCTP")},
            summary(use(90, 3)),
            sa.Level.NOTE,
        ),
        ({"reuse": True}, summary(use(90, 3)), sa.Level.ERROR),
        ({"reuse": True}, summary(use(90, 3), autobind_reuse=True), sa.Level.NOTE),
        ({}, summary(use(90, 3), autobind_reuse=True), sa.Level.ERROR),
    ],
)
def test_what_lowers_the_main_rule_to_a_note(
    changes: dict[str, object], end: Summary, level: sa.Level
) -> None:
    item = finding()._replace(**changes)  # type: ignore[arg-type]
    assert judged(BindAnyPortZero, item, end).level is level


def test_a_protocol_that_is_not_known_leaves_it_probable() -> None:
    unknown = finding()._replace(socket=finding().socket._replace(protocol=None))
    judgement = judged(BindAnyPortZero, unknown, summary(None))
    assert judgement.confidence is sa.Confidence.PROBABLE


@pytest.mark.parametrize(
    ("process", "option", "level"),
    [
        (use(9, 3), "", sa.Level.NOTE),
        (use(90, 3), "", sa.Level.ERROR),
        (use(90, 3), "IP_TRANSPARENT", sa.Level.NOTE),
        (use(90, 3), "IP_FREEBIND", sa.Level.NOTE),
    ],
)
def test_a_specific_address_is_a_note_unless_ports_nearly_ran_out(
    process: ProcessUse, option: str, level: sa.Level
) -> None:
    first, rest = TRACE.replace('"0.0.0.0"', '"127.0.0.1"').split("\n", 1)
    asked = f"setsockopt(3, SOL_IP, {option}, [1], 4) = 0\n" if option else ""
    item = finding(f"{first}\n{asked}{rest}")
    assert item.rule == "bind-address-port-zero"
    assert judged(BindAddressPortZero, item, summary(process)).level is level
    failed = item._replace(outcome=Outcome.FAILED)
    assert judged(BindAddressPortZero, failed, summary(process)).level is sa.Level.NOTE


# what is hidden

CLOSE, FAILURES, OPTIONS = "descriptor-calls-hidden", "failures-hidden", "setsockopt-hidden"
SHOWN = TRACE.replace(
    "connect(3",
    'getsockname(3, {sa_family=AF_INET, sin_port=htons(40001), sin_addr=inet_addr("0.0.0.0")}, [16])'
    " = 0\nconnect(3",
)
SHOWN_LATE = [*SHOWN.splitlines()[:2], SHOWN.splitlines()[3], SHOWN.splitlines()[2]]


@pytest.mark.parametrize(
    ("trace", "hidden", "doubts"),
    [
        (TRACE, set(), set()),
        (TRACE, {CLOSE}, {CLOSE}),
        (TRACE, {CLOSE, FAILURES, OPTIONS}, {CLOSE, FAILURES, OPTIONS}),
        (TRACE, {"connect-hidden"}, set()),
        (SHOWN, {OPTIONS}, set()),
        (SHOWN, {OPTIONS, CLOSE}, {CLOSE}),
        ("\n".join(SHOWN_LATE), {OPTIONS}, {OPTIONS}),
        (TRACE.replace("connect(3", "connect(3<TCP:[0.0.0.0:40001]>"), {CLOSE, OPTIONS}, set()),
    ],
)
def test_what_is_hidden_makes_a_finding_probable(
    trace: str, hidden: set[str], doubts: set[str]
) -> None:
    item = with_hidden_calls(finding(trace), Summary(hidden=frozenset(hidden)))
    assert item.doubts == doubts
    assert (item.confidence is sa.Confidence.PROBABLE) is bool(doubts)


def test_a_port_that_seems_unused_may_be_connected_unseen() -> None:
    found = finding()
    unused = found._replace(trail=tuple(c for c in found.trail if c.role != "connect"))
    item = judged(BoundUnused, unused, Summary(hidden=frozenset({"connect-hidden"})))
    assert item.doubts == {"connect-hidden"}


def test_no_option_makes_an_explicit_port_harmless() -> None:
    item = judged(FixedSourcePort, finding(), Summary(hidden=frozenset({OPTIONS, CLOSE})))
    assert item.doubts == {CLOSE}
