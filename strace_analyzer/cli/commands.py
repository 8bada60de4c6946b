"""The commands as typer knows them: takes the words of the command line, runs the command that they
name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import Annotated

import typer
from typer.exceptions import TyperException

from strace_analyzer.errors import ConfigurationError


def run_command(words: Sequence[str], known: Iterable[str]) -> int:
    """Runs the command that `words` begin with, one of those `known`; gives its status.

    Raises ConfigurationError for a command line that is wrong.
    """
    try:
        status = _app(known)(args=words, standalone_mode=False, prog_name="strace-analyzer")
    except TyperException as error:
        said = error.format_message().replace("Value error, ", "").rstrip(".")
        raise ConfigurationError(said) from error
    except typer.Abort as error:
        raise KeyboardInterrupt from error
    return status if isinstance(status, int) else 0


def _app(commands: Iterable[str]) -> typer.Typer:
    app = typer.Typer(
        name="strace-analyzer",
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
        epilog=(
            "[bold]strace-analyzer trace.txt[/] and [bold]strace -f CMD 2>&1 | strace-analyzer[/]"
            " are short for [bold]check[/]; its options: strace-analyzer check --help."
            " A file named like a command is ./NAME."
        ),
    )
    app.callback()(strace_analyzer)
    for name in commands:
        module = import_module(f"strace_analyzer.cli.{name}")
        # what follows the name of the program to run is the program's
        settings = {"allow_interspersed_args": False} if name == "run" else {}
        app.command(name, context_settings=settings)(getattr(module, name))
    return app


def _version(asked: bool) -> None:
    if asked:
        from strace_analyzer.cli.version import version_line

        print(version_line())
        raise typer.Exit


def strace_analyzer(
    version: Annotated[
        bool,
        typer.Option(
            "--version", metavar="", callback=_version, is_eager=True, help="Show the version."
        ),
    ] = False,
) -> None:
    """Find who binds to 0.0.0.0 port 0 before connecting, in the output of strace."""
