"""Engines: whatever reads the traces, the digests are the same; a process that dies costs nothing."""

from __future__ import annotations

import io
import os
from itertools import count, cycle, islice
from pathlib import Path
from typing import Any

import pytest
from cli.running import run
from fleet.many import SAMPLES, deadly, digests, inputs, written

from strace_analyzer.errors import ConfigurationError, TraceError
from strace_analyzer.fleet.engine import here
from strace_analyzer.fleet.fold import Engine, engine, jobs_of, merged
from strace_analyzer.fleet.labels import labeller
from strace_analyzer.fleet.pool import in_processes, tasks
from strace_analyzer.fleet.work import Job, Judging
from strace_analyzer.report.selection import Selection
from strace_analyzer.trace.input.source import SourceInput
from strace_analyzer.trace.reader import TraceInput, traces


def pool(processes: int = 2) -> Engine:
    return lambda jobs, judging, stopped: in_processes(jobs, judging, processes, stopped)


def report(run: Engine, judging: Judging = Judging(), given: list[TraceInput] | None = None) -> str:  # noqa: B008
    jobs = list(jobs_of(inputs() if given is None else given, "{parent}"))
    return written(merged(jobs, judging, run), "json")


def test_a_pool_gives_the_same_bytes_as_this_process() -> None:
    assert report(pool()) == report(here)


def test_a_process_that_dies_in_the_middle_changes_nothing(tmp_path: Path) -> None:
    rules = deadly(tmp_path, victim="nginx")
    made = report(pool(), Judging(rule_files=(rules,)))
    assert (tmp_path / "mark").exists()
    assert made == report(here)


def test_after_a_death_those_that_were_waiting_are_read_too(tmp_path: Path) -> None:
    """More of them than were under way."""
    jobs = many(60)
    rules = deadly(tmp_path, victim="nginx")
    made = merged(jobs, Judging(rule_files=(rules,)), pool())
    assert (tmp_path / "mark").exists()
    assert made.total("traces") == 60
    assert written(made, "json") == written(merged(jobs, Judging(), here), "json")


def many(count: int) -> list[Job]:
    """So many jobs, of the samples over and over."""
    jobs = list(jobs_of(inputs(), "{parent}"))
    return [job._replace(number=n) for n, job in enumerate(islice(cycle(jobs), count), 1)]


def test_small_traces_go_together_and_all_go_once_in_order(tmp_path: Path) -> None:
    sizes = [10, 20, 70_000, 70_000, 5, 0, 5, 1 << 20, 5, *([1] * 150)]
    for number, size in enumerate(sizes):
        (tmp_path / f"{number:03}").write_bytes(b"x" * size)
    given = list(tasks(jobs_of(traces([str(tmp_path)]), "-")))
    assert [job.number for task in given for job in task] == list(range(1, len(sizes) + 1))
    assert [len(task) for task in given] == [3, 2, 1, 1, 1, 64, 64, 23]


def test_what_processes_learn_is_kept(tmp_path: Path) -> None:
    place = tmp_path / "cache"
    assert run(
        "check",
        "--merged",
        "--jobs",
        "2",
        str(SAMPLES[0]),
        str(SAMPLES[1]),
        XDG_CACHE_HOME=str(place),
    ).returncode in (0, 1)
    assert (place / "strace-analyzer" / "calls.json").stat().st_size > 1000


def test_a_trace_over_which_processes_die_is_reported_and_the_others_stand(tmp_path: Path) -> None:
    rules = deadly(tmp_path, victim="nginx", always=True)
    jobs = list(jobs_of(inputs(), "{parent}"))
    made = merged(jobs, Judging(rule_files=(rules,)), pool())
    lost = [row for row in made.in_order() if row.reason is not None]
    assert [Path(row.name).name for row in lost] == ["nginx-proxy-pass-mix.strace"]
    assert "the processes that read it died" in (lost[0].reason or "")
    assert made.total("traces") == len(SAMPLES)
    assert made.grounds.broken


def test_after_a_signal_the_rest_is_not_read_and_said_to_be_so() -> None:
    done: list[int] = []
    jobs = list(jobs_of(inputs(), "{parent}"))
    made = merged(
        jobs,
        Judging(),
        here,
        signal=lambda: 15 if len(done) >= 3 else None,
        told=lambda item: done.append(item[0].number),
    )
    assert made.total("traces") == len(SAMPLES)
    unread = [row for row in made.in_order() if row.verdict == "refused"]
    assert len(unread) == len(SAMPLES) - 3
    assert made.grounds.signal == 15
    assert not made.grounds.broken


class Endless(io.RawIOBase):
    """Calls without end."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        line = b"close(3) = 0\n"
        size = len(buffer) // len(line) * len(line)
        buffer[:size] = line * (size // len(line))
        return size


def test_what_is_read_when_the_signal_comes_is_not_read_on() -> None:
    asked = count()
    stream = io.BufferedReader(Endless())
    endless = TraceInput("t1", "endless", (SourceInput("endless", None, stream),))
    made = merged(
        jobs_of([endless, *inputs()], "{parent}"),
        Judging(),
        here,
        signal=lambda: 15 if next(asked) > 3 else None,
    )
    assert {row.verdict for row in made.in_order()} == {"refused"}
    assert made.grounds.signal == 15


def test_nor_is_what_other_processes_read(tmp_path: Path) -> None:
    """They wait for a FIFO that nobody writes to."""
    os.mkfifo(tmp_path / "a")
    os.mkfifo(tmp_path / "b")
    writers = [os.open(tmp_path / name, os.O_RDWR) for name in "ab"]
    waiting = [
        TraceInput(f"t{n}", name, (SourceInput(name, tmp_path / name),))
        for n, name in enumerate("ab", 1)
    ]
    asked = count()
    made = merged(
        jobs_of(waiting, "{parent}"),
        Judging(),
        pool(),
        signal=lambda: 1 if next(asked) > 2 else None,
    )
    for writer in writers:
        os.close(writer)
    assert [row.reason for row in made.in_order()] == [
        f"{name}: not read: interrupted" for name in "ab"
    ]


def test_a_filter_that_matches_in_no_trace_is_an_error() -> None:
    jobs = list(jobs_of(inputs(), "{parent}"))
    some = merged(jobs, Judging(selection=Selection(commands=("beam.smp",))), here)
    assert some.total("unmatched") == len(SAMPLES) - 3
    assert {program for program, _ in some.programs} == {"beam.smp"}
    with pytest.raises(ConfigurationError, match="no process of the trace has this"):
        merged(jobs, Judging(selection=Selection(commands=("nobody",))), here)


def test_where_no_trace_can_be_read_each_is_named(tmp_path: Path) -> None:
    given = traces([str(tmp_path / "a"), str(tmp_path / "b")])
    with pytest.raises(TraceError, match=r"(?s)a: no such file.*b: no such file"):
        report(here, given=given)


def test_little_work_starts_no_process() -> None:
    assert engine(inputs()[:3], None) is here
    assert engine(inputs(), 1) is here
    assert engine(inputs()[:1], 4) is here
    assert engine(inputs(), 2) is not here


@pytest.mark.parametrize(
    ("asked", "path", "label"),
    [
        ("{parent}", "/logs/web1/a.strace", "web1"),
        ("{parent}", "s3://bucket/web1/a.strace", "web1"),
        ("{parent}", "a.strace", "-"),
        ("{stem}", "/logs/web1.2026.strace.gz", "web1"),
        ("{parent}/{name}", "/logs/web1/a", "web1/a"),
        (r"/(web\d)", "/logs/web1/a.strace", "web1"),
        (r"web\d{1,2}", "/logs/web12/a.strace", "web12"),
        (r"db(\d+)", "/logs/web12/a.strace", "-"),
    ],
)
def test_the_label_comes_from_the_path(asked: str, path: str, label: str) -> None:
    assert labeller(asked)(path) == label


@pytest.mark.parametrize("asked", ["(", "{host}"])
def test_what_is_neither_template_nor_expression_is_said(asked: str) -> None:
    with pytest.raises(ConfigurationError, match="--label"):
        labeller(asked)


def test_digests_are_small() -> None:
    import pickle

    assert max(len(pickle.dumps(one)) for one in digests()) < 16_000
