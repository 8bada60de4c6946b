"""The commands as typer knows them; what goes wrong by the user's fault becomes a line on standard
error and a status."""

from __future__ import annotations

import inspect
import os
import shutil
import sys
from collections.abc import Callable
from difflib import get_close_matches
from glob import escape, glob
from typing import Annotated, Any

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup

from strace_analyzer.cli.attach import attach
from strace_analyzer.cli.check import check
from strace_analyzer.cli.collect import collect
from strace_analyzer.cli.command import command
from strace_analyzer.cli.compare import compare
from strace_analyzer.cli.events import events
from strace_analyzer.cli.holders import holders
from strace_analyzer.cli.overwriting import refuse_to_overwrite
from strace_analyzer.cli.ports import ports
from strace_analyzer.cli.rule import rule
from strace_analyzer.cli.rules import rules
from strace_analyzer.cli.run import run
from strace_analyzer.cli.say import say
from strace_analyzer.cli.sockets import sockets
from strace_analyzer.cli.status import CANNOT_JUDGE, FAILED
from strace_analyzer.cli.summary import summary
from strace_analyzer.cli.tree import tree
from strace_analyzer.errors import (
    AllUnreadableError,
    NoInputError,
    NotReplacedError,
    StraceAnalyzerError,
)
from strace_analyzer.plain import shell_line, shell_word
from strace_analyzer.report.version import TOOL
from strace_analyzer.starting import INTERRUPTED

DEFAULT = "check"
_TAKES_NOTHING = {
    "collect": "It prints a script: strace-analyzer collect > collect.sh; sh collect.sh PID|NAME",
    "holders": "Another network namespace than this one: holders --netns PID",
    "rules": "One rule with its examples: strace-analyzer rule ID",
}
"""what those mean who give an argument to a command that takes none"""


class Commands(TyperGroup):
    """The commands, of which `check` need not be named."""

    def get_params(self, ctx: Any) -> list[Any]:
        """The parameters that stand before the name of a command."""
        return _without_types(super().get_params(ctx))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Takes the words after the program's name; sets the parameters of the context."""
        return super().parse_args(ctx, self._with_command(ctx, args))

    def invoke(self, ctx: Any) -> Any:
        """Runs the command, and leaves with the status that it gives: of our own failures 2, and
        125 from `run`, whose other statuses are the program's."""
        try:
            status = super().invoke(ctx)
        except typer.TyperException as error:
            error.exit_code = self._failed(ctx)
            said = error.format_message()
            if said.startswith("Got unexpected extra") and ctx.invoked_subcommand in _TAKES_NOTHING:
                error.message = f"{said}. {_TAKES_NOTHING[ctx.invoked_subcommand]}"
            raise
        except KeyboardInterrupt:  # what typer says depends on its version
            say(["interrupted"])
            status = INTERRUPTED
        except StraceAnalyzerError as error:
            from strace_analyzer.report.complaints import refusals

            reasons = error.reasons if isinstance(error, AllUnreadableError) else (str(error),)
            say(refusals(reasons))
            if isinstance(error, NoInputError):
                print(error.help, file=sys.stderr)
            status = self._failed(ctx)
            if isinstance(error, NotReplacedError):
                status = 128 + error.signal
        raise typer.Exit(status)

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        """The commands, and the options of the one that need not be named."""
        return [
            *super().shell_complete(ctx, incomplete),
            *self.commands[DEFAULT].shell_complete(ctx, incomplete),
        ]

    def _failed(self, ctx: Any) -> int:
        return FAILED if ctx.invoked_subcommand == run.__name__ else CANNOT_JUDGE

    def _with_command(self, ctx: Any, words: list[str]) -> list[str]:
        """`trace.txt` as `check trace.txt`, `help` as `--help`, and nothing at all as `check`."""
        if not words:
            return [] if ctx.resilient_parsing else [DEFAULT]
        first, *rest = words
        if first in self.commands or first in _options(self, ctx):
            return words
        if first in ("help", "version") and not _is_there(first):
            return ["--version"] if first == "version" else [*rest[:1], "--help"]
        return [DEFAULT, *words]


class PlainCommand(TyperCommand):
    """One command, whose help page shows words for values and no types of Python."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Its parameters."""
        return _without_types(super().get_params(ctx))


class Guarded(PlainCommand):
    """One command, which does not begin where it would write over what it reads."""

    def invoke(self, ctx: Any) -> Any:
        """Runs it; gives its exit status."""
        refuse_to_overwrite(ctx.params)
        return super().invoke(ctx)


class Check(Guarded):
    """The command that need not be named: it gets what is meant for another, too."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Takes the words after `check`; sets the parameters of the context."""
        words = list(args)
        try:
            rest = super().parse_args(ctx, args)
        except typer.TyperException as error:
            if hint := _hint(words, ctx.parent):
                error.message = f"{error.message.rstrip('.')}. {hint}"
            raise
        is_trace = words and words[0] in (ctx.params["traces"] or ())
        if is_trace and not ctx.resilient_parsing and (hint := _hint(words, ctx.parent)):
            ctx.fail(f"No such file: '{words[0]}'. {hint}")
        return rest


def _hint(words: list[str], program: Any) -> str:
    """What to say to those who name a process, a program, a line or a command where a trace
    belongs; empty if `words` begin with none."""
    first, *rest = words
    if first == "-p" or (first.startswith("-p") and first[2:].isdecimal()):
        pid = first[2:] or next(iter(rest), "PID")
        return f"To trace a process that runs: {TOOL} attach {pid}"
    if _is_there(first):
        return ""
    if first.startswith("--"):
        near = get_close_matches(first, _options(program.command, program), n=1)
        return f"Did you mean '{TOOL} {near[0]}'?" if near else ""
    if first.isalpha() and (near := get_close_matches(first, program.command.commands, n=1)):
        return f"Did you mean the command '{near[0]}'?"
    file, _, line = first.rpartition(":")
    if line.isdecimal() and os.path.isfile(file):
        return f"What is on this line: {TOOL} sockets {shell_word(first)}"
    if first.isdecimal() and os.path.exists(f"/proc/{first}"):
        return f"To trace the process: {TOOL} attach {first}"
    if "/" not in first and shutil.which(first) is not None:
        return f"To run the program: {TOOL} run -- {shell_line(words)}"
    return ""


def _without_types(params: list[Any]) -> list[Any]:
    """`TRACE` instead of `TRACE <list[str]>`, `--help` instead of `--help <bool>`."""
    for param in params:
        if isinstance(param, TyperArgument):
            param.display_type_rich = lambda ctx: None  # type: ignore[method-assign]
        elif param.metavar is None:
            param.metavar = ""
    return params


def _options(command: Any, ctx: Any) -> set[str]:
    return {name for param in command.get_params(ctx) for name in param.opts}


def _is_there(name: str) -> bool:
    """There is a file of this name, or an -ff family with this prefix."""
    return os.path.exists(name) or bool(glob(f"{escape(name)}.*"))


def _help(function: Callable[..., int]) -> str:
    """Its docstring, a line for each paragraph: a terminal folds it where it is narrow."""
    return "\n\n".join(
        " ".join(part.split("\n")) for part in (inspect.getdoc(function) or "").split("\n\n")
    )


app = typer.Typer(
    name=TOOL,
    cls=Commands,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=(
        "[bold]strace-analyzer trace.txt[/] and [bold]strace -f CMD 2>&1 | strace-analyzer[/]"
        " are short for [bold]check[/]. Its options: [bold]strace-analyzer check --help[/]."
        " For a file with the name of a command, use ./NAME."
    ),
)
app.command(cls=Check, help=_help(check))(check)
app.command(cls=Guarded, help=_help(sockets))(sockets)
app.command(cls=Guarded, help=_help(ports))(ports)
app.command(cls=Guarded, help=_help(compare))(compare)
app.command(cls=Guarded, help=_help(events))(events)
app.command(cls=Guarded, help=_help(summary))(summary)
app.command(cls=Guarded, help=_help(tree))(tree)
# what follows the name of the program to run is the program's
app.command(cls=Guarded, context_settings={"allow_interspersed_args": False}, help=_help(run))(run)
app.command(
    cls=PlainCommand, context_settings={"allow_interspersed_args": False}, help=_help(command)
)(command)
app.command(cls=Guarded, help=_help(attach))(attach)
app.command(cls=Guarded, help=_help(holders))(holders)
app.command(cls=PlainCommand, help=_help(collect))(collect)
app.command(cls=PlainCommand, help=_help(rules))(rules)
app.command(cls=PlainCommand, help=_help(rule))(rule)


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
            "--version",
            "-V",
            callback=_version,
            is_eager=True,
            help="Show the version.",
        ),
    ] = False,
) -> None:
    """Find who binds to 0.0.0.0 port 0 before connecting, in the output of strace."""
