"""The location of the shared folder with labelled traces and the corpus, and its tables.

`STRACE_ANALYZER_SHARED`, default `../shared`. Tests that need it are marked `labels` or `corpus`
and are skipped if it is absent (a failure under STRACE_ANALYZER_REQUIRE, see conftest.py).
"""

from __future__ import annotations

import csv
import os
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("STRACE_ANALYZER_SHARED") or ROOT.parent / "shared")
TRACES = SHARED / "traces"
TRACES2 = SHARED / "traces2"
CORPUS = SHARED / "corpus"
CASES = SHARED / "cases"


class Label(NamedTuple):
    """One row of LABELS.tsv: one bind() of an inet socket. Lines are those on which calls begin;
    `file` is the last part of the path, for a -ff family that of the member."""

    file: str
    pid: int
    """0 if the line shows none"""
    fd: int
    bind_line: int
    connect_line: int | None
    verdict: str
    protocol: str
    reason: str


@cache
def labels(folder: Path = TRACES) -> dict[str, list[Label]]:
    """Return the rows of LABELS.tsv by trace, a file or a folder NAME.ff. A trace without an inet
    bind has []."""
    rows: dict[str, list[Label]] = {
        trace.name: [] for trace in sorted([*folder.glob("*.strace"), *folder.glob("*.ff")])
    }
    for row in table(folder / "LABELS.tsv"):
        trace, *member = row["file"].split("/")
        label = Label(
            member[0] if member else trace,
            int(row["pid"]),
            int(row["fd"]),
            int(row["bind_line"]),
            None if row["connect_line"] == "-" else int(row["connect_line"]),
            row["verdict"],
            row["protocol"],
            row["reason"],
        )
        rows.setdefault(trace, []).append(label)
    return rows


def table(file: Path) -> list[dict[str, str]]:
    """Return the rows of a table in the shared folder; [] if it is absent."""
    if not file.exists():
        return []
    with file.open(newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


@cache
def negatives() -> list[str]:
    """Return the corpus files without an inet bind, for which any finding of the main rule is
    false."""
    return [row["file"] for row in table(CORPUS / "NEGATIVES.tsv")]
