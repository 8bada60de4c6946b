"""Run the command line as a user does: in another process, with its three streams and exit
status."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "samples"
ERLANG = SAMPLES / "erlang23-inets-httpc-40req-yy-tt-T.strace"
SSH = SAMPLES / "ssh-b-any.strace"
CURL = SAMPLES / "curl-interface-any.strace"
COMMAND = [sys.executable, "-m", "strace_analyzer"]

EARLY_BIND = """\
socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
setsockopt(3, SOL_SOCKET, SO_KEEPALIVE, [1], 4) = 0
bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
close(3) = 0
"""


def environment(**more: str) -> dict[str, str]:
    """Return the environment of this test run, without variables that change how reports look."""
    left_out = ("COLUMNS", "NO_COLOR", "FORCE_COLOR", "TERM")
    kept = {name: value for name, value in os.environ.items() if name not in left_out}
    paths = [str(ROOT), *kept.get("PYTHONPATH", "").split(os.pathsep)]
    return {**kept, "PYTHONPATH": os.pathsep.join(filter(None, paths)), **more}


def run(
    *words: str | Path, given: str = "", cwd: Path = ROOT, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run `strace-analyzer WORDS` with `given` as standard input."""
    return subprocess.run(
        [*COMMAND, *map(str, words)],
        input=given,
        capture_output=True,
        text=True,
        cwd=cwd,
        env=environment(**more),
        timeout=60,
    )


def complaint(stderr: str) -> str:
    """Return typer's message about a wrong command line, from its box, as one line."""
    _, _, box = stderr.partition("─ Error ─")
    return " ".join(" ".join(line.strip("│ ") for line in box.splitlines()[1:-1]).split())
