"""The options that mean the same in every command, as typer takes them.

It is long because each stands here once.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, get_args

import typer

from strace_analyzer.cli import values
from strace_analyzer.cli.values import LevelName
from strace_analyzer.report.formats.names import CheckName, ComparisonName, ReportName, TableName
from strace_analyzer.report.moment import Moment, parse_moment
from strace_analyzer.report.redaction import KINDS, parse_kinds

SHOWN = "What is shown"
OUTPUT = "Output"
READING = "Reading"
PORTS = "Local ports"


def switch(*names: str, help: str, panel: str | None = None) -> Any:
    """An option without a value: given or not."""
    return typer.Option(*names, help=help, rich_help_panel=panel)


def choice(name: str, among: Any, help: str, panel: str, *, default: str | None = None) -> Any:
    """The option `name`, whose value is one of the Literal `among`; `default` is shown where that
    is not the parameter's."""
    return typer.Option(
        name,
        metavar="|".join(get_args(among)),
        help=help,
        show_default=True if default is None else default,
        rich_help_panel=panel,
    )


def form_option(among: Any, of: str, remark: str = "") -> Any:
    """The option `--format`: one of `among`, the form of what is written."""
    return choice("--format", among, f"The format of the {of}.{remark}", OUTPUT)


def gate_option(default: str) -> Any:
    """The option `--fail-on`; without it the gate is `default`."""
    return typer.Option(
        "--fail-on",
        autocompletion=_gate_words,
        metavar="LEVEL|RULE|unknown|never",
        help="What makes the exit status 1. Repeatable.",
        show_default=default,
    )


def _gate_words() -> list[str]:
    """What `--fail-on` takes, for the shell to complete."""
    return [*get_args(LevelName), "unknown", "never", *rule_ids()]


def _list_of_kinds(incomplete: str) -> list[str]:
    """What `--redact` takes, behind what is typed of its list."""
    typed, comma, _ = incomplete.rpartition(",")
    return [typed + comma + kind for kind in KINDS if kind not in typed.split(",")]


Traces = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="TRACE",
        help=(
            "Output of strace: a file (also .gz .xz .zst .bz2 .lz4) or URL, a pattern, the "
            "directory or PREFIX of an -ff family, or - for standard input, the default. Each is a "
            "trace of its own."
        ),
        show_default=False,
    ),
]
Since = Annotated[
    Moment | None,
    typer.Option(
        "--since",
        parser=values.parser(parse_moment),
        metavar="TIME",
        help="Only from TIME on: 14:02:11, 1709301662.4, or +3.5s from the beginning.",
        rich_help_panel=SHOWN,
    ),
]
Until = Annotated[
    Moment | None,
    typer.Option(
        "--until",
        parser=values.parser(parse_moment),
        metavar="TIME",
        help="Only up to TIME.",
        rich_help_panel=SHOWN,
    ),
]
Format = Annotated[ReportName, form_option(ReportName, "report")]
CheckFormat = Annotated[CheckName, form_option(CheckName, "report", " parquet only with --merged.")]
FailOn = Annotated[list[str] | None, gate_option("warning")]
MinConnections = Annotated[
    int,
    typer.Option(
        "--min-connections",
        min=0,
        metavar="N",
        help="Exit status 1 also if a trace has fewer outgoing TCP connections: an idle program "
        "shows nothing.",
        show_default=False,
    ),
]
Comparison = Annotated[ComparisonName, form_option(ComparisonName, "comparison")]
Baseline = Annotated[
    Path | None,
    typer.Option(
        "--baseline",
        metavar="REPORT",
        help="Only what is not in this report of --format json.",
        rich_help_panel=SHOWN,
    ),
]
Suppressions = Annotated[
    Path | None,
    typer.Option(
        "--suppressions",
        metavar="FILE",
        help="Leave out what this file names by fingerprint, with a reason (TOML).",
        show_default=False,
        rich_help_panel=SHOWN,
    ),
]
Table = Annotated[TableName, form_option(TableName, "table")]
Redact = Annotated[
    frozenset[str] | None,
    typer.Option(
        "--redact",
        parser=values.parser(parse_kinds),
        autocompletion=_list_of_kinds,
        metavar=",".join(KINDS),
        help="Replace these with tokens: addr-1, path-1, cmd-1.",
        show_default=False,
        rich_help_panel=OUTPUT,
    ),
]
OutputFile = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        parser=values.parser(values.output_file),
        metavar="FILE",
        help="Write the report to FILE, whole or not at all.",
        rich_help_panel=OUTPUT,
    ),
]
Pids = Annotated[
    list[int] | None,
    typer.Option(
        "--pid",
        min=0,
        metavar="PID",
        help="Only the process with this process or thread id. Repeatable.",
        show_default=False,
        rich_help_panel=SHOWN,
    ),
]
Commands = Annotated[
    list[str] | None,
    typer.Option(
        "--command",
        metavar="GLOB",
        help="Only processes that ran a program of this name or path. Repeatable.",
        show_default=False,
        rich_help_panel=SHOWN,
    ),
]


Strict = Annotated[
    bool,
    switch("--strict", help="Examine every line, even those that cannot matter.", panel=READING),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs",
        min=1,
        metavar="N",
        help="Number of processes to use: any number for many traces, 1 or 2 for a single one.",
        show_default="as many as there are processors",
        rich_help_panel=READING,
    ),
]
FilesFrom = Annotated[
    str | None,
    typer.Option(
        "--files-from",
        metavar="FILE",
        help="Read the names of traces from FILE, one per line; - is standard input.",
        rich_help_panel=READING,
    ),
]
MergedReport = Annotated[
    bool,
    switch(
        "--merged",
        help="One report of all traces: by host, program, cause, day. The default for text and "
        "more than 8 traces.",
        panel=SHOWN,
    ),
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        metavar="ADDRESS|FILE",
        help="Read the traces on the workers of a Dask cluster: tcp://HOST:PORT, or its scheduler "
        "file.",
        rich_help_panel=READING,
    ),
]
CacheDirectory = Annotated[
    Path | None,
    typer.Option(
        "--cache",
        metavar="DIR",
        help="Keep the result for each trace, and read only new ones.",
        rich_help_panel=READING,
    ),
]
Label = Annotated[
    str | None,
    typer.Option(
        "--label",
        metavar="TEMPLATE|REGEX",
        help="The host of a trace from its path, in a merged report: {parent}, {name}, {stem}, "
        "or the first group of a regular expression.",
        show_default="{parent}",
        rich_help_panel=SHOWN,
    ),
]
Profile = Annotated[
    bool, switch("--profile", help="Print on standard error where the time went.", panel=READING)
]
Quiet = Annotated[
    bool, switch("--quiet", "-q", help="Nothing on standard error but errors.", panel=OUTPUT)
]


def rule_ids() -> list[str]:
    """The rules that are built in, for the shell to complete."""
    from strace_analyzer.rules import catalogue

    return [item.id for item in catalogue()]


ReportedRules = Annotated[
    list[str] | None,
    typer.Option(
        "--rule",
        autocompletion=rule_ids,
        metavar="ID",
        help="Only this rule is reported and counts for the exit status. Repeatable.",
        show_default=False,
        rich_help_panel=SHOWN,
    ),
]
ShownLevel = Annotated[
    LevelName | None,
    choice("--level", LevelName, "Only findings from this level on.", SHOWN, default="note"),
]
Everything = Annotated[
    bool, switch("--all", help="Shorten nothing, and list every finding.", panel=SHOWN)
]
WholeTables = Annotated[bool, switch("--all", help="Shorten no table.", panel=SHOWN)]
Follow = Annotated[
    bool,
    switch(
        "--follow",
        help="Print each finding as it comes; keep reading as FILE grows, like tail -F.",
        panel=READING,
    ),
]
RuleFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--rules",
        metavar="FILE|DIR",
        help=(
            "Also run the rules of this Python file, or of the files in this directory. Repeatable."
        ),
        show_default=False,
        rich_help_panel=READING,
    ),
]
Lean = Annotated[
    bool,
    switch(
        "--lean",
        help="Trace no call that carries data: cheaper; which side closed first is not shown.",
    ),
]
Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="Use this configuration file, and run the rules that it names.",
        show_default="strace-analyzer.toml here or above",
        rich_help_panel=READING,
    ),
]
PortRange = Annotated[
    values.Ports | None,
    typer.Option(
        "--port-range",
        parser=values.parser(values.ports),
        metavar="LO-HI",
        help="net.ipv4.ip_local_port_range of the traced machine.",
        show_default="32768-60999",
        rich_help_panel=PORTS,
    ),
]
SocketLists = Annotated[
    list[Path] | None,
    typer.Option(
        "--ss",
        exists=True,
        dir_okay=False,
        allow_dash=False,
        metavar="FILE",
        help=(
            "The sockets of the traced machine: ss -tanp, ss -uanp, /proc/net/tcp or udp. "
            "Repeatable."
        ),
        show_default=False,
        rich_help_panel=PORTS,
    ),
]
AutobindReuse = Annotated[
    bool,
    switch(
        "--autobind-reuse", help="The traced machine has net.ipv4.ip_autobind_reuse=1.", panel=PORTS
    ),
]
