"""The report for people, as wide as the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TextIO

from strace_analyzer.findings import Finding
from strace_analyzer.report.compare import Comparison
from strace_analyzer.report.formats.format import MergedReport, Report, Table
from strace_analyzer.report.selection import Selection
from strace_analyzer.report.told import NewInKind


def write(report: Report, stream: TextIO) -> None:
    """Write the whole report."""
    from strace_analyzer.report.text import console  # rich, which no other format needs
    from strace_analyzer.report.text.page import page

    selected, judgement, gate, everything = report
    console.write(
        stream,
        lambda target: page(
            selected,
            judgement,
            gate,
            width=target.width,
            lines=console.lines(target),
            everything=everything,
        ),
    )


def table(table: Table, stream: TextIO) -> None:
    """Write the table as its command lays it out."""
    table.page(stream)


def comparison(made: Comparison, stream: TextIO) -> None:
    """Write what a fix changed."""
    from strace_analyzer.report.text import console
    from strace_analyzer.report.text.comparison import page

    console.write(stream, lambda target: page(made))


def merged(report: MergedReport, stream: TextIO) -> None:
    """Write a merged report on one screen."""
    from strace_analyzer.report.text import console
    from strace_analyzer.report.text.merged import page

    console.write(stream, lambda target: page(report, target.width, console.lines(target)))


class _Teller:
    """Prints a line for each finding that is new in kind, and the report at the end."""

    def __init__(self, selection: Selection) -> None:
        self._new = NewInKind(selection)

    def lines(self, finding: Finding) -> Iterator[str]:
        return self._new.lines(finding)

    def rest(self, report: Report, provisional: Iterable[Finding], stream: TextIO) -> None:
        if self._new.has_told:
            stream.write("\n")
        write(report, stream)


teller = _Teller
