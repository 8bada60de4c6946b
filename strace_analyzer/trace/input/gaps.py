"""Takes the line numbers that an editor or grep -n wrote before lines, gives where they jump: the
lines between were left out."""

from __future__ import annotations

from typing import NamedTuple


class Gap(NamedTuple):
    """A jump: the number before it (0 at the beginning) and the one after it, which is at least 2
    more."""

    before: int
    after: int

    @property
    def missing(self) -> int:
        """How many lines are missing."""
        return self.after - self.before - 1


class Gaps:
    """The jumps of one source: `feed` it each numbered line."""

    def __init__(self) -> None:
        self._last = 0, 0
        self._found: list[Gap] = []
        self._is_rising = True

    def feed(self, line: int, number: int) -> None:
        """Line `line` of the source has this number. Lines without a number, as many as are
        missing, may be what was numbered: a program's output, or blank lines."""
        last_line, last = self._last
        self._is_rising &= number >= last
        if number - last > max(1, line - last_line):
            self._found.append(Gap(last, number))
        self._last = line, number

    @property
    def found(self) -> tuple[Gap, ...]:
        """The jumps; none if the numbers ever fell, as pids do, and numbers of several files."""
        return tuple(self._found) if self._is_rising else ()
