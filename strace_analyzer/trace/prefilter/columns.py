"""Read the columns of a block's lines, pid and time, all at once.

This works only if every line of the block has both in the same form, as nearly all blocks have;
whoever asks has a slower way for the others.
"""

from __future__ import annotations

import re
from bisect import bisect_left
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
    tids: dict[bytes, int]
    """Whose lines these are: each pid, by the bytes of its column."""
    pids: bytes
    """The pid column of all lines."""
    ends: list[int]
    """Where each line ends, not counting the line feeds before."""

    def next_line(self, tid: int, place: int) -> int | None:
        """Return the offset of the first line of `tid` that begins at `place` or after it; None if
        there is none."""
        pid = (b"%d " % tid).ljust(self.width)
        if pid not in self.tids:
            return None
        number = bisect_left(range(len(self.ends)), place, key=self._begin)
        # a pid with its blanks cannot begin within another one
        found = self.pids.find(pid, number * self.width)
        return None if found < 0 else self._begin(found // self.width)

    def _begin(self, number: int) -> int:
        return self.ends[number - 1] + number if number else 0


def columns(rows: list[bytes], clock: str, *, has_pids: bool) -> Columns | None:
    """Return what the columns of `rows` show, the lines of a block without their ends; None if not
    all have the same form. `clock` is the kind of times."""
    form = _TIME.get(clock)
    if form is None or not rows:
        return None
    width, pids = 0, list[bytes]()
    if has_pids:
        pid = _PID.match(rows[0])
        if pid is None:
            return None
        width = pid.end()
        pids = list(map(itemgetter(slice(0, width)), rows))
    time, different = form.match(rows[0], width), set(pids)
    if time is None or not all(map(_PID.fullmatch, different)):
        return None
    times = list(map(itemgetter(slice(width, time.end())), rows))
    if not _are_alike(times):
        return None
    is_one_hour = times[0][:2] == times[-1][:2]
    ends = list(accumulate(map(len, rows)))
    tids = {pid: int(pid) for pid in different}
    return Columns(times == sorted(times), is_one_hour, width, tids, b"".join(pids), ends)


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
