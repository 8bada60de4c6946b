"""The tables of a merged report, in order: the same for every format.

Rows are sorted, the worst first, and do not depend on the order in which traces were read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from strace_analyzer.findings import Level
from strace_analyzer.plain import number
from strace_analyzer.report.merged.digest import CauseKey
from strace_analyzer.report.merged.merged import Contribution, Merged, TraceRow
from strace_analyzer.report.rows import NUMBER, TEXT

Cell = str | int | None


@dataclass(frozen=True, slots=True)
class MergedTable:
    """One table: name, title for people, columns with their types as pandas names, and rows, made
    on demand."""

    name: str
    title: str
    columns: dict[str, str]
    rows: Callable[[], Iterable[Sequence[Cell]]]
    shown: int = 15
    """rows shown to people unless they ask for all"""

    def objects(self) -> Iterator[dict[str, Cell]]:
        """Yield rows as dicts by column name."""
        for row in self.rows():
            yield dict(zip(self.columns, row, strict=True))


def heading(name: str) -> str:
    """Return the heading of a column as other reports write it: `Early-bound`, `Not read`."""
    words = name.replace("_", " ").capitalize()
    return words.replace("Early bound", "Early-bound")


def used(table: MergedTable) -> list[int]:
    """Return the indices of columns that are not empty."""
    rows = list(table.rows())
    return [
        at for at in range(len(table.columns)) if any(row[at] not in (None, "") for row in rows)
    ]


def for_people(name: str, cell: Cell) -> str:
    """Format a cell of column `name`: counts with thousands separators, ports without."""
    if cell is None:
        return ""
    return number(cell) if isinstance(cell, int) and name != "port" else str(cell)


def tables(made: Merged, *, empty: bool = False) -> list[MergedTable]:
    """Return the tables that have rows; with `empty`, all."""
    every = (
        MergedTable("hosts", "By host", _columns("host", made.HOST), lambda: _hosts(made)),
        MergedTable(
            "programs", "By program", _columns("program", made.PROGRAM), lambda: _programs(made)
        ),
        MergedTable("causes", "Causes", _CAUSES, lambda: _causes(made)),
        MergedTable(
            "destinations",
            "Destinations of ports pinned early",
            {"address": TEXT, "port": NUMBER, "protocol": TEXT, **_numbers(made.DESTINATION)},
            lambda: _destinations(made),
        ),
        MergedTable(
            "days", "By day", _columns("day", made.DAY), lambda: _in_order(made.days), shown=31
        ),
        MergedTable(
            "failures",
            "Calls that failed",
            {"call": TEXT, "errno": TEXT, "why": TEXT, **_numbers(made.FAILURE), "first": TEXT},
            lambda: _failures(made),
        ),
        MergedTable("traces", "Traces", TRACES, lambda: map(trace_cells, made.rows())),
        MergedTable("not_known", "Not known", _REMARKS, lambda: _remarks(made)),
    )
    return [one for one in every if empty or any(True for _ in one.rows())]


def _numbers(names: Iterable[str]) -> dict[str, str]:
    return dict.fromkeys(names, NUMBER)


def _columns(first: str, names: Iterable[str]) -> dict[str, str]:
    return {first: TEXT, **_numbers(names)}


def _in_order(sums: Iterable[tuple[str, list[int]]]) -> Iterator[Sequence[Cell]]:
    for key, figures in sorted(sums):
        yield (key, *figures)


def _hosts(made: Merged) -> list[Sequence[Cell]]:
    found = sorted(made.hosts, key=lambda item: (*_worst(item[1][-3:]), item[0]))
    return [(label, *figures) for label, figures in found]


def _programs(made: Merged) -> list[Sequence[Cell]]:
    found = sorted(made.programs, key=lambda item: (*_worst(item[1][-3:]), -item[1][3], item[0]))
    return [(program, *figures) for program, figures in found]


def _worst(levels: Sequence[int]) -> tuple[int, ...]:
    return tuple(-figure for figure in levels)


_CAUSES = {
    "level": TEXT, "rule": TEXT, "program": TEXT, "call_site": TEXT, "cause": TEXT,
    **_numbers(Merged.CAUSE), "hosts": NUMBER, "destinations": TEXT, "message": TEXT,
    "advice": TEXT, "example": TEXT, "files": TEXT,
}  # fmt: skip


def causes(made: Merged) -> list[tuple[CauseKey, list[int]]]:
    """Return the causes with their figures, the worst first."""
    return sorted(made.causes, key=lambda item: (-item[0].level, -item[1][0], item[0]))


def _causes(made: Merged) -> Iterator[Sequence[Cell]]:
    hosts, peers = made.hosts_of(), made.peers_of()
    for key, figures in causes(made):
        example = made.exemplars[key][0]
        yield (
            str(Level(key.level)), key.rule, key.program, key.site or None, key.cause or None,
            *figures, len(hosts[key]), most(peers.get(key, Counter())), example.message,
            example.advice or None, example.at,
            "; ".join(f"{at} ({count:,})" for _, count, at in made.files[key]),
        )  # fmt: skip


def most(counts: Counter[str], shown: int = 3) -> str | None:
    """Format `192.0.2.7:80 (400), 192.0.2.8:80 (2) and 3 more`; None if there are none."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    if not ordered:
        return None
    words = ", ".join(f"{name} ({count:,})" for name, count in ordered[:shown])
    return words + (f" and {len(ordered) - shown:,} more" if len(ordered) > shown else "")


def _destinations(made: Merged) -> list[Sequence[Cell]]:
    early = [item for item in made.destinations if item[1][1]]
    found = sorted(early, key=lambda item: (-item[1][1], -item[1][0], item[0]))
    return [(*key, *figures) for key, figures in found]


def _failures(made: Merged) -> list[Sequence[Cell]]:
    found = sorted(made.failures, key=lambda item: (-item[1][0], item[0]))
    return [(*key, *figures, made.first_failures[key][0].at) for key, figures in found]


TRACES = {
    "host": TEXT, "trace": TEXT, "day": TEXT, "verdict": TEXT, "lines": NUMBER,
    "connections": NUMBER, "early_bound": NUMBER, "failed": NUMBER, "errors": NUMBER,
    "warnings": NUMBER, "notes": NUMBER, "pinned": NUMBER, "needed": NUMBER, "reason": TEXT,
}  # fmt: skip


def trace_cells(row: TraceRow) -> Sequence[Cell]:
    """Return one row of `traces`."""
    return row[1:-1]


PARTS = {
    **TRACES, "level": TEXT, "rule": TEXT, "program": TEXT, "call_site": TEXT, "cause": TEXT,
    "findings": NUMBER, "example": TEXT,
}  # fmt: skip
"""Columns of `parts`."""


def parts(made: Merged) -> Iterator[dict[str, Cell]]:
    """Yield a row for each trace and cause in it; for a trace without causes, one row without a
    cause."""
    for row in made.rows():
        cells = trace_cells(row)
        for part in row.parts:
            yield dict(zip(PARTS, (*cells, *_part_cells(part)), strict=True))
        if not row.parts:
            yield dict(zip(PARTS, (*cells, *[None] * 7), strict=True))


def _part_cells(part: Contribution) -> Sequence[Cell]:
    level, rule, program, site, cause = part.key
    words = (str(Level(level)), rule, program, site or None, cause or None)
    return (*words, part.findings, part.at)


_REMARKS = {
    "code": TEXT, "effect": TEXT, **_numbers(Merged.REMARK), "message": TEXT, "remedy": TEXT,
}  # fmt: skip


def _remarks(made: Merged) -> Iterator[Sequence[Cell]]:
    for code, figures in sorted(made.remarks, key=lambda item: (-item[1][1], item[0])):
        first = made.first_remarks[code][0]
        yield code, first.effect, *figures, first.message, first.remedy
