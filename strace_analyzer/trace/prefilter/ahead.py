"""Search a file ahead in a separate process, block after block.

The parent reads the same file itself and asks what was found in each block when it reaches it, so
only that passes between the two. A process and not a thread, because threads would take turns.
"""

from __future__ import annotations

import gc
import os
import pickle
import signal
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import islice
from typing import NoReturn, cast

from strace_analyzer.trace.input.content import Block
from strace_analyzer.trace.prefilter.scan import Scan, Searched

_SMALLEST = 16 << 20
"""Bytes. For a smaller file, another process does not pay."""


def pays(size: int) -> bool:
    """Return whether a separate process should search a file of `size` bytes."""
    return size >= _SMALLEST and _can_fork()


def _can_fork() -> bool:
    """Whether forking is safe: the copy of a process with several threads could wait forever for a
    thread that it lacks."""
    return hasattr(os, "fork") and threading.active_count() == 1


class ScanAhead:
    """A Scan to be called with each block of a file in order, from block number `first` on
    (counting from 0). `close` ends the other process."""

    def __init__(
        self, blocks: Callable[[], Iterable[Block]], first: int, scanner: Callable[[], Scan]
    ) -> None:
        """`blocks` yields the blocks of the file from its beginning, `scanner` makes the search;
        both are called in the other process."""
        self._scanner = scanner
        self._scan: Scan | None = None
        inlet, outlet = os.pipe()
        gc.freeze()  # a collection would write to each object, and end the sharing of its memory
        self._pid = os.fork()
        if not self._pid:
            os.close(inlet)
            _run(islice(blocks(), first, None), scanner, outlet)
        os.close(outlet)
        self._pipe = open(inlet, "rb")  # noqa: SIM115  (closed by `close`)

    def __call__(self, block: Block) -> Searched:
        if self._scan is None:
            with suppress(EOFError, pickle.UnpicklingError):
                length, found = pickle.load(self._pipe)
                if length == len(block):
                    return cast("Searched", found)
            self._scan = self._scanner()  # the file has changed, or the process was killed
        return self._scan(block)

    def close(self) -> None:
        """End the other process; does nothing if called again."""
        if self._pipe.closed:
            return
        self._pipe.close()
        with suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(self._pid, 0)


def _run(blocks: Iterable[Block], scanner: Callable[[], Scan], outlet: int) -> NoReturn:
    """The other process: it ends when everything is sent, or nobody reads."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's Ctrl-C is meant for the parent
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    status = 1
    try:
        with open(outlet, "wb") as pipe:
            scan = scanner()
            for block in blocks:
                pickle.dump((len(block), scan(block)), pipe)
                pipe.flush()
        status = 0
    except (BrokenPipeError, MemoryError):
        pass
    finally:
        os._exit(status)  # without the parent's buffers and handlers
