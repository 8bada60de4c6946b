"""A growing sequence of findings in order of first sight: the first ones in memory, and as many of
those that may still change; the rest on disk."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import IO

from strace_analyzer.findings import Finding
from strace_analyzer.rules.evidence import Draft, Found, made
from strace_analyzer.rules.packed import packed, unpacked

IN_MEMORY = 100
"""How many finished findings are kept in memory, and how many open ones; later ones go to a
temporary file."""
_LENGTH = 4
"""bytes in which the length of one is written before it"""


class FindingStore:
    """A growing sequence of findings; `put` with an id that is open replaces that finding."""

    def __init__(self, in_memory: int = IN_MEMORY) -> None:
        self._open: dict[str, int] = {}
        """the numbers of those that may still change"""
        self._held: dict[int, Found] = {}
        """those of them that are in memory: all drafts, because the model keeps their sockets
        anyway"""
        self._finished: dict[int, Finding] = {}
        self._spilled = array("Q")
        """where each is in the file, by number; eight bytes per finding, however many there are"""
        self._file: IO[bytes] | None = None
        self._end = 0
        """the file's length: asking the file would flush its buffer"""
        self._was_read = False
        self._limit = in_memory

    def __len__(self) -> int:
        return len(self._spilled)

    def put(self, found: Found) -> str:
        """A new finding, or a newer state of one that is still open; returns its id."""
        id = found.id
        number = self._open.get(id)
        if number is None:
            number = self._open[id] = len(self._spilled)
            self._spilled.append(0)
        if isinstance(found, Draft) or number in self._held or len(self._held) < self._limit:
            self._held[number] = found
        else:
            self._spill(number, found)
        return id

    def finish(self, finding_id: str) -> None:
        """The finding with this id will not change any more."""
        number = self._open.pop(finding_id, None)
        found = None if number is None else self._held.pop(number, None)
        if number is None or found is None:
            return
        finding = made(found)
        if len(self._finished) < self._limit:
            self._finished[number] = finding
        else:
            self._spill(number, finding)

    def close(self) -> None:
        """No finding will change any more."""
        for finding_id in list(self._open):
            self.finish(finding_id)

    def _spill(self, number: int, finding: Finding) -> None:
        self._finished.pop(number, None)
        try:
            data = packed(finding)
        except TypeError:  # a rule gave it a detail that is no plain value
            self._finished[number] = finding
            return
        if self._file is None:
            import tempfile  # few traces have so many

            self._file = tempfile.TemporaryFile(prefix="strace-analyzer-")  # noqa: SIM115
        if self._was_read:
            self._file.seek(self._end)
            self._was_read = False
        self._spilled[number] = self._end
        self._end += self._file.write(len(data).to_bytes(_LENGTH) + data)

    def __getitem__(self, number: int) -> Finding:
        """The `number`th finding, in order of first sight."""
        found = self._finished.get(number) or self._held.get(number)
        if found is not None:
            return made(found)
        assert self._file is not None
        self._was_read = True
        self._file.seek(self._spilled[number])
        length = int.from_bytes(self._file.read(_LENGTH))
        return unpacked(self._file.read(length))

    def __iter__(self) -> Iterator[Finding]:
        return map(self.__getitem__, range(len(self._spilled)))
