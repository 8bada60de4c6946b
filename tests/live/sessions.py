"""Run the command line with real straces: start it, wait for events, check what is left behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(__file__).resolve().parent / "programs"
COMMAND = [sys.executable, "-m", "strace_analyzer"]
PATIENCE = 60.0
"""seconds to wait before giving up"""


def program(name: str, *arguments: object) -> list[str]:
    """Return the command line of a program of this folder."""
    return [sys.executable, str(PROGRAMS / name), *map(str, arguments)]


def environment(scratch: Path, **more: str) -> dict[str, str]:
    """Return our environment without variables that change how reports look; temporary files go to
    `scratch`."""
    left_out = ("COLUMNS", "NO_COLOR", "FORCE_COLOR")
    kept = {name: value for name, value in os.environ.items() if name not in left_out}
    return {**kept, "PYTHONPATH": str(ROOT), "TMPDIR": str(scratch), "LC_ALL": "C.UTF-8", **more}


def run(
    scratch: Path, *words: str, given: str = "", command: Sequence[str] = COMMAND, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run it to the end."""
    return subprocess.run(
        [*command, *words],
        input=given,
        capture_output=True,
        text=True,
        cwd=scratch,
        env=environment(scratch, **more),
        timeout=PATIENCE,
    )


def start(scratch: Path, *words: str, **pipes: Any) -> subprocess.Popen[str]:
    """Start it; standard output is a pipe unless `pipes` say otherwise."""
    return subprocess.Popen(
        [*COMMAND, *words],
        cwd=scratch,
        env=environment(scratch),
        text=True,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **pipes},
    )


def until(happened: Callable[[], Any], what: str) -> Any:
    """Wait until `happened` returns something true, and return that. Fails if it never does."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if result := happened():
            return result
        time.sleep(0.02)
    raise AssertionError(f"never happened: {what}")


def tracer(pid: int) -> int:
    """Return the tracer of `pid`; 0 if there is none."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("TracerPid:"):
            return int(line.split()[1])
    raise AssertionError("no TracerPid in /proc/PID/status")


def straces(scratch: Path) -> list[str]:
    """Return the command lines of straces that write to a FIFO below `scratch`."""
    found = []
    for directory in Path("/proc").iterdir():
        if directory.name.isdecimal():
            try:
                words = (directory / "cmdline").read_bytes().decode(errors="replace").split("\0")
            except OSError:
                continue
            if "strace" in words[0] and any(word.startswith(f"{scratch}/") for word in words):
                found.append(" ".join(words))
    return found


def assert_nothing_is_left(scratch: Path) -> None:
    """Assert that no strace and no FIFO is left."""
    until(lambda: not straces(scratch), "the end of strace")
    assert list(scratch.glob("strace-analyzer-*")) == []


def findings(report: str, rule: str = "bind-any-port-zero") -> list[dict[str, Any]]:
    """Return the findings of a JSON report."""
    return [finding for finding in json.loads(report)["findings"] if finding["rule"] == rule]
