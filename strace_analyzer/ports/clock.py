"""Numbers the steps of a trace and gives their times, if any, as seconds that never go back."""

from __future__ import annotations


class StepClock:
    """`begin` is the first time seen, None without times; `order` counts the steps."""

    def __init__(self) -> None:
        self.begin: float | None = None
        self.order = 0
        self._last = 0.0

    def at(self, seconds: float | None) -> float | None:
        """`seconds`, or the latest earlier time if that is later or this step has none."""
        self.order += 1
        if seconds is None:
            return None if self.begin is None else self._last
        if self.begin is None:
            self.begin = self._last = seconds
        if seconds > self._last:
            self._last = seconds
        return self._last
