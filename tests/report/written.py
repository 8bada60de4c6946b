"""Write the report of an Analysis in one of the formats."""

from __future__ import annotations

import io

from strace_analyzer.analysis import Analysis
from strace_analyzer.report.formats.format import Report
from strace_analyzer.report.formats.registry import report_format
from strace_analyzer.report.gate import Gate, judge
from strace_analyzer.report.selection import Selected, Selection

FORMATS = (
    "text",
    "markdown",
    "concise",
    "sarif",
    "json",
    "jsonl",
    "html",
    "junit",
    "github",
    "trace-events",
)
"""those of `check` that show destinations and commands"""


def written(
    name: str, made: Analysis, selection: Selection | None = None, *, everything: bool = False
) -> str:
    """Return the whole report, with the default gate."""
    selected = Selected(made, selection or Selection())
    gate = Gate()
    stream = io.StringIO()
    report_format(name).write(Report(selected, judge(selected, gate), gate, everything), stream)
    return stream.getvalue()
