"""The command line: takes the words typed, gives output, errors and an exit status; nothing else
prints or exits."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command in `argv` (by default the process's own) and gives its exit status."""
    from strace_analyzer.cli.app import run

    return run(list(sys.argv[1:] if argv is None else argv))
