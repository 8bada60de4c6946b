"""One small input for each kind of mistake that was once made, and what is right of it.

The values are those of the shared folder's minimal/EXPECTED.tsv, which a person gave.
"""

from __future__ import annotations

import pytest
from shared_folder import TRACES2

import strace_analyzer as sa
from strace_analyzer.kernel.socket_state import Outcome

pytestmark = pytest.mark.labels
MINIMAL = TRACES2 / "minimal"


def analysis(number: str) -> sa.Analysis:
    [trace] = MINIMAL.glob(f"{number}-*")
    return sa.analyze(trace)


def early_binds(number: str) -> dict[int, sa.Finding]:
    """The findings of the main rule by the line of their bind."""
    return {
        finding.calls["bind"].line: finding
        for finding in analysis(number).findings
        if finding.rule == "bind-any-port-zero"
    }


def connects(number: str) -> dict[int, int]:
    """Line of the bind -> line of the connect."""
    return {line: f.calls["connect"].line for line, f in early_binds(number).items()}


def certain(number: str) -> list[int]:
    return [
        line for line, f in early_binds(number).items() if f.confidence is sa.Confidence.CERTAIN
    ]


def test_01_a_number_that_is_used_again_during_a_blocked_connect() -> None:
    assert connects("01") == {2: 4}


def test_02_an_error_of_the_old_socket() -> None:
    assert early_binds("02")[8].outcome in (Outcome.CONNECTED, Outcome.IN_PROGRESS)


def test_03_no_order_between_the_files_of_a_family() -> None:
    assert certain("03") == []
    assert [warning.code for warning in analysis("03").warnings] == ["no-common-clock"]


def test_04_half_a_line_before_the_call() -> None:
    assert connects("04") == {2: 3}


def test_05_getsockname_against_the_option() -> None:
    assert certain("05") == [3]


def test_06_an_annotation_against_the_option() -> None:
    assert certain("06") == [3]


def test_07_io_uring_closes_and_makes_anew() -> None:
    assert certain("07") == []


def test_09_a_grandchild_that_speaks_before_its_clone() -> None:
    assert connects("09") == {603: 609}


def test_10_an_injected_close_closes_nothing() -> None:
    assert certain("10") == [3]


def test_11_the_option_was_set_before_the_trace() -> None:
    assert certain("11") == [3]


def test_14_a_copy_of_an_older_socket() -> None:
    assert early_binds("14") == {}


def test_12_back_in_a_namespace_that_was_left() -> None:
    [trace] = analysis("12").traces
    assert [(use.namespace, use.peak_pinned) for use in trace.ports] == [(0, 2)]


def test_13_a_number_is_given_when_its_holder_has_closed_it() -> None:
    """The other thread's socket() was entered before, and came back after, close(3)."""
    assert connects("13") == {4: 5}
    assert certain("13") == [4]
