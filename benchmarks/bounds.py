"""What input of any size costs: processor time at three sizes of each hard input, peak memory of a
stream that goes on and on. `python benchmarks/bounds.py [--stream MIB] [KIND...]`

Time is linear where twice the size takes about twice as long. What takes more than `STEEP` times as
long is marked, and the exit status is 1.
"""

from __future__ import annotations

import argparse
import io
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from fuzz.hostile import EARLY_BIND, LINES, TEXTS

import strace_analyzer as sa

STEEP = 3.0
SHORT = 0.05
"""Seconds that say nothing."""
IN_LINE, IN_TEXT = (4_000, 8_000, 16_000), (5_000, 10_000, 20_000)
SAMPLE = Path(__file__).resolve().parents[1] / "samples/python-threads-halves.strace"


def taken(text: bytes) -> float:
    """Processor seconds of one analysis, everything kept that can be."""
    began = time.process_time()
    sa.analyze(io.BytesIO(text))
    return time.process_time() - began


def inputs() -> Iterator[tuple[str, Callable[[int], bytes], tuple[int, ...]]]:
    """What is measured: its name, the text of a size, the sizes."""
    for name, line in LINES.items():
        yield f"a line of {name}", lambda n, line=line: _between(line(n) + b"\n"), IN_LINE
    for name, text in TEXTS.items():
        yield name, lambda n, text=text: _between(text(n)), IN_TEXT


def _between(text: bytes) -> bytes:
    return EARLY_BIND + text + EARLY_BIND


def family(sources: int) -> float:
    """Processor seconds for so many files of one -ff trace."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        for tid in range(100, 100 + sources):
            said = EARLY_BIND.replace(b"7 ", b"1700000000.%06d " % tid)
            (Path(folder) / f"t.{tid}").write_bytes(said)
        began = time.process_time()
        sa.analyze(Path(folder) / "t")
        return time.process_time() - began


class Replayed(io.RawIOBase):
    """A sample's lines over and over, each time of other processes, until `size` bytes."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self._lines = SAMPLE.read_bytes().splitlines(keepends=True)
        self._left = size
        self._round = 0
        self._ready = b""
        self.peaks: list[int] = []

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._ready:
            if self._left <= 0:
                return 0
            self._ready = self._again()
            self._left -= len(self._ready)
        size = min(len(buffer), len(self._ready))
        memoryview(buffer)[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        return size

    def _again(self) -> bytes:
        self._round += 1
        if self._round % 500 == 0:
            self.peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
        pids = 10_000 + self._round * 10 % 4_000_000
        made = []
        for line in self._lines:
            tid, rest = line.split(b" ", 1)
            made.append(b"%d %b" % (pids + int(tid) % 10, rest))
        return b"".join(made)


def stream(mib: int) -> None:
    """Peak memory while so much is replayed, as it grows."""
    source = Replayed(mib << 20)
    began = time.process_time()
    analysis = sa.analyze(cast("BinaryIO", io.BufferedReader(source, 1 << 16)))
    (account,) = analysis.traces[0].sources
    peaks = source.peaks or [0]
    print(
        f"a stream of {mib:,} MiB, {account.lines:,} lines, {len(analysis.findings):,} findings, "
        f"{time.process_time() - began:,.0f} s of processor: peak {peaks[0]} MiB after "
        f"{len(source.peaks) and 500} rounds, {peaks[len(peaks) // 2]} in the middle, "
        f"{peaks[-1]} at the end"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", help="those whose name holds one of these words")
    parser.add_argument("--stream", type=int, metavar="MIB", help="replay so much instead")
    options = parser.parse_args()
    os.nice(10)
    if options.stream:
        stream(options.stream)
        return 0
    steep = 0
    measured = [(name, lambda n, t=text: taken(t(n)), sizes) for name, text, sizes in inputs()]
    measured.append(("files of a family", family, (200, 400, 800)))
    for name, measure, sizes in measured:
        if options.kinds and not any(kind in name for kind in options.kinds):
            continue
        measure(sizes[0] // 20)  # what is learned once
        seconds = [measure(size) for size in sizes]
        is_steep = seconds[-1] > SHORT and seconds[-1] > STEEP * max(seconds[-2], SHORT)
        steep += is_steep
        times = " ".join(f"{one:7.3f}" for one in seconds)
        print(
            f"{name:40} {sizes[0]:>6} to {sizes[-1]:>6} {times} s{'  STEEP' * is_steep}", flush=True
        )
    return 1 if steep else 0


if __name__ == "__main__":
    sys.exit(main())
