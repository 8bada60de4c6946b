"""A program that really runs, in a network namespace of its own with a range of ports -> its trace."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from live.sessions import PATIENCE, PROGRAMS, environment

ASKS = PROGRAMS / "asks.py"
ORDINARY = "32768 60999"
"""the range that is assumed where nothing tells it: 28,232 ports, a minute of 470 a second"""
PYTHON = str(Path(sys.executable).resolve())


def traced(
    scratch: Path,
    name: str,
    words: Sequence[object],
    *,
    ports: str = ORDINARY,
    options: str = "-yy",
) -> Path:
    """The trace of a program in a namespace with such a range."""
    set_up = f'ip link set lo up; echo {ports} >/proc/sys/net/ipv4/ip_local_port_range; exec "$@"'
    strace = ["strace", "-f", "-tt", "-s", "200", *options.split(), "-o", name, *map(str, words)]
    subprocess.run(
        ["unshare", "-n", "sh", "-c", set_up, "sh", *strace],
        cwd=scratch, env=environment(scratch), check=True, capture_output=True, timeout=PATIENCE,
    )  # fmt: skip
    return scratch / name


def asks(*arguments: object, script: Path = ASKS) -> list[object]:
    """The command line of asks.py, or of a copy of it."""
    return [PYTHON, script, *arguments]


def unwrapped(text: str) -> str:
    """The text with its lines joined."""
    return " ".join(text.split())
