"""`run`: takes a program and its arguments, runs it under strace, gives the report on standard
error and the program's exit status."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, TextIO

import typer

from strace_analyzer.cli import options, tracing
from strace_analyzer.cli.say import say
from strace_analyzer.cli.status import FAILED
from strace_analyzer.report.formats.names import DEFAULT
from strace_analyzer.report.formats.registry import report_format


def run(
    program: Annotated[
        list[str],
        typer.Argument(metavar="CMD", help="The program to run.", show_default=False),
    ],
    save_trace: tracing.SaveTrace = None,
    stacks: tracing.Stacks = False,
    lean: options.Lean = False,
    strace_option: tracing.StraceOption = None,
    format: options.Format = DEFAULT,
    output: options.OutputFile = None,
    redact: options.Redact = None,
    rule: options.ReportedRules = None,
    level: options.ShownLevel = None,
    all: options.Everything = False,
    fail_on: tracing.FailOn = None,
    suppressions: options.Suppressions = None,
    rules: options.RuleFiles = None,
    port_range: options.PortRange = None,
    config: options.Config = None,
    quiet: options.Quiet = False,
) -> int:
    """Run a program under strace; report on standard error, or to -o FILE.

    Exit status: the program's own, 128+N after signal N; 125 if strace-analyzer itself failed or
    could not write; 1 if --fail-on is met and the program succeeded.
    """
    from strace_analyzer.cli.following import Manner, follow
    from strace_analyzer.cli.output import unheard
    from strace_analyzer.live.run import running, script_run_by
    from strace_analyzer.live.strace import show_everything
    from strace_analyzer.live.watch import Watch

    more = strace_option or []
    form = report_format(format)
    chosen = tracing.live_settings(
        rule=rule,
        rule_files=rules,
        level=level,
        fail_on=fail_on,
        port_range=port_range,
        config=config,
        redact=redact,
        suppressions=suppressions,
        all_is_shown=show_everything(more),
    ).keeping_sockets(form.sockets)
    named = replace(chosen.analysis, started_script=script_run_by(program))
    chosen = chosen._replace(analysis=named)
    # What the program says on a terminal must not be overwritten: it is only shown how far we are
    # where the program's output goes elsewhere.
    viewed = not quiet and sys.stderr.isatty() and not sys.stdout.isatty()
    manner = Manner(
        format=form,
        everything=all,
        telling=output is None and (viewed or form.name != DEFAULT),
        viewed=viewed,
    )
    judgement = None
    with (
        _report_to(output, format) as stream,
        running(program, save=save_trace, stacks=stacks, lean=lean, options=more) as session,
        unheard(stream),
    ):
        watch = Watch(session.trace, chosen.analysis, may_be_empty=True, program=program[0])
        judgement = follow(watch, chosen, stream, manner)
    if session.copy.failure is not None:
        say([session.copy.failure])
        return FAILED
    if session.status == 0 and judgement is not None and not chosen.gate.is_never:
        return FAILED if judgement.exit_status > 1 else judgement.exit_status
    return session.status


@contextmanager
def _report_to(file: Path | None, format: str) -> Iterator[TextIO]:
    from strace_analyzer.cli.output import destination, end_well, take_any_character

    end_well()
    if file is None:
        take_any_character(sys.stderr, format)
        yield sys.stderr
        return
    with destination(file, format) as stream:
        yield stream
