"""Where the shared folder of labelled traces and of the corpus is, and what its tables say.

`STRACE_ANALYZER_SHARED`, default `../shared`. Tests that need it are marked `labels` or `corpus`
and are skipped where it is absent (a failure under STRACE_ANALYZER_REQUIRE, see conftest.py).
"""

from __future__ import annotations

import csv
import os
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("STRACE_ANALYZER_SHARED") or ROOT.parent / "shared")
TRACES = SHARED / "traces"
CORPUS = SHARED / "corpus"
CASES = SHARED / "cases"


class Label(NamedTuple):
    """One row of LABELS.tsv: one bind() of an inet socket. Lines are where the calls begin."""

    file: str
    pid: int
    """0 where the line shows none"""
    fd: int
    bind_line: int
    connect_line: int | None
    verdict: str
    protocol: str
    reason: str


@cache
def labels() -> dict[str, list[Label]]:
    """The rows of LABELS.tsv by file; a file without rows has no inet bind and is here with []."""
    rows: dict[str, list[Label]] = defaultdict(list)
    for trace in sorted(TRACES.glob("*.strace")):
        rows[trace.name] = []
    if (TRACES / "LABELS.tsv").exists():
        with (TRACES / "LABELS.tsv").open(newline="") as table:
            for row in csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE):
                connect = None if row["connect_line"] == "-" else int(row["connect_line"])
                rows[row["file"]].append(
                    Label(
                        row["file"],
                        int(row["pid"]),
                        int(row["fd"]),
                        int(row["bind_line"]),
                        connect,
                        row["verdict"],
                        row["protocol"],
                        row["reason"],
                    )
                )
    return dict(rows)


@cache
def negatives() -> list[str]:
    """Files of the corpus that hold no inet bind: any finding of the main rule is false."""
    table = CORPUS / "NEGATIVES.tsv"
    if not table.exists():
        return []
    with table.open(newline="") as lines:
        return [row["file"] for row in csv.DictReader(lines, delimiter="\t")]
