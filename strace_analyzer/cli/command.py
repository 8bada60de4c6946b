"""`command`: takes process ids or a program, gives the strace command line to run elsewhere."""

from __future__ import annotations

from typing import Annotated

import typer

from strace_analyzer.cli.values import whole_numbers
from strace_analyzer.errors import ConfigurationError


def command(
    program: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[-- CMD ARGS...]", help="The program to run under strace.", show_default=False
        ),
    ] = None,
    pid: Annotated[
        list[str] | None,
        typer.Option(
            "--pid", "-p", metavar="PID", help="A running process. Repeatable.", show_default=False
        ),
    ] = None,
) -> int:
    """Print the strace command line whose output hides nothing, quoted for a shell."""
    from strace_analyzer.kernel.strace_command import quoted, strace_command

    if pid and program:
        raise ConfigurationError("give --pid or a program, not both")
    print(quoted(strace_command(pids=whole_numbers(pid, "--pid"), program=program or ())))
    return 0
