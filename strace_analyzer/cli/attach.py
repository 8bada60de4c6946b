"""`attach`: takes pids, traces them for a while, gives the report; the processes go on."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated, Any

import typer

from strace_analyzer.cli import options, tracing, values
from strace_analyzer.cli.say import say
from strace_analyzer.cli.status import CANNOT_JUDGE
from strace_analyzer.errors import ConfigurationError
from strace_analyzer.report.formats.names import DEFAULT
from strace_analyzer.report.formats.registry import report_format


def attach(
    pids: Annotated[
        list[int] | None,
        typer.Argument(
            parser=values.parser(values.process),
            metavar="PID",
            help="Running processes.",
            show_default=False,
        ),
    ] = None,
    tree: Annotated[
        list[int] | None,
        typer.Option(
            "--tree",
            parser=values.parser(values.process),
            metavar="PID",
            help="This process and all its descendants, such as nginx by its master. Repeatable.",
            show_default=False,
        ),
    ] = None,
    name: Annotated[
        list[str] | None,
        typer.Option(
            "--name",
            parser=values.parser(values.name("the name of a program")),
            metavar="NAME",
            help="All processes of this program or script; * and ? as in the shell. Repeatable.",
            show_default=False,
        ),
    ] = None,
    cgroup: Annotated[
        list[str] | None,
        typer.Option(
            "--cgroup",
            parser=values.parser(values.name("a control group or container")),
            metavar="PATH",
            help="All processes of this control group, or of the container with this id. "
            "Repeatable.",
            show_default=False,
        ),
    ] = None,
    for_: Annotated[
        float | None,
        typer.Option(
            "--for",
            parser=values.parser(values.some_time),
            metavar="TIME",
            help="Detach after 30s, 5m, 1h.",
            show_default="until Ctrl-C",
        ),
    ] = None,
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
    follow: tracing.Follow = False,
    config: options.Config = None,
    quiet: options.Quiet = False,
) -> int:
    """Trace running processes, with all threads and new children, until Ctrl-C; they go on running.

    --name and --cgroup are looked up once, at the start. Processes are many times slower while they
    are traced. Exit status: 0; 1 if --fail-on is met; 2 if they cannot be traced, or nothing was
    found and not everything was seen.
    """
    from strace_analyzer.cli.following import Manner
    from strace_analyzer.cli.following import follow as go_through
    from strace_analyzer.cli.output import destination, unheard
    from strace_analyzer.live.attach import attached
    from strace_analyzer.live.holders import listing
    from strace_analyzer.live.strace import show_everything
    from strace_analyzer.live.targets import Targets, not_traced
    from strace_analyzer.live.watch import Watch

    targets = Targets(pids or (), tree or (), name or (), cgroup or ())
    if not any(targets):
        raise ConfigurationError("attach to what? PID, --tree PID, --name NAME or --cgroup PATH")
    more = strace_option or []
    form = report_format(format, follow=follow)
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
    chosen.check_follow(follow)
    manner = Manner(
        format=form,
        everything=all,
        telling=output is None and (follow or sys.stdout.isatty()),
        viewed=not quiet and sys.stderr.isatty(),
        alone=True,
    )
    status = 0
    with (
        destination(output, format) as stream,
        attached(
            targets,
            before=partial(_announce, targets, lean=lean, seconds=for_, quiet=quiet),
            seconds=for_,
            save=save_trace,
            stacks=stacks,
            lean=lean,
            options=more,
        ) as session,
        unheard(stream),
    ):
        there = replace(
            chosen.analysis,
            host_range=session.there.port_range,
            autobind_reuse=session.there.autobind_reuse,
            tw_reuse=session.there.tw_reuse,
            ask_machine=None if session.network is None else partial(listing, session.network),
        )
        if session.untraced and not quiet:
            say([not_traced(session.untraced)])
        watch = Watch(
            session.trace,
            there,
            existing=session.existing,
            may_be_empty=True,
            apart=session.untraced,
            headed=session.copy.begins_with.count(b"\n"),
        )
        status = go_through(watch, chosen, stream, manner).exit_status
    if session.copy.failure is not None:
        say([session.copy.failure])
        return CANNOT_JUDGE
    return status


def _announce(
    targets: Any, processes: Sequence[int], *, lean: bool, seconds: float | None, quiet: bool
) -> None:
    """Whom it will disturb, how much (docs/live.md, what it costs), and who is left out."""
    from strace_analyzer.live.targets import described

    if quiet:
        return
    until = "until Ctrl-C" if seconds is None else f"for {seconds:g} s or until Ctrl-C"
    less = "" if lean else "; --lean records about half as much"
    say(
        [
            f"attaching to {described(processes)}, {until}",
            "each traced call stops the program: one measured example, a node server, took 13 to "
            f"18 s for 800 requests instead of 0.5 to 0.9 s{less}",
        ]
    )
    if targets.names or targets.cgroups:
        say(["only these and what they start are traced, not what else begins later"])
