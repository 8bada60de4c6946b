"""Takes an analysis, gives what failed in it by a fault of ours or of a rule: lines to be said."""

from __future__ import annotations

from collections.abc import Iterator

from strace_analyzer.analysis import Analysis
from strace_analyzer.faults import FAULT


def complaints(analysis: Analysis) -> Iterator[str]:
    """A line each: lines of the trace on which we failed, and rules that raised an error."""
    for account in (account for trace in analysis.traces for account in trace.sources):
        for fault in account.faults:
            where = f"{account.name}:{fault.line}" if fault.line else account.name
            yield f"{FAULT}, with line {where}: {fault.error}"
    for failure in analysis.failures:
        where = f" at {failure.source}:{failure.line}" if failure.source else ""
        yield f"rule {failure.rule} failed{where}: {failure.error}"
