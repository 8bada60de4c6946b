"""Takes a doubt about a whole trace, gives it in words, as a Warning of the report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from strace_analyzer.findings import Warning
from strace_analyzer.kernel.doubts import Doubt
from strace_analyzer.strace_command import remedy

_NAMED = 6
"""how many lines or tasks one sentence names"""


@dataclass(frozen=True, slots=True)
class Told:
    """A doubt about the whole trace. `count` is the number of findings that it affects, or of
    connections, tasks, calls, lines; `words` and `fix`, if any, replace the doubt's reason and its
    remedy with something more specific."""

    doubt: Doubt
    count: int
    words: str = ""
    fix: str = ""

    @property
    def message(self) -> str:
        """The doubt in words."""
        return self.words or self.doubt.reason

    @property
    def headline(self) -> str:
        """The reason why nothing can be said; how the file was damaged is reported elsewhere."""
        return self.doubt.reason if self.doubt is Doubt.DAMAGED else self.message

    def of(self, trace: str) -> Warning:
        """The Warning for the report on `trace`."""
        doubt = self.doubt
        return Warning(
            code=doubt.value,
            trace=trace,
            count=self.count,
            effect=doubt.effect.value,
            message=self.words or doubt.reason,
            remedy=self.fix or remedy(doubt),
        )


def named(items: Sequence[object], count: int) -> str:
    """`71`, `71 and 72`, `71, 72, 73, 74, 75, 76 and 12 more`; `count` is how many there are."""
    shown = [str(item) for item in items[:_NAMED]]
    rest = count - len(shown)
    if rest > 0:
        return f"{', '.join(shown)} and {rest:,} more"
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
