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
    """A rule file whose rule kills, the first time or always, whoever reads a trace whose name
    begins so."""
    path = place / "deadly.py"
    text = DEADLY.replace("VICTIM", repr(victim)).replace("MARK", repr(str(place / "mark")))
    path.write_text(text.replace("ALWAYS", repr(always)))
    return str(path)


def inputs() -> list[TraceInput]:
    """The samples, each a trace."""
    return traces([str(path) for path in SAMPLES])


@cache
def digests() -> tuple[TraceDigest, ...]:
    """Those of the samples, of one that cannot be read, and of one that begins at a known time."""
    made = [digest_of(trace, Judging()) for trace in inputs()]
    return (*made, refusal("/gone", "/gone: no such file or directory"))


def merged(parts: Iterable[tuple[int, str, TraceDigest]]) -> Merged:
    """What these come to, added one after the other."""
    made = Merged()
    for number, label, one in parts:
        made.add(number, label, one)
    return made


def written(made: Merged, form: str, *, everything: bool = True) -> str:
    """The report in a form."""
    stream = io.StringIO()
    merged_format(form).write(MergedReport(made, Gate(), everything), stream)
    return stream.getvalue()
