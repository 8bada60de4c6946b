"""Takes the traces named and what was asked of them, gives the verdict: what `check` does."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from strace_analyzer.cli.output import destination
from strace_analyzer.cli.reading import analysis_of
from strace_analyzer.cli.settings import Settings
from strace_analyzer.cli.values import ReportFormat, is_piped
from strace_analyzer.cli.verdict import write_report
from strace_analyzer.report.gate import judge
from strace_analyzer.report.selection import Selected


def check_traces(
    traces: Sequence[str] | None,
    chosen: Settings,
    format: ReportFormat = ReportFormat.text,
    output: Path | None = None,
    *,
    everything: bool = False,
    follow: bool = False,
    quiet: bool = False,
) -> int:
    """Report on the traces (standard input where there are none); the exit status."""
    if follow or (is_piped(traces) and output is None and sys.stdout.isatty()):
        from strace_analyzer.cli.following import follow_trace

        return follow_trace(
            traces, chosen, output, format, everything=everything, grows=follow, quiet=quiet
        )
    analysis = analysis_of(traces, chosen.analysis, quiet=quiet)
    selected = Selected(analysis, chosen.selection)
    judgement = judge(selected, chosen.gate)
    with destination(output) as stream:
        write_report(selected, judgement, chosen.gate, stream, format=format, everything=everything)
    return judgement.exit_status
