"""Write event tables in a format given by name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TextIO

from strace_analyzer.report.events.columns import COLUMNS, FLAT, columns, flat
from strace_analyzer.report.events.jsonl import lines
from strace_analyzer.report.events.table import EventTables
from strace_analyzer.report.formats.format import Table
from strace_analyzer.report.formats.names import EventsName
from strace_analyzer.report.formats.registry import table_format


def write(tables: EventTables, form: EventsName, stream: TextIO) -> None:
    """Write all rows to `stream` as they come; `form` is jsonl, csv or parquet."""
    if form == "jsonl":
        stream.writelines(lines(tables))
        return
    said: list[object] = []

    def rows() -> Iterator[dict[str, object]]:
        for table in tables:
            said.append(table.header)
            yield from map(columns if form == "parquet" else flat, table)

    table_format(form).write(
        Table(
            name="events",
            columns=COLUMNS if form == "parquet" else FLAT,
            rows=rows,
            objects=lambda: (),
            page=lambda stream: None,
            metadata=lambda: {"strace_analyzer": json.dumps({"traces": said})},
            doubts=(lack.document() for lack in tables.lacks),
        ),
        stream,
    )
