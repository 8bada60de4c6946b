"""What the columns of a block show at once is what a search line by line finds."""

from __future__ import annotations

import re
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from strace_analyzer.trace.prefilter.columns import columns

PIDS = ("7", "17", "71", "4711", "14711", "104711")
TIMES = {
    "time-of-day": ("09:59:59", "10:00:00", "10:00:01", "23:59:59", "00:00:00"),
    "epoch": ("1733000000", "1733000001"),
}
FRACTIONS = ("", ".000001", ".000002", ".999999")


@st.composite
def blocks(draw: st.DrawFn) -> tuple[str, list[bytes]]:
    """The kind of clock, and lines, nearly all of one form."""
    clock = draw(st.sampled_from(sorted(TIMES)))
    usual = draw(st.sampled_from(FRACTIONS[:2]))
    pads = draw(st.sampled_from((1, 5, 7)))
    found = []
    for _ in range(draw(st.integers(1, 12))):
        pid = draw(st.sampled_from(PIDS)).ljust(pads)
        fraction = draw(st.sampled_from(FRACTIONS)) if usual else usual
        line = f"{pid} {draw(st.sampled_from(TIMES[clock]))}{fraction} close(3) = 0"
        if draw(st.integers(0, 30)) == 0:
            at = draw(st.integers(0, len(line)))
            line = line[:at] + draw(st.sampled_from((" ", "x", "1 2 ", "", ":"))) + line[at + 1 :]
        found.append(line.encode())
    return clock, found


@given(blocks())
def test_columns_are_as_a_search_finds_them(block: tuple[str, list[bytes]]) -> None:
    clock, rows = block
    seen = columns(rows, clock, has_pids=True)
    if seen is None:
        return
    text = b"\n" + b"\n".join(rows)
    times = re.findall(rb"\n[0-9]+ +([0-9:]{8,10}[0-9.,]*)", text)
    assert len(times) == len(rows)
    assert seen.is_in_order == all(before <= after for before, after in pairwise(times))
    assert seen.is_one_hour == (times[0][:2] == times[-1][:2])
    for pid in map(int, PIDS):
        for number in range(len(rows) + 1):
            before = len(b"\n".join(rows[:number])) + (number > 0)
            found = text.find(b"\n%d " % pid, before)
            assert seen.next_line(pid, before) == (None if found < 0 else found)


def test_equal_forms_are_seen_at_once() -> None:
    rows = [b"17    09:59:59.000001 close(3) = 0", b"14711 10:00:00.000000 close(4) = 0"]
    seen = columns(rows, "time-of-day", has_pids=True)
    assert seen is not None
    assert seen.is_in_order
    assert not seen.is_one_hour
    assert seen.next_line(14711, 0) == len(rows[0]) + 1
    assert seen.next_line(14711, len(rows[0]) + 2) is None
    back = columns(rows[::-1], "time-of-day", has_pids=True)
    assert back is not None
    assert not back.is_in_order


def test_one_line_of_another_form_is_left_to_a_search() -> None:
    rows = [b"17    09:59:59.000001 close(3) = 0", b"14711 10:00:00 close(4) = 0"]
    assert columns(rows, "time-of-day", has_pids=True) is None
    assert columns(rows[:1], "none", has_pids=True) is None
    assert columns([], "time-of-day", has_pids=True) is None
