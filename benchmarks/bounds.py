"""What input of any size costs: processor time at three sizes of each hard input.
`python benchmarks/bounds.py [KIND...]`

Time is linear where twice the size takes about twice as long. What takes more than `STEEP` times as
long is marked, and the exit status is 1.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from fuzz.hostile import EARLY_BIND, LINES, TEXTS

import strace_analyzer as sa

STEEP = 3.0
SHORT = 0.05
"""Seconds; shorter times are not significant."""
IN_LINE, IN_TEXT = (4_000, 8_000, 16_000), (5_000, 10_000, 20_000)


def taken(text: bytes) -> float:
    """Return processor seconds of one analysis, keeping everything that can be kept."""
    began = time.process_time()
    sa.analyze(io.BytesIO(text))
    return time.process_time() - began


def inputs() -> Iterator[tuple[str, Callable[[int], bytes], tuple[int, ...]]]:
    """Yield what is measured: name, a function from size to text, sizes."""
    for name, line in LINES.items():
        yield f"a line of {name}", lambda n, line=line: _between(line(n) + b"\n"), IN_LINE
    for name, text in TEXTS.items():
        yield name, lambda n, text=text: _between(text(n)), IN_TEXT


def _between(text: bytes) -> bytes:
    return EARLY_BIND + text + EARLY_BIND


def family(sources: int) -> float:
    """Return processor seconds for a -ff trace of `sources` files."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        for tid in range(100, 100 + sources):
            said = EARLY_BIND.replace(b"7 ", b"1700000000.%06d " % tid)
            (Path(folder) / f"t.{tid}").write_bytes(said)
        began = time.process_time()
        sa.analyze(Path(folder) / "t")
        return time.process_time() - began


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", help="those whose name holds one of these words")
    options = parser.parse_args()
    os.nice(10)
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
