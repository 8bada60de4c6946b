"""`tree`: takes traces, gives the tree of their processes, with each one's sockets and findings."""

from typing import Annotated

from strace_analyzer.cli import options
from strace_analyzer.report.formats.names import DEFAULT, TreeName


def tree(
    traces: options.Traces = None,
    format: Annotated[TreeName, options.form_option(TreeName, "tree")] = DEFAULT,
    output: options.OutputFile = None,
    redact: options.Redact = None,
    strict: options.Strict = False,
    jobs: options.Jobs = None,
    config: options.Config = None,
    quiet: options.Quiet = False,
) -> int:
    """Show the tree of processes: what they ran, for how long, their end, sockets, findings.

    Exit status: 0, or 2 if not all of the trace could be read.
    """
    from strace_analyzer.cli.output import destination
    from strace_analyzer.cli.reading import analysis_of, interrupted
    from strace_analyzer.cli.say import say
    from strace_analyzer.cli.settings import settings
    from strace_analyzer.report.cannot_tell import exit_status, not_read
    from strace_analyzer.report.formats.format import Table
    from strace_analyzer.report.formats.registry import table_format
    from strace_analyzer.report.selection import Selected
    from strace_analyzer.report.text import console
    from strace_analyzer.report.text.tree import page
    from strace_analyzer.report.tree import branches, objects

    chosen = settings(processes=True, strict=strict, jobs=jobs, config=config, redact=redact)
    analysis = analysis_of(traces, chosen.analysis, quiet=quiet)
    if chosen.selection.redaction is not None:
        analysis = chosen.selection.redaction.analysis(analysis)
    selected = Selected(analysis)
    lacks = not_read(selected)
    roots = [(trace.name, branches(analysis, trace.id)) for trace in analysis.traces]
    table = Table(
        name="processes",
        columns={},
        rows=tuple,
        objects=lambda: (item for _, found in roots for item in objects(found)),
        page=lambda stream: console.write(stream, lambda target: page(roots, target, lacks)),
        doubts=[lack.document() for lack in lacks],
    )
    if format != DEFAULT:
        say(f"cannot tell: {lack.reason}" for lack in lacks)
    with destination(output, format, traces or ["-"], interrupted(analysis)) as stream:
        table_format(format).write(table, stream)
    return exit_status(selected, lacks)
