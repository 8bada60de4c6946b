"""Takes the cause of one process's findings, gives the blocks of its report: who, why, where to,
cost, fix, proof."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from strace_analyzer.findings import Confidence, Group
from strace_analyzer.report import words
from strace_analyzer.report.advice import advise
from strace_analyzer.report.plain import safe
from strace_analyzer.report.text import hides, ports, proof
from strace_analyzer.report.text.causes import Cause
from strace_analyzer.report.text.destinations import destinations
from strace_analyzer.report.text.section import Section
from strace_analyzer.report.text.style import (
    DOUBT,
    LEVELS,
    headline,
    indented,
    labelled,
    paragraph,
)

BLANK = Text("")


def cause_blocks(cause: Cause, section: Section, *, cost: bool) -> Iterator[RenderableType]:
    """Everything about one process's cause, the fix before the proof; what it costs in local ports
    only where `cost`, since that is told once for a network namespace."""
    group = cause.head
    said = words.what(group, section.process(group))
    if 0 < cause.probable < cause.count:
        said += f", {cause.probable:,} of them probable"
    if group.confidence is Confidence.PROBABLE:
        yield headline(f"probable {group.level}", DOUBT, said)
    else:
        yield headline(str(group.level), LEVELS[group.level], said)
    yield BLANK
    reasons = words.why(group)
    if reasons:
        yield paragraph(*reasons)
        yield BLANK
    if group.peers:
        yield indented(destinations(group, section.everything))
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


def fix(group: Group, section: Section) -> RenderableType | None:
    """What to do, the runtime named first, each sentence on a line of its own; None where the rule
    does not say."""
    advice = advise(group, section.process(group), section.ports(group))
    sentences = list(advice.sentences)
    if not sentences:
        return None
    if advice.who:
        sentences[0] = f"{advice.who}: {sentences[0]}"
    return labelled("Fix", Text(safe("\n".join(sentences)).replace("\\x0a", "\n")))
