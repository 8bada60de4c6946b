"""Measure the speed and memory of `events` writing JSON lines: export.py TRACE [LINES ...].

For each number of lines (of TRACE, repeated if it has fewer): lines per second of `sa.parse` and of
`events`, the share of the one in the other, and the peak memory of both. Memory is flat if it does
not grow with the lines:

    python benchmarks/export.py mixed-yy.strace 200000 2000000
"""

from __future__ import annotations

import sys
import tempfile
from itertools import cycle, islice
from pathlib import Path

from measure import Work, output, peak_memory, run

_PARSE = """
import sys, strace_analyzer as sa
from collections import deque
deque(sa.parse(open(sys.argv[1], "rb")), maxlen=0)
"""
_EVENTS = "import sys; from strace_analyzer.cli import main; main(['events', '-q', sys.argv[1]])"


def first(trace: Path, lines: int, target: Path) -> None:
    """Write the first `lines` lines of a trace, repeating it if it is shorter."""
    with trace.open("rb") as source:
        given = (
            source.readlines() if trace.stat().st_size < 1 << 28 else list(islice(source, lines))
        )
    with target.open("wb") as out:
        out.writelines(islice(cycle(given), lines))


def main(arguments: list[str]) -> None:
    trace, sizes = Path(arguments[0]), [int(size) for size in arguments[1:]] or [100_000, 400_000]
    print("    lines   parse/s  events/s  share  parse MiB  events MiB")
    for size in sizes:
        with tempfile.TemporaryDirectory() as directory:
            part = Path(directory) / "part.strace"
            first(trace, size, part)
            parse = Work("parse", [sys.executable, "-c", _PARSE, str(part)])
            events = Work("events", [sys.executable, "-c", _EVENTS, str(part)])
            output(parse)  # learns the shapes of the lines
            rates = [size / run(work)[0] for work in (parse, events)]
            peaks = [peak_memory(work) / (1 << 20) for work in (parse, events)]
        print(
            f"{size:9d} {rates[0]:9.0f} {rates[1]:9.0f} {rates[1] / rates[0]:6.2f}"
            f" {peaks[0]:10.0f} {peaks[1]:11.0f}"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
