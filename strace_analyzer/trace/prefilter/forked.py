"""A copy of this process that works for it: it writes to a pipe, and ends."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import IO


def can_fork() -> bool:
    """Return whether forking is safe: the copy of a process with several threads could wait forever
    for a thread that it lacks."""
    return hasattr(os, "fork") and threading.active_count() == 1


def forked(work: Callable[[IO[bytes]], None]) -> tuple[int, IO[bytes]]:
    """Call `work` in a copy of this process, which ends when it returns or raises, or when nobody
    reads. Return the pid of the copy, which the caller waits for, and what it writes."""
    inlet, outlet = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(inlet)
        status = 1
        try:
            with open(outlet, "wb") as pipe:
                work(pipe)
            status = 0
        except (BrokenPipeError, MemoryError):
            pass
        finally:
            os._exit(status)  # without the parent's buffers and handlers
    os.close(outlet)
    return pid, open(inlet, "rb")
