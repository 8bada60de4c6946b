"""Read the columns of a block's lines, pid and time, all at once.

This works only if every line of the block has both in the same form, as nearly all blocks have;
whoever asks has a slower way for the others.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from itertools import accumulate
from operator import itemgetter
from typing import NamedTuple

_DIGITS = b"0123456789"
_PID = re.compile(rb"[0-9]+ +")
_TIME = {
    "time-of-day": re.compile(rb"[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)? "),
    "epoch": re.compile(rb"[0-9]{10}(?:\.[0-9]+)? "),
}
"""Times as printed by -t, -tt and -ttt, by kind of clock."""


class Columns(NamedTuple):
    """What the columns of a block show."""

    is_in_order: bool
    """Whether no line has an earlier time than the one before it."""
    is_one_hour: bool
    """Whether the first two characters of all times are the same."""
    width: int
    """Bytes of the pid column, with the blanks that follow it; 0 if lines have no pid."""
    lines: dict[bytes, list[int]]
    """The numbers of each pid's lines, counted from 0, by the bytes of its column."""
    ends: list[int]
    """Where each line ends, not counting the line feeds before."""

    def next_line(self, tid: int, place: int) -> int | None:
        """Return the offset of the first line of `tid` that begins at `place` or after it; None if
        there is none."""
        numbers = self.lines.get((b"%d " % tid).ljust(self.width), ())
        index = bisect_left(numbers, place, key=self._begin)
        return None if index == len(numbers) else self._begin(numbers[index])

    def _begin(self, number: int) -> int:
        return self.ends[number - 1] + number if number else 0


def columns(rows: list[bytes], clock: str, *, has_pids: bool) -> Columns | None:
    """Return what the columns of `rows` show, the lines of a block without their ends; None if not
    all have the same form. `clock` is the kind of times."""
    form = _TIME.get(clock)
    if form is None or not rows:
        return None
    width = 0
    lines: dict[bytes, list[int]] = defaultdict(list)
    if has_pids:
        pid = _PID.match(rows[0])
        if pid is None:
            return None
        width = pid.end()
        for number, column in enumerate(map(itemgetter(slice(0, width)), rows)):
            lines[column].append(number)
        if not all(column.endswith(b" ") and column.rstrip(b" ").isdigit() for column in lines):
            return None
    time = form.match(rows[0], width)
    if time is None:
        return None
    times = list(map(itemgetter(slice(width, time.end())), rows))
    if not _are_alike(times):
        return None
    is_one_hour = times[0][:2] == times[-1][:2]
    ends = list(accumulate(map(len, rows)))
    return Columns(times == sorted(times), is_one_hour, width, lines, ends)


def _are_alike(texts: list[bytes]) -> bool:
    """Whether all have the length of the first, and digits and other characters where it has
    them."""
    first, joined = texts[0], b"".join(texts)
    length, count = len(first), len(texts)
    others = [place for place, byte in enumerate(first) if byte not in _DIGITS]
    return (
        len(joined) == length * count
        and all(joined[place::length] == first[place : place + 1] * count for place in others)
        and len(joined.translate(None, _DIGITS)) == len(others) * count
    )
