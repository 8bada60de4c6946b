"""The lines in front of a table that say why it may be incomplete."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from strace_analyzer.plain import safe
from strace_analyzer.report.cannot_tell import Reason
from strace_analyzer.report.text.style import DOUBT, headline, indented


def cannot_tell(doubts: Sequence[Reason], consequence: str) -> Iterator[RenderableType]:
    """Yield `cannot tell: task 5 was made and never seen ...; sockets may be missing here`, with
    the other reasons below; nothing without doubts."""
    if not doubts:
        return
    first, *rest = dict.fromkeys(safe(doubt.reason) for doubt in doubts)
    yield headline("cannot tell", DOUBT, f"{first}; {consequence}")
    yield from (indented(Text(reason)) for reason in rest)
    yield Text("")
