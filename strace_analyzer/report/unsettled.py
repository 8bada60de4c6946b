"""Takes a report, gives why its exit status is not 0 beside the findings at the gate: for formats
whose reader sees no exit status, and would take what is not mentioned for passed."""

from __future__ import annotations

from collections.abc import Iterator

from strace_analyzer.plain import count
from strace_analyzer.report.complaints import complaints
from strace_analyzer.report.formats.format import Report


def unsettled(report: Report) -> list[str]:
    """Return the reasons, not escaped; none if the exit status is 0, or if findings and traces that
    could not be judged, which every format names, are the only ones."""
    status = report.judgement.exit_status
    if status == 0:
        return []
    reasons = list(_reasons(report))
    stops = any(report.gate.stops(group) for group in report.selected.groups)
    if reasons or stops or report.judgement.blind:
        return reasons
    return [f"exit status {status}: not everything is known"]


def _reasons(report: Report) -> Iterator[str]:
    selected = report.selected
    yield from complaints(selected.analysis)
    yield from selected.refused
    yield from report.judgement.idle
    if report.gate.unknown and selected.unknown:
        total = sum(entry.count for entry in selected.unknown)
        yield f"--fail-on unknown: {count(total, 'thing')} not known"
    if selected.interrupted is not None:
        yield f"signal {selected.interrupted} ended the reading before the end of the trace"
