"""`sockets`: takes traces, gives every socket's life, or the one whose call stands on a line."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from strace_analyzer.cli import options, values
from strace_analyzer.cli.options import SHOWN
from strace_analyzer.errors import ConfigurationError
from strace_analyzer.plain import count
from strace_analyzer.report.formats.names import DEFAULT


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
            help="What is on this line, and its socket; FILE:N says the same.",
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
            help="Only sockets connected to this address; :PORT alone: to any. Repeatable.",
            rich_help_panel=SHOWN,
        ),
    ] = None,
    all: Annotated[
        bool,
        options.switch(
            "--all",
            help="Every call of the sockets shown; calls that move data are folded.",
            panel=SHOWN,
        ),
    ] = False,
    strict: options.Strict = False,
    jobs: options.Jobs = None,
    config: options.Config = None,
    quiet: options.Quiet = False,
) -> int:
    """Show every socket's life: its process, how it got its port, its destination, its end.

    Exit status: 0, or 2 if the trace cannot tell.
    """
    from strace_analyzer.cli.output import destination
    from strace_analyzer.cli.reading import analysis_of, interrupted
    from strace_analyzer.cli.say import say
    from strace_analyzer.cli.settings import settings
    from strace_analyzer.report.cannot_tell import exit_status, reasons
    from strace_analyzer.report.document import socket_life
    from strace_analyzer.report.formats.format import Table
    from strace_analyzer.report.formats.registry import table_format
    from strace_analyzer.report.lives import WantedSockets, lives
    from strace_analyzer.report.rows import SOCKETS, socket_row
    from strace_analyzer.report.selection import Selected
    from strace_analyzer.report.spot import Spot, calls_of, can_be_read_again, spots
    from strace_analyzer.report.text import console
    from strace_analyzer.report.text.sockets import page

    names, line = _placed(traces, line)
    wanted = WantedSockets(
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
    selected = Selected(analysis_of(names, chosen.analysis, quiet=quiet), chosen.selection)
    doubts = reasons(selected)
    stands: list[Spot] = []
    calls = None
    if can_be_read_again(selected.analysis):
        redaction = chosen.selection.redaction
        hiding = None if redaction is None else redaction.values
        if line is not None:
            stands = spots(selected.analysis, line, hiding)
            _check_line(line, stands, selected)
            about = (spot.row.socket for spot in stands if spot.row is not None)
            wanted = wanted._replace(ids=frozenset(filter(None, about)))
        if all and format == DEFAULT:
            shown = {life.id for life in lives(selected, wanted)}
            calls = calls_of(selected.analysis, shown, hiding)
    table = Table(
        name="sockets",
        columns=SOCKETS,
        rows=lambda: map(socket_row, lives(selected, wanted)),
        objects=lambda: map(socket_life, lives(selected, wanted)),
        page=lambda stream: console.write(
            stream,
            lambda target: page(
                selected, wanted, doubts, stands, calls, width=target.width, everything=all
            ),
        ),
        doubts=[doubt.document() for doubt in doubts],
    )
    if format != DEFAULT:
        say(f"cannot tell: {doubt.reason}" for doubt in doubts)
        say(f"line {line}: {spot.answer}" for spot in stands if spot.answer)
    with destination(output, format, names or ["-"], interrupted(selected.analysis)) as stream:
        table_format(format).write(table, stream)
    return exit_status(selected, doubts)


def _placed(
    traces: Sequence[str] | None, line: int | None
) -> tuple[Sequence[str] | None, int | None]:
    """`FILE:N` as FILE and N. Raises ConfigurationError for more than one line."""
    found = [values.place(name) for name in traces or ()]
    lines = {number for _, number in found if number is not None}
    if not lines:
        return traces, line
    if len(found) > 1 or line is not None:
        raise ConfigurationError("FILE:LINE: one at a time, and without --line")
    return [found[0][0]], lines.pop()


def _check_line(line: int, stands: Sequence[Any], selected: Any) -> None:
    """Raises ConfigurationError for a line that no trace has."""
    lines = max(source.lines for trace in selected.traces for source in trace.sources)
    if line > lines and all(spot.row is None for spot in stands):
        names = ", ".join(trace.name for trace in selected.traces[:3])
        raise ConfigurationError(f"there is no line {line:,}: {names}: {count(lines, 'line')}")
