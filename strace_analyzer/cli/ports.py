"""`ports`: takes traces, gives the account of local ports: pinned, needed, free, and what if."""

from dataclasses import replace
from typing import Annotated

import typer

from strace_analyzer.cli import options, values
from strace_analyzer.report.formats.names import DEFAULT


def ports(
    traces: options.Traces = None,
    format: options.Table = DEFAULT,
    output: options.OutputFile = None,
    redact: options.Redact = None,
    all: options.WholeTables = False,
    strict: options.Strict = False,
    jobs: options.Jobs = None,
    config: options.Config = None,
    what_if: Annotated[
        values.Ports | None,
        typer.Option(
            "--what-if",
            parser=values.parser(values.ports),
            metavar="LO-HI",
            help="Would this range have been enough? As it is, and without the early binds.",
            rich_help_panel=options.PORTS,
        ),
    ] = None,
    port_range: options.PortRange = None,
    autobind_reuse: options.AutobindReuse = False,
    ss: options.SocketLists = None,
    quiet: options.Quiet = False,
) -> int:
    """Show what the early binds cost: local ports pinned over time, ports needed, ports free.

    Exit status: 0, or 2 if the trace cannot tell.
    """
    from strace_analyzer.cli.output import destination
    from strace_analyzer.cli.reading import analysis_of, interrupted
    from strace_analyzer.cli.say import say
    from strace_analyzer.cli.settings import settings
    from strace_analyzer.plain import is_unicode
    from strace_analyzer.report.cannot_tell import exit_status, reasons
    from strace_analyzer.report.formats.format import Table
    from strace_analyzer.report.formats.registry import table_format
    from strace_analyzer.report.port_document import trace
    from strace_analyzer.report.rows import PORTS, port_rows
    from strace_analyzer.report.selection import Selected
    from strace_analyzer.report.text import console
    from strace_analyzer.report.text.port_account import page

    asked = settings(
        port_range=port_range,
        autobind_reuse=autobind_reuse,
        ss=ss or (),
        strict=strict,
        jobs=jobs,
        config=config,
        redact=redact,
    )
    chosen, redaction = asked.analysis, asked.selection.redaction
    analysis = analysis_of(traces, replace(chosen, what_if=what_if), quiet=quiet)
    machine = chosen.machine
    if redaction is not None:
        analysis = redaction.analysis(analysis)
        machine = None if machine is None else redaction.listing(machine)
    selected = Selected(analysis)
    doubts = reasons(selected)
    table = Table(
        name="traces",
        columns=PORTS,
        rows=lambda: port_rows(analysis.traces),
        objects=lambda: (trace(result, machine) for result in analysis.traces),
        page=lambda stream: console.write(
            stream,
            lambda target: page(
                analysis,
                doubts,
                width=target.width,
                everything=all,
                machine=machine,
                blocks=is_unicode(target.encoding),
            ),
        ),
        doubts=[doubt.document() for doubt in doubts],
    )
    if format != DEFAULT:
        say(f"cannot tell: {doubt.reason}" for doubt in doubts)
    with destination(output, format, traces or ["-"], interrupted(analysis)) as stream:
        table_format(format).write(table, stream)
    return exit_status(selected, doubts)
