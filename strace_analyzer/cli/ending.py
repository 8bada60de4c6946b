"""Takes what a command does, gives its exit status, everything written out: what cannot be written
is one line on standard error and a status of our own."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TextIO, cast

from strace_analyzer.cli.say import say
from strace_analyzer.faults import FAULT, Guard


def written_out(work: Callable[[], int], failed: int) -> int:
    """The status that `work` gives; `failed` where something that it said could not be written (a
    full disk, a stream that is closed), or we failed by a fault of our own, of which the line to
    report is said. A reader that has gone is no failure (`| head`)."""
    sys.stdout = sys.stdout or cast("TextIO", _Closed())
    sys.stderr = sys.stderr or cast("TextIO", _Closed())
    guard, status = Guard(), failed
    with guard:
        status = _worked(work, failed)
    if guard.error is not None:
        with suppress(OSError):
            say([f"{FAULT}: {guard.error}"])
    for stream in (sys.stdout, sys.stderr):
        _let_go(stream)
    return status


def _worked(work: Callable[[], int], failed: int) -> int:
    try:
        status = work()
        if not sys.stdout.closed:
            sys.stdout.flush()  # here it can still be told
    except BrokenPipeError:
        status = 0
    except OSError as error:  # what cannot be read is a TraceError
        status = failed
        with suppress(OSError):
            say([f"cannot write: {error.strerror or error}"])
    return status


def _let_go(stream: TextIO) -> None:
    """What is still buffered must not complain when Python ends."""
    try:
        if not stream.closed:
            stream.flush()
    except OSError:
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


class _Closed(io.TextIOBase):
    """A standard stream that was closed before we began (`>&-`): Python has None for it."""

    encoding = "utf-8"

    def writable(self) -> bool:
        return True

    def write(self, text: str, /) -> int:
        """Raises OSError, as write(2) does."""
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
