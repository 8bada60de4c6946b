"""`sockets`: takes traces, gives every socket's life, or the one whose call stands on a line."""

from __future__ import annotations

from typing import Annotated

import typer

from strace_analyzer.cli import options
from strace_analyzer.cli.options import SHOWN
from strace_analyzer.report.formats.registry import DEFAULT


def sockets(
    traces: options.Traces = None,
    format: options.Table = DEFAULT,
    output: options.OutputFile = None,
    redact: options.Redact = None,
    line: Annotated[
        int | None,
        typer.Option(
            "--line",
            min=1,
            metavar="N",
            help="The socket whose call is on this line.",
            rich_help_panel=SHOWN,
        ),
    ] = None,
    pid: options.Pids = None,
    command: options.Commands = None,
    fd: Annotated[
        list[int] | None,
        typer.Option(
            "--fd",
            min=0,
            metavar="FD",
            help="Only sockets of this descriptor. Repeatable.",
            rich_help_panel=SHOWN,
        ),
    ] = None,
    peer: Annotated[
        list[str] | None,
        typer.Option(
            "--peer",
            metavar="ADDRESS[:PORT]",
            help="Only sockets connected there; :PORT alone is any address. Repeatable.",
            rich_help_panel=SHOWN,
        ),
    ] = None,
    all: Annotated[
        bool,
        typer.Option(
            "--all", metavar="", help="Every call of every socket.", rich_help_panel=SHOWN
        ),
    ] = False,
    strict: options.Strict = False,
    jobs: options.Jobs = None,
    config: options.Config = None,
    quiet: options.Quiet = False,
) -> int:
    """Show every socket's life: who made it, how it got its port, where it went, its end.

    Exit status: 0, or 2 where the trace cannot tell.
    """
    from strace_analyzer.cli.output import destination
    from strace_analyzer.cli.reading import analysis_of, say
    from strace_analyzer.cli.settings import settings
    from strace_analyzer.report.cannot_tell import exit_status, reasons
    from strace_analyzer.report.document import socket_life
    from strace_analyzer.report.formats.format import Table
    from strace_analyzer.report.formats.registry import table_format
    from strace_analyzer.report.lives import Wanted, lives
    from strace_analyzer.report.rows import SOCKETS, socket_row
    from strace_analyzer.report.selection import Selected
    from strace_analyzer.report.text import console
    from strace_analyzer.report.text.sockets import page

    wanted = Wanted(
        line=line,
        fds=frozenset(fd or ()),
        peers=tuple(peer or ()),
    )
    chosen = settings(
        pids=frozenset(pid or ()),
        commands=tuple(command or ()),
        sockets=True,
        redact=redact,
        strict=strict,
        jobs=jobs,
        config=config,
    )
    selected = Selected(analysis_of(traces, chosen.analysis, quiet=quiet), chosen.selection)
    doubts = reasons(selected)
    table = Table(
        name="sockets",
        columns=SOCKETS,
        rows=lambda: map(socket_row, lives(selected, wanted)),
        objects=lambda: map(socket_life, lives(selected, wanted)),
        page=lambda stream: console.write(
            stream,
            lambda target: page(selected, wanted, doubts, width=target.width, everything=all),
        ),
        doubts=[doubt.document() for doubt in doubts],
    )
    if format != DEFAULT:
        say(f"cannot tell: {doubt.reason}" for doubt in doubts)
    with destination(output) as stream:
        table_format(format).write(table, stream)
    return exit_status(selected, doubts)
