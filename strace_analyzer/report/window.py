"""Convert --since and --until to seconds since the start of each trace. A window that matches
nothing in any trace is an error."""

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
    """Begin and end, both included, in seconds since the start of the trace; None for no bound."""

    since: float | None = None
    until: float | None = None

    def holds(self, seconds: float | None) -> bool:
        """Whether the window contains this moment; it does not contain an unknown one."""
        if seconds is None:
            return False
        return (self.since is None or seconds > self.since - _MICROSECOND) and (
            self.until is None or seconds < self.until + _MICROSECOND
        )


def windows(
    since: Moment | None, until: Moment | None, traces: Iterable[TraceResult]
) -> Mapping[str, Window]:
    """Return a window for each trace, by id, in which it contains something.

    Raises ConfigurationError if there is none, naming what there is.
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
    """Whether it contains part of the trace; if not, the reason is added to `wrong`."""
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
    """Return the moment in seconds since the start of the trace; NaN if the trace's clock does not
    show it, with the reason added to `wrong`."""
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
    """Resolve a time of day: the day on which the trace began; in a trace that runs past midnight,
    the day on which it is inside the trace, else the nearer one."""
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
    """Format `it runs from 10:00:00.5 to 10:05:12` in the form of the trace's clock."""
    if began is None or clock == "relative":
        return f"it runs from +0 to +{lasts:.6f}"
    if clock == "epoch":
        return f"it runs from {began:.6f} to {began + lasts:.6f}"
    return f"it runs from {_clock(began)} to {_clock(began + lasts)}"


def _clock(seconds: float) -> str:
    """Format a time of day as strace prints it, with its digits."""
    whole, fraction = divmod(round(seconds * 1e6), 1_000_000)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    digits = f".{fraction:06d}" if fraction else ""
    return f"{hours % 24:02d}:{minute:02d}:{second:02d}{digits}"
