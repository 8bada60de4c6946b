"""Jobs in, their digests out as they are done, in a pool of processes.

A task of the pool is one large trace or several small ones, since each costs a round through the
process that reports. A process that dies (for want of memory, by a signal) costs nothing: what it
had is given to others, one trace at a time. A trace over which processes die three times is
reported as one that cannot be read.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import chain, islice
from multiprocessing import forkserver

from strace_analyzer.fleet.engine import PATIENCE, Done, Stopped
from strace_analyzer.fleet.work import Job, Judging, digests_of
from strace_analyzer.report.merged.digest import TraceDigest, refusal

Task = tuple[Job, ...]
"""what a process is given at a time"""
_TASK_BYTES = 128 << 10
"""bytes of small traces that go together: they take some tenths of a second"""
_TASK_JOBS = 64
"""traces of one task, however small they are"""
_AHEAD = 3
"""tasks that wait for each process, so that none is idle and memory does not grow with the jobs"""
_LIVES = 3
"""processes that may die over one trace"""


def tasks(jobs: Iterable[Job]) -> Iterator[Task]:
    """The jobs in their order, small ones together. One whose size nobody knows (of a URL, of a
    pipe) is alone."""
    together: list[Job] = []
    left = _TASK_BYTES
    for job in jobs:
        size = sum(source.size for source in job.trace.sources) or _TASK_BYTES
        if together and (size > left or len(together) == _TASK_JOBS):
            yield tuple(together)
            together, left = [], _TASK_BYTES
        together.append(job)
        left -= size
    if together:
        yield tuple(together)


def prepare() -> None:
    """Start the process that those of a pool are forked from: it takes a while to load the program,
    and there is other work to do meanwhile."""
    forkserver.set_forkserver_preload([digests_of.__module__])
    forkserver.ensure_running()


def in_processes(
    jobs: Iterable[Job], judging: Judging, processes: int, stopped: Stopped
) -> Iterator[Done]:
    """In so many processes at once; `stopped` is asked while they work. What is not done when it
    says yes is not given."""
    waiting = tasks(jobs)
    deaths: Counter[int] = Counter()
    """by number, of those jobs that are not done"""
    again: deque[Job] = deque()
    """what processes had that died"""
    prepare()
    while True:
        alone = max(deaths.values(), default=0) == _LIVES - 1  # to see whose fault it is
        taken: dict[int, Task] = {}
        given = _each(again) if alone else chain(_each(again), waiting)
        count = 1 if alone else processes
        most = 1 if alone else processes * _AHEAD
        try:
            with _pool(count) as pool:
                for job, made in _worked(pool, given, judging, taken, most, stopped):
                    del deaths[job.number]
                    yield job, made
            if stopped() or not alone:
                return
        except BrokenProcessPool:
            for job in chain.from_iterable(taken.values()):
                deaths[job.number] += 1
                if deaths[job.number] < _LIVES:
                    again.append(job)
                else:
                    del deaths[job.number]
                    yield job, refusal(job.trace.name, _died(job))


def _each(jobs: deque[Job]) -> Iterator[Task]:
    """Each alone; those that are not asked for stay."""
    while jobs:
        yield (jobs.popleft(),)


def _worked(
    pool: ProcessPoolExecutor,
    given: Iterator[Task],
    judging: Judging,
    taken: dict[int, Task],
    most: int,
    stopped: Stopped,
) -> Iterator[Done]:
    """What `pool` makes of the tasks, at most so many under way; in `taken` stand those that are,
    by the number of their first job. Raises BrokenProcessPool if a process dies."""
    under_way: dict[Future[list[TraceDigest]], int] = {}
    while not stopped():
        for task in islice(given, most - len(taken)):
            number = task[0].number
            taken[number] = task
            under_way[pool.submit(digests_of, [job.trace for job in task], judging)] = number
        if not under_way:
            return
        done, _ = wait(under_way, PATIENCE, FIRST_COMPLETED)
        for future in done:
            made = future.result()
            yield from zip(taken.pop(under_way.pop(future)), made, strict=True)
    processes = tuple((pool._processes or {}).values())  # Python 3.14: terminate_workers()
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.terminate()  # what they read may be long, and is not asked for any more


def _died(job: Job) -> str:
    return f"{job.trace.name}: the processes that read it died (out of memory?)"


def _pool(processes: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(
        processes, multiprocessing.get_context("forkserver"), _ignore_interrupts
    )


def _ignore_interrupts() -> None:
    """Ctrl-C reaches every process of a terminal: the one that reports decides."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
