"""Jobs in, their digests out as they are done: in this process, or in a pool of processes.

A process that dies (for want of memory, by a signal) costs nothing: what it had is given to others.
A trace over which processes die three times is reported as one that cannot be read.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import chain, islice

from strace_analyzer.fleet.work import Job, Judging, digest_of
from strace_analyzer.report.merged.digest import TraceDigest, refusal

Done = tuple[Job, TraceDigest]
Stopped = Callable[[], bool]
_AHEAD = 4
"""jobs that wait for each process, so that none is idle and memory does not grow with the jobs"""
_LIVES = 3
PATIENCE = 0.5
"""seconds between looks at whether the end is asked for"""


def here(jobs: Iterable[Job], judging: Judging, stopped: Stopped) -> Iterator[Done]:
    """One after the other, in this process."""
    for job in jobs:
        if stopped():
            return
        yield job, digest_of(job.trace, judging)


def in_processes(
    jobs: Iterable[Job], judging: Judging, processes: int, stopped: Stopped
) -> Iterator[Done]:
    """In so many processes at once; `stopped` is asked while they work. What is not done when it
    says yes is not given."""
    waiting = iter(jobs)
    deaths: Counter[int] = Counter()
    again: list[Job] = []
    """what processes had that died"""
    while True:
        alone = bool(again) and max(deaths.values()) == _LIVES - 1  # to see whose fault it is
        taken: dict[int, Job] = {}
        given = iter(again) if alone else chain(again, waiting)
        again = []
        try:
            with _pool(1 if alone else processes) as pool:
                yield from _worked(
                    pool, given, judging, taken, 1 if alone else processes * _AHEAD, stopped
                )
            if stopped() or not alone:
                return
        except BrokenProcessPool:
            again += [job for job in given if deaths[job.number]]
            for job in taken.values():
                deaths[job.number] += 1
                if deaths[job.number] < _LIVES:
                    again.append(job)
                else:
                    del deaths[job.number]
                    yield job, refusal(job.trace.name, _died(job))


def _worked(
    pool: ProcessPoolExecutor,
    jobs: Iterator[Job],
    judging: Judging,
    taken: dict[int, Job],
    most: int,
    stopped: Stopped,
) -> Iterator[Done]:
    """What `pool` makes of the jobs, at most so many under way; in `taken` stand those that are.
    Raises BrokenProcessPool where a process dies."""
    under_way: dict[Future[TraceDigest], Job] = {}
    while not stopped():
        for job in islice(jobs, most - len(taken)):
            taken[job.number] = job
            under_way[pool.submit(digest_of, job.trace, judging)] = job
        if not under_way:
            return
        done, _ = wait(under_way, PATIENCE, FIRST_COMPLETED)
        for future in done:
            made = future.result()
            job = under_way.pop(future)
            del taken[job.number]
            yield job, made
    pool.shutdown(wait=False, cancel_futures=True)


def _died(job: Job) -> str:
    return f"{job.trace.name}: the processes that read it died (out of memory?)"


def _pool(processes: int) -> ProcessPoolExecutor:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([digest_of.__module__])
    return ProcessPoolExecutor(processes, context, _ignore_interrupts)


def _ignore_interrupts() -> None:
    """Ctrl-C reaches every process of a terminal: the one that reports decides."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
