"""The options that `run` and `attach` share, and what they make of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from strace_analyzer.cli import options, values
from strace_analyzer.cli.settings import UserSettings, settings

STRACE = "strace"
NEVER = ("never",)

SaveTrace = Annotated[
    Path | None,
    typer.Option(
        "--save-trace",
        parser=values.parser(values.saved_file),
        metavar="FILE",
        help="Keep the trace.",
        rich_help_panel=STRACE,
    ),
]
Stacks = Annotated[
    bool,
    options.switch(
        "--stacks", help="Name the function that called bind() (strace -k; slow).", panel=STRACE
    ),
]
StraceOption = Annotated[
    list[str] | None,
    typer.Option(
        "--strace-option",
        metavar="OPTION",
        help="One more word for strace: --strace-option=-v. Repeatable.",
        show_default=False,
        rich_help_panel=STRACE,
    ),
]
Follow = Annotated[bool, options.switch("--follow", help="Tell each finding as it comes.")]
FailOn = Annotated[list[str] | None, options.gate_option("never")]


def live_settings(
    *,
    rule: Sequence[str] | None,
    rule_files: Sequence[Path] | None,
    level: str | None,
    fail_on: Sequence[str] | None,
    port_range: tuple[int, int] | None,
    config: Path | None,
    redact: Iterable[str] | None,
    suppressions: Path | None,
    all_is_shown: bool,
) -> UserSettings:
    """As for `check`, but only a `--fail-on` that was typed counts; of this machine and now."""
    from strace_analyzer.live.holders import listing
    from strace_analyzer.machine.facts import of_this_machine

    facts = of_this_machine()
    chosen = settings(
        rule=rule,
        rule_files=rule_files or (),
        level=level,
        fail_on=fail_on or NEVER,
        port_range=port_range,
        autobind_reuse=facts.autobind_reuse,
        config=config,
        redact=redact,
        suppressions=suppressions,
    )
    here = replace(
        chosen.analysis,
        host_range=facts.port_range,
        tw_reuse=facts.tw_reuse,
        ask_machine=listing,
        nothing_hidden=all_is_shown,
    )
    return chosen._replace(analysis=here)
