"""A table in, comma-separated values out, which a spreadsheet takes as values and never as
formulas."""

from __future__ import annotations

import csv
from typing import TextIO

from strace_analyzer.plain import safe
from strace_analyzer.report.formats.format import Table

_FORMULA = ("=", "+", "-", "@")
"""what a spreadsheet would take as the beginning of one"""


def table(table: Table, stream: TextIO) -> None:
    """A line of names, then a line a row; what is unknown is empty."""
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(table.columns)
    for row in table.rows():
        writer.writerow([_cell(row[name]) for name in table.columns])


def _cell(value: object) -> object:
    """Text is the traced program's: control characters as escapes, and an apostrophe before what
    looks like a formula."""
    if not isinstance(value, str):
        return value
    return f"'{safe(value)}" if value.startswith(_FORMULA) else safe(value)
