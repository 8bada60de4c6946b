"""A descriptor that lines come through, read until its end or until a Stop: gives bytes as they
come."""

from __future__ import annotations

import array
import fcntl
import io
import os
import select
import stat
import termios
import time
from typing import Any, NamedTuple

from strace_analyzer.live.stop import Stop

_PAUSE = 0.01
"""Seconds. strace writes line by line; who takes up each at once spends both programs' time on
waking up. In a hundredth of a second some hundred lines come together, and nobody sees the
difference."""
_PLENTY = 1 << 15
"""bytes that are worth taking at once"""


class Patience(NamedTuple):
    """How long to wait for the end of the input once it is wished for, in seconds."""

    idle: float
    """while nothing comes"""
    total: float
    """while something still comes: strace writes its last lines then"""


class Stream(io.RawIOBase):
    """Reads a pipe, a FIFO or a file's descriptor. The end comes when all writers have closed
    it, when `writer` (readable when it has ended) never opened it, or after a
    Stop."""

    def __init__(self, fd: int, stop: Stop, patience: Patience, writer: int | None = None) -> None:
        super().__init__()
        self._fd = fd
        self._stop = stop
        self._patience = patience
        self._until: float | None = None
        self.was_cut = False
        """a Stop ended it, while it might have brought more"""
        self._may_pause = not self.seekable()
        self._input = _poll(fd)
        self._both = _poll(fd, stop.wake, *(() if writer is None else (writer,)))
        self._without_stop = _poll(fd, *(() if writer is None else (writer,)))

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return stat.S_ISREG(os.fstat(self._fd).st_mode)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return os.lseek(self._fd, offset, whence)

    def readinto(self, buffer: Any) -> int:
        """The next bytes, as many as are there; 0 at the end."""
        if not self._wait():
            return 0
        if self._may_pause and not self._stop.pressed and _waiting(self._fd) < _PLENTY:
            time.sleep(_PAUSE)
        try:
            data = os.read(self._fd, len(buffer))
        except BlockingIOError:
            return 0
        buffer[: len(data)] = data
        return len(data)

    def _wait(self) -> bool:
        """True when there is something to read, or the end of it; False for no more waiting."""
        while not self._stop.pressed:
            ready = {fd for fd, _ in self._both.poll()}
            if self._fd in ready:
                return True
            if self._stop.wake in ready:
                self._stop.settle()
            elif ready:
                return bool(self._input.poll(0))  # the writer has gone
        if self._until is None:
            self._until = time.monotonic() + self._patience.total
        left = min(self._patience.idle, self._until - time.monotonic())
        ready = (
            {fd for fd, _ in self._without_stop.poll(max(0.0, left) * 1000)} if left > 0 else set()
        )
        self.was_cut = not ready
        return self._fd in ready


def _poll(*fds: int) -> select.poll:
    poll = select.poll()
    for fd in fds:
        poll.register(fd, select.POLLIN)
    return poll


def _waiting(fd: int) -> int:
    """How many bytes can be read at once (ioctl FIONREAD, pipe(7)); much where nobody can tell."""
    count = array.array("i", [0])
    try:
        fcntl.ioctl(fd, termios.FIONREAD, count)
    except OSError:
        return _PLENTY
    return count[0]
