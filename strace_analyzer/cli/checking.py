"""Takes the traces named and what was asked of them, gives the verdict: what `check` does."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from strace_analyzer.cli.many import NOT_MANY, Many, check_many, found
from strace_analyzer.cli.output import destination, unheard
from strace_analyzer.cli.reading import analysis_of, interrupted
from strace_analyzer.cli.say import say
from strace_analyzer.cli.settings import UserSettings
from strace_analyzer.cli.values import is_piped
from strace_analyzer.errors import AllUnreadableError, TraceError
from strace_analyzer.report.complaints import known_already
from strace_analyzer.report.formats.format import Report
from strace_analyzer.report.formats.names import DEFAULT, CheckName
from strace_analyzer.report.formats.registry import report_format
from strace_analyzer.report.gate import judge
from strace_analyzer.report.redaction import Redaction
from strace_analyzer.report.selection import Selected


def check_traces(
    traces: Sequence[str] | None,
    chosen: UserSettings,
    format: CheckName = DEFAULT,
    output: Path | None = None,
    *,
    everything: bool = False,
    follow: bool = False,
    quiet: bool = False,
    many: Many = NOT_MANY,
) -> int:
    """Report on the traces (standard input where there are none); the exit status."""
    inputs = None if follow else found(traces, chosen, many, format, everything=everything)
    if inputs is not None:
        return check_many(inputs, chosen, many, format, output, everything=everything, quiet=quiet)
    form = report_format(format, follow=follow)
    chosen = chosen.keeping_sockets(form.sockets)
    chosen.check_follow(follow)
    if follow or (is_piped(traces) and output is None and sys.stdout.isatty()):
        from strace_analyzer.cli.following import follow_trace

        return follow_trace(
            traces, chosen, output, form, everything=everything, grows=follow, quiet=quiet
        )
    try:
        analysis = analysis_of(traces, chosen.analysis, quiet=quiet)
    except TraceError as error:
        if form.unreadable is not None:
            reasons = _reasons(error, traces or (), chosen.selection.redaction)
            with destination(output, form.name, traces or ["-"]) as stream:
                form.unreadable(reasons, stream)
        raise
    selected = Selected(analysis, chosen.selection)
    judgement = judge(selected, chosen.gate)
    say(judgement.idle)
    if selected.left_out:
        say([known_already(selected.left_out)])
    with (
        destination(output, form.name, traces or ["-"], interrupted(analysis)) as stream,
        unheard(stream),
    ):
        form.write(Report(selected, judgement, chosen.gate, everything), stream)
    return judgement.exit_status


def _reasons(
    error: TraceError, traces: Sequence[str], redaction: Redaction | None
) -> tuple[str, ...]:
    """Return why none of the traces could be read, a sentence for each, redacted."""
    reasons = error.reasons if isinstance(error, AllUnreadableError) else (str(error),)
    if redaction is None:
        return reasons
    for name in traces:
        redaction.values.source(name)
    return tuple(map(redaction.values.sentence, reasons))
