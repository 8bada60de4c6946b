"""The HTML page of a merged report: cards and tables, with the style and policy of the single
report, and without scripts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import islice

from strace_analyzer.findings import Level
from strace_analyzer.plain import number, safe
from strace_analyzer.report.formats.format import MergedReport
from strace_analyzer.report.grounds import decide
from strace_analyzer.report.html.assets import colours, rendered
from strace_analyzer.report.merged.digest import CauseKey
from strace_analyzer.report.merged.merged import Merged
from strace_analyzer.report.merged.tables import (
    MergedTable,
    causes,
    for_people,
    heading,
    most,
    tables,
    used,
)
from strace_analyzer.report.merged.words import extent, of_cause, together
from strace_analyzer.report.rows import NUMBER

_MOST = 10_000
"""rows per table; the JSON report and Parquet have all"""
_CARDS = 200
"""causes shown"""
_LONG = frozenset({"trace", "reason", "message", "remedy", "first"})
"""columns whose text may wrap anywhere; in others, words stay whole"""


def page(report: MergedReport) -> str:
    """Return the page. Jinja escapes everything that a traced program wrote."""
    made = report.made
    verdict, _ = decide(made.grounds)
    levels = zip(reversed(Level), made.grounds.levels, strict=True)
    level = next((str(level) for level, times in levels if times), None)
    return rendered(
        "merged.html.j2",
        [colours()],
        badge=level or verdict.replace("-", " "),
        level=level or ("good" if verdict == "clean" else "doubt"),
        headline=together(made),
        extent=extent(made),
        causes=[_card(made, row) for row in islice(causes(made), _CARDS)],
        tables=[_table(table) for table in tables(made)],
    )


def _table(table: MergedTable) -> dict[str, object]:
    """Return the columns that are not empty, and as many rows as the page holds."""
    columns = [(at, list(table.columns.items())[at]) for at in used(table)]
    return {
        "name": table.name,
        "title": table.title,
        "columns": [(heading(name), _class(name, kind)) for _, (name, kind) in columns],
        "rows": [
            [safe(for_people(name, row[at])) for at, (name, _) in columns]
            for row in islice(table.rows(), _MOST)
        ],
        "more": sum(1 for _ in table.rows()) - (_CARDS if table.name == "causes" else _MOST),
    }


def _class(name: str, kind: str) -> str:
    if kind == NUMBER:
        return "number"
    return "long" if name in _LONG else "tight"


def _card(made: Merged, cause: tuple[CauseKey, Sequence[int]]) -> dict[str, object]:
    """Return a card for a cause: how often, what to do, where, and the calls of one finding."""
    key, figures = cause
    example = made.exemplars[key][0]
    facts = {
        "To": most(made.peers_of().get(key, Counter())),
        "Hosts": most(made.hosts_of()[key]),
        "Call site": key.site,
        "Most in": "; ".join(f"{at} ({number(times)})" for _, times, at in made.files[key][:3]),
    }
    return {
        "level": str(Level(key.level)),
        "program": key.program,
        "rule": key.rule,
        "extent": of_cause(figures),
        "advice": example.advice,
        "facts": [(name, safe(text)) for name, text in facts.items() if text],
        "example": example.at,
        "message": example.message,
        "calls": [(f"{line:,}", text) for line, text in example.proof],
    }
