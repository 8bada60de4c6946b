"""`sockets`: takes traces, gives every socket's life, or the one whose call stands on a line."""

from __future__ import annotations

from typing import Annotated

import typer

from strace_analyzer.cli import options
from strace_analyzer.cli.options import SHOWN
from strace_analyzer.cli.values import TableFormat, one_of, path, whole_number, whole_numbers


def sockets(
    traces: options.Traces = None,
    format: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="|".join(TableFormat),
            help="The form of the list.",
            rich_help_panel=options.OUTPUT,
        ),
    ] = TableFormat.text,
    output: options.OutputFile = None,
    line: Annotated[
        str | None,
        typer.Option(
            "--line",
            metavar="N",
            help="The socket whose call is on this line.",
            rich_help_panel=SHOWN,
        ),
    ] = None,
    pid: options.Pids = None,
    command: options.Commands = None,
    fd: Annotated[
        list[str] | None,
        typer.Option(
            "--fd",
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
    quiet: options.Quiet = False,
) -> int:
    """Show every socket's life: who made it, how it got its port, where it went, its end."""
    from strace_analyzer.cli.output import destination, write
    from strace_analyzer.cli.reading import analysis_of
    from strace_analyzer.cli.settings import settings
    from strace_analyzer.report.lives import Wanted, lives
    from strace_analyzer.report.selection import Selected

    form = one_of(TableFormat, format, "--format")
    wanted = Wanted(
        line=whole_number(line, "--line", least=1),
        fds=frozenset(whole_numbers(fd, "--fd")),
        peers=tuple(peer or ()),
    )
    chosen = settings(
        pids=frozenset(whole_numbers(pid, "--pid")),
        commands=tuple(command or ()),
        sockets=True,
        strict=strict,
        jobs=jobs,
    )
    selected = Selected(analysis_of(traces, chosen.analysis, quiet=quiet), chosen.selection)
    with destination(path(output)) as stream:
        if form is TableFormat.text:
            from strace_analyzer.cli.console import console, show
            from strace_analyzer.report.text.sockets import page

            target = console(stream)
            show(page(selected, wanted, width=target.width, everything=all), target)
        elif form is TableFormat.json:
            from strace_analyzer.report.document import socket_life
            from strace_analyzer.report.json import sockets as json_sockets

            write(json_sockets(socket_life(life) for life in lives(selected, wanted)), stream)
        else:
            from strace_analyzer.report.frames import sockets_frame

            stream.write(sockets_frame(lives(selected, wanted)).to_csv(index=False))
    return 0
