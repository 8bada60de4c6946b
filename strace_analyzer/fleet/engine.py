"""Who does the jobs: what an engine takes and gives, and the plainest of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from strace_analyzer.fleet.work import Job, Judging, digest_of
from strace_analyzer.report.merged.digest import TraceDigest

Done = tuple[Job, TraceDigest]
Stopped = Callable[[], bool]
Engine = Callable[[Iterable[Job], Judging, Stopped], Iterator[Done]]
"""Gives each job as it is done, until it is to be stopped."""
PATIENCE = 0.5
"""seconds between looks at whether the end is asked for"""


def here(jobs: Iterable[Job], judging: Judging, stopped: Stopped) -> Iterator[Done]:
    """One after the other, in this process."""
    for job in jobs:
        if stopped():
            return
        yield job, digest_of(job.trace, judging)
