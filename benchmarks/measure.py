"""Measure a command: wall and processor seconds, output, and the peak memory (PSS) of all its
processes."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
ELSEWHERE = tempfile.gettempdir()
"""current directory of measured commands, without a configuration of strace-analyzer"""
ACCEPTED = (0, 1)
"""exit statuses of a successful run: grep and strace-analyzer return 1 with an answer"""


class Work(NamedTuple):
    """A named command to be timed; `environment` is added to ours."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = {}


class Timing(NamedTuple):
    """Times of one command in seconds, one per round; empty if it failed."""

    wall: list[float]
    processor: list[float]

    @property
    def median(self) -> float:
        return statistics.median(self.wall)

    @property
    def least(self) -> float:
        return min(self.wall)


class FailedError(Exception):
    """A command failed. Reported in the tables; others are still measured."""


def environment(work: Work) -> dict[str, str]:
    """Return the environment with this checkout's package. Python may write bytecode, as it does
    for users."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    paths = [str(ROOT), *kept.get("PYTHONPATH", "").split(os.pathsep)]
    return {**kept, "PYTHONPATH": os.pathsep.join(filter(None, paths)), **work.environment}


def check(work: Work, status: int, said: bytes) -> None:
    """Raise FailedError if the command failed; an uncaught Python exception has status 1 too."""
    if status not in ACCEPTED or b"Traceback" in said:
        last = said.decode(errors="replace").strip().rpartition("\n")[2]
        raise FailedError(f"{work.name}: status {status}: {last[-200:]}")


def output(work: Work) -> str:
    """Run it once and return its output. Raises FailedError."""
    done = subprocess.run(
        work.command,
        env=environment(work),
        cwd=ELSEWHERE,
        stdin=subprocess.DEVNULL,
        capture_output=True,
    )
    check(work, done.returncode, done.stderr)
    return done.stdout.decode(errors="replace")


def run(work: Work) -> tuple[float, float]:
    """Run it once and return (wall, user + system) seconds. Raises FailedError."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begin = time.perf_counter()
    done = subprocess.run(
        work.command,
        env=environment(work),
        cwd=ELSEWHERE,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    wall = time.perf_counter() - begin
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    check(work, done.returncode, done.stderr)
    spent = (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)
    return wall, spent


def interleaved(works: Sequence[Work], rounds: int) -> dict[str, Timing]:
    """Run each once to warm up, then rounds in which each runs once, so that a disturbance affects
    all alike. One that fails is left out from then on, and has no times."""
    timings = {work.name: Timing([], []) for work in works}
    working = list(works)
    for number in range(rounds + 1):
        for work in list(working):
            try:
                wall, spent = run(work)
            except FailedError as error:
                print(f"failed: {error}", file=sys.stderr)
                working.remove(work)
                timings[work.name] = Timing([], [])
                continue
            if number:
                timings[work.name].wall.append(wall)
                timings[work.name].processor.append(spent)
    return timings


def family(pid: int) -> list[int]:
    """Return the process and its living descendants."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*"):
        try:
            children = (task / "children").read_text().split()
        except OSError:
            continue
        for child in children:
            found += family(int(child))
    return found


def proportional(pid: int) -> int:
    """Return the proportional set size of one process in bytes; 0 if it is gone."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    for line in rollup.splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def peak_memory(work: Work, every: float = 0.02) -> int:
    """Run it once, untimed, and return the sampled peak of the sum over its processes, in bytes.
    Raises FailedError."""
    peak = 0
    with subprocess.Popen(
        work.command,
        env=environment(work),
        cwd=ELSEWHERE,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        while process.poll() is None:
            peak = max(peak, sum(proportional(pid) for pid in family(process.pid)))
            time.sleep(every)
        assert process.stderr is not None
        check(work, process.returncode, process.stderr.read())
    return peak
