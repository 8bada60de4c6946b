"""Trace a program that really runs, in a network namespace of its own with a given port range."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from live.sessions import PATIENCE, PROGRAMS, environment

ASKS = PROGRAMS / "asks.py"
ORDINARY = "32768 60999"
"""the range assumed if nothing shows it: 28,232 ports, at 470 a second enough for a minute"""
PYTHON = str(Path(sys.executable).resolve())


def traced(
    scratch: Path,
    name: str,
    words: Sequence[object],
    *,
    ports: str = ORDINARY,
    options: str = "-yy",
) -> Path:
    """Return the trace of a program in a namespace with this port range."""
    set_up = f'ip link set lo up; echo {ports} >/proc/sys/net/ipv4/ip_local_port_range; exec "$@"'
    strace = ["strace", "-f", "-tt", "-s", "200", *options.split(), "-o", name, *map(str, words)]
    subprocess.run(
        ["unshare", "-n", "sh", "-c", set_up, "sh", *strace],
        cwd=scratch, env=environment(scratch), check=True, capture_output=True, timeout=PATIENCE,
    )  # fmt: skip
    return scratch / name


def asks(*arguments: object, script: Path = ASKS) -> list[object]:
    """Return the command line of asks.py, or of a copy of it."""
    return [PYTHON, script, *arguments]


def unwrapped(text: str) -> str:
    """Return the text with its lines joined."""
    return " ".join(text.split())
