"""Takes the groups of many processes, gives them by program and cause: a table, then one entry
for each cause."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Group as Stack
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from strace_analyzer.findings import Group, Level, Process
from strace_analyzer.plain import listed, number, safe
from strace_analyzer.report.causes import Cause, together
from strace_analyzer.report.section import Section
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

_ENTRIES = 12
BLANK = Text("")


def fleet(found: Sequence[Cause], section: Section) -> Iterator[RenderableType]:
    """The headline, the table of programs, and one entry for each cause."""
    worst = found[0].head
    yield headline(str(worst.level), LEVELS[worst.level], together(found, section))
    yield BLANK
    yield indented(_programs(found, section))
    yield BLANK
    shown = found if section.everything or len(found) <= _ENTRIES + 1 else found[:_ENTRIES]
    yield indented(Stack(*(_entry(at, cause, section) for at, cause in enumerate(shown, 1))))
    if len(shown) < len(found):
        yield indented(Text(f"and {len(found) - len(shown):,} more: --all", style=FAINT))


def _programs(found: Sequence[Cause], section: Section) -> Table:
    """Program, processes, offending, connections, early-bound, failed, and ports where computed."""
    by_program: dict[str, list[Process]] = {}
    for process in section.processes:
        name = words.program(process.command, process) or "not known"
        by_program.setdefault(name, []).append(process)
    offending = list(dict.fromkeys(cause.program for cause in found))
    uses = {use.process: use for ports in section.trace.ports for use in ports.by_process}
    whole = sum(ports.peak_pinned for ports in section.trace.ports)
    needed = sum(ports.peak_needed for ports in section.trace.ports)
    head = ["~PROGRAM", ">PROCESSES", ">OFFENDING", ">TCP CONNECTIONS", ">EARLY-BOUND", ">FAILED"]
    grid = table(*head, *([">PEAK PORTS", ">NEEDED"] if uses else []))
    for name in offending:
        members = by_program.get(name, [])
        ids = {g.process.id for c in found if c.program == name for g in c.groups}
        ports = [uses[p.id] for p in members if p.id in uses]
        row = [name, *_figures(members, len(ids))]
        if uses:
            row.append(_at_most([use.peak_pinned for use in ports], whole))
            row.append(_at_most([use.peak_needed for use in ports], needed))
        grid.add_row(*row)
    others = {n: m for n, m in by_program.items() if n not in offending and _busy(m)}
    if others:
        members = [process for group in others.values() for process in group]
        row = [listed(others, 2), *_figures(members, 0), *(["-", "-"] if uses else [])]
        grid.add_row(*row, style=FAINT)
    return grid


def _at_most(peaks: Sequence[int], whole: int) -> str:
    """Peaks of several processes need not fall together: their sum, or the peak of all, is a
    bound."""
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


def _entry(at: int, cause: Cause, section: Section) -> RenderableType:
    """`1  error  worker.py   640 processes, 181,204 connections to 6 destinations`, worst, fix,
    proof."""
    head = cause.head
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(justify="right", width=2, no_wrap=True)
    grid.add_column(width=8, no_wrap=True)
    grid.add_column()
    title = Text(cause.program, style=HEADING)
    rule = section.rule(head)
    title.append(f"  {cause.extent(rule.things)}", style="not bold")
    if not rule.leads:
        title.append(f"  ({head.rule})", style="not bold")
    word, style = str(head.level), LEVELS[head.level]
    if cause.probable == cause.count:
        word, style = f"{head.level}?", DOUBT
    grid.add_row(str(at), Text(word, style=style), title)
    if cause.processes > 1:
        grid.add_row("", "worst", cause.worst(None if section.everything else 3))
    if head.level is not Level.NOTE or rule.leads or section.everything:
        advice = rule.advice(section.case(head))
        for fix in advice.sentences[:1]:
            grid.add_row("", "Fix", Text(safe(f"{advice.who}: {fix}" if advice.who else fix)))
    grid.add_row("", "Proof", Text(_proof(head)))
    return grid


def _proof(group: Group) -> str:
    calls, at = group.sample.calls, group.sample.at
    lines = []
    for role in ("bind", "connect"):
        if role in calls:
            call = calls[role]
            other = f" in {Path(call.source).name}" if call.source != at.source else ""
            lines.append(f"{call.line:,} {role}{other}")
    return safe(f"{at.source}, line {', '.join(lines) or number(at.line)}")
