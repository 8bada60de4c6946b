"""What a user would run instead of us: grep, the awk join, a careful script, other parsers.

All under LC_ALL=C. `stracetools` and `strace-process-tree` live in a virtual environment of their
own.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from measure import Work

HERE = Path(__file__).resolve().parent
PLAIN = {"LC_ALL": "C"}
OTHERS = ["stracetools", "strace-process-tree"]


def text_tools(trace: Path) -> list[Work]:
    """Return wc, grep and the awk join, as far as installed, and careful.py."""
    pattern = r"(bind|connect)\("
    join = str(HERE / "join.awk")
    works = [
        Work("wc -l", ["wc", "-l", str(trace)], PLAIN),
        # if its output is /dev/null, grep stops at the first match
        Work("grep -cE", ["sh", "-c", 'grep -cE "$0" "$1" | cat', pattern, str(trace)], PLAIN),
        Work("mawk join", ["mawk", "-f", join, str(trace)], PLAIN),
        Work("gawk join", ["gawk", "-f", join, str(trace)], PLAIN),
        Work("careful.py", [sys.executable, str(HERE / "careful.py"), str(trace)], PLAIN),
    ]
    return [work for work in works if shutil.which(work.command[0])]


def other_environment(directory: Path) -> Path | None:
    """Return a Python with the other parsers installed, or None if they are not available."""
    python = directory / "venv" / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(directory / "venv")], check=True)
    install = [str(python), "-m", "pip", "install", "--quiet", *OTHERS]
    if subprocess.run(install, capture_output=True).returncode:
        print("the other parsers cannot be installed here: left out", file=sys.stderr)
        return None
    return python


def other_parsers(python: Path, trace: Path) -> list[Work]:
    """Return the other parsers, which read `-f -tt` traces; for a slice, since a whole trace takes
    minutes."""
    parse = (
        "import logging, sys; logging.disable(); from stracetools.parser import StraceParser; "
        "StraceParser().parse_file(sys.argv[1])"
    )
    tree = str(python.parent / "strace-process-tree")
    return [
        Work("stracetools", [str(python), "-c", parse, str(trace)]),
        Work("strace-process-tree", [tree, str(trace)]),
    ]
