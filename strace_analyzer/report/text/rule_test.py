"""The output of testing rules against their own examples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from strace_analyzer.analysis.examples import Disagreement
from strace_analyzer.findings import Level
from strace_analyzer.plain import count, safe
from strace_analyzer.report.text.style import FAINT, GOOD, HEADING, LEVELS, headline, path
from strace_analyzer.rules import Rule

_MISSING = "<- no finding here, and it is marked #!"
_UNEXPECTED = "<- a finding here, and it is not marked #!"


def test_page(
    results: Sequence[tuple[type[Rule], Sequence[Disagreement]]],
) -> Iterator[RenderableType]:
    """Yield one line per rule that behaves as its examples say, and the details of each
    disagreement."""
    for rule, found in results:
        examples = count(len(rule.examples), "example")
        if not rule.examples:
            yield headline(
                rule.id, LEVELS[Level.WARNING], "no examples: nothing shows what it flags"
            )
        elif not found:
            yield headline(rule.id, GOOD, f"{examples}, all as marked")
        else:
            yield headline(
                rule.id, LEVELS[Level.ERROR], f"{len(found)} of {examples} not as marked"
            )
        for disagreement in found:
            yield Text("")
            yield from _lines(disagreement)


def _lines(disagreement: Disagreement) -> Iterator[RenderableType]:
    yield Text(safe(disagreement.example), style=HEADING)
    if disagreement.error is not None:
        yield Text(f"  {safe(disagreement.error)}", style=LEVELS[Level.ERROR])
    for number, line in enumerate(disagreement.lines, 1):
        said = path(f"{number:>4}  {safe(line)}")
        if number in disagreement.missing:
            said.append(f"  {_MISSING}", style=LEVELS[Level.ERROR])
        elif number in disagreement.unexpected:
            said.append(f"  {_UNEXPECTED}", style=LEVELS[Level.ERROR])
        else:
            said.stylize(FAINT)
        yield said
