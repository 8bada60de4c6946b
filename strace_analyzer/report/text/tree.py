"""Processes as a tree, one line per program run; longer text continues on further lines at the same
depth."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from rich.console import Console, RenderableType
from rich.text import Text

from strace_analyzer.findings import ProcessLife, Program
from strace_analyzer.plain import count, duration, is_unicode, safe
from strace_analyzer.report.cannot_tell import Reason
from strace_analyzer.report.text.doubts import cannot_tell
from strace_analyzer.report.text.style import FAINT
from strace_analyzer.report.tree import Branch

_ROUND = ("  \u2502 ", "  \u251c\u2500", "  \u2514\u2500", "    ")
_PLAIN = ("  | ", "  |-", "  `-", "    ")
_LEAST = 24
"""least columns for a process, at any depth"""


def page(
    lives: Sequence[tuple[str, Sequence[Branch]]], target: Console, lacks: Sequence[Reason] = ()
) -> Iterator[RenderableType]:
    """Yield the tree of each trace, by the trace's name, as it looks on `target`, preceded by why
    some were not read to their ends."""
    yield from cannot_tell(lacks, "processes may be missing here")
    lines = _ROUND if is_unicode(target.encoding) else _PLAIN
    for name, roots in lives:
        if len(lives) > 1:
            yield Text(safe(name), style="bold")
        if not roots:
            yield Text("no process: no line of this trace tells who speaks")
        for first, others, text in _level(roots, "", lines, at_top=True):
            yield from _folded(first, others, text, target)


def _folded(first: str, others: str, text: Text, target: Console) -> Iterator[Text]:
    """Yield `text` after the tree's connectors, on as many lines as it takes."""
    room = max(_LEAST, target.width - max(len(first), len(others) + 2))
    before = first
    for line in text.wrap(target, room):
        line.rstrip()
        yield Text.assemble(before, line, no_wrap=True)
        before = others + "  "


def _level(
    these: Sequence[Branch], before: str, lines: tuple[str, ...], *, at_top: bool = False
) -> Iterator[tuple[str, str, Text]]:
    trunk, fork, end, space = lines
    for number, branch in enumerate(these, 1):
        is_last = number == len(these)
        mark = "" if at_top else end if is_last else fork
        below = before if at_top else before + (space if is_last else trunk)
        others = below + (trunk if branch.children else space)
        first = before + mark
        for text in _process(branch):
            yield first, others, text
            first = others
        yield from _level(branch.children, below, lines)


def _process(branch: Branch) -> Iterator[Text]:
    """Yield the texts about a process, and about each program it then ran."""
    life = branch.life
    programs = life.programs
    number = life.tgid if life.tgid is not None else life.tids[0] if life.tids else "?"
    said = command_line(programs[0]) if programs else f"({life.command})" if life.command else ""
    text = Text(f"{number} {safe(said)}".rstrip())
    text.append(f"  {', '.join(remarks(branch))}" if remarks(branch) else "", style=FAINT)
    yield text
    for program in programs[1:]:
        again = Text(f"then {safe(command_line(program))}")
        if program.seconds is not None:
            again.append(f"  @{program.seconds:.1f}s", style=FAINT)
        yield again


def command_line(program: Program) -> str:
    """Format what was run for a shell, with `...` if strace truncated it."""
    words = shlex.join(program.argv) if program.argv else program.path
    return f"{words} ..." if program.argv_truncated else words


def remarks(branch: Branch) -> list[str]:
    """Return duration and start, how it ended, its threads, sockets and findings."""
    life, found = branch.life, []
    if life.started is not None and life.ended is not None:
        found.append(f"[{duration(life.ended - life.started)} @{life.started:.1f}s]")
    elif life.started:
        found.append(f"[@{life.started:.1f}s]")
    found.append(_end(life))
    if len(life.tids) > 1:
        found.append(count(len(life.tids), "thread"))
    if branch.sockets:
        found.append(count(branch.sockets, "socket"))
    found += [f"{times} x {rule}" for rule, times in branch.findings.items()]
    return [remark for remark in found if remark]


def _end(life: ProcessLife) -> str:
    if life.signal is not None:
        return f"killed by {life.signal}" + (" (core dumped)" if life.core_dumped else "")
    return "" if life.exit_status is None else f"exit {life.exit_status}"
