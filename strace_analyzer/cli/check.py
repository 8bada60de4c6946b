"""`check`: takes traces, gives the verdict and its proof. The default command."""

from strace_analyzer.cli import options
from strace_analyzer.report.formats.names import DEFAULT


def check(
    traces: options.Traces = None,
    format: options.CheckFormat = DEFAULT,
    output: options.OutputFile = None,
    redact: options.Redact = None,
    rule: options.ReportedRules = None,
    level: options.ShownLevel = None,
    all: options.Everything = False,
    pid: options.Pids = None,
    command: options.Commands = None,
    since: options.Since = None,
    until: options.Until = None,
    fail_on: options.FailOn = None,
    min_connections: options.MinConnections = 0,
    baseline: options.Baseline = None,
    suppressions: options.Suppressions = None,
    rules: options.RuleFiles = None,
    port_range: options.PortRange = None,
    autobind_reuse: options.AutobindReuse = False,
    ss: options.SocketLists = None,
    strict: options.Strict = False,
    jobs: options.Jobs = None,
    files_from: options.FilesFrom = None,
    merged: options.MergedReport = False,
    label: options.Label = None,
    scheduler: options.Scheduler = None,
    cache: options.CacheDirectory = None,
    profile: options.Profile = False,
    follow: options.Follow = False,
    config: options.Config = None,
    quiet: options.Quiet = False,
) -> int:
    """Find who binds to 0.0.0.0 port 0 before connecting, with the lines that prove it.

    Exit status: 0 if no finding is at or above the gate (--fail-on), 1 if one is, 2 if it cannot
    judge.
    """
    from strace_analyzer.cli.profile import profiled

    with profiled(profile):
        from strace_analyzer.cli.checking import check_traces
        from strace_analyzer.cli.many import Many
        from strace_analyzer.cli.settings import settings
        from strace_analyzer.cli.values import listed_in

        chosen = settings(
            rule=rule,
            rule_files=rules or (),
            level=level,
            fail_on=fail_on,
            min_connections=min_connections,
            port_range=port_range,
            autobind_reuse=autobind_reuse,
            ss=ss or (),
            strict=strict,
            jobs=jobs,
            config=config,
            baseline=baseline,
            redact=redact,
            suppressions=suppressions,
            pids=frozenset(pid or ()),
            commands=tuple(command or ()),
            since=since,
            until=until,
        )
        return check_traces(
            traces if files_from is None else [*(traces or ()), *listed_in(files_from)],
            chosen,
            format,
            output,
            everything=all,
            follow=follow,
            quiet=quiet,
            many=Many(merged, label, jobs, scheduler, cache),
        )
