"""`compare`: takes two traces or saved JSON reports, gives what a fix changed."""

import io
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from strace_analyzer.cli import options
from strace_analyzer.report.formats.names import DEFAULT
from strace_analyzer.trace.input.accounting import Interruption


def compare(
    before: Annotated[
        Path, typer.Argument(metavar="BEFORE", help="A trace, or a report of --format json.")
    ],
    after: Annotated[Path, typer.Argument(metavar="AFTER", help="The same, after the fix.")],
    format: options.Comparison = DEFAULT,
    output: options.OutputFile = None,
    redact: options.Redact = None,
    fail_on: options.FailOn = None,
    config: options.Config = None,
    port_range: options.PortRange = None,
    quiet: options.Quiet = False,
) -> int:
    """Show what a fix changed: findings gone, new and kept, ports, failures.

    Exit status: 0 if nothing at or above the gate is new or larger, 1 if something is, 2 if the
    two cannot be compared.
    """
    from strace_analyzer.cli.output import destination
    from strace_analyzer.cli.settings import settings
    from strace_analyzer.errors import TraceError
    from strace_analyzer.report.compare import Side, side
    from strace_analyzer.report.compare import compare as compared
    from strace_analyzer.report.formats.registry import comparison_format
    from strace_analyzer.report.redaction.comparison import hidden
    from strace_analyzer.report.redaction.values import Values

    chosen = settings(fail_on=fail_on, port_range=port_range, config=config)
    sides: list[Side] = []
    early: Interruption | None = None
    for path in (before, after):
        if early is not None:
            sides.append(Side.unread(str(path)))
            continue
        try:
            report, early = _report(path, chosen, quiet)
            sides.append(side(str(path), report))
        except (KeyError, TypeError, AttributeError) as error:
            raise TraceError(f"{path}: not a report of schema 1: {error!r}") from error
    made = compared(sides[0], sides[1], chosen.gate, None if early is None else early.signal)
    if redact:
        made = hidden(made, Values(redact))
    with destination(output, format, [str(before), str(after)], lambda: early) as stream:
        comparison_format(format).write(made, stream)
    return made.exit_status


def _report(path: Path, chosen: Any, quiet: bool) -> tuple[dict[str, Any], Interruption | None]:
    """The report saved in the file, or the one made of the trace; how far a signal let
    that be read."""
    from strace_analyzer.cli.reading import analysis_of, interrupted
    from strace_analyzer.report.formats import json as as_json
    from strace_analyzer.report.formats.format import Report
    from strace_analyzer.report.gate import judge
    from strace_analyzer.report.saved import saved_report
    from strace_analyzer.report.selection import Selected

    saved = saved_report(path)
    if saved is not None:
        return saved, None
    analysis = analysis_of([str(path)], chosen.analysis, quiet=quiet)
    selected = Selected(analysis, chosen.selection)
    stream = io.StringIO()
    as_json.write(Report(selected, judge(selected, chosen.gate), chosen.gate), stream)
    made: dict[str, Any] = json.loads(stream.getvalue())
    return made, interrupted(analysis)()
