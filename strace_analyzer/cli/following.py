"""Goes through a live analysis: writes each finding as it comes, and the report at the end."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from strace_analyzer.cli.interrupt import interruptible
from strace_analyzer.cli.output import destination, line_writer, unheard
from strace_analyzer.cli.say import say
from strace_analyzer.cli.settings import UserSettings
from strace_analyzer.cli.values import is_piped
from strace_analyzer.errors import ConfigurationError
from strace_analyzer.live.watch import Watch
from strace_analyzer.report.complaints import complaints
from strace_analyzer.report.formats.format import Report, ReportFormat
from strace_analyzer.report.gate import Judgement, judge
from strace_analyzer.report.selection import Selected
from strace_analyzer.report.told import Counts


@dataclass(frozen=True, slots=True)
class Manner:
    """How it is reported. `telling`: each finding when it comes, if the format can.
    `viewed`: a terminal shows meanwhile how far it is; `alone`: where nobody else writes."""

    format: ReportFormat
    everything: bool = False
    telling: bool = False
    viewed: bool = False
    alone: bool = False


def follow_trace(
    arguments: Sequence[str] | None,
    chosen: UserSettings,
    output: Path | None,
    format: ReportFormat,
    *,
    everything: bool,
    grows: bool,
    quiet: bool,
) -> int:
    """`check` of a pipe, or where it `grows` of a file, each finding told when it comes; gives
    the exit status. Raises ConfigurationError for more than one trace."""
    manner = Manner(
        format=format,
        everything=everything,
        telling=output is None or not _appears_at_the_end(output),
        viewed=not quiet and sys.stderr.isatty(),
        alone=not is_piped(arguments),  # else the traced program may write to the same terminal
    )
    with (
        interruptible(list(arguments or ["-"]), follow=grows) as traces,
        destination(output, format.name, arguments or ["-"]) as stream,
        unheard(stream),
    ):
        if len(traces) > 1:
            raise ConfigurationError("--follow reads one trace: a file, or standard input")
        return follow(Watch(traces[0], chosen.analysis), chosen, stream, manner).exit_status
    return 0  # nobody reads it any more


def follow(watch: Watch, chosen: UserSettings, stream: TextIO, manner: Manner) -> Judgement:
    """Read to the end and report to `stream`."""
    teller = None
    at_once = manner.telling and not chosen.selection.suppressions  # they are of whole groups
    if at_once and manner.format.teller is not None:
        teller = manner.format.teller(chosen.selection)
    counts = Counts()
    with _writing(watch, counts, stream, manner) as write_line:
        for told in watch.findings():
            if told.is_new and manner.viewed and chosen.selection.admits(told.finding):
                counts.add(chosen.selection.shown(told.finding))
            for line in teller.lines(told.finding) if teller is not None else ():
                write_line(line)
    analysis = watch.analysis()
    say(complaints(analysis))
    selected = Selected(analysis, chosen.selection)
    judgement = judge(selected, chosen.gate)
    say(judgement.idle)
    report = Report(selected, judgement, chosen.gate, manner.everything)
    with unheard(stream):  # nobody hears it, but the exit status is what it is
        if teller is None:
            manner.format.write(report, stream)
        else:
            teller.rest(report, watch.provisional(), stream)
    return judgement


def _appears_at_the_end(output: Path) -> bool:
    """Nobody can read it before it is complete (see `destination`)."""
    return output.is_file() or not output.exists()


@contextmanager
def _writing(
    watch: Watch, counts: Counts, stream: TextIO, manner: Manner
) -> Iterator[Callable[[str], None]]:
    if manner.viewed:
        from strace_analyzer.cli.view import view

        with view(watch, counts, stream, alone=manner.alone) as write_above:
            yield write_above
        return
    yield line_writer(stream)
