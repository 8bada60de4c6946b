"""What many traces cost: fleet.py DIRECTORY [COUNT ...], DIRECTORY holding traces to be copied.

So many small traces with one job and with two; a small trace against its share of one long trace of
as many lines, whose threads are given new numbers in each copy; and the peak memory of the process
that reports, for each COUNT of traces:

    python benchmarks/fleet.py samples 100 1000 5000
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

from measure import ELSEWHERE, Work, environment

_CHECK = """
import os, resource, sys, time
from strace_analyzer.cli import main
if __name__ == "__main__":
    begin = time.monotonic()
    status = main(["check", "--merged", "--format", "json", "-q", "-o", os.devnull, *sys.argv[1:]])
    wall = time.monotonic() - begin
    own = resource.getrusage(resource.RUSAGE_SELF)
    print(status, wall, own.ru_utime + own.ru_stime, own.ru_maxrss)
"""
_SMALL = 200
"""lines at most of a small trace"""
_TASK = re.compile(rb"^(\[pid +)?([0-9]+)(?=[\] ])", re.M)


def small(directory: Path) -> list[bytes]:
    """The small traces in which every line begins with a thread's number."""
    found = [path.read_bytes() for path in sorted(directory.glob("*.strace"))]
    return [
        text
        for text in found
        if text.count(b"\n") <= _SMALL and all(_TASK.match(line) for line in text.splitlines())
    ]


def copies(given: list[bytes], number: int) -> Iterator[bytes]:
    """So many of them, over and over, with other thread numbers each time."""
    for at, text in enumerate(islice(cycle(given), number)):
        yield _TASK.sub(partial(_renamed, at * 50_000), text)


def _renamed(by: int, match: re.Match[bytes]) -> bytes:
    return (match[1] or b"") + b"%d" % (int(match[2]) + by)


def checked(*words: str) -> tuple[float, float, float]:
    """Seconds that it took, processor seconds of the process that reports, and its peak memory in
    MiB."""
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
    _, wall, processor, peak = map(float, done.stdout.split())
    return wall, processor, peak / 1024


def main(arguments: list[str]) -> None:
    given = small(Path(arguments[0]))
    counts = [int(word) for word in arguments[1:]] or [100, 1000, 5000]
    number = 2000
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
        one, cost, _ = checked("--jobs", "1", "--files-from", lists[number])
        two, _, _ = checked("--jobs", "2", "--files-from", lists[number])
        print(f"jobs 1: {one:.1f} s; jobs 2: {two:.1f} s; {one / two:.2f} times faster")
        _, whole_cost, _ = checked("--jobs", "1", str(long))
        print(
            f"a trace: {1e3 * cost / number:.2f} ms; its share of one long one: "
            f"{1e3 * whole_cost / number:.2f} ms; {cost / whole_cost:.2f} times (processor)"
        )
        size = sum(map(len, islice(cycle(given), number)))
        print(f"{lines / cost:,.0f} lines/s a core, {size / cost / 1e6:.1f} MB/s")
        print("traces  peak memory of the process that reports, MiB")
        for count in counts:
            print(f"{count:6d}  {checked('--jobs', '2', '--files-from', lists[count])[2]:.0f}")


if __name__ == "__main__":
    main(sys.argv[1:])
