"""Takes many traces and what was asked of them, gives one report of them all: `check --merged`."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from strace_analyzer.cli.output import destination, end_now, unheard
from strace_analyzer.cli.progress import counted
from strace_analyzer.cli.say import say
from strace_analyzer.cli.settings import UserSettings
from strace_analyzer.errors import ConfigurationError
from strace_analyzer.fleet.cache import Cache
from strace_analyzer.fleet.engine import Done
from strace_analyzer.fleet.fold import engine, jobs_of, merged
from strace_analyzer.fleet.labels import DEFAULT as LABEL
from strace_analyzer.fleet.work import Hiding, Judging
from strace_analyzer.live.stop import stopped_by_signals
from strace_analyzer.plain import count
from strace_analyzer.report.complaints import known_already, refusals
from strace_analyzer.report.formats.format import MergedReport
from strace_analyzer.report.formats.names import DEFAULT, CheckName
from strace_analyzer.report.formats.registry import merged_format, report_formats
from strace_analyzer.report.grounds import decide
from strace_analyzer.trace.input.accounting import Interruption
from strace_analyzer.trace.reader import TraceInput, traces

ONE_SCREEN = 8
"""traces; of more the text report is one screen"""


class Many(NamedTuple):
    """How many traces are to be read and grouped."""

    merged: bool = False
    label: str | None = None
    jobs: int | None = None
    scheduler: str | None = None
    cache: Path | None = None

    @property
    def is_asked_for(self) -> bool:
        """An option was given that only has a meaning for many traces."""
        return self.merged or any((self.label, self.scheduler, self.cache))


NOT_MANY = Many()


def found(
    arguments: Sequence[str] | None,
    chosen: UserSettings,
    many: Many,
    format: CheckName,
    *,
    everything: bool,
) -> list[TraceInput] | None:
    """The traces, where they are to be reported together: it was asked for, or they are more than
    fit on a screen one by one."""
    selection = chosen.selection
    many = many._replace(merged=many.merged or format not in report_formats())
    named = list(arguments or ["-"])
    if "-" in named:
        if many.is_asked_for:
            raise ConfigurationError("standard input is one trace: give files to merge")
        return None
    in_full = everything or selection.suppressions
    if not many.is_asked_for and (format != DEFAULT or in_full):
        return None
    if many.is_asked_for and many.scheduler is None and (many.jobs or 1) > 1:
        from strace_analyzer.fleet.pool import prepare  # one trace needs no multiprocessing

        prepare()
    there = traces(named)
    return there if many.is_asked_for or len(there) > ONE_SCREEN else None


def check_many(
    inputs: Sequence[TraceInput],
    chosen: UserSettings,
    many: Many,
    format: CheckName,
    output: Path | None,
    *,
    everything: bool,
    quiet: bool,
) -> int:
    """Report on all of them together; the exit status."""
    form = merged_format(format)
    refused: list[str] = []
    read = 0

    def ends_all(number: int) -> None:
        if read == len(inputs):
            end_now(number)

    with stopped_by_signals(and_then=ends_all) as stop, counted(inputs, quiet=quiet) as advance:

        def told(done: Done) -> None:
            nonlocal read
            read += 1
            one = done[1]
            advance(one.size)
            if one.refused is not None:
                refused.append(one.refused)
            say(one.complaints)

        asked = judging(chosen, many.scheduler)._replace(hiding=_hiding(chosen, inputs))
        run = engine(inputs, many.jobs, many.scheduler)
        if many.cache is not None:
            run = Cache(many.cache, asked).known(run)
        try:
            made = merged(
                jobs_of(inputs, many.label or LABEL),
                asked,
                run,
                signal=lambda: stop.signal,
                told=told,
            )
        except ConfigurationError:  # of those that could be read, none has what was asked for
            say(refusals(refused))
            raise
    say(refusals(refused))
    if made.grounds.left_out:
        say([known_already(made.grounds.left_out)])
    if made.grounds.suppressed:
        say([f"{count(made.grounds.suppressed, 'finding')} suppressed"])
    if made.grounds.idle:
        say(
            [f"a trace made fewer connections than --min-connections {chosen.gate.min_connections}"]
        )

    def interrupted() -> Interruption | None:
        if stop.signal is None or read == len(inputs):
            return None
        return Interruption(f"interrupted after {read:,} of {len(inputs):,} traces", stop.signal)

    names = [trace.name for trace in inputs]
    with destination(output, format, names, interrupted) as stream, unheard(stream):
        form.write(MergedReport(made, chosen.gate, everything), stream)
    return decide(made.grounds)[1]


def _hiding(chosen: UserSettings, inputs: Sequence[TraceInput]) -> Hiding | None:
    """What is redacted; the key is the same in every run over the same traces, so that a value has
    the same token in every format."""
    redaction = chosen.selection.redaction
    if redaction is None:
        return None
    names = repr([trace.name for trace in inputs]).encode()
    return Hiding(redaction.kinds, blake2b(names, digest_size=32).digest())


def judging(chosen: UserSettings, scheduler: str | None = None) -> Judging:
    """What was asked for, as it is sent to those who read the traces. Raises ConfigurationError for
    rule files, which other machines have not."""
    if scheduler is not None and chosen.rule_files:
        raise ConfigurationError(
            "--rules with --scheduler: install the rules on the workers "
            "(entry points strace_analyzer.rules)"
        )
    analysis = chosen.analysis
    return Judging(
        selection=chosen.selection._replace(redaction=None),
        gate=chosen.gate,
        rule_files=tuple(str(path.absolute()) for path in chosen.rule_files),
        port_range=analysis.port_range,
        autobind_reuse=analysis.autobind_reuse,
        strict=analysis.strict,
        machine=analysis.machine,
    )
