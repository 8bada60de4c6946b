"""What is not known, and would matter, in rows: the same in every report for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from strace_analyzer.plain import number
from strace_analyzer.report.selection import Selected


class NotKnown(NamedTuple):
    """The trace or line that it is about, what is not known, and what would help ("" for none). Not
    escaped."""

    about: str
    what: str
    remedy: str = ""


def not_known(selected: Selected) -> Iterator[NotKnown]:
    """Yield each once: why a trace is inconclusive may be one of its warnings."""
    names = {trace.id: trace.name for trace in selected.traces}
    warned = {(warning.trace, warning.message) for warning in selected.warnings}
    for trace in selected.traces:
        if trace.inconclusive is not None and (trace.id, trace.inconclusive) not in warned:
            yield NotKnown(trace.name, trace.inconclusive)
    for warning in selected.warnings:
        about = names.get(warning.trace, warning.trace)
        yield NotKnown(about, warning.message, warning.remedy)
    for item in selected.unknown:
        yield NotKnown(str(item.first), f"{item.reason} ({number(item.count)})")
