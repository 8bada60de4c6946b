"""The interface of a format.

A format is a module of this package that defines some of these functions. `--format` takes the
module's name, with hyphens:

    write(report: Report, stream: TextIO) -> None     the whole report of check, run and attach
    unreadable(reasons: Sequence[str], stream: TextIO) -> None   instead, if nothing could be read
    teller(selection: Selection) -> Teller            findings as they come (--follow)
    comparison(made: Comparison, stream: TextIO) -> None   what a fix changed (compare)
    table(table: Table, stream: TextIO) -> None       tables: sockets, ports
    merged(report: MergedReport, stream: TextIO) -> None   many traces (check --merged)

With `SOCKETS = True`, the life of every socket is kept for the report.

Its name stands in names.py for each of the first five, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TextIO

from strace_analyzer.findings import Finding
from strace_analyzer.report.compare import Comparison
from strace_analyzer.report.elements import JsonObject
from strace_analyzer.report.gate import Gate, Judgement
from strace_analyzer.report.merged.merged import Merged
from strace_analyzer.report.selection import Selected, Selection


class Report(NamedTuple):
    """The content of a report of `check`: what was selected, the verdict, and the gate that
    decided.

    `everything` is --all: nothing is shortened.
    """

    selected: Selected
    judgement: Judgement
    gate: Gate
    everything: bool = False


class MergedReport(NamedTuple):
    """The content of a report of `check --merged`: the merged traces, and the gate that decided."""

    made: Merged
    gate: Gate
    everything: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table in the forms that formats need. Rows are made on demand.

    `name` is the member that holds `objects` (nested, as in the JSON report). `rows` are flat, with
    one value for each of `columns`, which maps names to types with pandas names. `page` writes the
    table for people.
    """

    name: str
    columns: Mapping[str, str]
    rows: Callable[[], Iterable[Mapping[str, object]]]
    objects: Callable[[], Iterable[JsonObject]]
    page: Callable[[TextIO], None]
    metadata: Callable[[], Mapping[str, str]] = dict
    """further facts that a format can add, complete once all rows were made"""
    doubts: Iterable[JsonObject] | None = None
    """why rows may be missing (`cannot_tell`); iterate over it once, and only after all rows were
    made if rows are made while writing. None if not applicable."""


class Teller(Protocol):
    """Prints findings as they come, and knows what it has printed."""

    def lines(self, finding: Finding) -> Iterator[str]:
        """Return the lines to write now that `finding` is known, or better known."""
        ...

    def rest(self, report: Report, provisional: Iterable[Finding], stream: TextIO) -> None:
        """Write what is left at the end. `provisional` are all findings as last printed, in
        order."""
        ...


class ReportFormat(NamedTuple):
    """A format for whole reports. `teller` is None if it cannot print findings as they come;
    `sockets` means that it needs every socket's life; `unreadable` is None if it has no form for
    the reasons why no trace could be read."""

    name: str
    write: Callable[[Report, TextIO], None]
    teller: Callable[[Selection], Teller] | None
    sockets: bool
    unreadable: Callable[[Sequence[str], TextIO], None] | None = None


class ComparisonFormat(NamedTuple):
    """A format for comparisons."""

    name: str
    write: Callable[[Comparison, TextIO], None]


class MergedFormat(NamedTuple):
    """A format for merged reports."""

    name: str
    write: Callable[[MergedReport, TextIO], None]


class TableFormat(NamedTuple):
    """A format for tables."""

    name: str
    write: Callable[[Table, TextIO], None]
