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
_STAGES = {
    "trace/content": "read",
    "trace/source": "read",
    "trace/scan": "sieve",
    "trace/ahead": "sieve",
    "trace/sieve": "sieve",
    "trace/reader": "frames",
    "trace/family": "frames",
    "trace/lines": "frames",
    "trace/frames": "frames",
    "trace/clock": "frames",
    "trace/calls": "calls",
    "trace/rejoin": "calls",
    "trace/speaker": "calls",
    "trace/repair": "calls",
    "trace/halves": "calls",
    "trace/cuts": "calls",
    "trace/births": "calls",
    "trace/stacks": "calls",
    "trace/marks": "calls",
    "kernel/": "tracker",
    "rules/": "rules",
    "ports/": "rules",
    "analysis/": "rules",
    "report/": "report",
    "cli/output": "report",
}
"""What a file belongs to, by the beginning of its path. One that is not here belongs to whoever
called it: lark and what reads by shapes work for frames and for calls."""
_ORDER = (*dict.fromkeys(_STAGES.values()), "start-up")


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
        spent[_stage(frame)] += round(1e6 * (now - last))
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


def _stage(frame: FrameType | None) -> str:
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith(_PACKAGE):
            place = name.removeprefix(_PACKAGE)
            for beginning, stage in _STAGES.items():
                if place.startswith(beginning):
                    return stage
        frame = frame.f_back
    return "start-up"


def _print(spent: Counter[str], wall: float) -> None:
    total = sum(spent.values()) or 1
    print("strace-analyzer: processor seconds by room", file=sys.stderr)
    for stage in _ORDER:
        part = spent[stage]
        print(f"  {stage:<9}{part / 1e6:8.3f}  {100 * part / total:3.0f} %", file=sys.stderr)
    print(f"  {'all':<9}{total / 1e6:8.3f}  (elapsed: {wall:.3f})", file=sys.stderr)
