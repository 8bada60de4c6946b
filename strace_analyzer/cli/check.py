"""`check`: takes traces, gives the verdict and its proof. The default command."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from strace_analyzer.cli import options
from strace_analyzer.cli.options import SHOWN, LevelName


class CheckFormat(StrEnum):
    """The forms of the report."""

    text = "text"
    json = "json"
    jsonl = "jsonl"
    concise = "concise"


def check(
    traces: options.Traces = None,
    format: Annotated[
        CheckFormat,
        typer.Option("--format", help="The form of the report.", rich_help_panel=options.OUTPUT),
    ] = CheckFormat.text,
    output: options.OutputFile = None,
    rule: Annotated[
        list[str] | None,
        typer.Option(
            "--rule",
            metavar="ID",
            help="Only this rule is reported and counts for the exit status. Repeatable.",
            show_default=False,
            rich_help_panel=SHOWN,
        ),
    ] = None,
    level: Annotated[
        LevelName | None,
        typer.Option(
            "--level",
            help="Only findings from this level on.",
            show_default="note",
            rich_help_panel=SHOWN,
        ),
    ] = None,
    all: Annotated[
        bool,
        typer.Option(
            "--all",
            metavar="",
            help="Shorten nothing, and list every finding.",
            rich_help_panel=SHOWN,
        ),
    ] = False,
    pid: options.Pids = None,
    command: options.Commands = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            metavar="TIME",
            help="Only from TIME on: 14:02:11, 1709301662.4, or +3.5 s from the beginning.",
            rich_help_panel=SHOWN,
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option("--until", metavar="TIME", help="Only up to TIME.", rich_help_panel=SHOWN),
    ] = None,
    fail_on: Annotated[
        list[str] | None,
        typer.Option(
            "--fail-on",
            metavar="LEVEL|RULE|unknown|never",
            help="What makes the exit status 1. Repeatable.",
            show_default="warning",
        ),
    ] = None,
    rules: options.RuleFiles = None,
    port_range: options.PortRange = None,
    autobind_reuse: options.AutobindReuse = False,
    strict: options.Strict = False,
    quiet: options.Quiet = False,
) -> int:
    """Find who binds to 0.0.0.0 port 0 before connecting, with the lines that prove it.

    Exit status: 0 nothing at or above the gate (--fail-on), 1 something is, 2 cannot judge.
    """
    from strace_analyzer.cli.output import destination, write
    from strace_analyzer.cli.reading import analysis_of
    from strace_analyzer.cli.settings import settings
    from strace_analyzer.report.gate import judge
    from strace_analyzer.report.selection import Selected

    chosen = settings(
        rule=rule,
        rule_files=rules or (),
        level=level.value if level else None,
        fail_on=fail_on,
        port_range=port_range,
        autobind_reuse=autobind_reuse,
        pids=options.numbers(pid),
        commands=tuple(command or ()),
        since=since,
        until=until,
    )
    analysis = analysis_of(traces, chosen.analysis, quiet=quiet)
    selected = Selected(analysis, chosen.selection)
    judgement = judge(selected, chosen.gate)
    with destination(output) as stream:
        if format is CheckFormat.text:
            from strace_analyzer.cli.console import console, show
            from strace_analyzer.report.text.page import page

            target = console(stream)
            show(page(selected, judgement, chosen.gate, width=target.width, everything=all), target)
        elif format is CheckFormat.json:
            from strace_analyzer.report.json import report as json_report

            write(json_report(selected, judgement), stream)
        elif format is CheckFormat.jsonl:
            from strace_analyzer.report.jsonl import report as lines_report

            write(lines_report(selected, judgement), stream)
        else:
            from strace_analyzer.report.concise import report as concise_report

            write(concise_report(selected, judgement), stream)
    return judgement.exit_status
