"""The verdict and the exit status: the contract's table, row by row."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from report.fixtures import analysis, crawler, early_bind, process, trace

from strace_analyzer.analysis import Analysis
from strace_analyzer.errors import ConfigurationError
from strace_analyzer.findings import Level, Unknown, Warning
from strace_analyzer.kernel.socket_state import Outcome
from strace_analyzer.report.gate import judge, parse_gate
from strace_analyzer.report.selection import Selected
from strace_analyzer.rules.engine import RuleFailure

RULES = ("bind-any-port-zero", "udp-shared-port")
AT = early_bind(10).at
UNKNOWN = Unknown("io-uring", "invisible", 2, "t1", "t1:700", None, AT, AT)
BLIND = trace(inconclusive="the options of this trace hid connect()")
MISSES = Warning("failures-hidden", "t1", 1, "may-miss", "-z", "take it again")


def judged(made: Analysis, *fail_on: str) -> tuple[str, int]:
    judgement = judge(Selected(made), parse_gate(fail_on, RULES))
    return judgement.verdict, judgement.exit_status


def note() -> Analysis:
    return analysis([early_bind(10, level=Level.NOTE)])


def test_a_warning_fails_by_default() -> None:
    assert judged(crawler()) == ("findings", 1)


def test_a_note_does_not() -> None:
    assert judged(note()) == ("findings", 0)


def test_a_note_fails_where_notes_are_to_fail() -> None:
    assert judged(note(), "note") == ("findings", 1)


def test_a_rule_fails_whatever_its_level() -> None:
    assert judged(note(), "bind-any-port-zero") == ("findings", 1)
    assert judged(note(), "udp-shared-port") == ("findings", 0)


def test_a_rule_does_not_fail_on_connections_that_failed() -> None:
    made = analysis([early_bind(10, level=Level.NOTE, outcome=Outcome.FAILED)])
    assert judged(made, "bind-any-port-zero") == ("findings", 0)


@pytest.mark.parametrize(
    "fail_on", [(), ("warning",), ("error", "udp-shared-port"), ("error",), ("never",)], ids=str
)
@pytest.mark.parametrize(
    "hidden", [{"unknown": [UNKNOWN]}, {"warnings": [MISSES]}, {"traces": [BLIND]}], ids=str
)
def test_notes_are_no_all_clear_where_more_may_be_hidden(
    hidden: dict[str, list[Any]], fail_on: tuple[str, ...]
) -> None:
    notes = [early_bind(10, level=Level.NOTE)]
    assert judged(analysis(notes, **hidden), *fail_on) == ("inconclusive", 2)
    assert judged(analysis(notes, **hidden), "note") == ("findings", 1)
    assert judged(analysis([], **hidden), *fail_on) == ("inconclusive", 2)


@pytest.mark.parametrize("hidden", [{"unknown": [UNKNOWN]}, {"warnings": [MISSES]}], ids=str)
def test_an_error_may_be_hidden_where_a_warning_is_below_the_gate(
    hidden: dict[str, list[Any]],
) -> None:
    warnings = [early_bind(10)]
    assert judged(analysis(warnings, **hidden), "error") == ("findings", 2)
    assert judged(analysis(warnings, **hidden)) == ("findings", 1)
    assert judged(analysis(warnings, **hidden), "never") == ("findings", 0)
    assert judged(analysis(warnings), "error") == ("findings", 0)


def test_of_several_traces_the_one_that_hides_something_counts() -> None:
    notes = [early_bind(10, level=Level.NOTE)]
    both = {"traces": [trace(), trace(id="t2")]}
    assert judged(analysis(notes, **both)) == ("findings", 0)
    other = replace(UNKNOWN, trace="t2")
    assert judged(analysis(notes, unknown=[other], **both)) == ("findings", 2)


def test_conditions_add_up() -> None:
    assert judged(note(), "error", "bind-any-port-zero") == ("findings", 1)
    assert judged(crawler(), "error", "warning") == ("findings", 1)


def test_never_means_never() -> None:
    assert judged(crawler(), "never") == ("findings", 0)


def test_clean_needs_a_connection() -> None:
    assert judged(analysis()) == ("clean", 0)
    assert judged(analysis(processes=[process(tcp_connections=0)])) == ("no-connections", 0)
    assert judged(analysis(processes=[])) == ("no-connections", 0)


def test_clean_needs_nothing_unknown() -> None:
    made = analysis(unknown=[UNKNOWN])
    assert judged(made) == ("inconclusive", 2)
    assert judged(made, "unknown") == ("inconclusive", 1)


def test_clean_needs_nothing_hidden_that_could_be_a_finding() -> None:
    assert judged(analysis(warnings=[MISSES])) == ("inconclusive", 2)
    assert judged(analysis(warnings=[replace(MISSES, effect="may-overreport")])) == ("clean", 0)


def test_a_trace_that_could_not_show_bind_and_connect_cannot_be_judged() -> None:
    made = analysis(
        traces=[trace(inconclusive="the options of this trace hid bind()")], processes=[]
    )
    assert judged(made) == ("inconclusive", 2)
    assert judged(made, "never") == ("inconclusive", 2)


def test_what_a_blind_trace_shows_is_a_finding_where_the_gate_stops_it() -> None:
    blind = trace(inconclusive="the options of this trace hid connect()")
    made = replace(note(), traces=(blind,))
    assert judged(made) == ("inconclusive", 2)
    assert judged(made, "note") == ("findings", 1)


def test_a_finding_beside_a_blind_trace_is_still_a_finding() -> None:
    blind = trace(id="t2", inconclusive="the options of this trace hid bind()")
    made = replace(crawler(), traces=(*crawler().traces, blind))
    assert judged(made) == ("findings", 1)
    assert judged(made, "error") == ("findings", 2)


def test_a_rule_that_raised_cannot_judge() -> None:
    failure = RuleFailure("mine", "a.txt", 3, "KeyError: 'x'")
    assert judged(replace(crawler(), failures=(failure,))) == ("findings", 2)


def test_counts_are_of_findings() -> None:
    judgement = judge(Selected(replace(crawler(), unknown=(UNKNOWN,))), parse_gate((), RULES))
    assert (judgement.error, judgement.warning, judgement.note) == (0, 3, 0)
    assert (judgement.probable, judgement.unknown, judgement.connections) == (0, 2, 3)


@pytest.mark.parametrize(
    ("asked", "fail_on", "expected"),
    [
        (3, ("never",), ("findings", 0)),
        (4, ("never",), ("findings", 1)),
        (4, ("error",), ("findings", 1)),
        (2, ("warning",), ("findings", 1)),
    ],
)
def test_a_program_that_made_too_few_connections_does_not_pass(
    asked: int, fail_on: tuple[str, ...], expected: tuple[str, int]
) -> None:
    judgement = judge(Selected(crawler()), parse_gate(fail_on, RULES, asked))
    assert (judgement.verdict, judgement.exit_status) == expected
    assert bool(judgement.idle) == (asked > 3)


def test_one_idle_trace_of_several_is_named_and_failed_connections_were_not_made() -> None:
    idle = trace(id="t2", name="idle.strace")
    failed = process(id="t2:1", trace="t2", tcp_connections=9, failed=8)
    made = replace(analysis(processes=(process(), failed)), traces=(trace(), idle))
    judgement = judge(Selected(made), parse_gate((), RULES, 2))
    assert judgement.exit_status == 1
    assert judgement.idle == (
        "idle.strace made 1 outgoing TCP connection, --min-connections asks for 2",
    )


def test_a_trace_that_cannot_show_its_connections_is_not_called_idle_first() -> None:
    blind = trace(inconclusive="the options of this trace hid connect()")
    judgement = judge(Selected(analysis(traces=[blind])), parse_gate((), RULES, 1))
    assert (judgement.verdict, judgement.exit_status) == ("inconclusive", 2)


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("warnin", "did you mean 'warning'"),
        ("bind-any-port", "did you mean 'bind-any-port-zero'"),
    ],
)
def test_a_word_that_does_not_exist_names_the_nearest(word: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        parse_gate([word], RULES)


def test_never_stands_alone() -> None:
    with pytest.raises(ConfigurationError, match="never cannot be combined"):
        parse_gate(["never", "error"], RULES)
