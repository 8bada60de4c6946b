"""The report on one process's cause: who, why, where to, cost, fix, proof."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Group as Stack
from rich.console import RenderableType
from rich.text import Text

from strace_analyzer.findings import Confidence, Group
from strace_analyzer.plain import count, safe
from strace_analyzer.report.causes import SharedCause
from strace_analyzer.report.cost import meaning
from strace_analyzer.report.section import Section
from strace_analyzer.report.text import hides, ports, proof
from strace_analyzer.report.text.destinations import FEW, ONE, ROWS, destinations
from strace_analyzer.report.text.fitting import Loss, Part
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


def cause_parts(cause: SharedCause, section: Section, *, cost: bool, before: int = 0) -> list[Part]:
    """Return everything about one process's cause, the fix before the proof. Its cost in local
    ports is included only if `cost`, since it is given once per network namespace. `before` is the
    number of causes above it."""
    group = cause.head
    rule, case = section.rule(group), section.case(group)

    def part(*forms: Iterable[RenderableType], losses: Sequence[Loss], name: str = "") -> Part:
        return Part(*forms, losses=losses, name=name, before=before)

    said = safe(rule.summary(case))
    if 0 < cause.probable < cause.count:
        said += f", {cause.probable:,} of them probable"
    if group.confidence is Confidence.PROBABLE:
        parts = [Part((headline(f"probable {group.level}", DOUBT, said),))]
    else:
        parts = [Part((headline(str(group.level), LEVELS[group.level], said),))]
    if cost and (means := meaning(group, section)):
        parts.append(part((indented(Text(means)),), (), losses=[Loss.MEANING], name="the rate"))
    parts.append(Part((BLANK,)))
    if reasons := rule.why(case):
        parts.append(
            part((paragraph(*reasons), BLANK), (), losses=[Loss.REASON], name="why it matters")
        )
    if group.peers and rule.lists_destinations(case):
        forms = [
            (indented(destinations(group, rule, section.everything, rows)), BLANK)
            for rows in (ROWS, FEW, ONE)
        ]
        losses = [Loss.MORE_DESTINATIONS, Loss.FEW_DESTINATIONS, Loss.DESTINATIONS]
        parts.append(part(*forms, (), losses=losses, name="destinations"))
    figures = [item for one in rule.figures(case) for item in (indented(_figures(one)), BLANK)]
    if figures:
        parts.append(part(figures, (), losses=[Loss.FIGURES], name="the figures"))
    if cause.doubtful is not None:
        some = [tuple(hides.hidden(cause.doubtful, section, most)) for most in (None, 2, 1)]
        parts.append(part(*some, losses=[Loss.MORE_DOUBTS, Loss.FEW_DOUBTS]))
    block = ports.ports(group, section) if cost else None
    if block is not None:
        parts.append(part((block, BLANK), (), losses=[Loss.PORTS], name="local ports"))
    remedy = fix(group, section)
    if remedy is not None:
        first = fix(group, section, 1) or BLANK
        parts.append(part((remedy, BLANK), (first, BLANK), losses=[Loss.MORE_ADVICE]))
    in_a_line = labelled("Proof", Text(proof.in_a_line(group)))
    proofs = (
        (*proof.proof(group, section), BLANK),
        (*proof.in_short(group, section), BLANK),
        (in_a_line, BLANK),
    )
    parts.append(part(*proofs, losses=[Loss.MORE_CALLS, Loss.CALLS]))
    if section.everything:
        shared = cause.shared_by(section)
        said = ", ".join(cause.fingerprints()) + (f" ({shared})" if shared else "")
        fingerprints = labelled("Fingerprint", Text(said), 13)
        parts.append(Part((fingerprints, BLANK)))
    return parts


def _figures(figures: Figures) -> RenderableType:
    """Return a rule's own table, with its remarks below."""
    grid = table(*figures.columns)
    for row in figures.rows:
        grid.add_row(*map(safe, row))
    return Stack(grid, *(Text(safe(line), style=FAINT) for line in figures.remarks))


def fix(group: Group, section: Section, most: int | None = None) -> RenderableType | None:
    """Return what to do: the runtime first, each sentence on a line of its own, at most `most`;
    None if the rule gives no advice."""
    advice = section.rule(group).advice(section.case(group))
    sentences = list(advice.lines)
    if not sentences:
        return None
    if rest := len(sentences) - len(sentences[:most]):
        sentences = [*sentences[:most], f"{count(rest, 'more sentence')}: --all"]
    return labelled("Fix", Text(safe("\n".join(sentences)).replace("\\x0a", "\n")))
