"""Takes --since and --until and the traces, gives the part of each trace that was asked for, in
seconds since its beginning; a window that holds nothing of any trace is an error."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import isnan, nan
from typing import NamedTuple

from strace_analyzer.analysis import TraceResult
from strace_analyzer.errors import ConfigurationError
from strace_analyzer.report.moment import Moment

_DAY = 86_400.0
_MICROSECOND = 1e-6


class Window(NamedTuple):
    """From when to when, both included, in seconds since the beginning; None is no bound."""

    since: float | None = None
    until: float | None = None

    def holds(self, seconds: float | None) -> bool:
        """Whether this moment of the trace is in it; a moment that is not known is not."""
        if seconds is None:
            return False
        return (self.since is None or seconds > self.since - _MICROSECOND) and (
            self.until is None or seconds < self.until + _MICROSECOND
        )


def windows(
    since: Moment | None, until: Moment | None, traces: Iterable[TraceResult]
) -> Mapping[str, Window]:
    """By the id of each trace of which the window holds something.

    Raises ConfigurationError where there is none, naming what there is.
    """
    timed = [trace for trace in traces if trace.clock != "none" and trace.seconds is not None]
    if not timed:
        raise ConfigurationError("--since and --until need a trace with times (-t, -tt, -ttt, -r)")
    found: dict[str, Window] = {}
    wrong: list[str] = []
    for trace in timed:
        window = Window(_within(since, trace, wrong), _within(until, trace, wrong))
        if _overlap(window, trace, wrong):
            found[trace.id] = window
    if not found:
        raise ConfigurationError(wrong[0])
    return found


def _overlap(window: Window, trace: TraceResult, wrong: list[str]) -> bool:
    """Whether it holds something of the trace; else why not is added to `wrong`."""
    lasts = trace.seconds or 0.0
    since, until = window
    if isnan(since or 0) or isnan(until or 0):
        return False
    if since is not None and since > lasts + _MICROSECOND:
        wrong.append(f"--since lies behind the end of {trace.name}: {_extent(trace)}")
    elif until is not None and until < -_MICROSECOND:
        wrong.append(f"--until lies before the beginning of {trace.name}: {_extent(trace)}")
    elif since is not None and until is not None and since > until + _MICROSECOND:
        wrong.append("--since is later than --until: nothing is between them")
    else:
        return True
    return False


def _within(asked: Moment | None, trace: TraceResult, wrong: list[str]) -> float | None:
    """Seconds from the beginning of the trace to the moment that was asked for; NaN, and why
    in `wrong`, where its clock does not tell."""
    if asked is None:
        return None
    if asked.elapsed is not None:
        return asked.elapsed
    began = trace.began
    if asked.epoch is not None and trace.clock == "epoch" and began is not None:
        return asked.epoch - began
    if asked.clock is not None and trace.clock == "time-of-day" and began is not None:
        return _of_day(asked.clock, began, trace.seconds or 0.0)
    given = "a time of day" if asked.clock is not None else "seconds since 1970"
    wrong.append(
        f"{trace.name} does not show {given}: {_extent(trace)} (+SECONDS works with every clock)"
    )
    return nan


def _of_day(asked: float, began: float, lasts: float) -> float:
    """A time of day is of the day on which the trace began; in a trace that runs past midnight, of
    the day that has it within the trace, else of the one that is nearer to it."""
    first = asked - began
    if began + lasts < _DAY or 0 <= first <= lasts:
        return first
    later = first + _DAY * max(0, -(first // _DAY))
    if later <= lasts:
        return later
    return later if later - lasts < -first else first


def _extent(trace: TraceResult) -> str:
    return extent(trace.clock, trace.began, trace.seconds or 0.0)


def extent(clock: str, began: float | None, lasts: float) -> str:
    """`it runs from 10:00:00.5 to 10:05:12` in the times that a trace with this clock prints."""
    if began is None or clock == "relative":
        return f"it runs from +0 to +{lasts:.6f}"
    if clock == "epoch":
        return f"it runs from {began:.6f} to {began + lasts:.6f}"
    return f"it runs from {_clock(began)} to {_clock(began + lasts)}"


def _clock(seconds: float) -> str:
    """A time of day as strace prints it, with the digits that it has."""
    whole, fraction = divmod(round(seconds * 1e6), 1_000_000)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    digits = f".{fraction:06d}" if fraction else ""
    return f"{hours % 24:02d}:{minute:02d}:{second:02d}{digits}"
