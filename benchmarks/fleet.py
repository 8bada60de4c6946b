"""Measure the cost of many traces: fleet.py DIRECTORY [COUNT ...], with traces to copy in
DIRECTORY.

Measured are that number of small traces, with one job and with two; a small trace against its share
of one long trace with as many lines, in which each copy has new thread ids; and the peak memory of
the reporting process, for each COUNT of traces:

    python benchmarks/fleet.py samples 100 1000 5000

Processor seconds of all processes are given besides elapsed time, since they do not depend on what
else runs on the machine.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import NamedTuple

from measure import ELSEWHERE, Work, environment

_CHECK = """
import ctypes, os, resource, sys, time
from strace_analyzer.cli import main

def processor(who):
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime

if __name__ == "__main__":
    subreaper = 36  # prctl(2): processes whose parents are gone are ours, and their times
    ctypes.CDLL(None).prctl(subreaper, 1, 0, 0, 0)
    begin = time.monotonic()
    child = os.fork()
    if child == 0:
        words = ["check", "--merged", "--format", "json", "-q", "-o", os.devnull, *sys.argv[1:]]
        status = main(words)
        own = resource.getrusage(resource.RUSAGE_SELF)
        os.write(1, b"%f %d " % (processor(resource.RUSAGE_SELF), own.ru_maxrss))
        sys.exit(status > 1)
    os.waitpid(child, 0)
    wall = time.monotonic() - begin
    try:
        while True:
            os.wait()
    except ChildProcessError:
        print(wall, processor(resource.RUSAGE_CHILDREN), flush=True)
"""
NUMBER = 2000
_SMALL = 200
"""most lines of a small trace"""
_TASK = re.compile(rb"^(\[pid +)?([0-9]+)(?=[\] ])", re.M)


def small(directory: Path) -> list[bytes]:
    """Return the small traces in which every line begins with a thread id."""
    found = [path.read_bytes() for path in sorted(directory.glob("*.strace"))]
    return [
        text
        for text in found
        if text.count(b"\n") <= _SMALL and all(_TASK.match(line) for line in text.splitlines())
    ]


def copies(given: list[bytes], number: int) -> Iterator[bytes]:
    """Yield `number` traces, cycling through those given, with other thread ids each time."""
    for at, text in enumerate(islice(cycle(given), number)):
        yield _TASK.sub(partial(_renamed, at * 50_000), text)


def _renamed(by: int, match: re.Match[bytes]) -> bytes:
    return (match[1] or b"") + b"%d" % (int(match[2]) + by)


class Cost(NamedTuple):
    """The cost of one run."""

    reporting: float
    """processor seconds of the reporting process"""
    peak: float
    """its peak memory in MiB"""
    wall: float
    processor: float
    """processor seconds of all processes"""


def checked(*words: str) -> Cost:
    """Return the cost of checking the given traces."""
    script = Path(ELSEWHERE) / "fleet_check.py"
    script.write_text(_CHECK)
    done = subprocess.run(
        [sys.executable, str(script), *words],
        capture_output=True,
        text=True,
        env=environment(Work("fleet", ())),
        cwd=ELSEWHERE,
        check=True,
    )
    reporting, peak, wall, processor = map(float, done.stdout.split())
    return Cost(reporting, peak / 1024, wall, processor)


def main(arguments: list[str]) -> None:
    given = small(Path(arguments[0]))
    counts = [int(word) for word in arguments[1:]] or [100, 1000, 5000]
    number = NUMBER
    with tempfile.TemporaryDirectory() as place:
        many, long = Path(place) / "many", Path(place) / "long.strace"
        many.mkdir()
        with long.open("wb") as whole:
            for at, text in enumerate(copies(given, max(number, *counts))):
                (many / f"{at:05}.strace").write_bytes(text)
                if at < number:
                    whole.write(text)
        lines = long.read_bytes().count(b"\n")
        names = sorted(str(path) for path in many.iterdir())
        lists = {}
        for count in {number, *counts}:
            lists[count] = str(Path(place) / f"names{count}")
            Path(lists[count]).write_text("\n".join(names[:count]))
        print(f"{number} traces, {lines:,} lines, {len(given)} kinds; {time.strftime('%Y-%m-%d')}")
        one = checked("--jobs", "1", "--files-from", lists[number])
        two = checked("--jobs", "2", "--files-from", lists[number])
        print(
            f"jobs 1: {one.wall:.1f} s; jobs 2: {two.wall:.1f} s; "
            f"{one.wall / two.wall:.2f} times faster"
        )
        print(
            f"processor seconds: jobs 1: {one.processor:.1f}; jobs 2: {two.processor:.1f}, "
            f"of which the process that reports {two.reporting:.1f}; "
            f"{two.processor / one.processor:.2f} times as many"
        )
        cost, whole = one.processor, checked("--jobs", "1", str(long)).processor
        print(
            f"a trace: {1e3 * cost / number:.2f} ms; its share of one long one: "
            f"{1e3 * whole / number:.2f} ms; {cost / whole:.2f} times (processor)"
        )
        size = sum(map(len, islice(cycle(given), number)))
        print(f"{lines / cost:,.0f} lines/s a core, {size / cost / 1e6:.1f} MB/s")
        print("traces  peak memory of the process that reports, MiB")
        for count in counts:
            print(f"{count:6d}  {checked('--jobs', '2', '--files-from', lists[count]).peak:.0f}")


if __name__ == "__main__":
    main(sys.argv[1:])
