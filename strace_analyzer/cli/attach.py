"""`attach`: takes pids, traces them for a while, gives the report; the processes go on."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from typing import Annotated

import typer

from strace_analyzer.cli import options, tracing
from strace_analyzer.cli.values import path, whole_numbers
from strace_analyzer.errors import ConfigurationError
from strace_analyzer.report.formats.registry import DEFAULT, report_format

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|min|h|)")
_UNITS = {"ms": 0.001, "s": 1.0, "": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}


def attach(
    pids: Annotated[
        list[str],
        typer.Argument(metavar="PID...", help="Running processes.", show_default=False),
    ],
    for_: Annotated[
        str | None,
        typer.Option(
            "--for", metavar="TIME", help="Detach after 30s, 5m, 1h.", show_default="until Ctrl-C"
        ),
    ] = None,
    save_trace: tracing.SaveTrace = None,
    stacks: tracing.Stacks = False,
    strace_option: tracing.StraceOption = None,
    format: options.Format = DEFAULT,
    output: options.OutputFile = None,
    rule: options.ReportedRules = None,
    level: options.ShownLevel = None,
    all: options.Everything = False,
    fail_on: tracing.FailOn = None,
    rules: options.RuleFiles = None,
    port_range: options.PortRange = None,
    follow: tracing.Follow = False,
    quiet: options.Quiet = False,
) -> int:
    """Trace running processes, with all their threads, until Ctrl-C; they go on.

    Exit status: 0; 1 where --fail-on is met; 2 where they cannot be traced.
    """
    from strace_analyzer.cli.following import Manner
    from strace_analyzer.cli.following import follow as go_through
    from strace_analyzer.cli.output import destination, unheard
    from strace_analyzer.live.attach import attached
    from strace_analyzer.live.strace import show_everything
    from strace_analyzer.live.watch import Watch

    numbers, trace_file = whole_numbers(pids, "PID"), path(save_trace)
    more = strace_option or []
    form = report_format(format, follow=follow)
    seconds = None if for_ is None else _seconds(for_)
    chosen = tracing.live_settings(
        rule=rule,
        rule_files=rules,
        level=level,
        fail_on=fail_on,
        port_range=port_range,
        all_is_shown=show_everything(more),
    )
    manner = Manner(
        format=form,
        everything=all,
        telling=output is None and (follow or sys.stdout.isatty()),
        viewed=not quiet and sys.stderr.isatty(),
        alone=True,
    )
    status = 0
    with (
        destination(path(output)) as stream,
        attached(numbers, seconds=seconds, save=trace_file, stacks=stacks, options=more) as session,
        unheard(stream),
    ):
        there = replace(chosen.analysis, host_range=session.port_range)
        watch = Watch(session.trace, there, existing=session.existing, may_be_empty=True)
        status = go_through(watch, chosen, stream, manner).exit_status
    tracing.warn(session.copy.failure)
    return status


def _seconds(text: str) -> float:
    """`30s`, `5m`, `1h`, `500ms`, or seconds. Raises ConfigurationError for anything else."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise ConfigurationError(f"--for {text}: no duration, such as 30s, 5m or 1h")
    return float(match[1]) * _UNITS[match[2]]
