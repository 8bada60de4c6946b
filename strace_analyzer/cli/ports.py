"""`ports`: takes traces, gives the account of local ports: pinned, needed, free, and what if."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from strace_analyzer.cli import options
from strace_analyzer.cli.options import SHOWN
from strace_analyzer.cli.values import TableFormat, one_of, path
from strace_analyzer.cli.values import port_range as two_ports


def ports(
    traces: options.Traces = None,
    format: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="|".join(TableFormat),
            help="The form of the account.",
            rich_help_panel=options.OUTPUT,
        ),
    ] = TableFormat.text,
    output: options.OutputFile = None,
    what_if: Annotated[
        str | None,
        typer.Option(
            "--what-if",
            metavar="LO-HI",
            help="Would this range have been enough? As it is, and without the early binds.",
            rich_help_panel=options.PORTS,
        ),
    ] = None,
    all: Annotated[
        bool,
        typer.Option("--all", metavar="", help="Shorten no table.", rich_help_panel=SHOWN),
    ] = False,
    port_range: options.PortRange = None,
    autobind_reuse: options.AutobindReuse = False,
    strict: options.Strict = False,
    jobs: options.Jobs = None,
    quiet: options.Quiet = False,
) -> int:
    """Show what the early binds cost: local ports pinned over time, ports needed, ports free."""
    from strace_analyzer.cli.output import destination, write
    from strace_analyzer.cli.reading import analysis_of
    from strace_analyzer.cli.settings import settings

    form = one_of(TableFormat, format, "--format")
    chosen = settings(
        port_range=port_range,
        autobind_reuse=autobind_reuse,
        strict=strict,
        jobs=jobs,
    ).analysis
    asked = two_ports(what_if, "--what-if")
    analysis = analysis_of(traces, replace(chosen, what_if=asked), quiet=quiet)
    with destination(path(output)) as stream:
        if form is TableFormat.text:
            from strace_analyzer.cli.console import console, show
            from strace_analyzer.report.text.port_account import page

            target = console(stream)
            blocks = target.encoding.lower().startswith("utf")
            show(page(analysis, width=target.width, everything=all, blocks=blocks), target)
        elif form is TableFormat.json:
            from strace_analyzer.report.port_document import report

            write(report(analysis), stream)
        else:
            from strace_analyzer.report.frames import ports_frame

            stream.write(ports_frame(analysis.traces).to_csv(index=False))
    return 0
