"""What a format is given, and what it may be able to do.

A format is a module of this package with some of these functions; the module's name, with hyphens,
is what `--format` takes:

    write(report: Report, stream: TextIO) -> None     the whole report of check, run and attach
    teller(selection: Selection) -> Teller            findings as they come (--follow)
    comparison(made: Comparison, stream: TextIO) -> None   what a fix changed (compare)
    table(table: Table, stream: TextIO) -> None       what is a table: sockets, ports
    merged(report: MergedReport, stream: TextIO) -> None   what many traces come to (check --merged)

`SOCKETS = True` in it has the life of every socket kept for the report.

Nothing else has to be told of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TextIO

from strace_analyzer.findings import Finding
from strace_analyzer.report.compare import Comparison
from strace_analyzer.report.elements import JsonObject
from strace_analyzer.report.gate import Gate, Judgement
from strace_analyzer.report.merged.merged import Merged
from strace_analyzer.report.selection import Selected, Selection


class Report(NamedTuple):
    """What `check` has to say: what was selected, the verdict over it, and the gate that decided.

    `everything` is --all: nothing is shortened.
    """

    selected: Selected
    judgement: Judgement
    gate: Gate
    everything: bool = False


class MergedReport(NamedTuple):
    """What `check --merged` has to say: what many traces come to, and the gate that decided."""

    made: Merged
    gate: Gate
    everything: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table, in the ways in which a format may want it. Rows are made when they are asked for.

    `name` is the member that holds `objects` (nested, as in the JSON report); `rows` are flat, one
    value for each of `columns`, which gives the column's type as pandas names it. `page` writes it
    for people.
    """

    name: str
    columns: Mapping[str, str]
    rows: Callable[[], Iterable[Mapping[str, object]]]
    objects: Callable[[], Iterable[JsonObject]]
    page: Callable[[TextIO], None]
    metadata: Callable[[], Mapping[str, str]] = dict
    """what else a format can say of it, known when all rows have been made"""
    doubts: Iterable[JsonObject] | None = None
    """why rows may be missing (`cannot_tell`), gone through once: where rows are made as they are
    written, when all have been; None where that is not asked"""


class Teller(Protocol):
    """Tells findings as they come; knows what it has told."""

    def lines(self, finding: Finding) -> Iterator[str]:
        """The lines to write now that `finding` is known, or is known better."""
        ...

    def rest(self, report: Report, provisional: Iterable[Finding], stream: TextIO) -> None:
        """Write what is still to be told at the end. `provisional` are all findings as they were
        told last, in order."""
        ...


class ReportFormat(NamedTuple):
    """A format for whole reports. `teller` is None where it cannot tell findings as they come;
    `sockets` says that it wants every socket's life."""

    name: str
    write: Callable[[Report, TextIO], None]
    teller: Callable[[Selection], Teller] | None
    sockets: bool


class ComparisonFormat(NamedTuple):
    """A format for comparisons."""

    name: str
    write: Callable[[Comparison, TextIO], None]


class MergedFormat(NamedTuple):
    """A format for what many traces come to."""

    name: str
    write: Callable[[MergedReport, TextIO], None]


class TableFormat(NamedTuple):
    """A format for tables."""

    name: str
    write: Callable[[Table, TextIO], None]
