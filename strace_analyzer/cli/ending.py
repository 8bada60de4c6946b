"""Takes what a command does, gives its exit status, everything written out: what cannot be written
is one line on standard error and a status of our own."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TextIO

from strace_analyzer.cli.say import say
from strace_analyzer.faults import FAULT, Guard


def written_out(work: Callable[[], int], failed: int) -> int:
    """The status that `work` gives; `failed` where something that it said could not be written (a
    full disk), or we failed by a fault of our own, of which the line to
    report is said. A reader that has gone is no failure (`| head`)."""
    _open_what_is_closed()
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


def _open_what_is_closed() -> None:
    """A standard stream that was closed before we began (`>&-`) is /dev/null from here on, as git
    and strace(1) have it: else the next file that is opened gets its number, and what is said on
    standard error would stand in it. Standard input stays None for Python, where that matters."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # gets the lowest number
    sys.stdout = sys.stdout or os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", encoding="utf-8", closefd=False)
