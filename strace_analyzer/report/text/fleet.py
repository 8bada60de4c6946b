"""The report on groups of many processes: a table by program, then one entry per cause."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from strace_analyzer.findings import Level, Process
from strace_analyzer.plain import listed, number, safe
from strace_analyzer.report.causes import SharedCause, together
from strace_analyzer.report.section import Section
from strace_analyzer.report.text.fitting import Loss, Part
from strace_analyzer.report.text.proof import in_a_line
from strace_analyzer.report.text.style import (
    DOUBT,
    FAINT,
    HEADING,
    LEVELS,
    headline,
    indented,
    table,
)
from strace_analyzer.rules import words

_ENTRIES = 8
_FEWER = 5
"""entries on a screen, if there are more than `_ENTRIES`"""
_PROGRAMS = 8
_FEW_PROGRAMS = (3, 1)
"""rows of the table with little room"""
_COLUMNS = (
    "PROGRAM",
    "PROCESSES",
    "OFFENDING",
    "TCP CONNECTIONS",
    "EARLY-BOUND",
    "FAILED",
    "PEAK PORTS",
    "NEEDED",
)
_IMPORTANCE = (4, 3, 2, 1, 6, 7, 5)
"""columns, by importance"""
_PROGRAM = 30
"""columns that a name gets if it needs them"""
BLANK = Text("")


def fleet(found: Sequence[SharedCause], section: Section) -> list[Part]:
    """Return the headline, the table of programs, and one entry per cause as far as there is room;
    with --all, every one."""
    worst = found[0].head
    said = headline(str(worst.level), LEVELS[worst.level], together(found, section))
    tables = [
        (indented(_programs(found, section, most)), BLANK)
        for most in (_PROGRAMS, *_FEW_PROGRAMS)
        if most == _PROGRAMS or not section.everything
    ]
    least = [Loss.MORE_PROGRAMS, Loss.FEW_PROGRAMS][: len(tables) - 1]
    programs = Part(*tables, (), losses=[*least, Loss.PROGRAMS], name="programs")
    return [Part((said, BLANK)), programs, _entries(found, section)]


def _entries(found: Sequence[SharedCause], section: Section) -> Part:
    """Return the first causes, at least one, and a line that counts the others."""
    most = len(found) if section.everything or len(found) <= _ENTRIES else _FEWER
    entries = [indented(_entry(at, cause, section)) for at, cause in enumerate(found[:most], 1)]
    forms = []
    for shown in range(most, 0, -1):
        rest = len(found) - shown
        more = [indented(Text(f"and {rest:,} more: --all", style=FAINT))] if rest else []
        forms.append((*entries[:shown], *more, BLANK))
    brief = indented(_entry(1, found[0], section, is_short=True))
    forms.append((brief, *forms[-1][1:]))
    losses = [Loss.MORE_CAUSES] * (most - 1)
    if len(losses) > 0:
        losses[-1] = Loss.SECOND_CAUSE
    return Part(*forms, losses=[*losses, Loss.PROOF])


def _programs(found: Sequence[SharedCause], section: Section, most: int) -> Table:
    """Return a row per program, at most `most`, those with the most findings first, with as many
    columns as fit."""
    offending: dict[str, set[str]] = {}
    for cause in found:
        ids = offending.setdefault(cause.program, set())
        ids.update(group.process.id for group in cause.groups)
    names = list(offending)
    shown = names if section.everything or len(names) <= most + 1 else names[:most]
    members = _by_program(section)
    ports = _Ports(section)
    rows = [
        (name, *_figures(members.get(name, []), len(offending[name])), *ports.of(members[name]))
        for name in shown
        if name in members
    ]
    faint = []
    if len(shown) < len(names):
        rest = names[len(shown) :]
        some = [process for name in rest for process in members.get(name, [])]
        ids = {id for name in rest for id in offending[name]}
        faint.append((f"{len(rest):,} more: --all", *_figures(some, len(ids)), *ports.of(some)))
    others = {n: m for n, m in members.items() if n not in offending and _busy(m)}
    if others:
        some = [process for group in others.values() for process in group]
        faint.append((listed(others, 2), *_figures(some, 0), *ports.none))
    return _laid_out([*rows, *faint], len(faint), section.width, bool(ports.none))


def _laid_out(rows: Sequence[tuple[str, ...]], faint: int, width: int, has_ports: bool) -> Table:
    """Return the columns that fit, preferring the most important. The last rows are `faint`."""
    count_of = len(_COLUMNS) if has_ports else len(_COLUMNS) - 2
    wide = [
        max(len(name), *(len(row[at]) for row in rows)) + 2
        for at, name in enumerate(_COLUMNS[:count_of])
    ]
    room = width - min(wide[0], _PROGRAM)  # indented by two, and no gap after the last
    kept = {0}
    for at in _IMPORTANCE:
        if at < count_of and wide[at] <= room:
            kept.add(at)
            room -= wide[at]
    grid = table(*(f">{_COLUMNS[at]}" if at else "~PROGRAM" for at in sorted(kept)))
    for number_of, row in enumerate(rows, 1):
        is_faint = number_of > len(rows) - faint
        grid.add_row(*(row[at] for at in sorted(kept)), style=FAINT if is_faint else None)
    return grid


def _by_program(section: Section) -> dict[str, list[Process]]:
    by_program: dict[str, list[Process]] = {}
    for process in section.processes:
        name = words.program(process.command, process) or "not known"
        by_program.setdefault(name, []).append(process)
    return by_program


class _Ports:
    """Ports that processes used and needed; empty if that was not counted."""

    def __init__(self, section: Section) -> None:
        self._uses = {use.process: use for one in section.trace.ports for use in one.by_process}
        self._whole = sum(one.peak_pinned for one in section.trace.ports)
        self._needed = sum(one.peak_needed for one in section.trace.ports)
        self.none = ("-", "-") if self._uses else ()

    def of(self, processes: Sequence[Process]) -> tuple[str, ...]:
        if not self._uses:
            return ()
        own = [self._uses[process.id] for process in processes if process.id in self._uses]
        return (
            _at_most([use.peak_pinned for use in own], self._whole),
            _at_most([use.peak_needed for use in own], self._needed),
        )


def _at_most(peaks: Sequence[int], whole: int) -> str:
    """Format the sum of several processes' peaks, or the peak of all if that is lower: an upper
    bound, as peaks need not coincide."""
    parts = [peak for peak in peaks if peak]
    bound = min(sum(parts), whole)
    return number(bound) if len(parts) < 2 else f"<= {number(bound)}"


def _busy(processes: Sequence[Process]) -> bool:
    return any(process.tcp_connections for process in processes)


def _figures(processes: Sequence[Process], offending: int) -> list[str]:
    return [
        number(max(len(processes), offending)),
        number(offending),
        number(sum(process.tcp_connections for process in processes)),
        number(sum(process.early_bound for process in processes)),
        number(sum(process.failed for process in processes)),
    ]


def _entry(
    at: int, cause: SharedCause, section: Section, *, is_short: bool = False
) -> RenderableType:
    """Return `1  error  worker.py   640 processes, 181,204 connections to 6 destinations`, then the
    worst, fix and proof; if `is_short`, only the fix."""
    head = cause.head
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(justify="right", width=2, no_wrap=True)
    grid.add_column(width=8, no_wrap=True)
    grid.add_column(overflow="fold")
    title = Text(cause.program, style=HEADING)
    rule = section.rule(head)
    title.append(f"  {cause.extent(rule.things)}", style="not bold")
    if not rule.leads:
        title.append(f"  ({head.rule})", style="not bold")
    word, style = str(head.level), LEVELS[head.level]
    if cause.probable == cause.count:
        word, style = f"{head.level}?", DOUBT
    grid.add_row(str(at), Text(word, style=style), title)
    if cause.processes > 1 and not is_short:
        grid.add_row("", "worst", cause.worst(None if section.everything else 3))
    if head.level is not Level.NOTE or rule.leads or section.everything:
        advice = rule.advice(section.case(head))
        for fix in advice.lines[:1]:
            grid.add_row("", "Fix", Text(safe(fix)))
    if not is_short:
        grid.add_row("", "Proof", Text(in_a_line(head)))
    return grid
