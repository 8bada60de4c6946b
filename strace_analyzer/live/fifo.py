"""A named pipe in a private directory, through which strace hands over its lines.

Not an inherited descriptor: that would stand in the traced program's descriptor table, change the
numbers that the program gets, and be kept open by whatever the program leaves running.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

_CAPACITY = 1 << 20
"""bytes: what a user without privileges may ask for (pipe(7), /proc/sys/fs/pipe-max-size)"""


class Fifo(NamedTuple):
    """`path` is for strace's -o, `fd` is our reading end. Reading ends when strace closes its
    end."""

    path: str
    fd: int


@contextmanager
def fifo() -> Iterator[Fifo]:
    """A new one, removed at the end.

    Our end is opened first and without waiting, so that strace never waits in open() for a reader,
    nor we for a strace that fails before it opens its end (fifo(7)).
    """
    with tempfile.TemporaryDirectory(prefix="strace-analyzer-") as directory:  # mode 0700
        path = Path(directory, "trace")
        os.mkfifo(path, 0o600)
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            enlarge(fd)
            yield Fifo(str(path), fd)
        finally:
            os.close(fd)


def enlarge(fd: int) -> None:
    """Let a pipe hold more, so that who writes waits less; no matter where that is refused."""
    with suppress(OSError):
        fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, _CAPACITY)
