"""Who does the jobs: what an engine takes and gives, and the plainest of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from strace_analyzer.errors import InterruptedReadError
from strace_analyzer.fleet.work import Job, Judging, digest_of
from strace_analyzer.report.merged.digest import TraceDigest
from strace_analyzer.trace.input.content import BLOCK_SIZE, Block, Tell, nobody
from strace_analyzer.trace.input.source import SourceInput, as_kind

Done = tuple[Job, TraceDigest]
Stopped = Callable[[], bool]
Engine = Callable[[Iterable[Job], Judging, Stopped], Iterator[Done]]
"""Gives each job as it is done, until it is to be stopped."""
PATIENCE = 0.5
"""seconds between looks at whether the end is asked for"""


@dataclass(frozen=True, slots=True)
class _UntilStopped(SourceInput):
    """A source that is not read on once the end is asked for."""

    stopped: Stopped = bool

    def blocks(self, size: int = BLOCK_SIZE, tell: Tell = nobody) -> Iterator[Block]:
        for block in SourceInput.blocks(self, size, tell):
            if self.stopped():
                raise InterruptedReadError("", 0)
            yield block


def here(jobs: Iterable[Job], judging: Judging, stopped: Stopped) -> Iterator[Done]:
    """One after the other, in this process. The one that is read when it is to stop is left."""
    is_cut = False

    def asked() -> bool:
        nonlocal is_cut
        is_cut = is_cut or stopped()
        return is_cut

    for job in jobs:
        if stopped():
            return
        sources = (as_kind(_UntilStopped, one, stopped=asked) for one in job.trace.sources)
        made = digest_of(replace(job.trace, sources=tuple(sources)), judging)
        if is_cut:
            return
        yield job, made
