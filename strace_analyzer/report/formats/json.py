"""Write the JSON report (schema 1) piece by piece.

It is written while it is made, so a report of a million findings needs no more memory than one of
ten. The joined pieces are one JSON document, indented by hand: one finding, group or process per
line.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import TextIO

from strace_analyzer.report import document
from strace_analyzer.report.compare import Comparison, headline, kind_of
from strace_analyzer.report.elements import JsonObject
from strace_analyzer.report.formats.format import MergedReport, Report, Table
from strace_analyzer.report.grounds import decide
from strace_analyzer.report.merged.tables import tables


def write(report: Report, stream: TextIO) -> None:
    """Write the whole document."""
    stream.writelines(pieces(report))


def table(table: Table, stream: TextIO) -> None:
    """Write a document of schema, tool, and the table under its name."""
    stream.write(f'{{"schema": {document.SCHEMA},\n "tool": {encode(document.tool())},\n')
    stream.writelines(array(table.name, table.objects(), last=table.doubts is None))
    if table.doubts is not None:
        stream.writelines(array("cannot_tell", table.doubts, last=True))
    stream.write("}\n")


def comparison(made: Comparison, stream: TextIO) -> None:
    """Write a comparison: the counts of both sides, then a change for each cause."""
    sides = {
        name: {
            "name": side.name,
            "tcp_connections": side.connections,
            "early_bound": side.early_bound,
            "failed": side.failed_connections,
            "peak_pinned": side.pinned,
            "peak_needed": side.needed,
        }
        for name, side in (("before", made.before), ("after", made.after))
    }
    changes = (
        {
            "kind": kind_of(change),
            "level": str(change.level),
            **change.cause._asdict(),
            "before": change.before,
            "after": change.after,
            "larger": change.larger,
        }
        for change in made.changes
    )
    stream.write(f'{{"schema": {document.SCHEMA},\n "tool": {encode(document.tool())},\n')
    stream.write(f' "headline": {json.dumps(headline(made))},\n')
    stream.write(f' "comparable": {json.dumps(made.obstacle is None)},\n')
    stream.write(f' "exit_status": {made.exit_status},\n "sides": {encode(sides)},\n')
    stream.writelines(array("changes", changes, last=True))
    stream.write("}\n")


def merged(report: MergedReport, stream: TextIO) -> None:
    """Write a merged report: totals, then each table as an array under its name."""
    made = report.made
    verdict, status = decide(made.grounds)
    known = made.grounds
    error, warning, note = known.levels
    said = {
        "verdict": verdict, "exit_status": status, "error": error, "warning": warning,
        "note": note, "probable": known.probable, "unknown": known.unknown,
        "connections": known.connections, "failed": known.failed_connections,
        **{name: made.total(name) for name in made.TOTALS},
    }  # fmt: skip
    stream.write(f'{{"schema": {document.SCHEMA},\n "tool": {encode(document.tool())},\n')
    stream.write(f' "merged": true,\n "summary": {encode(said)},\n')
    stream.write(f' "redacted": {json.dumps(list(made.redacted))},\n')
    every = tables(made, empty=True)
    for table in every:
        stream.writelines(array(table.name, table.objects(), last=table is every[-1]))
    stream.write("}\n")


def pieces(report: Report) -> Iterator[str]:
    """Yield the document in order: schema, tool, summary, traces, groups, findings, processes,
    ..."""
    selected, judgement = report.selected, report.judgement
    yield f'{{"schema": {document.SCHEMA},\n'
    yield f' "tool": {encode(document.tool())},\n'
    yield f' "summary": {encode(document.summary(judgement))},\n'
    yield f' "redacted": {json.dumps(document.redacted(selected))},\n'
    yield f' "selected": {json.dumps(selected.selection.options)},\n'
    yield from array("suppressions", map(document.suppression, selected.suppressed))
    yield from array("traces", (document.trace(item) for item in selected.traces))
    yield from array("groups", (document.group(item, selected) for item in selected.groups))
    yield from array("findings", (document.finding(item) for item in selected.findings()))
    yield from array("processes", (document.process(item) for item in selected.processes))
    yield from array("failures", (document.failure(item) for item in selected.failures))
    yield from array("unknown", (document.unknown(item) for item in selected.unknown))
    yield from array("warnings", (document.warning(item) for item in selected.warnings), last=True)
    yield "}\n"


def array(name: str, items: Iterable[JsonObject], last: bool = False) -> Iterator[str]:
    """Yield one member of the document whose value is an array, one element per line."""
    yield f' "{name}": ['
    between = "\n  "
    for item in items:
        yield f"{between}{encode(item)}"
        between = ",\n  "
    yield "]\n" if last else "],\n"


def encode(item: JsonObject) -> str:
    """Encode one object on one line, in ASCII, so that text of a traced program cannot command a
    terminal."""
    return json.dumps(item).replace("\x7f", "\\u007f")
