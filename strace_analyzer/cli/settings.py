"""Takes the options typed and the configuration in force, gives what is reported and what fails."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import NamedTuple

from strace_analyzer.analysis import Settings
from strace_analyzer.analysis.listed import of_file
from strace_analyzer.cli.configuration import configuration, current_directory
from strace_analyzer.errors import ConfigurationError, TraceError
from strace_analyzer.machine import Listing
from strace_analyzer.machine import together as together_listed
from strace_analyzer.report.cause import Cause, of_document
from strace_analyzer.report.gate import LEVELS, Gate, parse_gate
from strace_analyzer.report.moment import Moment
from strace_analyzer.report.nearest import nearest
from strace_analyzer.report.redaction import Redaction
from strace_analyzer.report.saved import report_in
from strace_analyzer.report.selection import Selection
from strace_analyzer.report.suppression import read
from strace_analyzer.rules import Rule, catalogue
from strace_analyzer.rules.load import installed_rules, rules_in, together


class UserSettings(NamedTuple):
    """Everything that was asked for, whether typed or written."""

    selection: Selection
    gate: Gate
    analysis: Settings
    rule_files: tuple[Path, ...] = ()
    """where rules of the user's own are"""

    def check_follow(self, follow: bool) -> None:
        """Raises ConfigurationError if findings are to be told as they come and a group may turn
        out to be suppressed."""
        if follow and self.selection.suppressions:
            raise ConfigurationError(
                "--follow cannot be combined with --suppressions: what is suppressed is known when "
                "the trace is complete"
            )

    def keeping_sockets(self, wanted: bool) -> UserSettings:
        """The same, with every socket's life kept where that is `wanted`."""
        return self._replace(analysis=replace(self.analysis, keep_sockets=True)) if wanted else self


def settings(
    *,
    rule: Sequence[str] | None = None,
    rule_files: Sequence[Path] = (),
    level: str | None = None,
    fail_on: Sequence[str] | None = None,
    min_connections: int = 0,
    port_range: tuple[int, int] | None = None,
    autobind_reuse: bool = False,
    ss: Sequence[Path] = (),
    pids: frozenset[int] = frozenset(),
    commands: tuple[str, ...] = (),
    since: Moment | None = None,
    until: Moment | None = None,
    sockets: bool = False,
    processes: bool = False,
    strict: bool = False,
    jobs: int | None = None,
    config: Path | None = None,
    baseline: Path | None = None,
    redact: Iterable[str] | None = None,
    suppressions: Path | None = None,
) -> UserSettings:
    """What is typed goes before what is written. Raises ConfigurationError for what does not
    exist."""
    written = configuration(current_directory(), config)
    rules = _every_rule([*written.rules, *rule_files])
    known = [item.id for item in rules]
    chosen = known_rules(rule or written.rule, known)
    suppressing = suppressions or written.suppressions
    level = level or written.level or "note"
    if level not in LEVELS:
        raise ConfigurationError(
            f"level {level!r}: not one of {', '.join(LEVELS)}{nearest(level, LEVELS)}"
        )
    return UserSettings(
        selection=Selection(
            rules=chosen,
            level=LEVELS[level],
            pids=pids,
            commands=commands,
            since=since,
            until=until,
            known=_known_causes(baseline),
            suppressions=() if suppressing is None else read(suppressing),
            today=date.today(),
            redaction=Redaction(redact) if redact else None,
        ),
        gate=parse_gate(fail_on or written.fail_on, known, min_connections),
        analysis=Settings(
            rules=rules,
            port_range=port_range or written.port_range,
            autobind_reuse=autobind_reuse or written.autobind_reuse,
            machine=together_listed(map(_listing, ss)) if ss else None,
            keep_sockets=sockets,
            keep_processes=processes,
            strict=strict,
            jobs=jobs or min(2, os.cpu_count() or 1),
        ),
        rule_files=(*written.rules, *rule_files),
    )


def _listing(file: Path) -> Listing:
    """The sockets that `file` lists. Raises ConfigurationError if it lists none."""
    try:
        return of_file(file)
    except TraceError as error:
        raise ConfigurationError(f"--ss {error}") from error


def _known_causes(baseline: Path | None) -> frozenset[Cause]:
    """What the report of --baseline has found already. Raises TraceError if it is no report."""
    if baseline is None:
        return frozenset()
    try:
        report = report_in(baseline)
    except TraceError as error:
        raise TraceError(f"--baseline {error}") from error
    try:
        return frozenset(map(of_document, report["findings"]))
    except (KeyError, TypeError, AttributeError) as error:
        raise TraceError(f"--baseline {baseline}: not a report of schema 1: {error!r}") from error


def rules_in_force(files: Sequence[Path], config: Path | None) -> tuple[type[Rule], ...]:
    """The rules typed or written: `files` and those of the configuration, with all that are
    installed."""
    return _every_rule([*configuration(current_directory(), config).rules, *files])


def _every_rule(files: Iterable[Path]) -> tuple[type[Rule], ...]:
    return together(catalogue(), installed_rules(), *(rules_in(path) for path in files))


def known_rules(asked: Iterable[str], known: Sequence[str]) -> frozenset[str]:
    """The ids asked for. Raises ConfigurationError for one that does not exist, naming the
    nearest."""
    for name in asked:
        if name not in known:
            raise ConfigurationError(f"no such rule: {name}{nearest(name, known)}")
    return frozenset(asked)
