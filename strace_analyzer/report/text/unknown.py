"""The block about what the trace could not tell; may be empty."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group as Stack
from rich.console import RenderableType
from rich.text import Text

from strace_analyzer.plain import count, number, safe
from strace_analyzer.report.section import Section
from strace_analyzer.report.text.fitting import Loss, Part
from strace_analyzer.report.text.style import labelled

LINES = 6
FEW, ONE = 2, 1
"""lines if there is little room"""


def not_known(
    section: Section, told: frozenset[str] = frozenset(), most: int = LINES
) -> Iterator[RenderableType]:
    """Yield one line per kind of unknown and one per thing that the trace's options hid, at most
    `most`, except those whose codes have been `told` already."""
    codes = dict.fromkeys(entry.code for entry in section.unknown)
    lines = [_unknown(code, section) for code in codes if code not in told]
    lines += [safe(warning.message) for warning in section.warnings if warning.code not in told]
    if not lines:
        return
    shown = lines if section.everything else lines[:most]
    if len(lines) > len(shown):
        rest = len(lines) - len(shown)
        shown.append(f"{count(rest, 'more remark')}: --all")
    yield labelled("Not known", Stack(*(Text(line) for line in shown)), 11)
    yield Text("")


def doubted(section: Section, told: frozenset[str] = frozenset()) -> Part:
    """The same as a part of a page, which is shortened if there is little room."""
    forms = [tuple(not_known(section, told, most)) for most in (LINES, FEW, ONE)]
    return Part(*forms, losses=[Loss.MORE_DOUBTS, Loss.FEW_DOUBTS])


def _unknown(code: str, section: Section) -> str:
    """Format `received over a UNIX socket (3 times, 2 processes, first on line 12)`."""
    entries = [entry for entry in section.unknown if entry.code == code]
    times = sum(entry.count for entry in entries)
    processes = {entry.process for entry in entries if entry.process is not None}
    words = [f"{number(times)} times"] if times > 1 else []
    if len(processes) > 1:
        words.append(f"{number(len(processes))} processes")
    elif processes:
        words.append(f"process {next(iter(processes)).rpartition(':')[2]}")
    words.append(
        f"first on line {entries[0].first.line}" if times > 1 else f"line {entries[0].first.line}"
    )
    return safe(f"{entries[0].reason} ({', '.join(words)})")
