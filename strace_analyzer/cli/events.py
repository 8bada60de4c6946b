"""`events`: takes traces, gives every event as a row: JSON lines, CSV or Parquet."""

from typing import Annotated

import typer

from strace_analyzer.cli import options, values
from strace_analyzer.cli.options import SHOWN
from strace_analyzer.report.formats.names import EventsName
from strace_analyzer.report.moment import parse_duration


def events(
    traces: options.Traces = None,
    format: Annotated[EventsName, options.form_option(EventsName, "rows")] = "jsonl",
    output: options.OutputFile = None,
    redact: options.Redact = None,
    syscall: Annotated[
        list[str] | None,
        typer.Option(
            "--syscall",
            metavar="NAMES",
            help="Only these system calls, separated by commas. Repeatable.",
            rich_help_panel=SHOWN,
        ),
    ] = None,
    pid: options.Pids = None,
    failed: Annotated[
        bool, options.switch("--failed", help="Only calls that failed.", panel=SHOWN)
    ] = False,
    errno: Annotated[
        list[str] | None,
        typer.Option(
            "--errno",
            metavar="NAMES",
            help="Only calls that failed with these errors: ECONNREFUSED,... Repeatable.",
            rich_help_panel=SHOWN,
        ),
    ] = None,
    since: options.Since = None,
    until: options.Until = None,
    slower_than: Annotated[
        float | None,
        typer.Option(
            "--slower-than",
            parser=values.parser(parse_duration),
            metavar="TIME",
            help="Only calls that took longer: 250us, 10ms, 2s (strace -T).",
            rich_help_panel=SHOWN,
        ),
    ] = None,
    argv: Annotated[
        bool,
        options.switch(
            "--argv",
            help="Whole command lines instead of command names: they can hold secrets.",
            panel=SHOWN,
        ),
    ] = False,
    raw: Annotated[
        bool, options.switch("--raw", help="Every event as printed, too.", panel=SHOWN)
    ] = False,
    quiet: options.Quiet = False,
) -> int:
    """Print every event as a row: calls with their arguments as data, signals, exits, notices.

    Exit status: 0, or 2 if not all of the trace could be read.
    """
    from strace_analyzer.cli.output import destination
    from strace_analyzer.cli.reading import inputs_of
    from strace_analyzer.cli.say import say
    from strace_analyzer.report.events.select import Selector, Wanted
    from strace_analyzer.report.events.table import EventTables
    from strace_analyzer.report.events.write import write
    from strace_analyzer.report.redaction.values import Values

    sieve = Selector(
        Wanted(
            syscalls=values.names(syscall),
            pids=frozenset(pid or ()),
            failed=failed,
            errnos=values.names(errno),
            since=since,
            until=until,
            slower_than=slower_than,
        )
    )
    with inputs_of(traces, quiet=quiet) as inputs:
        tables = EventTables(
            inputs, sieve, argv=argv, raw=raw, hiding=Values(redact) if redact else None
        )
        with destination(output, format, traces or ["-"], lambda: tables.interruption) as stream:
            write(tables, format, stream)
            if not tables.lacks:
                sieve.close()
    say(lack.reason for lack in tables.lacks)
    return tables.exit_status
