"""The commands as typer knows them: takes the words of the command line, runs the command that they
name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperCommand
from typer.exceptions import TyperException

from strace_analyzer.errors import ConfigurationError

_TOOL = "strace-analyzer"


class Command(TyperCommand):
    """Takes what is typed as it is: text, or a switch.

    typer would have pydantic convert it, which takes longer to load than a small trace to analyse.
    Where something is amiss, or help is asked for, typer goes its own way and says so.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Sets the parameters of the context; gives the words that nobody wants, of which there
        are none."""
        typed, rest, _ = self.make_parser(ctx).parse_args(list(args))
        wanted = [param for param in self.get_params(ctx) if param.expose_value]
        missing = any(param.required and not typed.get(param.name) for param in wanted)
        if rest or missing or typed.keys() - {param.name for param in wanted}:
            return super().parse_args(ctx, args)
        for param in wanted:
            value = typed.get(param.name)
            ctx.params[param.name] = param.get_default(ctx) if value is None else value
        ctx.args = rest
        return rest


def run_command(name: str, words: Sequence[str]) -> int:
    """Runs a command with the words that follow its name; gives its status.

    Raises ConfigurationError for words that it does not take.
    """
    app = _app()
    _add(app, name)
    return _status(app, words, f"{_TOOL} {name}")


def run_whole(words: Sequence[str], commands: Iterable[str]) -> int:
    """Runs what is asked of no command: --help, which lists the commands, or --version."""
    app = _app()
    app.callback()(strace_analyzer)
    for name in commands:
        _add(app, name)
    return _status(app, words, _TOOL)


def _app() -> typer.Typer:
    return typer.Typer(
        name=_TOOL,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings=_HELP,
        epilog=(
            "[bold]strace-analyzer trace.txt[/] and [bold]strace -f CMD 2>&1 | strace-analyzer[/]"
            " are short for [bold]check[/]; its options: strace-analyzer check --help."
            " A file named like a command is ./NAME."
        ),
    )


_HELP = {"help_option_names": ["-h", "--help"]}


def _add(app: typer.Typer, name: str) -> None:
    module = import_module(f"strace_analyzer.cli.{name}")
    # what follows the name of the program to run is the program's
    mixed = {"allow_interspersed_args": name != "run"}
    app.command(name, cls=Command, context_settings={**_HELP, **mixed})(getattr(module, name))


def _status(app: typer.Typer, words: Sequence[str], called: str) -> int:
    try:
        status = app(args=words, standalone_mode=False, prog_name=called)
    except TyperException as error:
        said = error.format_message().replace("Value error, ", "").rstrip(".")
        raise ConfigurationError(said) from error
    except typer.Abort as error:
        raise KeyboardInterrupt from error
    return status if isinstance(status, int) else 0


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
