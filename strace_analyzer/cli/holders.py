"""`holders`: gives who holds the local ports of this machine now, without strace."""

from typing import Annotated

import typer

from strace_analyzer.cli import options
from strace_analyzer.errors import TraceError
from strace_analyzer.report.formats.names import DEFAULT


def holders(
    netns: Annotated[
        int | None,
        typer.Option(
            "--netns",
            min=1,
            metavar="PID",
            help="In the network namespace of this process, such as one of a container.",
            show_default="this one",
        ),
    ] = None,
    format: options.Table = DEFAULT,
    output: options.OutputFile = None,
    all: options.WholeTables = False,
) -> int:
    """Show who holds the local ports now: by process, state and destination, and what is left."""
    from strace_analyzer.cli.output import destination
    from strace_analyzer.live.holders import holders as holders_of
    from strace_analyzer.report.formats.format import Table
    from strace_analyzer.report.formats.registry import table_format
    from strace_analyzer.report.holders import COLUMNS, objects, rows
    from strace_analyzer.report.text import console
    from strace_analyzer.report.text.holders import page

    try:
        found = holders_of(netns)
    except OSError as error:
        raise TraceError(f"--netns {netns}: {error.strerror}") from error
    table = Table(
        name="namespaces",
        columns=COLUMNS,
        rows=lambda: rows(found),
        objects=lambda: objects(found),
        page=lambda stream: console.write(stream, lambda _: page(found, everything=all)),
    )
    with destination(output, format) as stream:
        table_format(format).write(table, stream)
    return 0
