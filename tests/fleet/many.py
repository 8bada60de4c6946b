"""Traces, digests and rules for the tests of this folder."""

from __future__ import annotations

import io
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from strace_analyzer.fleet.work import Judging, digest_of
from strace_analyzer.report.formats.format import MergedReport
from strace_analyzer.report.formats.registry import merged_format
from strace_analyzer.report.gate import Gate
from strace_analyzer.report.merged.digest import TraceDigest, refusal
from strace_analyzer.report.merged.merged import Merged
from strace_analyzer.trace.reader import TraceInput, traces

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = sorted((ROOT / "samples").glob("*.strace"))

DEADLY = '''
import os
from pathlib import Path
from strace_analyzer import Clean, Flagged, Rule


class Deadly(Rule):
    """The process that reads dies.

    What it flags:
        Nothing: it kills.

    Why it matters:
        A test wants it.

    What to do instead:
        Nothing.

    When it is fine:
        In a test.

    References:
        kill(2)
    """

    id = "deadly"
    title = "the process that reads dies"

    def step(self, step):
        name = Path(self.context.source_name(0)).name
        if name.startswith(VICTIM):
            mark = Path(MARK)
            if ALWAYS or not mark.exists():
                mark.touch()
                os.kill(os.getpid(), 9)
        return ()

    examples = (Clean("nothing", "close(3) = 0"),)
'''


def deadly(place: Path, victim: str, *, always: bool = False) -> str:
    """Return a rule file whose rule kills the process that reads a trace whose name begins with
    `victim`, the first time or always."""
    path = place / "deadly.py"
    text = DEADLY.replace("VICTIM", repr(victim)).replace("MARK", repr(str(place / "mark")))
    path.write_text(text.replace("ALWAYS", repr(always)))
    return str(path)


def inputs() -> list[TraceInput]:
    """Return the samples, each as a trace."""
    return traces([str(path) for path in SAMPLES])


@cache
def digests() -> tuple[TraceDigest, ...]:
    """Return the digests of the samples, and of one that cannot be read."""
    made = [digest_of(trace, Judging()) for trace in inputs()]
    return (*made, refusal("/gone", "/gone: no such file or directory"))


def merged(parts: Iterable[tuple[int, str, TraceDigest]]) -> Merged:
    """Return the sum of these digests, added in order."""
    made = Merged()
    for number, label, one in parts:
        made.add(number, label, one)
    return made


def written(made: Merged, form: str, *, everything: bool = True) -> str:
    """Return the report in a format."""
    stream = io.StringIO()
    merged_format(form).write(MergedReport(made, Gate(), everything), stream)
    return stream.getvalue()
