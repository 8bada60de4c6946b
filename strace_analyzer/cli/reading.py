"""Takes the TRACE arguments, gives their Analysis; hints and failed rules are said on standard
error."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from strace_analyzer.analysis import Analysis, Settings
from strace_analyzer.analysis.analyze import analyze_traces
from strace_analyzer.cli.interrupt import interruptible
from strace_analyzer.cli.progress import watched
from strace_analyzer.cli.say import say
from strace_analyzer.report.complaints import complaints, refusals
from strace_analyzer.trace.input.accounting import Interruption, interruption
from strace_analyzer.trace.reader import TraceInput


def analysis_of(arguments: Sequence[str] | None, settings: Settings, *, quiet: bool) -> Analysis:
    """Everything read and judged. Raises TraceError for what cannot be read as strace output."""
    with inputs_of(arguments, quiet=quiet) as inputs:
        analysis = analyze_traces(inputs, settings)
    say(
        refusals(
            account.refused
            for trace in analysis.traces
            for account in trace.sources
            if account.refused is not None
        )
    )
    say(complaints(analysis))
    return analysis


def interrupted(analysis: Analysis) -> Callable[[], Interruption | None]:
    """What `destination` asks before it replaces a file by the report on `analysis`."""
    return lambda: interruption(account for trace in analysis.traces for account in trace.sources)


@contextmanager
def inputs_of(arguments: Sequence[str] | None, *, quiet: bool) -> Iterator[list[TraceInput]]:
    """The traces, to be read within: Ctrl-C ends them, a bar shows how far they have come."""
    with interruptible(list(arguments or ["-"])) as traces:
        if not quiet:
            say(trace.hint for trace in traces if trace.hint is not None)
        with watched(traces, quiet=quiet) as inputs:
            yield inputs
