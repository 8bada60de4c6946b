"""Ports held and needed over the course of a trace, at a bounded number of points however long it
is."""

from __future__ import annotations

from strace_analyzer.findings import TimelinePoint

POINTS = 128
"""At most; at least half as many once the trace is long enough."""


class Timeline:
    """The highest value in each of up to POINTS equal spans, whose width doubles as the trace
    grows.

    `origin` is when the trace begins to move ports, `resolution` the initial width: in seconds if
    there are times, else in calls.
    """

    __slots__ = ("_held", "_levels", "_needed", "_origin", "_taken", "_width")

    def __init__(self, origin: float, resolution: float) -> None:
        self._width = resolution
        self._origin = origin
        self._held: list[int] = []
        self._needed: list[int] = []
        self._taken: list[int] = []
        self._levels = (0, 0, 0)

    def record(self, at: float, held: int, needed: int, taken: int = 0) -> None:
        """The levels from `at` on, which must not be earlier than the last one; `taken` counts all
        ports in use, including TIME_WAIT."""
        index = int((at - self._origin) / self._width)
        while index >= POINTS:
            self._halve()
            index = int((at - self._origin) / self._width)
        if index >= len(self._held):  # the old levels lasted until now
            missing = index + 1 - len(self._held)
            self._held += [self._levels[0]] * missing
            self._needed += [self._levels[1]] * missing
            self._taken += [self._levels[2]] * missing
        if held > self._held[index]:
            self._held[index] = held
        if needed > self._needed[index]:
            self._needed[index] = needed
        if held > taken:
            taken = held
        if taken > self._taken[index]:
            self._taken[index] = taken
        self._levels = held, needed, taken

    def points(self, origin: float) -> tuple[TimelinePoint, ...]:
        """The spans in order; their beginnings are counted from `origin`."""
        start = self._origin - origin
        spans = zip(self._held, self._needed, self._taken, strict=True)
        return tuple(
            TimelinePoint(start + index * self._width, held, needed, taken - held)
            for index, (held, needed, taken) in enumerate(spans)
        )

    def _halve(self) -> None:
        self._width *= 2
        self._held = [max(self._held[i : i + 2]) for i in range(0, len(self._held), 2)]
        self._needed = [max(self._needed[i : i + 2]) for i in range(0, len(self._needed), 2)]
        self._taken = [max(self._taken[i : i + 2]) for i in range(0, len(self._taken), 2)]
