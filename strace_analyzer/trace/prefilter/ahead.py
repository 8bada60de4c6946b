"""Search a file ahead in a separate process, block after block.

The parent reads the same file itself and asks what was found in each block when it reaches it, so
only that passes between the two. A process and not a thread, because threads would take turns.
"""

from __future__ import annotations

import gc
import os
import pickle
import signal
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import islice
from typing import IO, cast

from strace_analyzer.trace.input.content import Block
from strace_analyzer.trace.prefilter.forked import can_fork, forked
from strace_analyzer.trace.prefilter.scan import Scan, Searched

_SMALLEST = 16 << 20
"""Bytes. For a smaller file, another process does not pay."""


def pays(size: int) -> bool:
    """Return whether a separate process should search a file of `size` bytes."""
    return size >= _SMALLEST and can_fork()


class ScanAhead:
    """A Scan to be called with each block of a file in order, from block number `first` on
    (counting from 0). `close` ends the other process."""

    def __init__(
        self, blocks: Callable[[], Iterable[Block]], first: int, scanner: Callable[..., Scan]
    ) -> None:
        """`blocks` yields the blocks of the file from its beginning, `scanner` makes the search,
        `apart=True` in a copy of the process that calls it. Both are called in the other process,
        `scanner` also in this one if that process fails."""
        self._scanner = scanner
        self._scan: Scan | None = None
        gc.freeze()  # a collection would write to each object, and end the sharing of its memory
        self._pid, self._pipe = forked(
            lambda pipe: _send(islice(blocks(), first, None), scanner, pipe)
        )

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


def _send(blocks: Iterable[Block], scanner: Callable[..., Scan], pipe: IO[bytes]) -> None:
    """The other process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's Ctrl-C is meant for the parent
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    scan = scanner(apart=True)
    for block in blocks:
        pickle.dump((len(block), scan(block)), pipe)
        pipe.flush()
