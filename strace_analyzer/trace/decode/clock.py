"""Convert printed times (-t, -tt, -ttt, -r) to seconds that never decrease."""

from __future__ import annotations

from typing import Literal

ClockKind = Literal["epoch", "time-of-day", "relative", "none"]

DAY = 86_400.0
_MIDNIGHT_DROP = DAY / 2
_JITTER = 1.0
"""Seconds. A smaller step back means lines out of order, a larger one a clock that was set back."""


def kind_of(time: str) -> ClockKind:
    """Return which option printed `time`: `14:29:55.72` -t or -tt, `1709301662.4` -ttt, `0.000123`
    -r."""
    if ":" in time:
        return "time-of-day"
    return "epoch" if len(time.replace(",", ".").partition(".")[0]) >= 9 else "relative"


class Clock:
    """The clock of one source. Call `seconds` with the time of each line, in order.

    Seconds count from the epoch (-ttt) or from midnight of the first day (-t, -tt), or are the sum
    of all differences so far (-r). A drop of more than twelve hours in a time of day means
    midnight. Any other step back is counted in `steps_back`: for lines out of order time stands
    still, and after a clock was set back it continues from where it was.
    """

    def __init__(self) -> None:
        self.kind: ClockKind = "none"
        self.first: float | None = None
        self.last: float | None = None
        self.steps_back = 0
        self._offset = 0.0
        self._minute = ""
        """Hour and minute of the last time, if the rest of a time with the same ones need only be
        added."""
        self._minute_seconds = 0.0

    def seconds(self, time: str | None) -> float | None:
        """Convert `time` as printed to seconds; None if it is None."""
        if time is None:
            return None
        if time[:6] == self._minute:  # most lines have the same minute as the one before
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
        """Move everything read so far to the following day; return the last time on that day."""
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
