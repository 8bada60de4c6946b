"""Provide the benchmark traces and their ground truth in a directory, at a scale; made once and
kept.

With the shared folder (STRACE_ANALYZER_SHARED), its `bench/make-traces.sh` makes them: mixed-yy,
mixed and network. Without it, `workload.py` is traced instead, scaled to the same shape.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
SHARED = Path(os.environ.get("STRACE_ANALYZER_SHARED") or HERE.parent.parent / "shared")
BAD_TCP = ("BAD4", "BAD6", "BADNB", "BADTHREAD", "BADDUP", "BADFORK")
KINDS = {
    "mixed-yy": ["-f", "-tt", "-T", "-yy"],
    "mixed": ["-f", "-tt", "-T"],
    "network": ["-f", "-tt", "-T", "-yy", "--seccomp-bpf", "-e", "trace=network"],
}
_PIDS, _COPIES = 100_000, 40
"""pids per copy; copies until pids are reused: Linux has 4,194,304 (proc_sys_kernel(5))"""
_BORN = re.compile(rb"(\) = |parent_tid=\[)([0-9]+)")


class Trace(NamedTuple):
    """A trace file, and the number of sockets that the traced workload used by tag."""

    path: Path
    truth: Counter[str]

    @property
    def early_binds(self) -> int:
        """The exact number of correct findings of bind-any-port-zero."""
        return sum(self.truth[tag] for tag in BAD_TCP)


def cache_directory() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "strace-analyzer-bench"


def trace_workload(directory: Path, name: str, rounds: int, threads: int) -> None:
    """Trace workload.py into DIRECTORY/NAME.strace, with its truth beside it."""
    truth = directory / f"truth-{name}.txt"
    truth.unlink(missing_ok=True)
    program = [sys.executable, str(HERE / "workload.py"), str(truth), str(rounds), str(threads)]
    command = ["strace", *KINDS[name], "-o", str(directory / f"{name}.strace"), *program]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


def make(directory: Path, scale: int) -> dict[str, Trace]:
    """Return the three traces by name, making missing ones (about 5 minutes at scale 2)."""
    directory.mkdir(parents=True, exist_ok=True)
    if not all((directory / f"{name}.strace").exists() for name in KINDS):
        script = SHARED / "bench" / "make-traces.sh"
        if script.exists():
            subprocess.run(["bash", str(script), str(directory), str(scale)], check=True)
        else:
            for name in KINDS:
                trace_workload(directory, name, 400 * scale, 8)
    return {name: load(directory, name) for name in KINDS}


def load(directory: Path, name: str) -> Trace:
    """Return an existing trace."""
    lines = (directory / f"truth-{name}.txt").read_text().splitlines()
    return Trace(directory / f"{name}.strace", Counter(line.split()[0] for line in lines))


def head(trace: Trace, lines: int) -> Path:
    """Write the first lines of a trace to a file beside it."""
    part = trace.path.with_suffix(f".head{lines}")
    if not part.exists():
        with trace.path.open("rb") as source, part.open("wb") as target:
            for _, line in zip(range(lines), source, strict=False):
                target.write(line)
    return part


def grown(trace: Trace, times: int) -> Trace:
    """Write the trace, repeated `times` times, to a file beside it."""
    target = trace.path.with_suffix(f".x{times}")
    if not target.exists():
        aside = target.with_suffix(".part")
        with aside.open("wb") as out:
            out.writelines(copies(trace.path, times))
        aside.replace(target)
    return Trace(target, Counter({tag: count * times for tag, count in trace.truth.items()}))


def copies(trace: Path, times: int) -> Iterator[bytes]:
    """Yield the lines of a trace (-f -tt) repeatedly: each copy has its own pids, also in clone(),
    and is later by the length of the trace."""
    with trace.open("rb") as source:
        first = seconds(next(source).split(None, 2)[1])
        last = max(seconds(line.split(None, 2)[1]) for line in source)
    for copy in range(times):
        later = copy * (last - first + 1)
        shift = copy % _COPIES * _PIDS

        def born(match: re.Match[bytes], shift: int = shift) -> bytes:
            return b"%s%d" % (match[1], int(match[2]) + shift)

        with trace.open("rb") as source:
            for line in source:
                pid, when, rest = line.split(None, 2)
                if b"clone" in rest or b"fork" in rest:
                    rest = _BORN.sub(born, rest)
                yield b"%d %s %s" % (int(pid) + shift, clock(seconds(when) + later), rest)


def seconds(clock: bytes) -> float:
    """Convert `14:02:11.300000` to seconds since midnight."""
    hours, minutes, rest = clock.split(b":")
    return int(hours) * 3600 + int(minutes) * 60 + float(rest)


def clock(seconds: float) -> bytes:
    """Convert seconds to a time of day, past midnight too."""
    minutes, rest = divmod(seconds % 86400, 60)
    return b"%02d:%02d:%09.6f" % (*divmod(int(minutes), 60), rest)
