"""Find the column of line numbers before the lines of a source, which looks like one of pids."""

from __future__ import annotations

import re

from strace_analyzer.trace.input.gaps import Gap, Gaps
from strace_analyzer.trace.input.wrapping.grade import Grade
from strace_analyzer.trace.input.wrapping.peeled import Layer, Peeled
from strace_analyzer.trace.input.wrapping.prefixes import NUMBERS, line_numbers
from strace_analyzer.trace.input.wrapping.reading import Chain, GrammarReader, without
from strace_analyzer.trace.input.wrapping.rows import SpannedLine

_NUMBER = re.compile(rb" *([0-9]{1,9})[ \t]")
_HAS_PID = re.compile(rb" *(?:\[pid +)?[0-9]{1,7}[\] ]")
_IS_UNFINISHED = re.compile(rb"<unfinished \.\.\.>$")
_FIRST_NUMBER = re.compile(rb"[ \t]*[Ll]?([0-9]{1,18})(?![0-9])")
_NUMBERED_FROM_ONE = 3
_PIECES = 40
"""Most lines and pieces of lines searched for that many numbers."""
_NUMBERED = 8
"""Consecutive numbered lines needed if the source ends there, and if the numbers are not those of
the lines in the source."""
_ALL_NUMBERED = 4096
"""The same if more lines follow."""


class Numbering:
    """The line numbers of one source. `take` its lines while they are `is_sought`."""

    def __init__(self, reader: GrammarReader) -> None:
        self._reader = reader
        self.is_sought = True
        """So far, all first lines have them."""
        self._held: list[SpannedLine] = []
        """The first lines, held back meanwhile."""
        self._counted: list[re.Match[bytes]] = []
        """Their numbers, each one more than the last."""
        self.chain: Chain = ()
        """The layer of line numbers, if there is one; more layers may be inside it."""
        self._last_number = 0
        self._gaps = Gaps()

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """Where the line numbers before the lines jump."""
        return self._gaps.found

    def take(self, line: SpannedLine) -> list[SpannedLine]:
        """Take a line; return those that were held, once it is decided. If the first number is the
        actual number of its line, a few are enough, and pieces of folded lines may be in between.
        Otherwise they must all be consecutive, which pids are not for long: tasks take turns
        again."""
        match = _NUMBER.match(line.text)
        held, counted = self._held, self._counted
        if match is not None and (not counted or int(match[1]) == int(counted[-1][1]) + 1):
            held.append(line)
            counted.append(match)
            enough = _NUMBERED_FROM_ONE if self._is_own else _ALL_NUMBERED
            return [] if len(counted) < enough else self._with_numbers()
        is_piece = (
            self._is_own and len(held) < _PIECES and self._reader.grade(line.text) < Grade.BEGUN
        )
        if is_piece:
            held.append(line)
            return []
        return [*self._released(), line]

    def close(self) -> list[SpannedLine]:
        """End the source: return the lines that are still held."""
        return self._with_numbers() if self._are_numbers else self._released()

    def _with_numbers(self) -> list[SpannedLine]:
        self.chain = (line_numbers(one.string for one in self._counted),)
        return self._released()

    def _released(self) -> list[SpannedLine]:
        self.is_sought = False
        held, self._held = self._held, []
        return held

    @property
    def _is_own(self) -> bool:
        """Whether the first number is that of its line."""
        return self._held != [] and int(self._counted[0][1]) == self._held[0].number

    @property
    def _are_numbers(self) -> bool:
        """Whether, at the end of the source, the consecutive numbers are line numbers. They may be
        pids: of tasks that strace was attached to, each may have one line, for a call that it is
        inside."""
        if not self.is_sought or len(self._counted) < _NUMBERED:
            return False
        rest = [match.string[match.end() :] for match in self._counted]
        return all(map(_HAS_PID.match, rest)) or not any(map(_IS_UNFINISHED.search, rest[:-1]))

    def covers(self, layer: Layer) -> bool:
        """Whether `layer` removes line numbers."""
        return layer in self.chain or layer in NUMBERS

    def is_in_order(self, raw: bytes, grade: Grade) -> bool:
        """Whether the number before a line follows that of the last line, or is followed by a
        record; else it is part of a folded line."""
        match = _FIRST_NUMBER.match(raw)
        if match is None or (
            grade < Grade.BEGUN and self._last_number not in (0, int(match[1]) - 1)
        ):
            return False
        self._last_number = int(match[1])
        return True

    def note(self, line: SpannedLine, chain: Chain) -> None:
        """Note the number before this line, if line numbers are among its layers."""
        for index, layer in enumerate(chain):
            if self.covers(layer):
                outside = without(chain[:index], line.text) if index else Peeled(line.text)
                match = None if outside is None else _FIRST_NUMBER.match(outside.text)
                if match is not None:
                    self._gaps.feed(line.number, int(match[1]))
                return
