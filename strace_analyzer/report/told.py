"""Print findings of a live trace by kind: a line for each that is new in kind, and counts per kind.
The final report has everything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from strace_analyzer.findings import Endpoint, Finding, Level
from strace_analyzer.kernel.socket_state import Outcome
from strace_analyzer.plain import safe
from strace_analyzer.report.formats.concise import line, subject, who
from strace_analyzer.report.selection import Selection

MOST = 5
"""processes and destinations of one program that get a line each"""
_MOST_KEPT = 1000
"""processes and destinations that are counted separately"""
_Place = tuple[str, Endpoint | None]


class NewInKind:
    """`lines` of each finding: one if its process has not done this to its destination before, up
    to MOST per rule and program; then one that says the rest is counted. Levels that only the end
    of the trace decides are not named."""

    def __init__(self, selection: Selection) -> None:
        self._selection = selection
        self._places: dict[tuple[str, str | None, bool], set[_Place]] = {}
        self.has_told = False

    def lines(self, finding: Finding) -> Iterator[str]:
        """Yield what is new about `finding`."""
        if not self._selection.admits(finding):
            return
        shown = self._selection.shown(finding)
        key = shown.rule, shown.process.command, shown.outcome is Outcome.FAILED
        told = self._places.setdefault(key, set())
        place = shown.process.id, shown.peer
        if place in told or len(told) > MOST:
            return
        told.add(place)
        self.has_told = True
        if len(told) > MOST:
            yield safe(f"more {shown.rule} by {shown.process.command or 'others'}: counted") + "\n"
        elif shown.level is Level.NOTE:
            yield safe(f"{shown.at}: {subject(shown)}") + "\n"
        else:
            yield line(shown)


class ToldRow(NamedTuple):
    """What one process does to one destination, by rule; not escaped."""

    process: str
    destination: str
    rule: str


_REST = ToldRow("others", "", "")


class Counts:
    """Counts findings by kind. One thread adds, another reads."""

    def __init__(self) -> None:
        self._of: Counter[ToldRow] = Counter()

    def add(self, finding: Finding) -> None:
        """Count one more finding."""
        peer = "" if finding.peer is None else str(finding.peer)
        row = ToldRow(who(finding.process), peer, finding.rule)
        if row not in self._of and len(self._of) >= _MOST_KEPT:
            row = _REST
        self._of[row] += 1

    def rows(self) -> Sequence[tuple[ToldRow, int]]:
        """The most frequent first."""
        return sorted(self._of.items(), key=lambda item: -item[1])
