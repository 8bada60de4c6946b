"""--scheduler: a real Dask cluster on this machine, two worker processes; one is killed amid the
work."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fleet.many import SAMPLES, inputs, written

from strace_analyzer.cli import main
from strace_analyzer.errors import ConfigurationError
from strace_analyzer.fleet.cluster import on_cluster
from strace_analyzer.fleet.engine import Done, here
from strace_analyzer.fleet.fold import jobs_of, merged
from strace_analyzer.fleet.work import Judging
from strace_analyzer.trace.reader import traces

pytestmark = pytest.mark.slow
distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, protocol="tcp://"
    ) as made:
        yield made


def test_the_report_is_that_of_this_process(
    cluster: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [str(path.relative_to(Path.cwd())) for path in SAMPLES[:3]]  # workers are elsewhere
    words = ["check", "--merged", "--format", "json", *names]
    assert main([*words, "--jobs", "1"]) == 1
    here_said = capsys.readouterr().out
    assert main([*words, "--scheduler", cluster.scheduler_address]) == 1
    assert capsys.readouterr().out == here_said
    told = {
        "type": "Scheduler",
        "address": cluster.scheduler_address,
    }  # as dask scheduler writes it
    (tmp_path / "scheduler.json").write_text(json.dumps(told))
    assert main([*words, "--scheduler", str(tmp_path / "scheduler.json")]) == 1
    assert capsys.readouterr().out == here_said


def test_a_worker_that_is_killed_amid_the_work_changes_nothing(cluster: Any) -> None:
    jobs = [job._replace(number=n) for n, job in enumerate([*jobs_of(inputs(), "{parent}")] * 3, 1)]
    killed: list[int] = []

    def kill(done: Done) -> None:
        if len(killed) == 0 and done[0].number > 2:
            with distributed.Client(cluster.scheduler_address, set_as_default=False) as client:
                killed.extend(list(client.run(os.getpid).values())[:1])
            os.kill(killed[0], signal.SIGKILL)

    made = merged(
        jobs,
        Judging(),
        lambda jobs, judging, stopped: on_cluster(
            jobs, judging, cluster.scheduler_address, stopped
        ),
        told=kill,
    )
    assert killed
    assert written(made, "json") == written(merged(jobs, Judging(), here), "json")


def test_one_that_cannot_be_read_costs_itself_only(cluster: Any, tmp_path: Path) -> None:
    given = traces([str(tmp_path / "gone"), str(SAMPLES[0])])
    made = merged(
        jobs_of(given, "-x"),
        Judging(),
        lambda jobs, judging, stopped: on_cluster(
            jobs, judging, cluster.scheduler_address, stopped
        ),
    )
    assert [row.verdict == "refused" for row in made.in_order()] == [True, False]


def test_rule_files_are_not_sent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rules = tmp_path / "rules.py"
    rules.write_text((Path(__file__).parents[1] / "fleet" / "many.py").read_text())
    assert (
        main(["check", "--rules", str(rules), "--scheduler", "tcp://127.0.0.1:1", str(SAMPLES[0])])
        == 2
    )
    assert capsys.readouterr().err


def test_where_there_is_no_scheduler_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("strace_analyzer.fleet.cluster._CONNECT", "1s")
    jobs = list(jobs_of(inputs(), "{parent}"))
    with pytest.raises(
        ConfigurationError, match=r"--scheduler tcp://127\.0\.0\.1:9: no scheduler there"
    ):
        list(on_cluster(jobs, Judging(), "tcp://127.0.0.1:9", lambda: False))
    with pytest.raises(ConfigurationError, match=r"--scheduler /gone\.json: no scheduler there"):
        list(on_cluster(jobs, Judging(), "/gone.json", lambda: False))
