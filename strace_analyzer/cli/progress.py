"""Shows how far the reading of files has come, on standard error where that is a terminal: takes
traces, gives the same ones, watched."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from strace_analyzer.trace.input.source import TraceInput

_AFTER = 0.5
"""seconds: what is read sooner needs no bar"""
_PER_SECOND = 4


@contextmanager
def watched(traces: Sequence[TraceInput], *, quiet: bool) -> Iterator[list[TraceInput]]:
    """While they are read, a bar with the rate and the time that remains. Nothing for standard
    input, whose end nobody knows."""
    paths = [source.path for trace in traces for source in trace.sources]
    known = [path for path in paths if path is not None]
    if quiet or not sys.stderr.isatty() or len(known) < len(paths):
        yield list(traces)
        return
    with ExitStack() as stack:
        bar = _Bar(known, stack)
        stack.callback(bar.end)
        yield [
            replace(
                trace,
                sources=tuple(
                    replace(one, taken=partial(bar.taken, one.path)) for one in trace.sources
                ),
            )
            for trace in traces
        ]


@contextmanager
def counted(traces: Sequence[TraceInput], *, quiet: bool) -> Iterator[Callable[[int], None]]:
    """What is to be called whenever one of many traces is done, with its size in bytes: draws a bar
    with the rate and the time that remains."""
    if quiet or not sys.stderr.isatty():
        yield lambda size: None
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    from strace_analyzer.report.text.console import console

    begin, read = time.monotonic(), 0
    columns = (
        TextColumn("Traces"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    screen = console(sys.stderr)
    with Progress(*columns, console=screen, transient=True, refresh_per_second=_PER_SECOND) as bar:
        task = bar.add_task("", total=len(traces), rate="")

        def advance(size: int) -> None:
            nonlocal read
            read += size
            passed = max(time.monotonic() - begin, 1e-3)
            bar.advance(task)
            rate = (bar.tasks[task].completed) / passed
            bar.update(task, rate=f"{rate:,.1f}/s, {read / passed / 1e6:,.1f} MB/s")

        yield advance


class _Bar:
    """Drawn from the first block on that is read after a while."""

    def __init__(self, paths: Sequence[Path], stack: ExitStack) -> None:
        self._stack = stack
        self._total = sum(path.stat().st_size for path in dict.fromkeys(paths))
        self._places: dict[Path | None, int] = {}
        self._begin = time.monotonic()
        self._show: Callable[[int], None] | None = None

    def taken(self, path: Path | None, place: int) -> None:
        """So many bytes of this file, as stored, have been read."""
        self._places[path] = max(place, self._places.get(path, 0))
        done = sum(self._places.values())
        if self._show is not None:
            self._show(done)
        elif time.monotonic() - self._begin > _AFTER and done != self._total:
            self._show = self._drawn()

    def end(self) -> None:
        """Who reads them once more is not shown."""
        self._show = lambda done: None

    def _drawn(self) -> Callable[[int], None]:
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
            TransferSpeedColumn,
        )

        from strace_analyzer.report.text.console import console

        columns = (
            TextColumn("Reading"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
        )
        progress = Progress(
            *columns, console=console(sys.stderr), transient=True, refresh_per_second=_PER_SECOND
        )
        self._stack.enter_context(progress)
        task = progress.add_task("", total=self._total, completed=sum(self._places.values()))
        return lambda done: progress.update(task, completed=done)
