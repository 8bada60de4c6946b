"""Takes the words of the command line, gives them to the command they name (`check` when they
name none)."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer
from typer.exceptions import TyperException

from strace_analyzer.cli.attach import attach
from strace_analyzer.cli.check import check
from strace_analyzer.cli.command import command
from strace_analyzer.cli.ports import ports
from strace_analyzer.cli.rule import rule
from strace_analyzer.cli.rules import rules
from strace_analyzer.cli.run import FAILED
from strace_analyzer.cli.run import run as run_program
from strace_analyzer.cli.sockets import sockets
from strace_analyzer.errors import StraceAnalyzerError

CANNOT_JUDGE = 2
INTERRUPTED = 130

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
app.command()(check)
app.command()(sockets)
app.command()(ports)
# what follows the program's name is the program's
app.command("run", context_settings={"allow_interspersed_args": False})(run_program)
app.command()(attach)
app.command()(command)
app.command()(rules)
app.command()(rule)


def _version(asked: bool) -> None:
    if asked:
        from strace_analyzer.cli.version import version_line

        print(version_line())
        raise typer.Exit


@app.callback()
def strace_analyzer(
    version: Annotated[
        bool,
        typer.Option(
            "--version", metavar="", callback=_version, is_eager=True, help="Show the version."
        ),
    ] = False,
) -> None:
    """Find who binds to 0.0.0.0 port 0 before connecting, in the output of strace."""


def run(argv: list[str]) -> int:
    """Runs one command. Errors by the user's fault are one line on standard error and status 2,
    125 from `run`, whose other statuses are the program's."""
    failed = FAILED if argv[:1] == ["run"] else CANNOT_JUDGE
    try:
        status = app(args=with_default(argv), standalone_mode=False, prog_name="strace-analyzer")
    except TyperException as error:
        return _fail(error.format_message().replace("Value error, ", "").rstrip("."), failed)
    except StraceAnalyzerError as error:
        return _fail(str(error), failed)
    except BrokenPipeError:
        # The reader has gone, `| head` for one. What is still buffered must not complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    return status if isinstance(status, int) else 0


def with_default(argv: list[str]) -> list[str]:
    """`trace.txt` as `check trace.txt`, and nothing at all as `check`."""
    names = {
        entry.name or entry.callback.__name__ for entry in app.registered_commands if entry.callback
    }
    if argv and (argv[0] in names or argv[0] in ("-h", "--help", "--version")):
        return argv
    return ["check", *argv]


def _fail(message: str, status: int) -> int:
    print(f"strace-analyzer: {message}", file=sys.stderr)
    return status
