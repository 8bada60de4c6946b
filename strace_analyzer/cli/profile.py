"""Takes samples while a command runs, prints on standard error in which room its time went.

For users who report a slow trace. A sample is taken every few milliseconds of processor time
(setitimer(2), ITIMER_PROF) and given to the innermost room that is at work.
"""

from __future__ import annotations

import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

_EVERY = 0.002
_PACKAGE = str(Path(__file__).resolve().parent.parent) + "/"
_ROOMS = {
    "read": ("trace/input/",),
    "sieve": ("trace/prefilter/",),
    "frames": (
        "trace/reader.py", "trace/family.py", "trace/decode/clock.py", "trace/decode/frames.py",
        "trace/decode/lines.py", "trace/decode/stream.py",
    ),
    "calls": (
        "trace/parentage.py", "trace/decode/attribution.py", "trace/decode/call_values.py",
        "trace/decode/calls.py", "trace/decode/ending.py", "trace/decode/halves.py",
        "trace/decode/interrupted.py", "trace/decode/marks.py", "trace/decode/rejoin.py",
        "trace/decode/repair.py", "trace/decode/stacks.py", "trace/decode/under_way.py",
    ),
    "tracker": ("kernel/",),
    "rules": ("rules/", "ports/", "analysis/"),
    "report": ("report/", "cli/output.py"),
}  # fmt: skip
"""What is said of the files and folders of a room. A file that is not here belongs to whoever
called it: lark and what was learned of it work for frames and for calls."""
_START_UP = "start-up"


def room_of(file: str) -> str | None:
    """The room of a `file` of this package (`trace/reader.py`); None for one that others share."""
    return next((room for room, places in _ROOMS.items() if file.startswith(places)), None)


@contextmanager
def profiled(wanted: bool) -> Iterator[None]:
    """Samples what runs inside, if `wanted`, and prints the table when it ends."""
    if not wanted:
        yield
        return
    spent: Counter[str] = Counter()
    last = time.process_time()

    def sample(number: int, frame: FrameType | None) -> None:
        nonlocal last
        now = time.process_time()  # a signal waits for the end of a call into C
        spent[_room(frame)] += round(1e6 * (now - last))
        last = now

    begin = time.perf_counter()
    before = signal.signal(signal.SIGPROF, sample)
    signal.setitimer(signal.ITIMER_PROF, _EVERY, _EVERY)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
        _print(spent, time.perf_counter() - begin)


def _room(frame: FrameType | None) -> str:
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith(_PACKAGE):
            room = room_of(name.removeprefix(_PACKAGE))
            if room is not None:
                return room
        frame = frame.f_back
    return _START_UP


def _print(spent: Counter[str], wall: float) -> None:
    total = sum(spent.values()) or 1
    print("strace-analyzer: processor seconds by room", file=sys.stderr)
    for room in (*_ROOMS, _START_UP):
        part = spent[room]
        print(f"  {room:<9}{part / 1e6:8.3f}  {100 * part / total:3.0f} %", file=sys.stderr)
    print(f"  {'all':<9}{total / 1e6:8.3f}  (elapsed: {wall:.3f})", file=sys.stderr)
