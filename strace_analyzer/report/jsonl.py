"""Takes what was selected and judged, or findings as they come, gives JSON lines.

One object a line, each with a `type`: `trace`, `finding`, `update` (what was learned later about
a finding with the same id), `unknown`, `warning`, and last `summary`, which is the JSON report
without its findings.
"""

from __future__ import annotations

from collections.abc import Iterator

from strace_analyzer.findings import Finding
from strace_analyzer.report import document
from strace_analyzer.report.elements import JsonObject
from strace_analyzer.report.gate import Judgement
from strace_analyzer.report.json import encode
from strace_analyzer.report.selection import Selected


def report(selected: Selected, judgement: Judgement) -> Iterator[str]:
    """The whole report, a line at a time."""
    for result in selected.traces:
        yield line("trace", document.trace(result))
    for finding in selected.findings():
        yield found(finding)
    yield from closing(selected, judgement)


def closing(selected: Selected, judgement: Judgement) -> Iterator[str]:
    """What is unknown and hidden, and the summary: the last lines of every report."""
    for unknown in selected.unknown:
        yield line("unknown", document.unknown(unknown))
    for warning in selected.warnings:
        yield line("warning", document.warning(warning))
    yield summary(selected, judgement)


def found(finding: Finding) -> str:
    """The line of a finding that has just become provable."""
    return line("finding", document.finding(finding))


def update(was: Finding | None, now: Finding) -> str | None:
    """The line that says what is known about a finding now and was not before; None where nothing
    is. All of it where what was told before (`was`) is forgotten."""
    after = document.finding(now)
    if was is None:
        return line("update", after)
    before = document.finding(was)
    changed = {name: value for name, value in after.items() if before[name] != value}
    return line("update", {"id": now.id, **changed}) if changed else None


def summary(selected: Selected, judgement: Judgement) -> str:
    """The last line: everything but the findings."""
    return line(
        "summary",
        {
            "schema": document.SCHEMA,
            "tool": document.tool(),
            "summary": document.summary(judgement),
            "traces": [document.trace(item) for item in selected.traces],
            "groups": [document.group(item, selected) for item in selected.groups],
            "processes": [document.process(item) for item in selected.processes],
            "unknown": [document.unknown(item) for item in selected.unknown],
            "warnings": [document.warning(item) for item in selected.warnings],
        },
    )


def line(kind: str, item: JsonObject) -> str:
    """One object with its type first, and the end of the line."""
    return encode({"type": kind, **item}) + "\n"
