"""`check`: takes traces, gives the verdict and its proof. The default command."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from strace_analyzer.cli import options
from strace_analyzer.cli.options import SHOWN, ReportFormat


def check(
    traces: options.Traces = None,
    format: options.Format = ReportFormat.text,
    output: options.OutputFile = None,
    rule: options.ReportedRules = None,
    level: options.ShownLevel = None,
    all: options.Everything = False,
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
    jobs: options.Jobs = None,
    profile: options.Profile = False,
    follow: options.Follow = False,
    quiet: options.Quiet = False,
) -> int:
    """Find who binds to 0.0.0.0 port 0 before connecting, with the lines that prove it.

    Exit status: 0 nothing at or above the gate (--fail-on), 1 something is, 2 cannot judge.
    """
    from strace_analyzer.cli.profile import profiled

    with profiled(profile):
        from strace_analyzer.cli.output import destination
        from strace_analyzer.cli.reading import analysis_of
        from strace_analyzer.cli.settings import settings
        from strace_analyzer.cli.verdict import write_report
        from strace_analyzer.report.gate import judge
        from strace_analyzer.report.selection import Selected

        chosen = settings(
            rule=rule,
            rule_files=rules or (),
            level=level.value if level else None,
            fail_on=fail_on,
            port_range=port_range,
            autobind_reuse=autobind_reuse,
            strict=strict,
            jobs=jobs,
            pids=options.numbers(pid),
            commands=tuple(command or ()),
            since=since,
            until=until,
        )
        if follow or (options.is_piped(traces) and output is None and sys.stdout.isatty()):
            from strace_analyzer.cli.following import follow_trace

            return follow_trace(
                traces, chosen, output, format, everything=all, grows=follow, quiet=quiet
            )
        analysis = analysis_of(traces, chosen.analysis, quiet=quiet)
        selected = Selected(analysis, chosen.selection)
        judgement = judge(selected, chosen.gate)
        with destination(output) as stream:
            write_report(selected, judgement, chosen.gate, stream, format=format, everything=all)
        return judgement.exit_status
