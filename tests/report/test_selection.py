"""What is reported: by rule, level, process, command and time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from report.fixtures import analysis, crawler, early_bind, group, process, trace

import strace_analyzer as sa
from strace_analyzer.analysis import Analysis
from strace_analyzer.errors import ConfigurationError
from strace_analyzer.findings import Endpoint, Level, ProcessRef, Unknown
from strace_analyzer.kernel.socket_state import Outcome
from strace_analyzer.report.moment import parse_moment
from strace_analyzer.report.selection import Selected, Selection

PYTHON = ProcessRef("t1:900", 900, 900, "python3")


def two_programs() -> Analysis:
    erlang, python = early_bind(10), early_bind(30, process=PYTHON, group="g2", level=Level.NOTE)
    return analysis(
        [erlang, python],
        groups=[group([erlang]), group([python], "g2")],
        processes=[
            process(),
            process(
                id="t1:900",
                tgid=900,
                tids=(900, 901),
                command="python3",
                programs=("/usr/bin/python3",),
            ),
        ],
    )


def shown(selected: Selected) -> list[int]:
    return [finding.at.line for finding in selected.findings()]


def test_everything_is_shown_when_nothing_is_asked_for() -> None:
    assert shown(Selected(two_programs())) == [12, 32]


def test_a_level_hides_but_does_not_acquit() -> None:
    selected = Selected(two_programs(), Selection(level=Level.WARNING))
    assert shown(selected) == [12]
    assert [item.level for item in selected.judged] == [Level.WARNING, Level.NOTE]


def test_a_rule_that_was_not_asked_for_does_not_count() -> None:
    selected = Selected(two_programs(), Selection(rules=frozenset({"udp-shared-port"})))
    assert selected.judged == ()


@pytest.mark.parametrize("pid", [900, 901])
def test_a_process_is_found_by_any_of_its_threads(pid: int) -> None:
    assert shown(Selected(two_programs(), Selection(pids=frozenset({pid})))) == [32]


def test_a_command_is_found_by_name() -> None:
    assert shown(Selected(two_programs(), Selection(commands=("beam*",)))) == [12]


def test_a_process_is_found_by_the_path_of_what_it_ran() -> None:
    selected = Selected(two_programs(), Selection(commands=("/usr/bin/*",)))
    assert [item.tgid for item in selected.processes] == [900]


def test_what_is_unknown_about_another_process_is_left_out() -> None:
    at = early_bind(10).at
    unknown = Unknown("io-uring", "invisible", 1, "t1", "t1:700", None, at, at)
    made = replace(two_programs(), unknown=(unknown, replace(unknown, process=None)))
    selected = Selected(made, Selection(pids=frozenset({900})))
    assert [item.process for item in selected.unknown] == [None]


def test_a_group_counts_only_what_lies_in_the_time_window() -> None:
    # bind() is at 1.012, 1.032 and 1.052 s; the second and third are asked for
    selected = Selected(crawler(), Selection(since=parse_moment("+1.03")))
    (only,) = selected.groups
    assert (only.count, only.connected, only.failed) == (2, 2, 0)
    assert (only.first.line, only.last.line, only.sample.at.line) == (32, 52, 32)
    assert [(str(p.peer), p.count, p.bind_lines) for p in only.peers] == [
        ("192.0.2.8:8000", 1, (52,)),
        ("192.0.2.8:8001", 1, (32,)),
    ]
    assert shown(selected) == [32, 52]


SAMPLES = Path(__file__).resolve().parents[2] / "samples"


@pytest.mark.parametrize(
    "sample", ["erlang23-inets-httpc-40req-yy-tt-T.strace", "python-threads-halves.strace"]
)
def test_a_window_over_the_whole_trace_leaves_its_groups_as_they_are(sample: str) -> None:
    made = sa.analyze(SAMPLES / sample)
    everything = Selection(since=parse_moment("+0s"))
    groups, windowed = Selected(made).groups, Selected(made, everything).groups
    assert groups
    for found, seen in zip(groups, windowed, strict=True):
        assert seen == replace(found, kept=found.sample._replace(group=found.id))


def test_the_sample_of_a_window_is_the_first_that_connected() -> None:
    failed = early_bind(10, outcome=Outcome.FAILED)
    good = early_bind(30, Endpoint("192.0.2.9", 80))
    made = analysis([failed, good])
    (only,) = Selected(made, Selection(until=parse_moment("+9"))).groups
    assert (only.sample.at.line, only.failed) == (32, 1)


def ran_out(seconds: int) -> list[bytes]:
    """A connect() that finds no port."""
    return [
        b"170000000%d.000000 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3" % seconds,
        b"170000000%d.100000 connect(3, {sa_family=AF_INET, sin_port=htons(80), "
        b'sin_addr=inet_addr("192.0.2.8")}, 16) = -1 EADDRNOTAVAIL '
        b"(Cannot assign requested address)" % seconds,
        b"170000000%d.200000 close(3) = 0" % seconds,
    ]


def test_the_failed_calls_of_a_group_are_those_in_the_time_window() -> None:
    made = sa.analyze([line for second in (1, 2, 3, 4) for line in ran_out(second)])
    selected = Selected(made, Selection(since=parse_moment("+0.5")))
    assert [selected.case(some).failures for some in selected.groups] == [
        "1 connect() call failed EADDRNOTAVAIL, at 1700000002.100000 (line 5)",
        "2 connect() calls failed EADDRNOTAVAIL, first at 1700000003.100000 (line 8)",
    ]


def test_connections_outside_the_time_window_are_not_said_to_be_in_it() -> None:
    within = Selected(crawler(), Selection(since=parse_moment("+1.03")))
    every = Selected(crawler(), Selection())
    assert every.case(every.groups[0]).share == "3 of its 3 outgoing TCP connections"
    assert within.case(within.groups[0]).share == (
        "2 of its 3 outgoing TCP connections in the whole trace"
    )


def test_a_window_with_nothing_in_it_shows_nothing() -> None:
    assert Selected(crawler(), Selection(until=parse_moment("+1"))).judged == ()


def test_a_window_over_a_trace_without_times_is_an_error() -> None:
    made = analysis([early_bind(10)], traces=[trace(clock="none")])
    with pytest.raises(ConfigurationError, match="need a trace with times"):
        Selected(made, Selection(since=parse_moment("+1")))


def test_a_process_that_is_not_there_is_an_error_that_names_those_that_are() -> None:
    with pytest.raises(ConfigurationError, match=r"there are beam\.smp \(700\)"):
        Selected(crawler(), Selection(commands=("nosuch",)))
    with pytest.raises(ConfigurationError, match="--pid"):
        Selected(crawler(), Selection(pids=frozenset({1})))
