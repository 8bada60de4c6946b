"""--since and --until: three ways to say when, compared with what a trace prints."""

from __future__ import annotations

import pytest
from report.fixtures import call

from strace_analyzer.errors import ConfigurationError
from strace_analyzer.report.moment import Moment, of_call, parse_moment


def at(time: str, seconds: float) -> Moment:
    return of_call(call("bind", 1, "bind() = 0", time=time, seconds=seconds))


def test_a_time_of_day_is_compared_with_times_of_day() -> None:
    assert at("14:02:11.300000", 5).before(parse_moment("14:02:12"))
    assert at("14:02:11.300000", 5).after(parse_moment("14:02:11"))


def test_a_trace_may_run_past_midnight() -> None:
    after_midnight = at("00:10:00", 1200)
    assert after_midnight.after(parse_moment("23:55:00"))
    assert after_midnight.before(parse_moment("00:20:00"))


def test_a_time_before_the_trace_began_is_before_all_of_it() -> None:
    assert at("10:00:05", 5).after(parse_moment("09:59:00"))


def test_seconds_since_1970() -> None:
    assert at("1709301662.438057", 2).before(parse_moment("1709301663"))


def test_seconds_from_the_beginning_work_with_any_clock() -> None:
    assert at("0.000100", 3.5).before(parse_moment("+4"))
    assert at("10:00:05", 5).after(parse_moment("+4.5"))


@pytest.mark.parametrize("text", ["yesterday", "25:00:00", "12", "-3", ""])
def test_what_is_no_time_is_an_error_that_shows_the_three_ways(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"14:02:11\.3, 1709301662\.4, or \+3\.5"):
        parse_moment(text)
