"""The text report as blocks in order, on one screen if it goes to a terminal.

Verdict; who; where to; cost; fix; proof; what is not known; count line. The form depends on what
was found: one group in full, a few in full, many processes as a table; or clean, no connections,
inconclusive. It is long because each of these forms is put together here from the same parts, each
with what it does without.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rich.console import RenderableType
from rich.text import Text

from strace_analyzer.findings import Group, Level
from strace_analyzer.plain import count, number, safe
from strace_analyzer.report.causes import SharedCause, causes
from strace_analyzer.report.gate import Gate, Judgement, judge
from strace_analyzer.report.reach import made_of
from strace_analyzer.report.section import Section, sections
from strace_analyzer.report.selection import Selected
from strace_analyzer.report.text.blocks import cause_parts
from strace_analyzer.report.text.clean import blind, nothing_found
from strace_analyzer.report.text.console import HIGHEST, SCREEN
from strace_analyzer.report.text.count import CALLED, counted, gate_line, hints, next_commands
from strace_analyzer.report.text.failures import FEW, ROWS, failures
from strace_analyzer.report.text.fitting import Loss, Part, fitted, whole
from strace_analyzer.report.text.fleet import fleet
from strace_analyzer.report.text.hides import once_more
from strace_analyzer.report.text.listing import listing
from strace_analyzer.report.text.notes import notes
from strace_analyzer.report.text.style import (
    DOUBT,
    FAINT,
    GOOD,
    HEADING,
    LEVELS,
    indented,
    path,
    table,
)
from strace_analyzer.report.text.unknown import doubted

_IN_FULL = 3
BLANK = Text("")


def page(
    selected: Selected,
    judgement: Judgement,
    gate: Gate,
    *,
    width: int,
    lines: int | None = None,
    everything: bool = False,
) -> Iterator[RenderableType]:
    """Yield the whole report, on a screen of `lines` (if None and there are few causes, as long as
    it takes). With `everything` (--all), nothing is shortened and every finding is listed. With
    several traces, each has a screen."""
    parts = list(sections(selected, width, everything))
    tail = [
        _suppressed(selected),
        _own_errors(parts),
        Part(gate_line(parts, judgement, gate)),
    ]
    if len(parts) > 1:
        yield from _several(parts, gate, lines)
    if everything and judgement.verdict == "findings":
        listed = (BLANK, *(path(line) for line in listing(selected.findings(), width)))
        tail.insert(0, Part(listed))
    if len(parts) == 1:
        below = [_hints(parts[0]), *tail]
        yield from _section(parts[0], judge(parts[0], gate), below, lines)
    else:
        yield from whole(tail)


def _section(
    section: Section, judgement: Judgement, below: Sequence[Part], lines: int | None
) -> Iterator[RenderableType]:
    """Yield one trace's part of the report and the parts `below` it, on `lines`: in full, or as a
    table if there is no room for the causes in full."""
    for may_be_in_full in (True, False):
        told = _told(section, judgement, may_be_in_full=may_be_in_full)
        after = (Part(counted(section)), *below)
        room = min(lines or SCREEN, HIGHEST) if told.is_table else lines
        if section.everything or room is None:
            yield from whole((*told.parts, *after))
            return
        blocks, fits = fitted(told.parts, after, room, section.width)
        if fits or told.is_table or not told.can_be_table:
            break
    yield from blocks


class _Told(NamedTuple):
    """The parts of one trace's report, and whether its causes are, or could be, a table."""

    parts: Sequence[Part]
    is_table: bool = False
    can_be_table: bool = False


def _told(section: Section, judgement: Judgement, *, may_be_in_full: bool) -> _Told:
    failed = _failures(section)
    if section.judged:
        told = _findings(section, may_be_in_full)
        if judgement.verdict == "inconclusive":
            above = Part((blind(section, "all that can be said:"), BLANK))
            told = told._replace(parts=(above, *told.parts))
        return told._replace(parts=(*told.parts, *failed))
    if judgement.verdict == "findings":
        known = [(section.left_out, "known from the baseline")]
        known.append((section.suppressed_findings, "suppressed"))
        said = [f"{count(number, 'finding')} {what}" for number, what in known if number]
        line = f"nothing new: {', '.join(said)}"
        if not said:
            line = f"nothing found of what was asked for: {_not_asked(section)}"
        return _Told([Part((Text(line), BLANK)), *failed])
    parts = list(nothing_found(section, judgement))
    if failed and judgement.verdict == "clean" and not section.warnings:
        parts.append(Part((BLANK,)))
    return _Told([*parts, *failed])


def _not_asked(section: Section) -> str:
    """Format `12 findings of RULE, RULE are left out`."""
    rules = [rule for rule, number in section.unasked_of.items() if number]
    verb = "is" if section.unasked == 1 else "are"
    return f"{count(section.unasked, 'finding')} of {', '.join(rules)} {verb} left out"


def _failures(section: Section) -> list[Part]:
    forms = [tuple(failures(section, most)) for most in (ROWS, FEW)]
    losses = [Loss.MORE_FAILURES, Loss.FAILURES]
    return [Part(*forms, (), losses=losses, name="calls that failed")] if forms[0] else []


def _hints(section: Section) -> Part:
    names = list(next_commands(section))
    left_out: list[list[str]] = [[], names[:-1], names]  # the shortest command goes last
    forms = [tuple(hints(section, without)) for without in left_out]
    unsaid = [", ".join(CALLED[name] for name in some) for some in left_out[1:]]
    return Part(*forms, losses=[Loss.MORE_HINTS, Loss.HINTS], unsaid=unsaid)


def _findings(section: Section, may_be_in_full: bool) -> _Told:
    """Return the groups that matter, in full or as a table, and a line per rule for other notes."""
    full, brief = _weighed(section)
    found = causes(full, section)
    in_full = len(found) <= _IN_FULL and all(cause.processes == 1 for cause in found)
    can_be_table = in_full and len(found) > 1
    in_full = in_full and (may_be_in_full or not can_be_table)
    parts: list[Part] = []
    if in_full:
        told: set[int] = set()
        for at, cause in enumerate(found):
            namespace = cause.head.namespace
            parts += cause_parts(cause, section, cost=namespace not in told, before=at)
            told.add(namespace)
    elif found:
        full += [group for group in brief if section.rule(group).leads]
        brief = [group for group in brief if not section.rule(group).leads]
        parts += fleet(causes(full, section), section)
    return _Told((*parts, *_beside(found, brief, section, in_full)), not in_full, can_be_table)


def _beside(
    found: Sequence[SharedCause], brief: Sequence[Group], section: Section, in_full: bool
) -> Iterator[Part]:
    """Yield what follows the causes `found`, shown `in_full` or as a table: notes, how to take the
    trace again, what is not known."""
    if not section.groups:
        hidden = count(sum(group.count for group in section.judged), "finding")
        yield Part((Text(f"{hidden}, all below the --level asked for"),))
    if brief:
        lines = list(notes(brief, section))
        more = f"{count(len(lines) - 1, 'more note')}: --all"
        one = (lines[0], Text(more, style=FAINT), BLANK)
        if len(lines) > 2:
            yield Part((*lines, BLANK), one, losses=[Loss.MORE_NOTES])
        else:
            yield Part((*lines, BLANK))
    doubtful = [g for cause in found if (g := cause.doubtful) is not None and g.sample.doubts]
    if doubtful:
        yield once_more(section, doubtful[0])
    doubts = {doubt for group in doubtful for doubt in group.sample.doubts}
    yield doubted(section, frozenset(doubts) if in_full else frozenset())


def _weighed(section: Section) -> tuple[list[Group], list[Group]]:
    """Return the groups shown in full, and the notes that get a line per rule.

    A note is shown in full if nothing worse was found and its rule leads, or if it is the only one.
    """
    groups = section.groups
    if section.everything:
        return list(groups), []
    full = [group for group in groups if group.level is not Level.NOTE]
    if not full:
        full = [group for group in groups if section.rule(group).leads]
    if not full and len(groups) == 1:
        full = list(groups)
    chosen = {id(group) for group in full}
    return full, [group for group in groups if id(group) not in chosen]


def _several(parts: Sequence[Section], gate: Gate, lines: int | None) -> Iterator[RenderableType]:
    """Yield a table of all traces, then the report of each with findings or doubts."""
    grid = table("~TRACE", "VERDICT", ">TCP CONNECTIONS", ">FINDINGS", ">LINES")
    judgements = [judge(part, gate) for part in parts]
    for part, judgement in zip(parts, judgements, strict=True):
        found = sum(group.count for group in part.judged)
        grid.add_row(
            safe(part.trace.name),
            _verdict(part, judgement),
            made_of(judgement.made, judgement.connections),
            number(found) if found else "-",
            number(sum(source.lines for source in part.trace.sources)),
        )
    yield grid
    for part, judgement in zip(parts, judgements, strict=True):
        if judgement.verdict in ("findings", "inconclusive") or part.everything:
            yield BLANK
            rule = "─" * max(3, part.width - len(part.trace.name) - 4)
            yield Text(
                f"── {safe(part.trace.name)} {rule}", style=HEADING, no_wrap=True, overflow="crop"
            )
            yield from _section(part, judgement, (), lines)


def _verdict(part: Section, judgement: Judgement) -> Text:
    if judgement.verdict == "findings" and not part.judged:
        is_known = part.left_out or part.suppressed_findings
        return Text("nothing new" if is_known else "nothing asked for", style=DOUBT)
    if judgement.verdict == "findings":
        level = max(group.level for group in part.judged)
        return Text(str(level), style=LEVELS[level])
    style = DOUBT if judgement.verdict == "inconclusive" else GOOD
    return Text(judgement.verdict.replace("-", " "), style=style)


def _suppressed(selected: Selected) -> Part:
    lines = [Text(safe(str(item))) for item in selected.suppressed]
    if len(lines) < 2:
        return Part(lines)
    more = f"{count(len(lines), 'suppression')}: --all"
    return Part(lines, (Text(more, style=FAINT),), losses=[Loss.QUOTES])


def _own_errors(parts: Sequence[Section]) -> Part:
    """Quote strace's own errors, which explain why a trace is short."""
    quotes = list(dict.fromkeys(quote for part in parts for quote in part.trace.quotes))
    if not quotes:
        return Part(())
    lines = [BLANK, indented(Text("strace itself said", style=FAINT))]
    lines += [indented(Text(safe(quote)), left=4) for quote in quotes[:8]]
    if len(lines) < 5:
        return Part(lines)
    more = indented(Text(f"{count(len(lines) - 3, 'more line')}: --all", style=FAINT), left=4)
    return Part(lines, (*lines[:3], more), losses=[Loss.QUOTES])
