"""Takes the words of the command line, gives them to the command they name (`check` when they
name none); what goes wrong by the user's fault becomes a line on standard error and a status."""

from __future__ import annotations

import os
import sys

from strace_analyzer.cli.status import CANNOT_JUDGE, FAILED, INTERRUPTED
from strace_analyzer.errors import StraceAnalyzerError

COMMANDS = ("check", "sockets", "ports", "run", "attach", "command", "rules", "rule")
"""Each has a module of its name here, with a function of its name."""
_OF_THE_WHOLE = ("-h", "--help", "--version")


def run(argv: list[str]) -> int:
    """Runs one command and gives its status: 2 for errors, 125 from `run`, whose other statuses are
    the program's."""
    try:
        return _run(with_default(argv))
    except StraceAnalyzerError as error:
        print(f"strace-analyzer: {error}", file=sys.stderr)
        return FAILED if argv[:1] == ["run"] else CANNOT_JUDGE
    except BrokenPipeError:
        # The reader has gone, `| head` for one. What is still buffered must not complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return INTERRUPTED


def with_default(argv: list[str]) -> list[str]:
    """`trace.txt` as `check trace.txt`, and nothing at all as `check`."""
    if argv and argv[0] in (*COMMANDS, *_OF_THE_WHOLE):
        return argv
    return ["check", *argv]


def _run(words: list[str]) -> int:
    command, *rest = words
    if command == "check" and not any(word.startswith("-") for word in rest if word != "-"):
        # Names of traces and no option: nothing to parse, and typer with its pydantic takes longer
        # to load than a small trace to analyse.
        from strace_analyzer.cli.checking import check_traces
        from strace_analyzer.cli.settings import settings

        return check_traces(rest, settings())
    from strace_analyzer.cli.commands import run_command, run_whole

    return run_command(command, rest) if command in COMMANDS else run_whole(words, COMMANDS)
