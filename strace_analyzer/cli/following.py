"""Goes through a live analysis: writes each finding as it comes, and the report at the end."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from strace_analyzer.cli.interrupt import interruptible
from strace_analyzer.cli.output import destination, unheard, write
from strace_analyzer.cli.reading import say_failures
from strace_analyzer.cli.settings import Settings
from strace_analyzer.cli.values import ReportFormat, is_piped
from strace_analyzer.cli.verdict import write_report
from strace_analyzer.errors import ConfigurationError
from strace_analyzer.live.watch import Watch
from strace_analyzer.report.gate import Judgement, judge
from strace_analyzer.report.selection import Selected
from strace_analyzer.report.telling import JsonLines, Teller


@dataclass(frozen=True, slots=True)
class Manner:
    """How it is reported. `telling`: each finding when it comes, for which json has no form.
    `viewed`: a terminal shows meanwhile how far it is; `alone`: where nobody else writes."""

    format: ReportFormat
    everything: bool = False
    telling: bool = False
    viewed: bool = False
    alone: bool = False


def follow_trace(
    arguments: Sequence[str] | None,
    chosen: Settings,
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
        telling=output is None or format is ReportFormat.jsonl,
        viewed=not quiet and sys.stderr.isatty(),
        alone=not is_piped(arguments),  # else the traced program may write to the same terminal
    )
    with (
        interruptible(list(arguments or ["-"]), follow=grows) as traces,
        destination(output) as stream,
        unheard(stream),
    ):
        if len(traces) > 1:
            raise ConfigurationError("--follow reads one trace: a file, or standard input")
        return follow(Watch(traces[0], chosen.analysis), chosen, stream, manner).exit_status
    return 0  # nobody reads it any more


def follow(watch: Watch, chosen: Settings, stream: TextIO, manner: Manner) -> Judgement:
    """Read to the end and report to `stream`."""
    teller = _teller(chosen, manner)
    with _writing(watch, stream, manner) as write_line:
        for told in watch.findings():
            for line in teller.lines(told.finding) if teller is not None else ():
                write_line(line)
    analysis = watch.analysis()
    say_failures(analysis)
    selected = Selected(analysis, chosen.selection)
    judgement = judge(selected, chosen.gate)
    if teller is not None and manner.format is not ReportFormat.text:
        write(teller.rest(selected, judgement, watch.provisional()), stream)
        return judgement
    if teller is not None and teller.has_told:
        stream.write("\n")
    write_report(
        selected,
        judgement,
        chosen.gate,
        stream,
        format=manner.format,
        everything=manner.everything,
    )
    return judgement


def _teller(chosen: Settings, manner: Manner) -> Teller | None:
    if not manner.telling or manner.format is ReportFormat.json:
        return None
    made = JsonLines if manner.format is ReportFormat.jsonl else Teller
    return made(chosen.selection)


@contextmanager
def _writing(watch: Watch, stream: TextIO, manner: Manner) -> Iterator[Callable[[str], None]]:
    if manner.viewed:
        from strace_analyzer.cli.view import view

        with view(watch, stream, alone=manner.alone) as write_above:
            yield write_above
        return

    def write_line(line: str) -> None:
        stream.write(line)
        stream.flush()

    yield write_line
