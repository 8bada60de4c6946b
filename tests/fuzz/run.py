"""Thousands of damaged traces, each read in every way: `python -m fuzz.run --lines 1000000`.

Prints progress, and each fault with the seed that reproduces it (`--seed N --rounds 1`). Exit
status 1 if there was one. Ctrl-C ends the run, with a summary of what was done.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

from fuzz.mutating import Damage, Lines
from fuzz.readings import faults
from shared_folder import CORPUS, ROOT, TRACES, TRACES2

from strace_analyzer.trace.prefilter import ahead

SAMPLES = ROOT / "samples"
LONGEST = 3000
"""Most lines taken of one trace."""
SIEVED = 900
"""This many lines, so that irrelevant ones are left out."""


@cache
def given() -> list[Path]:
    """Return every available trace: samples, and the shared ones if present."""
    folders = (SAMPLES, TRACES, TRACES2, CORPUS)
    return [
        path
        for folder in folders  # in an order that does not depend on where they are
        for path in sorted(
            folder.rglob("*.strace") if folder is CORPUS else folder.glob("*.strace")
        )
    ]


@cache
def lines_of(path: Path) -> Lines:
    return path.read_bytes().split(b"\n")


def damaged(seed: int, paths: list[Path]) -> tuple[Lines, Damage]:
    """Return the lines of one of the traces, damaged according to the seed."""
    chance = random.Random(seed)
    lines = list(lines_of(chance.choice(paths)))
    if len(lines) > LONGEST:
        first = chance.randrange(len(lines) - LONGEST)
        lines = lines[first : first + LONGEST]
    elif len(lines) < SIEVED and chance.random() < 0.5:
        lines *= SIEVED // len(lines) + 1
    damage = Damage(chance, lines_of(chance.choice(paths)))
    damage.apply(lines, chance.choice((1, 3, 10, 40, len(lines) // 4 + 1)))
    return lines, damage


def check(seed: int, paths: list[Path], folder: Path) -> tuple[int, list[str]]:
    """Return how many lines were read, and what was wrong."""
    lines, damage = damaged(seed, paths)
    path = folder / f"seed-{seed}.strace"
    path.write_bytes(b"\n".join(lines))
    found = faults(path, damage.nonsense)
    path.unlink()
    return len(lines), found


def rounds(first: int, paths: list[Path], wanted: int) -> Iterator[tuple[int, int, list[str]]]:
    """Yield seed, lines and faults, until `wanted` lines were read."""
    with tempfile.TemporaryDirectory() as folder:
        read, seed = 0, first
        while read < wanted:
            lines, found = check(seed, paths, Path(folder))
            yield seed, lines, found
            read += lines
            seed += 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0, help="the first")
    options = parser.parse_args()
    os.nice(10)
    ahead.pays = lambda size: True  # also for short traces
    began, read, traces, faulty = time.monotonic(), 0, 0, 0
    with suppress(KeyboardInterrupt):
        for seed, lines, found in rounds(options.seed, given(), options.lines):
            read += lines
            traces += 1
            faulty += bool(found)
            for fault in found:
                print(f"seed {seed}: {fault}", flush=True)
    print(f"{read:,} lines of {traces:,} damaged traces, each read in four ways, in "
          f"{time.monotonic() - began:,.0f} s: {faulty} with faults")  # fmt: skip
    return 1 if faulty else 0


if __name__ == "__main__":
    sys.exit(main())
