"""Shows on standard error, a terminal, how far a live analysis has come, and writes lines above
it."""

from __future__ import annotations

import os
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import RenderableType
from rich.live import Live

from strace_analyzer.cli.output import line_writer
from strace_analyzer.live.watch import Watch
from strace_analyzer.report.text.console import console
from strace_analyzer.report.text.live import LiveFigures, announcement, board, status
from strace_analyzer.report.told import Counts

_PER_SECOND = 4
_SPAN = 3.0
"""seconds over which the rate is an average"""
_SHARE = 0.05
"""of the time, at most, that may go into counting what is shown"""


@contextmanager
def view(
    watch: Watch, counts: Counts, out: TextIO, *, alone: bool
) -> Iterator[Callable[[str], None]]:
    """While `watch` is gone through and `counts` are fed: gives what writes a line to `out` at
    once. `alone` says that nobody else writes to the terminal."""
    with Live(
        get_renderable=_Picture(watch, counts, board if alone else status),
        console=console(sys.stderr),
        refresh_per_second=_PER_SECOND,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    ) as live:
        if out.isatty() and _device(out) == _device(sys.stderr):
            yield lambda line: live.console.print(announcement(line), soft_wrap=True)
        else:
            yield line_writer(out)


def _device(stream: TextIO) -> int:
    return os.fstat(stream.fileno()).st_rdev


class _Picture:
    """Called for each picture. Counting many open sockets takes its time, so it is then done less
    often."""

    def __init__(
        self, watch: Watch, counts: Counts, draw: Callable[[LiveFigures], RenderableType]
    ) -> None:
        self._watch = watch
        self._counts = counts
        self._draw = draw
        self._began = time.monotonic()
        self._past = deque([(self._began, 0)])
        self._next = 0.0
        self._figures = LiveFigures(0.0, 0, 0.0, 0, 0, watch.progress().port_range, {})

    def __call__(self) -> RenderableType:
        now = time.monotonic()
        if now >= self._next:
            progress = self._watch.progress()
            self._next = now + (time.monotonic() - now) / _SHARE
            self._figures = LiveFigures(
                now - self._began,
                progress.lines,
                self._rate(now, progress.lines),
                progress.open_sockets,
                progress.pinned,
                progress.port_range,
                progress.findings,
                self._counts.rows(),
            )
        return self._draw(self._figures)

    def _rate(self, now: float, lines: int) -> float:
        """Lines a second, of the last few seconds."""
        self._past.append((now, lines))
        while len(self._past) > 2 and self._past[0][0] < now - _SPAN:
            self._past.popleft()
        when, before = self._past[0]
        return (lines - before) / max(now - when, 1 / _PER_SECOND)
