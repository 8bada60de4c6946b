"""Takes what was selected and judged, writes it in the form that was asked for: the report of
`check`, `run` and `attach`."""

from __future__ import annotations

from typing import TextIO

from strace_analyzer.cli.values import ReportFormat
from strace_analyzer.report.gate import Gate, Judgement
from strace_analyzer.report.selection import Selected


def write_report(
    selected: Selected,
    judgement: Judgement,
    gate: Gate,
    stream: TextIO,
    *,
    format: ReportFormat,
    everything: bool,
) -> None:
    """The whole report. `everything` is --all."""
    from strace_analyzer.cli.output import write

    if format is ReportFormat.text:
        from strace_analyzer.cli.console import console, show
        from strace_analyzer.report.text.page import page

        target = console(stream)
        show(page(selected, judgement, gate, width=target.width, everything=everything), target)
    elif format is ReportFormat.json:
        from strace_analyzer.report.json import report as json_report

        write(json_report(selected, judgement), stream)
    elif format is ReportFormat.jsonl:
        from strace_analyzer.report.jsonl import report as lines_report

        write(lines_report(selected, judgement), stream)
    else:
        from strace_analyzer.report.concise import report as concise_report

        write(concise_report(selected, judgement), stream)
