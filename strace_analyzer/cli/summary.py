"""`summary`: takes traces, gives calls, errors and times, as strace -c, by what is asked for."""

from typing import Annotated

from strace_analyzer.cli import options
from strace_analyzer.cli.options import SHOWN
from strace_analyzer.report.formats.names import DEFAULT
from strace_analyzer.report.tally.keys import KEYS, KeyName


def summary(
    traces: options.Traces = None,
    format: options.Table = DEFAULT,
    output: options.OutputFile = None,
    redact: options.Redact = None,
    by: Annotated[
        KeyName,
        options.choice("--by", KeyName, "What the calls are summed by.", SHOWN),
    ] = "syscall",
    all: options.WholeTables = False,
    quiet: options.Quiet = False,
) -> int:
    """Summarize a trace like strace -c: calls, errors, times, by call, process, file, destination.

    Exit status: 0, or 2 if not all of the trace could be read.
    """
    from strace_analyzer.cli.output import destination
    from strace_analyzer.cli.reading import inputs_of
    from strace_analyzer.cli.say import say
    from strace_analyzer.report.events.select import Selector, Wanted
    from strace_analyzer.report.events.table import EventTables
    from strace_analyzer.report.formats.format import Table
    from strace_analyzer.report.formats.registry import table_format
    from strace_analyzer.report.redaction.values import Values
    from strace_analyzer.report.tally.tally import Tally
    from strace_analyzer.report.text import console
    from strace_analyzer.report.text.summary import page

    tally = Tally(KEYS[by])
    with inputs_of(traces, quiet=quiet) as inputs:
        hiding = Values(redact) if redact else None
        names = {
            trace.id: trace.name if hiding is None else hiding.source(trace.name)
            for trace in inputs
        }
        tables = EventTables(inputs, Selector(Wanted()), hiding=hiding)
        tally.add(tables.rows)
    lines = list(tally.lines())
    table = Table(
        name="summary",
        columns=tally.columns,
        rows=lambda: lines,
        objects=lambda: lines,
        page=lambda stream: console.write(
            stream, lambda target: page(lines, names, tables.lacks, by=by, everything=all)
        ),
        doubts=[lack.document() for lack in tables.lacks],
    )
    if format != DEFAULT:
        say(lack.reason for lack in tables.lacks)
    with destination(output, format, traces or ["-"], lambda: tables.interruption) as stream:
        table_format(format).write(table, stream)
    return tables.exit_status
