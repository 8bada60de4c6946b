"""`command`: takes process ids or a program, gives the strace command line to run elsewhere."""

import shlex
from typing import Annotated

import typer

from strace_analyzer.cli import options


def command(
    program: Annotated[
        list[str] | None,
        typer.Argument(metavar="CMD", help="The program to run under strace.", show_default=False),
    ] = None,
    pid: Annotated[
        list[int] | None,
        typer.Option(
            "--pid",
            "-p",
            min=1,
            metavar="PID",
            help="A running process. Repeatable.",
            show_default=False,
        ),
    ] = None,
    lean: options.Lean = False,
) -> int:
    """Print the strace command line whose output hides nothing, quoted for a shell."""
    from strace_analyzer.strace_command import strace_command

    if pid and program:
        raise typer.BadParameter("give --pid or a program, not both")
    print(shlex.join(strace_command(pids=pid or (), program=program or (), lean=lean)))
    return 0
