"""The text of `compare`."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from strace_analyzer.plain import count, number, safe
from strace_analyzer.report.compare import Comparison, figures, headline, kind_of
from strace_analyzer.report.text.style import DOUBT, FAINT, GOOD, HEADING, LEVELS, indented, table

_STYLES = {"gone": GOOD, "new": HEADING, "kept": ""}


def page(made: Comparison) -> Iterator[RenderableType]:
    """Yield the proportion, then what is counted on both sides, then each cause."""
    style = DOUBT if made.obstacle is not None else HEADING
    yield Text(safe(headline(made)), style=style)
    yield Text("")
    yield indented(_figures(made))
    if made.changes:
        yield Text("")
        yield indented(_changes(made))
    yield Text("")
    if made.obstacle is None:
        kinds = [f"{number(len(made.of(kind)))} {kind}" for kind in ("gone", "new", "kept")]
        yield Text(f"{count(len(made.changes), 'cause')}: {', '.join(kinds)}.")
    yield Text(safe(f"before: {made.before.name}    after: {made.after.name}"), style=FAINT)


def _figures(made: Comparison) -> Table:
    grid = table("", ">BEFORE", ">AFTER")
    for name, before, after in figures(made):
        grid.add_row(name, number(before), number(after))
    return grid


def _changes(made: Comparison) -> Table:
    heads = ("", "LEVEL", "~RULE", "~PROGRAM", "LOCAL", "~DESTINATION", ">BEFORE", ">AFTER")
    grid = table(*heads, spare=("LOCAL", "LEVEL"))
    for change in made.changes:
        kind = kind_of(change)
        word = "larger" if change.larger and kind == "kept" else kind
        cause = change.cause
        grid.add_row(
            Text(word, style=_STYLES[kind]),
            Text(str(change.level), style=LEVELS[change.level]),
            safe(cause.rule),
            safe(cause.program),
            cause.local,
            safe(cause.destination),
            number(change.before),
            number(change.after),
        )
    return grid
