"""Turns Ctrl-C, SIGTERM and SIGHUP into the end of the input, so that the report of what was seen
still comes."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import BinaryIO, cast

from strace_analyzer.cli.output import end_now
from strace_analyzer.cli.short_help import NOTHING, SHORT_HELP
from strace_analyzer.errors import (
    ConfigurationError,
    DamagedError,
    InterruptedReadError,
    NoInputError,
    TraceError,
)
from strace_analyzer.live.fifo import enlarge
from strace_analyzer.live.stop import Stop, stopped_by_signals
from strace_analyzer.live.stream import Patience, Stream
from strace_analyzer.live.tail import FollowedFile
from strace_analyzer.trace.input.content import BLOCK_SIZE, Block, Tell, nobody
from strace_analyzer.trace.input.named import traces
from strace_analyzer.trace.input.source import SourceInput, TraceInput, as_kind

_BLOCK = 1 << 18
_PATIENCE = Patience(idle=1.0, total=3.0)
"""how long a pipe may still bring lines after Ctrl-C: strace writes its last ones then"""


class _Place:
    """How far a file has been taken in, in bytes; tells it to another who asked too."""

    def __init__(self, other: Callable[[int], None] | None) -> None:
        self.place = 0
        self._other = other

    def __call__(self, place: int) -> None:
        self.place = place
        if self._other is not None:
            self._other(place)


@dataclass(frozen=True, slots=True)
class _UntilStopped(SourceInput):
    """A file that ends where it is when the end is asked for."""

    stop: Stop | None = None
    left: set[int] = field(default_factory=set)
    """the numbers of all sources that are still to be read; shared"""
    number: int = 0

    def blocks(self, size: int = BLOCK_SIZE, tell: Tell = nobody) -> Iterator[Block]:
        if self.path is not None and self.path.is_fifo():
            yield from self._of_fifo(size, tell)
            return
        raw = getattr(self.stream, "raw", None)
        at = _Place(self.taken)
        self.left.add(self.number)  # again, if it is read once more
        try:
            yield from self._to_the_end(
                SourceInput.blocks(replace(self, taken=at), size, tell),
                raw if isinstance(raw, Stream) else None,
                at,
            )
        except TraceError:
            self.left.discard(self.number)
            raise
        if self.can_be_read_again:
            self.left.discard(self.number)

    def _to_the_end(
        self, found: Iterator[Block], stream: Stream | None, at: _Place
    ) -> Iterator[Block]:
        """What is `found`, in a file that is read up to a place. Raises InterruptedReadError if a
        signal came before the end: of a file at once, of a pipe where its writer, who may still
        have something to say, goes on."""
        assert self.stop is not None
        read = 0
        try:
            for block in found:
                if self.stop.signal is not None and (stream is None or stream.seekable()):
                    raise InterruptedReadError(_share(read, self.size), self.stop.signal)
                yield block
                read = at.place
        except DamagedError:  # compressed data without its end
            if stream is None or not stream.was_cut:
                raise
        if stream is not None and stream.was_cut and self.stop.signal is not None:
            raise InterruptedReadError("", self.stop.signal)

    def _of_fifo(self, size: int, tell: Tell) -> Iterator[Block]:
        """Opened without waiting for a writer: open() would go on waiting after a signal."""
        assert self.path is not None
        assert self.stop is not None
        try:
            fd = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise TraceError(f"{self.name}: {error.strerror}") from error
        try:
            stream = Stream(fd, self.stop, _PATIENCE)
            file = cast("BinaryIO", io.BufferedReader(stream, _BLOCK))
            source = SourceInput(self.name, None, file)
            yield from self._to_the_end(source.blocks(size, tell), stream, _Place(None))
        finally:
            os.close(fd)


def _share(read: int, size: int) -> str:
    """` (14 %)` of the bytes of a file, as stored; nothing if its size is not known."""
    return f" ({100 * read // size} %)" if 0 < read < size else ""


@contextmanager
def interruptible(arguments: Sequence[str], *, follow: bool = False) -> Iterator[list[TraceInput]]:
    """The traces that the arguments name; while they are read, Ctrl-C ends the input and nothing
    else. When files have been read to their ends, it ends what is made of them: they can be read
    again, and a pipe cannot.

    With `follow` a file is read on as it grows, and such an end is that of the trace; else what
    comes behind it was not read, and InterruptedReadError tells whoever reads.

    Raises TraceError if an argument names nothing, and NoInputError where standard input is to
    be read and is a terminal: nobody types a trace.
    """
    reads_stdin = "-" in arguments
    if reads_stdin and (sys.stdin is None or sys.stdin.closed or sys.stdin.isatty()):
        raise NoInputError(NOTHING, SHORT_HELP)
    left: set[int] = {-1}

    def ends_all(number: int) -> None:
        if not left:
            end_now(number)

    with stopped_by_signals(and_then=ends_all) as stop:
        if follow and not reads_stdin:
            yield [_followed(arguments, stop)]
            return
        stream: io.BufferedIOBase = io.BytesIO()
        if reads_stdin:
            enlarge(sys.stdin.fileno())
            stream = io.BufferedReader(Stream(sys.stdin.fileno(), stop, _PATIENCE), _BLOCK)
        found = traces(arguments, cast("BinaryIO", stream))
        if follow:
            yield found
            return
        numbers = count()
        made = [
            replace(
                trace,
                sources=tuple(
                    as_kind(_UntilStopped, one, stop=stop, left=left, number=next(numbers))
                    for one in trace.sources
                ),
            )
            for trace in found
        ]
        left.clear()
        left.update(range(next(numbers)))
        yield made


def _followed(arguments: Sequence[str], stop: Stop) -> TraceInput:
    if len(arguments) != 1 or Path(arguments[0]).is_dir():
        raise ConfigurationError("--follow reads one trace: a file, or standard input")
    name = arguments[0]
    stream = io.BufferedReader(FollowedFile(Path(name), stop), _BLOCK)
    return TraceInput("t1", name, (SourceInput(name, None, cast("BinaryIO", stream)),))
