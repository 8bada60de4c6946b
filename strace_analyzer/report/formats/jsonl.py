"""JSON lines, for a whole report or for findings as they come.

One object per line, each with a `type`: `trace`, `finding`, `update` (what was learned later about
a finding with the same id), `unknown`, `warning`, and finally `summary`, which is the JSON report
without its findings.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import TextIO

from strace_analyzer.findings import Finding
from strace_analyzer.report import document
from strace_analyzer.report.elements import JsonObject
from strace_analyzer.report.formats.format import Report, Table
from strace_analyzer.report.formats.json import encode
from strace_analyzer.report.selection import Selection

_REMEMBERED = 4096
"""Number of findings whose last printed state is remembered; an update of an older one repeats
everything."""


def write(report: Report, stream: TextIO) -> None:
    """Write the whole report line by line."""
    stream.writelines(_beginning(report))
    stream.writelines(_found(finding) for finding in report.selected.findings())
    stream.writelines(_end(report))


def table(table: Table, stream: TextIO) -> None:
    """Write a header, then one row per line."""
    header = {"type": "header", "schema": document.SCHEMA, "tool": document.tool()}
    doubts = {} if table.doubts is None else {"cannot_tell": list(table.doubts)}
    stream.write(encode({**header, "table": table.name, **doubts}) + "\n")
    stream.writelines(encode(dict(row)) + "\n" for row in table.rows())


class _Teller:
    """Prints each finding as an object, later what has changed."""

    def __init__(self, selection: Selection) -> None:
        self._selection = selection
        self._told: set[int] = set()
        self._last: OrderedDict[str, Finding] = OrderedDict()

    def lines(self, finding: Finding) -> Iterator[str]:
        is_admitted = self._selection.admits(finding)
        finding = self._selection.shown(finding)
        key = hash(finding.id)
        if key in self._told:
            update = _update(self._last.get(finding.id), finding)
            if update is not None:
                yield update
        elif is_admitted:
            self._told.add(key)
            yield _found(finding)
        else:
            return
        self._last[finding.id] = finding
        self._last.move_to_end(finding.id)
        if len(self._last) > _REMEMBERED:
            self._last.popitem(last=False)

    def rest(self, report: Report, provisional: Iterable[Finding], stream: TextIO) -> None:
        stream.writelines(_beginning(report))
        stream.writelines(self._changed(report, provisional))
        stream.writelines(_end(report))

    def _changed(self, report: Report, provisional: Iterable[Finding]) -> Iterator[str]:
        selected = report.selected
        shown = selected.findings()
        next_shown = next(shown, None)
        before = map(self._selection.shown, provisional)
        for was, now in zip(before, selected.analysis.findings, strict=True):
            is_shown = next_shown is not None and next_shown.id == now.id
            if hash(now.id) in self._told:
                update = _update(was, now)
                if update is not None:
                    yield update
            elif is_shown:
                yield _found(now)
            if is_shown:
                next_shown = next(shown, None)


teller = _Teller


def _beginning(report: Report) -> Iterator[str]:
    for result in report.selected.traces:
        yield _line("trace", document.trace(result))


def _end(report: Report) -> Iterator[str]:
    """Yield unknown and hidden things and the summary: the last lines of every report."""
    for unknown in report.selected.unknown:
        yield _line("unknown", document.unknown(unknown))
    for warning in report.selected.warnings:
        yield _line("warning", document.warning(warning))
    yield _summary(report)


def _found(finding: Finding) -> str:
    """Return the line of a finding that has just become provable."""
    return _line("finding", document.finding(finding))


def _update(was: Finding | None, now: Finding) -> str | None:
    """Return the line with what is known about a finding now and was not before; None if there is
    nothing. It has all fields if the state printed before (`was`) is forgotten."""
    after = document.finding(now)
    if was is None:
        return _line("update", after)
    before = document.finding(was)
    changed = {name: value for name, value in after.items() if before[name] != value}
    return _line("update", {"id": now.id, **changed}) if changed else None


def _summary(report: Report) -> str:
    """Return the last line: everything but the findings."""
    selected, judgement = report.selected, report.judgement
    return _line(
        "summary",
        {
            "schema": document.SCHEMA,
            "tool": document.tool(),
            "summary": document.summary(judgement),
            "redacted": document.redacted(selected),
            "selected": list(selected.selection.options),
            "suppressions": list(map(document.suppression, selected.suppressed)),
            "traces": [document.trace(item) for item in selected.traces],
            "groups": [document.group(item, selected) for item in selected.groups],
            "processes": [document.process(item) for item in selected.processes],
            "failures": [document.failure(item) for item in selected.failures],
            "unknown": [document.unknown(item) for item in selected.unknown],
            "warnings": [document.warning(item) for item in selected.warnings],
        },
    )


def _line(kind: str, item: JsonObject) -> str:
    """Return one object with its type first, and a line end."""
    return encode({"type": kind, **item}) + "\n"
