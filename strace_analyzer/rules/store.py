"""Findings kept in order of first sight: the open ones in memory, finished ones beyond a limit on disk."""

from __future__ import annotations

import pickle
from array import array
from collections.abc import Iterator
from typing import IO

from strace_analyzer.findings import Finding

IN_MEMORY = 1000
"""Finished findings kept in memory; what comes after goes to a temporary file."""


class FindingStore:
    """A growing sequence of findings; `put` of an id that is there replaces it."""

    def __init__(self, in_memory: int = IN_MEMORY) -> None:
        self._open: dict[str, tuple[int, Finding]] = {}
        self._finished: dict[int, Finding] = {}
        self._spilled = array("Q")
        """where each is in the file, by number; eight bytes for a finding, however many there are"""
        self._file: IO[bytes] | None = None
        self._end = 0
        """of the file: asking it would write out what it holds back"""
        self._was_read = False
        self._limit = in_memory
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def put(self, finding: Finding) -> None:
        """A new finding, or a newer state of one that is still open."""
        known = self._open.get(finding.id)
        number = known[0] if known is not None else self._count
        if known is None:
            self._count += 1
            self._spilled.append(0)
        self._open[finding.id] = (number, finding)

    def finish(self, finding_id: str) -> None:
        """The finding with this id will not change any more."""
        entry = self._open.pop(finding_id, None)
        if entry is None:
            return
        number, finding = entry
        if len(self._finished) < self._limit:
            self._finished[number] = finding
            return
        if self._file is None:
            import tempfile  # few traces have so many

            self._file = tempfile.TemporaryFile(prefix="strace-analyzer-")  # noqa: SIM115
        if self._was_read:
            self._file.seek(self._end)
            self._was_read = False
        self._spilled[number] = self._end
        self._end += self._file.write(pickle.dumps(finding, protocol=pickle.HIGHEST_PROTOCOL))

    def __iter__(self) -> Iterator[Finding]:
        still_open = dict(self._open.values())
        for number in range(self._count):
            if number in self._finished:
                yield self._finished[number]
            elif number in still_open:
                yield still_open[number]
            else:
                assert self._file is not None
                self._was_read = True
                self._file.seek(self._spilled[number])
                loaded: Finding = pickle.load(self._file)
                yield loaded
