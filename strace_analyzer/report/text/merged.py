"""The report on many traces on one screen: summary, hosts, programs, causes with proof,
destinations, days, failures, the worst traces, and once what is not known and how to take traces
again.

It is long because each part of the screen is laid out here, and what gives way where there is no
room.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from rich.console import Group as Stack
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from strace_analyzer.findings import Level
from strace_analyzer.plain import count, number, safe, shell_line
from strace_analyzer.report.formats.format import MergedReport
from strace_analyzer.report.grounds import decide
from strace_analyzer.report.merged.digest import CauseKey
from strace_analyzer.report.merged.merged import Merged
from strace_analyzer.report.merged.tables import (
    Cell,
    MergedTable,
    causes,
    for_people,
    heading,
    most,
    tables,
)
from strace_analyzer.report.merged.words import extent, of_cause, together
from strace_analyzer.report.rows import NUMBER
from strace_analyzer.report.text.count import named
from strace_analyzer.report.text.fitting import Loss, Part, fitted, whole
from strace_analyzer.report.text.style import (
    DOUBT,
    FAINT,
    GOOD,
    HEADING,
    LEVELS,
    command,
    headline,
    indented,
    path,
    table,
)
from strace_analyzer.strace_command import strace_command

MOST_LINES = 60
"""Most lines, on a terminal and in a pipe; what does not fit is named in the last one."""
_CAUSES = 3
_SHOWN = {"hosts": 3, "programs": 5, "destinations": 3, "failures": 3, "traces": 3, "days": 3}
"""rows of the tables on one screen; other formats have the rest"""
_REMARKS = 3
"""kinds of doubt on one screen"""
_IF_ROOM = {"days": 10, "destinations": 20, "failures": 30, "traces": 40, "hosts": 50}
"""tables shown if the screen has room for them, and their value"""
_AFTER_TABLES = 55
"""the table of programs has more value than those"""
_LEFT_OUT = {
    "hosts": ("not_read",),
    "programs": ("sockets",),
    "traces": ("host", "day", "pinned", "needed", "lines"),
    "failures": ("first",),
    "destinations": (),
    "days": (),
}
"""columns for which a screen has no room"""
_SPARE = ("notes", "failed", "processes", "connections")
"""columns dropped on a narrow page, the first one first"""
BLANK = Text("")


def page(report: MergedReport, width: int, lines: int | None = None) -> Iterator[RenderableType]:
    """Yield the whole report for a page of `width` columns and a terminal of `lines`. With `--all`,
    nothing is shortened."""
    made = report.made
    verdict, status = decide(made.grounds)
    parts = [Part((_headline(made, verdict), Text(extent(made), style=FAINT)))]
    by_name = _parts(report, width)
    parts += [by_name[name] for name in _ORDER if name in by_name]
    below: list[RenderableType] = []
    if status == 0 and verdict == "findings" and not report.gate.is_never:
        words = " ".join(f"--fail-on {word}" for word in report.gate.words)
        below.append(Text(f"exit 0: all below {words}", style=FAINT))
    if report.everything:
        yield from whole([*parts, Part(below)])
    else:
        room = min(lines or MOST_LINES, MOST_LINES)
        yield from fitted(parts, [Part(below)], room, width)[0]


_ORDER = (
    "hosts", "programs", "causes", "destinations", "days", "failures", "traces", "not known",
    "next",
)  # fmt: skip
_TITLES = {
    "programs": "programs",
    "hosts": "hosts",
    "destinations": "destinations",
    "days": "days",
    "failures": "calls that failed",
    "traces": "the traces one by one",
}


def _parts(report: MergedReport, width: int) -> dict[str, Part]:
    """Return the parts of the page that are not empty, by name."""
    made, place = report.made, _place(report.made)
    every = {one.name: one for one in tables(made) if one.name in _SHOWN}
    if len(list(made.hosts)) < 2:
        every.pop("hosts", None)
    found = {}
    for name, one in every.items():
        whole_table = list(_table(one, place, _SHOWN[name], report.everything))
        if name in _IF_ROOM:
            losses = [_IF_ROOM[name]]
            found[name] = Part(whole_table, (), losses=losses, name=_TITLES[name])
        else:
            one_row = list(_table(one, place, 1, report.everything))
            losses = [_AFTER_TABLES, Loss.PROGRAMS]
            found[name] = Part(whole_table, one_row, (), losses=losses, name=_TITLES[name])
    causes = [list(_causes(report, place, most)) for most in range(_CAUSES, 0, -1)]
    found["causes"] = Part(*causes, losses=[Loss.SECOND_CAUSE] * (_CAUSES - 1))
    doubts = [list(_not_known(report, most)) for most in (_REMARKS, 1)]
    short = list(_not_known(report, 1, is_short=True))
    found["not known"] = Part(*doubts, short, losses=[Loss.MORE_DOUBTS, Loss.MORE_DOUBTS])
    found["next"] = Part(list(_where_next(report, width)), (), losses=[Loss.HINTS])
    return {name: part for name, part in found.items() if part.forms[0]}


def _headline(made: Merged, verdict: str) -> Text:
    levels = zip(reversed(Level), made.grounds.levels, strict=True)
    worst = next((level for level, times in levels if times), None)
    if worst is not None:
        return headline(str(worst), LEVELS[worst], together(made))
    return Text(together(made), style=GOOD if verdict == "clean" else DOUBT)


def _place(made: Merged) -> str:
    """Return the directory that contains all traces, with a trailing slash; "" if there is none."""
    parts = [row.name.split("/")[:-1] for row in made.in_order()]
    shared = []
    for names in zip(*parts, strict=False):
        if len(set(names)) > 1:
            break
        shared.append(names[0])
    return "".join(f"{name}/" for name in shared)


def _table(one: MergedTable, place: str, most: int, everything: bool) -> Iterator[RenderableType]:
    left_out = _LEFT_OUT[one.name]
    shown = [(at, *item) for at, item in enumerate(one.columns.items()) if item[0] not in left_out]
    rows = list(one.rows())
    used = [column for column in shown if any(row[column[0]] not in (None, 0) for row in rows)]
    names = [name for _, name, _ in used]
    heads = [_head(name, kind) for _, name, kind in used]
    grid = table(*heads, spare=[heading(name).upper() for name in _SPARE if name in names])
    for row in rows if everything else rows[:most]:
        grid.add_row(*(_cell(name, row[at], place) for at, name, _ in used))
    yield BLANK
    title = f"{one.title} in {safe(place)}" if place and one.name == "traces" else one.title
    yield Text(title, style=HEADING)
    yield indented(grid)
    rest = len(rows) - most
    if rest > 0 and not everything:
        yield indented(Text(f"and {number(rest)} more: --all", style=FAINT))


def _head(name: str, kind: str) -> str:
    return (">" if kind == NUMBER else "~") + heading(name).upper()


def _cell(name: str, cell: Cell, place: str) -> str:
    if cell == 0 and name != "port":
        return "-"
    said = safe(for_people(name, cell))
    return said.removeprefix(place) if name == "trace" else said


def _causes(report: MergedReport, place: str, at_most: int) -> Iterator[RenderableType]:
    made = report.made
    found = causes(made)
    if not found:
        return
    shown = found if report.everything else found[:at_most]
    hosts, peers = made.hosts_of(), made.peers_of()
    yield BLANK
    yield Text("Causes", style=HEADING)
    entries = [
        _entry(at, key, figures, made, (hosts[key], peers.get(key, Counter())), place)
        for at, (key, figures) in enumerate(shown, 1)
    ]
    yield indented(Stack(*entries))
    if len(shown) < len(found):
        yield indented(Text(f"and {number(len(found) - len(shown))} more: --all", style=FAINT))


def _entry(
    at: int,
    key: CauseKey,
    figures: Sequence[int],
    made: Merged,
    where: tuple[Counter[str], Counter[str]],
    place: str,
) -> Table:
    """Return `1  error  worker.py  181,204 findings in 40 traces`, then destinations, fix and
    proof."""
    hosts, peers = where
    example = made.exemplars[key][0]
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(justify="right", width=2, no_wrap=True)
    grid.add_column(width=8, no_wrap=True)
    grid.add_column(overflow="fold")
    level = Level(key.level)
    title = Text(safe(key.program), style=HEADING)
    title.append(f"  {key.rule}: {of_cause(figures)}", style="not bold")
    grid.add_row(str(at), Text(str(level), style=LEVELS[level]), title)
    if len(hosts) > 1 or key.site:
        at_hosts = f"{count(len(hosts), 'host')}: {most(hosts)}" if len(hosts) > 1 else ""
        grid.add_row("", "where", safe("; ".join(filter(None, (at_hosts, key.site)))))
    if peers:
        grid.add_row("", "to", safe(most(peers) or ""))
    if example.advice and level is not Level.NOTE:
        grid.add_row("", "Fix", safe(example.advice.partition(". ")[0]))
    grid.add_row("", "Proof", safe(_proof(example.at.removeprefix(place), example.proof)))
    return grid


def _proof(at: str, proof: Sequence[tuple[int, str]]) -> str:
    calls = [f"{line:,} {text.partition('(')[0]}" for line, text in proof]
    short = [call for call in calls if call.split()[-1] in ("bind", "connect", "listen")][:3]
    return f"{at} ({'line' if len(short) == 1 else 'lines'} {', '.join(short)})" if short else at


def _not_known(
    report: MergedReport, at_most: int, *, is_short: bool = False
) -> Iterator[RenderableType]:
    """Yield a line for each kind of doubt, and once how to take such a trace."""
    made = report.made
    found = sorted(made.remarks, key=lambda item: (-item[1][1], item[0]))
    if not found:
        return
    yield BLANK
    yield Text("Not known", style=HEADING)
    grid = table(">TRACES", "~")
    grid.show_header = False
    shown = found if report.everything else found[:at_most]
    for code, (_, traces) in shown:
        first = made.first_remarks[code][0]
        grid.add_row(count(traces, "trace"), safe(first.message))
    yield indented(grid)
    if len(shown) < len(found):
        yield indented(Text(f"and {number(len(found) - len(shown))} more: --all", style=FAINT))
    line = shell_line(strace_command())
    if any(line in made.first_remarks[code][0].remedy for code, _ in found):
        if is_short:
            said = "Take them again with the line that strace-analyzer command prints"
            yield indented(Text(said))
            return
        yield indented(Text("Take them again with"))
        yield path(line)


def _where_next(report: MergedReport, width: int) -> Iterator[RenderableType]:
    worst = next(report.made.rows(), None)
    if worst is not None and worst.parts:
        yield BLANK
        check = ("check",) if worst.name.isalpha() else ()  # it may be named like a command
        words = (named(worst.name, "TRACE", bool(report.made.redacted)),)
        yield from command(("strace-analyzer", *check, *words), width, "One trace in full")
