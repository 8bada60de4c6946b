"""Takes what was selected and judged, gives the text report as blocks to print, in order.

Verdict; who; where to; cost; fix; proof; what is not known; count line. The form follows what was
found: one group in full, a few in full, many processes as a table; or clean, no connections,
inconclusive.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from strace_analyzer.findings import Group, Level
from strace_analyzer.plain import count, number, safe
from strace_analyzer.report.causes import Cause, causes
from strace_analyzer.report.gate import Gate, Judgement, judge
from strace_analyzer.report.reach import made_of
from strace_analyzer.report.section import Section, sections
from strace_analyzer.report.selection import Selected
from strace_analyzer.report.text.blocks import cause_blocks
from strace_analyzer.report.text.clean import blind, nothing_found
from strace_analyzer.report.text.console import SCREEN, height
from strace_analyzer.report.text.count import counted, gate_line, hints
from strace_analyzer.report.text.failures import failures
from strace_analyzer.report.text.fleet import fleet
from strace_analyzer.report.text.hides import again
from strace_analyzer.report.text.listing import listing
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
from strace_analyzer.report.text.unknown import not_known
from strace_analyzer.rules import words

_IN_FULL = 3
BLANK = Text("")


def page(
    selected: Selected,
    judgement: Judgement,
    gate: Gate,
    *,
    width: int,
    lines: int = SCREEN,
    everything: bool = False,
) -> Iterator[RenderableType]:
    """The whole report. `everything` is --all: nothing is shortened and every finding is listed;
    without it a report of many causes takes so many `lines`."""
    parts = list(sections(selected, width, everything))
    if len(parts) == 1:
        yield from _section(parts[0], judge(parts[0], gate), lines)
        yield from hints(parts[0])
    else:
        yield from _several(parts, gate, lines)
    if everything and judgement.verdict == "findings":
        yield BLANK
        yield from (path(line) for line in listing(selected.findings(), width))
    yield from (Text(safe(str(item))) for item in selected.suppressed)
    yield from _own_errors(parts)
    yield from gate_line(parts, judgement, gate)


def _section(section: Section, judgement: Judgement, lines: int) -> Iterator[RenderableType]:
    if section.judged:
        if judgement.verdict == "inconclusive":
            yield blind(section, "all that can be said:")
            yield BLANK
        yield from _findings(section, lines)
    elif judgement.verdict == "findings":
        known = [(section.left_out, "known from the baseline")]
        known.append((section.suppressed_findings, "suppressed"))
        said = [f"{count(number, 'finding')} {what}" for number, what in known if number]
        if said:
            yield Text(f"nothing new: {', '.join(said)}")
        else:
            yield Text(f"nothing found of what was asked for: {_not_asked(section)}")
        yield BLANK
    else:
        yield from nothing_found(section, judgement)
    failed = list(failures(section))
    if failed and judgement.verdict == "clean" and not section.warnings:
        yield BLANK
    yield from failed
    yield from counted(section)


def _not_asked(section: Section) -> str:
    """`12 findings of RULE, RULE are left out`."""
    rules = [rule for rule, number in section.unasked_of.items() if number]
    verb = "is" if section.unasked == 1 else "are"
    return f"{count(section.unasked, 'finding')} of {', '.join(rules)} {verb} left out"


_FEW = 3


def _findings(section: Section, lines: int) -> Iterator[RenderableType]:
    """The groups that matter in full or as a table of one screen, the notes of the others a line
    per rule."""
    full, brief = _weighed(section)
    found = causes(full, section)
    in_full = len(found) <= _IN_FULL and all(cause.processes == 1 for cause in found)
    if in_full:
        told: set[int] = set()
        for cause in found:
            namespace = cause.head.sample.namespace
            yield from cause_blocks(cause, section, cost=namespace not in told)
            told.add(namespace)
            yield BLANK
    elif found:
        full += [group for group in brief if section.rule(group).leads]
        brief = [group for group in brief if not section.rule(group).leads]
    beside = list(_beside(found, brief, section, in_full))
    if found and not in_full:
        below = (BLANK, *beside, *failures(section), *counted(section), *hints(section))
        room = lines - height(below, section.width)
        yield from fleet(causes(full, section), section, room)
        yield BLANK
    yield from beside


def _beside(
    found: Sequence[Cause], brief: Sequence[Group], section: Section, in_full: bool
) -> Iterator[RenderableType]:
    """What stands below the causes `found`, told `in_full` or as a table: notes, how to take the
    trace again, what is not known."""
    if not section.groups:
        hidden = count(sum(group.count for group in section.judged), "finding")
        yield Text(f"{hidden}, all below the --level asked for")
    yield from _notes(brief, section)
    if brief:
        yield BLANK
    doubtful = [g for cause in found if (g := cause.doubtful) is not None and g.sample.doubts]
    if doubtful:
        yield from again(section, doubtful[0])
        yield BLANK
    doubts = {doubt for group in doubtful for doubt in group.sample.doubts}
    yield from not_known(section, frozenset(doubts) if in_full else frozenset())


def _weighed(section: Section) -> tuple[list[Group], list[Group]]:
    """Which groups are shown in full, and which notes get a line per rule.

    A note is shown in full where nothing worse was found and its rule leads, or it is alone.
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


def _notes(groups: Sequence[Group], section: Section) -> Iterator[RenderableType]:
    """`note: RULE-ID: 10 findings by python req.py; first on line 120`; of a few calls that failed
    each for itself, what failed and why."""
    by_rule: dict[str, list[Group]] = {}
    for group in groups:
        by_rule.setdefault(group.rule, []).append(group)
    for rule, members in by_rule.items():
        if len(members) <= _FEW and section.rule(members[0]).is_failure:
            for group in members:
                case = section.case(group)
                said = safe(section.rule(group).summary(case))
                why = "".join(f". {sentence}" for sentence in section.rule(group).why(case)[:1])
                line = Text("note: ", style=LEVELS[Level.NOTE])
                line.append(f"{rule}: {said}{safe(why)}", style="not bold default")
                yield line
            continue
        names = dict.fromkeys(
            words.program(g.process.command, section.process(g)) or words.who(g.process, None)
            for g in members
        )
        total = count(sum(group.count for group in members), "finding")
        by = next(iter(names)) if len(names) == 1 else count(len(names), "program")
        line = Text("note: ", style=LEVELS[Level.NOTE])
        how = ", which failed to connect" if all(g.failed == g.count for g in members) else ""
        line.append(
            f"{rule}: {total} by {by}{how}; first on line {min(g.first.line for g in members):,}",
            style="not bold default",
        )
        yield line


def _several(parts: Sequence[Section], gate: Gate, lines: int) -> Iterator[RenderableType]:
    """A table of all traces, then the report of each in which something was found or cannot be
    told."""
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
            yield from _section(part, judgement, lines)


def _verdict(part: Section, judgement: Judgement) -> Text:
    if judgement.verdict == "findings" and not part.judged:
        is_known = part.left_out or part.suppressed_findings
        return Text("nothing new" if is_known else "nothing asked for", style=DOUBT)
    if judgement.verdict == "findings":
        level = max(group.level for group in part.judged)
        return Text(str(level), style=LEVELS[level])
    style = DOUBT if judgement.verdict == "inconclusive" else GOOD
    return Text(judgement.verdict.replace("-", " "), style=style)


def _own_errors(parts: Sequence[Section]) -> Iterator[RenderableType]:
    """strace's own errors, quoted: they say why a trace is short."""
    quotes = list(dict.fromkeys(quote for part in parts for quote in part.trace.quotes))
    if quotes:
        yield BLANK
        yield indented(Text("strace itself said", style=FAINT))
        for quote in quotes[:8]:
            yield indented(Text(safe(quote)), left=4)
