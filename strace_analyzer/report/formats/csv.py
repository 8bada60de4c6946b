"""Comma-separated values, which a spreadsheet reads as values and never as formulas."""

from __future__ import annotations

import csv
from typing import TextIO

from strace_analyzer.plain import safe
from strace_analyzer.report.formats.format import Table

_FORMULA = ("=", "+", "-", "@")
"""characters with which a spreadsheet formula begins"""


def table(table: Table, stream: TextIO) -> None:
    """Write a line of names, then a line per row; unknown values are empty."""
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(table.columns)
    for row in table.rows():
        writer.writerow([_cell(row[name]) for name in table.columns])


def _cell(value: object) -> object:
    """Escape control characters in text, which comes from the traced program, and put an apostrophe
    before anything that looks like a formula."""
    if not isinstance(value, str):
        return value
    return f"'{safe(value)}" if value.startswith(_FORMULA) else safe(value)
