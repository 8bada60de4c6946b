"""Printed times as seconds that only grow."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strace_analyzer.trace.decode.clock import Clock, kind_of

NOON = 12 * 3600.0
DAY = 86_400.0


@pytest.mark.parametrize(
    ("time", "kind"),
    [
        ("14:29:55", "time-of-day"),
        ("14:29:55.722395", "time-of-day"),
        ("1709301662.438057", "epoch"),
        ("1709301662", "epoch"),
        ("999999999.5", "epoch"),
        ("0.000123", "relative"),
        ("3", "relative"),
        ("86400.25", "relative"),
    ],
)
def test_the_kind_of_a_time(time: str, kind: str) -> None:
    assert kind_of(time) == kind


def seconds(*times: str | None) -> list[float | None]:
    clock = Clock()
    return [clock.seconds(time) for time in times]


def test_time_of_day_counts_from_the_first_midnight() -> None:
    assert seconds("00:00:01", "12:00:00.25", "12:00:00,5") == [1, NOON + 0.25, NOON + 0.5]


def test_a_large_drop_is_midnight() -> None:
    assert seconds("23:59:59.5", "00:00:00.25", "23:00:00", "01:00:00") == [
        DAY - 0.5,
        DAY + 0.25,
        DAY + 82_800,
        2 * DAY + 3600,
    ]


def test_differences_are_summed() -> None:
    assert seconds("0.000000", "0.25", "1.5", None, "0.25") == [0, 0.25, 1.75, None, 2.0]


def test_epoch_is_kept() -> None:
    assert seconds("1709301662.5", "1709301663") == [1709301662.5, 1709301663.0]


def test_lines_out_of_order_stand_still() -> None:
    clock = Clock()
    times = [clock.seconds(time) for time in ("10:00:00.5", "10:00:00.25", "10:00:00.75")]
    assert times == [36_000.5, 36_000.5, 36_000.75]
    assert clock.steps_back == 1


def test_after_a_clock_was_set_back_time_goes_on() -> None:
    clock = Clock()
    times = [clock.seconds(time) for time in ("1709301700.0", "1709301000.0", "1709301001.0")]
    assert times == [1709301700.0, 1709301700.0, 1709301701.0]
    assert clock.steps_back == 1


def test_a_time_of_another_kind_changes_nothing() -> None:
    assert seconds("10:00:00", "0.5", "10:00:01") == [36_000, 36_000, 36_001]
    assert seconds("0.5", "10:00:01", "0.5") == [0.5, 0.5, 1.0]


def test_first_last_and_the_next_day() -> None:
    clock = Clock()
    assert (clock.kind, clock.first, clock.last) == ("none", None, None)
    clock.seconds("00:05:00")
    assert clock.next_day() == DAY + 300
    assert clock.seconds("00:05:01") == DAY + 301
    assert (clock.kind, clock.first, clock.last) == ("time-of-day", DAY + 300, DAY + 301)


PRINTED = st.one_of(
    st.times().map(lambda time: time.strftime("%H:%M:%S.%f")),
    st.floats(0, 1e6).map(lambda number: f"{number:.6f}"),
    st.floats(1e9, 2e9).map(lambda number: f"{number:.6f}"),
)


@given(st.lists(PRINTED, min_size=1))
def test_seconds_never_fall(times: list[str]) -> None:
    clock = Clock()
    found = [clock.seconds(time) for time in times]
    numbers = [number for number in found if number is not None]
    assert numbers == sorted(numbers)
    assert len(numbers) == len(times)
