"""Printed times in (-t, -tt, -ttt, -r, each with its own reckoning), seconds that only grow out."""

from __future__ import annotations

from typing import Literal

ClockKind = Literal["epoch", "time-of-day", "relative", "none"]

DAY = 86_400.0
_MIDNIGHT_DROP = DAY / 2
_JITTER = 1.0
"""A smaller step back is taken for lines out of order, a larger one for a clock that was set."""


def kind_of(time: str) -> ClockKind:
    """Which option printed `time`: `14:29:55.72` -t or -tt, `1709301662.4` -ttt, `0.000123` -r."""
    if ":" in time:
        return "time-of-day"
    return "epoch" if len(time.replace(",", ".").partition(".")[0]) >= 9 else "relative"


class Clock:
    """The clock of one source. `seconds` of each line's time, in the order of its lines.

    Seconds are those of the epoch (-ttt), since midnight of the first day (-t, -tt), or the sum of
    all differences so far (-r). A drop of more than twelve hours in a time of day is midnight. Any
    other step back is counted in `steps_back`: lines out of order stand still, and after a clock
    that was set back time goes on from where it was.
    """

    def __init__(self) -> None:
        self.kind: ClockKind = "none"
        self.first: float | None = None
        self.last: float | None = None
        self.steps_back = 0
        self._offset = 0.0
        self._minute = ""
        """The last time's hour and minute, if what follows them needs no more than to be added."""
        self._minute_seconds = 0.0

    def seconds(self, time: str | None) -> float | None:
        """`time` as printed -> seconds; None without one."""
        if time is None:
            return None
        if time[:6] == self._minute:  # most lines are of the same minute as the one before
            now = self._minute_seconds + float(time[6:].replace(",", "."))
            if self.last is None or now < self.last:
                return self._advance(now)
            self.last = now
            return now
        if self.kind == "none":
            self.kind = kind_of(time)
        time = time.replace(",", ".")
        if self.kind == "time-of-day":
            if time[2:3] != ":":
                return self.last
            self._minute_seconds = int(time[:2]) * 3600.0 + int(time[3:5]) * 60.0
            now = self._advance(self._minute_seconds + float(time[6:]))
            self._minute = "" if self._offset else time[:6]
            return now
        if ":" in time:
            return self.last
        if self.kind == "relative":
            return self._advance((self.last or 0.0) + float(time))
        return self._advance(float(time))

    def next_day(self) -> float | None:
        """What was read so far belongs to the day after; the last time on that day."""
        self._offset += DAY
        self._minute = ""
        if self.last is not None:
            self.last += DAY
            self.first = self.last
        return self.last

    def _advance(self, printed: float) -> float:
        now = printed + self._offset
        if self.last is None:
            self.first = now
        elif now < self.last:
            now = self._step_back(now, self.last)
        self.last = now
        return now

    def _step_back(self, now: float, last: float) -> float:
        self._minute = ""
        if self.kind == "time-of-day" and last - now > _MIDNIGHT_DROP:
            self._offset += DAY
            return now + DAY
        self.steps_back += 1
        if last - now > _JITTER:
            self._offset += last - now
        return last
