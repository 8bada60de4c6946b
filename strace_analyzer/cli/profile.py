"""Run a command under cProfile, and print on standard error where its time went.

For users who report a slow trace. Processes that the command starts are not measured.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_PROGRAM = Path(__file__).resolve().parents[1]
_MOST_FUNCTIONS = 20


@contextmanager
def profiled(wanted: bool) -> Iterator[None]:
    """Profile what runs inside, if `wanted`; when it ends, print seconds by package and by
    function."""
    if not wanted:
        yield
        return
    import cProfile
    import pstats

    profile = cProfile.Profile()
    profile.enable()
    try:
        yield
    finally:
        profile.disable()
        stats: Any = pstats.Stats(profile, stream=sys.stderr)
        print("strace-analyzer: seconds by package, longer than without cProfile", file=sys.stderr)
        for package, seconds in by_package(stats.stats).most_common():
            print(f"  {package:<40}{seconds:8.3f}", file=sys.stderr)
        print(f"  {'all':<40}{stats.total_tt:8.3f}", file=sys.stderr)
        stats.strip_dirs().sort_stats("tottime").print_stats(_MOST_FUNCTIONS)


def by_package(stats: dict[Any, Any]) -> Counter[str]:
    """Sum the time of each function in `stats` (of pstats.Stats) by package. That of a function of
    C belongs to those who called it."""
    spent: Counter[str] = Counter()
    for (file, _, _), (_, _, own_time, _, callers) in stats.items():
        if file != "~":
            spent[_package(file)] += own_time
        for (caller, _, _), (_, _, part, _) in callers.items() if file == "~" else ():
            spent[_package(caller)] += part
    return spent


def _package(file: str) -> str:
    """Return the package of this program in which `file` is, or what stands for all others."""
    path = Path(file)
    if not path.is_relative_to(_PROGRAM):
        return "Python and libraries"
    return ".".join(path.relative_to(_PROGRAM.parent).parent.parts)
