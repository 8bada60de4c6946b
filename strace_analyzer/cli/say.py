"""Takes what is no report (a remark, a complaint), says it on standard error, a line each."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from strace_analyzer.plain import safe
from strace_analyzer.report.version import TOOL


def say(lines: Iterable[str]) -> None:
    """Each of `lines` behind the name of the program; control characters in it are escaped."""
    for line in lines:
        print(f"{TOOL}: {safe(line)}", file=sys.stderr)
