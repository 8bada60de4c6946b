"""Jobs in, their digests out as they are done, by the workers of a Dask cluster: they read the
traces where they are, and send digests.

Dask gives a job that was on a worker that died to another one. A trace over which workers die again
and again is reported as one that cannot be read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Any

from strace_analyzer.errors import ConfigurationError
from strace_analyzer.fleet.engine import PATIENCE, Done, Stopped
from strace_analyzer.fleet.work import Job, Judging, digest_of
from strace_analyzer.report.merged.digest import refusal
from strace_analyzer.report.version import version
from strace_analyzer.trace.reader import TraceInput

_AHEAD = 4
"""jobs that wait for each thread of the cluster"""
_CONNECT = "30s"
"""how long the scheduler, and then a worker, is waited for"""


def on_cluster(
    jobs: Iterable[Job], judging: Judging, scheduler: str, stopped: Stopped
) -> Iterator[Done]:
    """By the cluster of `scheduler`: its address, or the file that `dask scheduler
    --scheduler-file` wrote. Raises ConfigurationError if there is none, or its workers have
    another version of this program."""
    distributed = _distributed()
    with _client(distributed, scheduler) as client:
        _check(client, scheduler)
        waiting = iter(jobs)
        under_way: dict[Any, Job] = {}
        while not stopped():
            most = max(1, sum(client.nthreads().values())) * _AHEAD
            for job in islice(waiting, max(0, most - len(under_way))):  # one worker may be gone
                future = client.submit(digest_of, _anywhere(job.trace), judging, pure=False)
                under_way[future] = job
            if not under_way:
                return
            try:
                done = distributed.wait(list(under_way), PATIENCE, "FIRST_COMPLETED").done
            except TimeoutError:
                continue
            for future in done:
                yield _result(distributed, under_way.pop(future), future)
        client.cancel(list(under_way))


def _anywhere(trace: TraceInput) -> TraceInput:
    """With paths that mean the same in every directory."""
    return replace(
        trace,
        sources=tuple(
            source if source.path is None else replace(source, path=source.path.absolute())
            for source in trace.sources
        ),
    )


def _result(distributed: ModuleType, job: Job, future: Any) -> Done:
    try:
        return job, future.result()
    except distributed.KilledWorker:
        reason = f"{job.trace.name}: the workers that read it died (out of memory?)"
        return job, refusal(job.trace.name, reason)


def _distributed() -> ModuleType:
    try:
        import distributed
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            "--scheduler needs Dask: pip install 'strace-analyzer[fleet]'"
        ) from error
    module: ModuleType = distributed
    return module


def _client(distributed: ModuleType, scheduler: str) -> Any:
    is_file = "://" not in scheduler
    if is_file and not Path(scheduler).is_file():  # Dask would wait for it
        raise ConfigurationError(f"--scheduler {scheduler}: no scheduler there: no such file")
    where = {"scheduler_file" if is_file else "address": scheduler}
    try:
        return distributed.Client(**where, timeout=_CONNECT)
    except (OSError, TimeoutError, ValueError) as error:
        raise ConfigurationError(f"--scheduler {scheduler}: no scheduler there: {error}") from error


def _check(client: Any, scheduler: str) -> None:
    """That there are workers, and that each has this program."""
    try:
        client.wait_for_workers(1, timeout=_CONNECT)
        found = client.run(version)
    except TimeoutError as error:
        raise ConfigurationError(f"--scheduler {scheduler}: it has no workers") from error
    except (ModuleNotFoundError, AttributeError) as error:
        raise ConfigurationError(
            f"--scheduler {scheduler}: its workers have no strace-analyzer {version()} "
            f"({error}): pip install the same version on each"
        ) from error
    others = sorted({there for there in found.values() if there != version()})
    if others:
        raise ConfigurationError(
            f"--scheduler {scheduler}: its workers have strace-analyzer {', '.join(others)}, "
            f"this is {version()}: install the same version on each"
        )
