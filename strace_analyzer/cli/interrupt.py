"""Turns Ctrl-C into the end of the input, so that the report of what was seen still comes."""

from __future__ import annotations

import io
import os
import select
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import FrameType
from typing import Any, BinaryIO, cast

from strace_analyzer.cli.short_help import SHORT_HELP
from strace_analyzer.errors import TraceError
from strace_analyzer.trace.source import BLOCK_SIZE, Block, SourceInput, TraceInput, traces

_BLOCK = 1 << 18
_GRACE_SECONDS = 1.0
"""how long a pipe may still bring lines after Ctrl-C: strace writes its last ones then"""


class Interrupt:
    """Whether Ctrl-C was pressed; `wake` is a descriptor that becomes readable when it is."""

    def __init__(self) -> None:
        self.pressed = False
        self.wake, self._waker = os.pipe()
        os.set_blocking(self._waker, False)

    def press(self, number: int, frame: FrameType | None) -> None:
        """The signal handler. A second Ctrl-C means it."""
        self.pressed = True
        os.write(self._waker, b"!")
        signal.signal(signal.SIGINT, signal.default_int_handler)

    def close(self) -> None:
        """Give the descriptors back."""
        os.close(self.wake)
        os.close(self._waker)


class StandardInput(io.RawIOBase):
    """Standard input until its end or until Ctrl-C, whichever comes first."""

    def __init__(self, interrupt: Interrupt) -> None:
        super().__init__()
        self._fd = sys.stdin.fileno()
        self._interrupt = interrupt

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """The next bytes, as many as are there; 0 at the end."""
        if not self._interrupt.pressed:
            select.select([self._fd, self._interrupt.wake], [], [])
        if self._interrupt.pressed:
            ready, _, _ = select.select([self._fd], [], [], _GRACE_SECONDS)
            if not ready:
                return 0
        data = os.read(self._fd, len(buffer))
        buffer[: len(data)] = data
        return len(data)


@dataclass(frozen=True, slots=True)
class _UntilInterrupted(SourceInput):
    """A file that ends where it is when Ctrl-C is pressed."""

    interrupt: Interrupt | None = None

    def blocks(self, size: int = BLOCK_SIZE) -> Iterator[Block]:
        for block in SourceInput.blocks(self, size):
            yield block
            if self.interrupt is not None and self.interrupt.pressed:
                return


@contextmanager
def interruptible(arguments: Sequence[str]) -> Iterator[list[TraceInput]]:
    """The traces that the arguments name; while they are read, Ctrl-C ends the input and nothing
    else.

    Raises TraceError where an argument names nothing, and with the short help where standard
    input is to be read and is a terminal: nobody types a trace.
    """
    reads_stdin = "-" in arguments
    if reads_stdin and (sys.stdin is None or sys.stdin.closed or sys.stdin.isatty()):
        raise TraceError(SHORT_HELP)
    interrupt = Interrupt()
    before = signal.signal(signal.SIGINT, interrupt.press)
    try:
        stream = (
            io.BufferedReader(StandardInput(interrupt), _BLOCK) if reads_stdin else io.BytesIO()
        )
        found = traces(arguments, cast("BinaryIO", stream))
        yield [
            replace(trace, sources=tuple(_watched(source, interrupt) for source in trace.sources))
            for trace in found
        ]
    finally:
        signal.signal(signal.SIGINT, before)
        interrupt.close()


def _watched(source: SourceInput, interrupt: Interrupt) -> SourceInput:
    return _UntilInterrupted(source.name, source.path, source.stream, source.tid, interrupt)
