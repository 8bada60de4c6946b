"""A file that is still being written, read as `tail -F` reads it: gives bytes as they come.

It may appear later, be cut to nothing (copytruncate of logrotate(8)) or be replaced by a new one
under its name; what is then read goes on from the beginning of what is there.
"""

from __future__ import annotations

import io
import os
import select
from pathlib import Path
from typing import Any

from strace_analyzer.live.stop import Stop

_EVERY = 0.1
"""seconds between two looks at a file that has said nothing new"""


class FollowedFile(io.RawIOBase):
    """Ends only when `stop` is pressed, after what is there by then."""

    def __init__(self, path: Path, stop: Stop) -> None:
        super().__init__()
        self._path = path
        self._stop = stop
        self._file: io.FileIO | None = None
        self._ends_in_line_end = True
        self._wake = select.poll()
        self._wake.register(stop.wake, select.POLLIN)

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        super().close()

    def readinto(self, buffer: Any) -> int:
        """The next bytes, as many as are there; 0 at the end."""
        while True:
            asked_to_stop = self._stop.pressed
            data = self._more(len(buffer))
            if data:
                self._ends_in_line_end = data.endswith(b"\n")
                buffer[: len(data)] = data
                return len(data)
            if asked_to_stop:
                return 0
            if self._wake.poll(_EVERY * 1000):
                self._stop.settle()

    def _more(self, size: int) -> bytes:
        if self._file is None and not self._open():
            return b""
        assert self._file is not None
        data = self._file.read(size) or b""
        if data:
            return data
        if self._was_cut():
            self._file.seek(0)
        elif self._was_replaced():
            # a last look: it may have been written to between the read and the renaming
            data = self._file.read(size) or b""
            if not data:
                self._file.close()
                self._file = None
            return data or self._line_end()
        else:
            return b""
        return self._line_end()

    def _line_end(self) -> bytes:
        """What was left unfinished stays a line of its own, apart from what comes now."""
        return b"" if self._ends_in_line_end else b"\n"

    def _open(self) -> bool:
        try:
            self._file = self._path.open("rb", buffering=0)
        except FileNotFoundError:
            return False
        return True

    def _was_cut(self) -> bool:
        assert self._file is not None
        return os.fstat(self._file.fileno()).st_size < self._file.tell()

    def _was_replaced(self) -> bool:
        assert self._file is not None
        try:
            there = self._path.stat()
        except FileNotFoundError:
            return False  # it was moved away, and a new one is not there yet
        mine = os.fstat(self._file.fileno())
        return (there.st_dev, there.st_ino) != (mine.st_dev, mine.st_ino)
