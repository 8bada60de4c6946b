"""Takes the TRACE arguments, gives their Analysis; hints and failed rules are said on standard
error."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from strace_analyzer.analysis import Analysis, Settings
from strace_analyzer.analysis.analyze import analyze_traces
from strace_analyzer.cli.interrupt import interruptible
from strace_analyzer.cli.progress import watched
from strace_analyzer.plain import safe


def analysis_of(arguments: Sequence[str] | None, settings: Settings, *, quiet: bool) -> Analysis:
    """Everything read and judged. Raises TraceError for what cannot be read as strace output."""
    with interruptible(list(arguments or ["-"])) as traces:
        if not quiet:
            for trace in traces:
                if trace.hint is not None:
                    print(f"strace-analyzer: {safe(trace.hint)}", file=sys.stderr)
        with watched(traces, quiet=quiet) as inputs:
            analysis = analyze_traces(inputs, settings)
    say_failures(analysis)
    return analysis


def say_failures(analysis: Analysis) -> None:
    """Rules that raised an error, on standard error."""
    for failure in analysis.failures:
        where = f" at {failure.source}:{failure.line}" if failure.source else ""
        print(
            f"strace-analyzer: rule {failure.rule} failed{where}: {failure.error}", file=sys.stderr
        )
