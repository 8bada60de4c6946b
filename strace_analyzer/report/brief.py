"""Summarize a group in a few lines of plain text: what, the calls that prove it, the fix."""

from __future__ import annotations

from collections.abc import Iterator

from strace_analyzer.findings import Group
from strace_analyzer.plain import safe
from strace_analyzer.report import document
from strace_analyzer.report.excerpt import excerpt
from strace_analyzer.report.selection import Selected


def brief(group: Group, selected: Selected, *, places: bool = True) -> Iterator[str]:
    """Yield the lines; with `places`, each call with its file and line."""
    made = document.group(group, selected)
    yield f"{group.level}: {safe(made['message'])}"
    for call in group.sample.trail:
        place = f"{safe(call.source)}:{call.line}: " if places else ""
        yield f"  {place}{excerpt(call.text)}"
    if made["advice"]:
        yield f"Fix: {safe(made['advice'])}"
