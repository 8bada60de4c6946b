"""Traces in, what they come to together out, by the engine that was asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence

from strace_analyzer.errors import AllUnreadableError, ConfigurationError
from strace_analyzer.fleet.engine import Done, Engine, here
from strace_analyzer.fleet.labels import labeller
from strace_analyzer.fleet.numbered import Numbered
from strace_analyzer.fleet.work import Job, Judging, not_read
from strace_analyzer.report.merged.merged import Merged
from strace_analyzer.trace.reader import TraceInput

_SMALL = 1 << 20
"""bytes of traces for which no process is started"""


def jobs_of(traces: Sequence[TraceInput], label: str) -> Iterator[Job]:
    """The traces with their numbers and labels. Raises ConfigurationError if `label` is none."""
    label_of = labeller(label)
    for number, trace in enumerate(traces, 1):
        yield Job(number, label_of(trace.name), trace)


def engine(
    traces: Sequence[TraceInput], processes: int | None, scheduler: str | None = None
) -> Engine:
    """The cluster of `scheduler`, where one was named. This process where one was asked for, or
    there is little to do; else a pool of them, as many as there are processors unless it is said
    how many."""
    if scheduler is not None:
        from strace_analyzer.fleet.cluster import on_cluster

        return lambda jobs, judging, stopped: on_cluster(jobs, judging, scheduler, stopped)
    is_remote = any(source.url is not None for trace in traces for source in trace.sources)
    few = (
        not is_remote and sum(source.size for trace in traces for source in trace.sources) < _SMALL
    )
    if processes == 1 or len(traces) == 1 or (processes is None and few):
        return here
    from strace_analyzer.fleet.pool import in_processes  # one trace needs no multiprocessing

    count = processes or os.cpu_count() or 1
    return lambda jobs, judging, stopped: in_processes(jobs, judging, count, stopped)


def merged(
    jobs: Sequence[Job] | Iterable[Job],
    judging: Judging,
    run: Engine,
    *,
    signal: Callable[[], int | None] = lambda: None,
    told: Callable[[Done], None] = lambda done: None,
) -> Merged:
    """What all jobs come to, done by `run`; each is `told` of as it is done. Once `signal` gives
    one, the rest is not read, and counts as interrupted.

    Raises TraceError if no trace could be read, ConfigurationError where none has what was asked
    for, unless a signal came.
    """
    hiding = judging.hiding
    made = Merged() if hiding is None else Merged(hiding.kinds)
    put = made.add if hiding is None else Numbered(made, hiding).add
    left: dict[int, Job] = {}

    def noted() -> Iterator[Job]:
        for job in jobs:
            left[job.number] = job
            yield job

    waiting = noted()
    for job, one in run(waiting, judging, lambda: signal() is not None):
        put(job.number, job.label, one)
        del left[job.number]
        told((job, one))
    stopped_by = signal()
    if stopped_by is not None:
        for job in (*left.values(), *waiting):
            reason = f"{job.trace.name}: not read: interrupted"
            put(job.number, job.label, not_read(job.trace.name, reason, judging, stopped_by))
    else:
        _check(made)
    return made


def _check(made: Merged) -> None:
    traces, refused = made.total("traces"), made.total("not_read")
    if refused == traces:
        raise AllUnreadableError(row.reason or row.name for row in made.in_order())
    if made.total("unmatched") == traces - refused:
        raise ConfigurationError(made.unmatched[None][0])
