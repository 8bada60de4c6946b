"""Count the Python frames per line of a trace, a figure that other load on the machine cannot
disturb.

    python benchmarks/frames.py TRACE [--lines N] [--top N]

`check --jobs 1 --format json` runs twice on the first N lines of the trace (60,000): once to learn
its shapes, once under `sys.setprofile`, which sees every Python function, generator and
comprehension that is entered. Calls into C are not counted. Prints frames per line, then by folder
and by function.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections import Counter
from contextlib import redirect_stdout, suppress
from itertools import islice
from pathlib import Path
from types import CodeType, FrameType

ROOT = Path(__file__).resolve().parent.parent
LINES = 60_000


def counted(trace: Path) -> Counter[CodeType]:
    """Count how often each code object was entered while the trace was checked."""
    from strace_analyzer.cli import main

    seen: Counter[CodeType] = Counter()

    def entered(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call":
            seen[frame.f_code] += 1

    words = ["check", "--jobs", "1", "--format", "json", "--quiet", str(trace)]
    sys.argv = ["strace-analyzer", *words]
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere), suppress(SystemExit):
        main()
        sys.setprofile(entered)
        try:
            main()
        finally:
            sys.setprofile(None)
    return seen


def place(code: CodeType) -> str:
    """Return our folder that contains the code, or "elsewhere"."""
    path = Path(code.co_filename)
    if path.is_relative_to(ROOT / "strace_analyzer"):
        return str(path.relative_to(ROOT).parent)
    return "elsewhere"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("trace", type=Path)
    parser.add_argument("--lines", type=int, default=LINES)
    parser.add_argument("--top", type=int, default=40, help="how many functions are listed")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["XDG_CACHE_HOME"] = scratch
        os.chdir(scratch)  # no configuration of strace-analyzer
        part = Path(scratch) / "part.strace"
        with chosen.trace.open("rb") as whole, part.open("wb") as out:
            lines = list(islice(whole, chosen.lines))
            out.writelines(lines)
        seen = counted(part)
    total = seen.total()
    print(f"{total / len(lines):.1f} frames a line ({total:,} frames, {len(lines):,} lines)")
    by_place: Counter[str] = Counter()
    for code, times in seen.items():
        by_place[place(code)] += times
    for name, times in by_place.most_common():
        print(f"  {times / len(lines):6.2f}  {name}")
    for code, times in seen.most_common(chosen.top):
        where = f"{place(code)}/{Path(code.co_filename).name}:{code.co_firstlineno}"
        print(f"  {times / len(lines):6.2f}  {code.co_qualname}  {where}")


sys.path.insert(0, str(ROOT))
if __name__ == "__main__":
    main()
