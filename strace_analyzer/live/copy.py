"""What is read is also written to a file (--save-trace): takes a stream, gives the same bytes."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from strace_analyzer.live.refusals import TracingError
from strace_analyzer.machine.facts import Facts


class Copy(io.RawIOBase):
    """A file, or nothing if `path` is None. Once it cannot be written it is left as it is, and
    `failure` says why: neither the traced program nor the analysis ends for want of disk space."""

    def __init__(self, path: Path | None) -> None:
        """Raises TracingError if the file cannot be made."""
        super().__init__()
        self.failure: str | None = None
        self.begins_with = b""
        """what stands in the file before the stream"""
        self._path = path
        try:
            self._file = None if path is None else path.open("wb", buffering=0)
        except OSError as error:
            raise TracingError(f"cannot write {path}: {error.strerror}") from error

    def head(self, facts: Facts) -> None:
        """Keep what the machine says of its ports, before the first line of the trace."""
        if self._file is not None:
            self.begins_with = "".join(facts.lines()).encode()
            self.write(self.begins_with)

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        """All of `data`, as far as that can be written."""
        rest = memoryview(data)
        while self._file is not None and self.failure is None and rest:
            try:
                rest = rest[self._file.write(rest) or 0 :]
            except OSError as error:
                self.failure = f"cannot write {self._path} any further: {error.strerror}"
        return len(data)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        super().close()


class Copied(io.RawIOBase):
    """What a Copy begins with, then another stream's bytes, then the `last_words` if it ended with
    a line, each also written to the Copy: whoever reads this counts the same lines as whoever reads
    the file."""

    def __init__(
        self, stream: io.RawIOBase, copy: Copy, last_words: Callable[[], bytes] = bytes
    ) -> None:
        super().__init__()
        self._stream = stream
        self._copy = copy
        self._first = io.BytesIO(copy.begins_with)  # so its head is written before
        self._last_words = last_words
        self._last: io.BytesIO | None = None
        self._ends_in_line = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """The next bytes; 0 at the end."""
        view = memoryview(buffer).cast("B")
        if count := self._first.readinto(view):
            return count
        count = 0 if self._last is not None else self._stream.readinto(view) or 0
        if count:
            self._ends_in_line = view[count - 1] == ord("\n")
        else:
            if self._last is None:
                self._last = io.BytesIO(self._last_words() if self._ends_in_line else b"")
            count = self._last.readinto(view)
        self._copy.write(view[:count])
        return count
