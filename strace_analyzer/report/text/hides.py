"""What the trace of a probable group hides, and how to take it again."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group as Stack
from rich.console import RenderableType
from rich.text import Text

from strace_analyzer.findings import Group
from strace_analyzer.kernel.doubts import Doubt, Question
from strace_analyzer.plain import count, safe
from strace_analyzer.report.retake import Retake
from strace_analyzer.report.section import Section
from strace_analyzer.report.text.fitting import Loss, Part
from strace_analyzer.report.text.style import FAINT, indented, labelled, path, table


def hidden(group: Group, section: Section, most: int | None = None) -> Iterator[RenderableType]:
    """Yield the open questions, at most `most`, and what the answers could change."""
    messages = {warning.code: warning.message for warning in section.warnings}
    grid = table("", "~", "~")
    grid.show_header = False
    codes = _merged(group.sample.doubts)
    for code in codes[:most]:
        calls, asks, harmless = _question(code) or ("", messages.get(code, code), "")
        if most == 1:  # no room for what the answer could change
            harmless = ""
        grid.add_row(calls, safe(asks), Text(f"({harmless})" if harmless else "", style=FAINT))
    rest = len(codes) - len(codes[:most])
    more = [Text(f"{count(rest, 'more remark')}: --all", style=FAINT)] if rest else []
    if group.sample.doubts:
        yield labelled("What it hides", Stack(grid, *more), 15)
        yield Text("")


def _question(code: str) -> Question | None:
    """Return the question behind a doubt; rules of the user may have other codes."""
    return next((doubt.question for doubt in Doubt if doubt == code), None)


def again(
    section: Section,
    group: Group | None = None,
    doubt: Doubt | None = None,
    *,
    is_short: bool = False,
) -> Iterator[RenderableType]:
    """Yield what to do about `doubt`, or `Take it again with`, and the command line in one piece,
    to be copied (retake.py). If `is_short`, yield the command that prints it. No command line if
    another one does not help."""
    if doubt is not None and "{command}" not in doubt.remedy:
        yield indented(Text(f"{doubt.remedy[0].upper()}{doubt.remedy[1:]}"))
        return
    before, command, _ = ("" if doubt is None else doubt.remedy).partition(": {command}")
    advice = f"{before[0].upper()}{before[1:]}" if command else "Take it again with"
    if is_short:
        how = f"{advice};" if command else f"{advice} the line that"
        yield indented(Text(f"{how} strace-analyzer command prints{' it' if command else ''}"))
        return
    yield indented(Text(advice))
    yield Text("")
    pid = group.process.tgid if group is not None else None
    retake = Retake(section.trace, section.processes, is_redacted=section.is_redacted)
    process = group.process.id if group is not None else None
    line = retake.line(process, (pid,) if pid else ())
    yield path(line)


def once_more(section: Section, group: Group | None = None, doubt: Doubt | None = None) -> Part:
    """The same as a part of a page, which takes one line if there is little room."""
    forms = [
        (*again(section, group, doubt, is_short=is_short), Text("")) for is_short in (False, True)
    ]
    return Part(*forms, losses=[Loss.COMMAND_LINE])


def _merged(doubts: frozenset[str]) -> list[str]:
    """Return the codes in order, without `fd-reuse` if it only follows from a hidden close or
    dup."""
    codes = sorted(doubts)
    if Doubt.DESCRIPTORS_HIDDEN in doubts:
        codes = [code for code in codes if code != Doubt.FD_REUSE]
    return codes
