"""Takes one group of findings, gives the blocks of its report: who, why, where to, cost, fix,
proof."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from strace_analyzer.findings import Confidence, Group
from strace_analyzer.report import words
from strace_analyzer.report.advice import advise
from strace_analyzer.report.plain import safe
from strace_analyzer.report.text import hides, ports, proof
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


def group_blocks(group: Group, section: Section) -> Iterator[RenderableType]:
    """Everything about one group, the fix before the proof."""
    process = section.process(group)
    said = words.what(group, process)
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
    if group.confidence is Confidence.PROBABLE:
        yield from hides.hidden(group, section)
    block = ports.ports(group, section)
    if block is not None:
        yield block
        yield BLANK
    yield fix(group, section)
    yield BLANK
    yield from proof.proof(group, section)


def fix(group: Group, section: Section) -> RenderableType:
    """What to do, the runtime named first, each sentence on a line of its own."""
    advice = advise(group, section.process(group))
    sentences = list(advice.sentences)
    if advice.who and sentences:
        sentences[0] = f"{advice.who}: {sentences[0]}"
    return labelled("Fix", Text(safe("\n".join(sentences)).replace("\\x0a", "\n")))
