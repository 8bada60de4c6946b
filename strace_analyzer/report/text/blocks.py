"""Takes the cause of one process's findings, gives the blocks of its report: who, why, where to,
cost, fix, proof."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group as Stack
from rich.console import RenderableType
from rich.text import Text

from strace_analyzer.findings import Confidence, Group
from strace_analyzer.plain import safe
from strace_analyzer.report.causes import Cause
from strace_analyzer.report.cost import meaning
from strace_analyzer.report.section import Section
from strace_analyzer.report.text import hides, ports, proof
from strace_analyzer.report.text.destinations import destinations
from strace_analyzer.report.text.style import (
    DOUBT,
    FAINT,
    LEVELS,
    headline,
    indented,
    labelled,
    paragraph,
    table,
)
from strace_analyzer.rules.words import Figures

BLANK = Text("")


def cause_blocks(cause: Cause, section: Section, *, cost: bool) -> Iterator[RenderableType]:
    """Everything about one process's cause, the fix before the proof; what it costs in local ports
    only where `cost`, since that is told once for a network namespace."""
    group = cause.head
    rule, case = section.rule(group), section.case(group)
    said = safe(rule.summary(case))
    if 0 < cause.probable < cause.count:
        said += f", {cause.probable:,} of them probable"
    if group.confidence is Confidence.PROBABLE:
        yield headline(f"probable {group.level}", DOUBT, said)
    else:
        yield headline(str(group.level), LEVELS[group.level], said)
    if cost and (means := meaning(group, section)):
        yield indented(Text(means))
    yield BLANK
    reasons = rule.why(case)
    if reasons:
        yield paragraph(*reasons)
        yield BLANK
    if group.peers and rule.lists_destinations(case):
        yield indented(destinations(group, rule, section.everything))
        yield BLANK
    for figures in rule.figures(case):
        yield indented(_figures(figures))
        yield BLANK
    if cause.doubtful is not None:
        yield from hides.hidden(cause.doubtful, section)
    block = ports.ports(group, section) if cost else None
    if block is not None:
        yield block
        yield BLANK
    remedy = fix(group, section)
    if remedy is not None:
        yield remedy
        yield BLANK
    yield from proof.proof(group, section)
    if section.everything:
        yield BLANK
        yield labelled("Fingerprint", Text(", ".join(cause.fingerprints())), 13)


def _figures(figures: Figures) -> RenderableType:
    """A rule's own table, its remarks below it."""
    grid = table(*figures.columns)
    for row in figures.rows:
        grid.add_row(*map(safe, row))
    return Stack(grid, *(Text(safe(line), style=FAINT) for line in figures.remarks))


def fix(group: Group, section: Section) -> RenderableType | None:
    """What to do, the runtime named first, each sentence on a line of its own; None where the rule
    does not say."""
    advice = section.rule(group).advice(section.case(group))
    sentences = list(advice.sentences)
    if not sentences:
        return None
    if advice.who:
        sentences[0] = f"{advice.who}: {sentences[0]}"
    return labelled("Fix", Text(safe("\n".join(sentences)).replace("\\x0a", "\n")))
