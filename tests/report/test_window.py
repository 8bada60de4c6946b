"""--since and --until over whole traces: what lies outside of all of them is an error that says what
there is."""

from __future__ import annotations

import re

import pytest
from cli.running import ERLANG
from hypothesis import given
from hypothesis import strategies as st
from report.fixtures import trace
from typer.testing import CliRunner

from strace_analyzer.analysis import TraceResult
from strace_analyzer.cli.app import app
from strace_analyzer.errors import ConfigurationError
from strace_analyzer.report.moment import Moment, parse_moment
from strace_analyzer.report.window import Window, windows

HOUR = 3600.0


def day(began: float, lasts: float, **more: object) -> TraceResult:
    return trace(clock="time-of-day", began=began, seconds=lasts, **more)


def window(trace: TraceResult, since: str | None = None, until: str | None = None) -> Window:
    bounds = (None if text is None else parse_moment(text) for text in (since, until))
    return windows(*bounds, [trace])[trace.id]


MORNING = day(10 * HOUR, 300.0, name="a.strace")
NIGHT = day(23 * HOUR + 50 * 60, 1200.0)
EPOCH = trace(clock="epoch", began=1709301662.25, seconds=10.5, name="e.strace")
RELATIVE = trace(clock="relative", began=0.000123, seconds=12.5, name="r.strace")


@pytest.mark.parametrize(
    ("of", "since", "until", "says"),
    [
        (MORNING, "10:05:01", None, r"--since .* a\.strace: it runs from 10:00:00 to 10:05:00"),
        (MORNING, "23:00", None, "--since lies behind the end"),
        (MORNING, None, "09:59", r"--until .* beginning of a\.strace: it runs from 10:00:00 to"),
        (MORNING, "+301", None, "--since lies behind the end"),
        (MORNING, "10:04", "10:03", "--since is later than --until"),
        (MORNING, "1709301662", None, r"does not show seconds since 1970: .* \(\+SECONDS works"),
        (NIGHT, "00:20", None, "--since lies behind the end .* to 00:10:00"),
        (NIGHT, None, "23:40", "--until lies before the beginning"),
        (EPOCH, "1709301673", None, r"it runs from 1709301662\.250000 to 1709301672\.750000"),
        (EPOCH, None, "1709301662", "--until lies before the beginning"),
        (EPOCH, "14:00", None, r"e\.strace does not show a time of day"),
        (RELATIVE, "+12.6", None, r"it runs from \+0 to \+12\.5"),
        (RELATIVE, None, "14:00", r"r\.strace does not show a time of day"),
    ],
)
def test_what_lies_outside_is_an_error_naming_what_there_is(
    of: TraceResult, since: str | None, until: str | None, says: str
) -> None:
    with pytest.raises(ConfigurationError, match=says):
        window(of, since, until)


@pytest.mark.parametrize(
    ("of", "since", "until", "expected"),
    [
        (MORNING, "10:01", "23:00", (60.0, 13 * HOUR)),
        (MORNING, "09:00", None, (-HOUR, None)),
        (NIGHT, "23:55", "00:05", (300.0, 900.0)),
        (NIGHT, "23:40", "00:20", (-600.0, 1800.0)),
        (EPOCH, "1709301663.25", None, (1.0, None)),
        (RELATIVE, "+12.5", None, (12.5, None)),
        (day(10 * HOUR, 30 * HOUR), "11:00", "09:00", (HOUR, 23 * HOUR)),
    ],
)
def test_what_lies_inside_is_counted_from_the_beginning(
    of: TraceResult, since: str | None, until: str | None, expected: tuple[float, float]
) -> None:
    assert window(of, since, until) == pytest.approx(expected)


@given(st.integers(0, 86_399), st.integers(0, 40 * 3600), st.data())
def test_every_time_that_a_trace_prints_can_be_asked_for(
    began: int, lasts: int, data: st.DataObject
) -> None:
    """Whatever the moment and the midnights between: since and until it hold it."""
    at = data.draw(st.integers(0, lasts))
    asked = Moment(clock=float((began + at) % 86_400))
    of = day(float(began), float(lasts))
    since, until = windows(asked, None, [of])["t1"], windows(None, asked, [of])["t1"]
    assert since.since is not None
    assert (at - since.since) % 86_400 == 0
    assert since.holds(float(at))
    assert until.holds(float(at % 86_400 if at >= 86_400 else at))


def test_one_trace_of_several_in_the_window_is_enough() -> None:
    later = day(12 * HOUR, 60.0, id="t2")
    assert set(windows(parse_moment("11:00"), None, [MORNING, later])) == {"t2"}


@pytest.mark.parametrize("words", [("--since", "+1000000"), ("--until", "00:00:00")])
def test_check_ends_with_2_and_one_line(words: tuple[str, str]) -> None:
    done = CliRunner().invoke(app, ["check", str(ERLANG), *words])
    assert done.exit_code == 2
    assert done.stdout == ""
    assert re.search(r"^strace-analyzer: --(since|until) lies .*: it runs from ", done.stderr)
