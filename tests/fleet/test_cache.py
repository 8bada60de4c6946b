"""--cache: only what is new is read; what changed, or was made by another version, is made anew."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from fleet.many import SAMPLES, written

import strace_analyzer.fleet.cache as cache_module
from strace_analyzer.fleet.cache import Cache
from strace_analyzer.fleet.engine import Done, Stopped, here
from strace_analyzer.fleet.fold import jobs_of, merged
from strace_analyzer.fleet.work import Job, Judging
from strace_analyzer.report.gate import Gate
from strace_analyzer.report.merged.merged import Merged
from strace_analyzer.trace.reader import traces


class Counting:
    """An engine that knows what it had to read."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def __call__(self, jobs: Iterable[Job], judging: Judging, stopped: Stopped) -> Iterator[Done]:
        for done in here(jobs, judging, stopped):
            self.read.append(Path(done[0].trace.name).name)
            yield done


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    place = tmp_path / "logs"
    place.mkdir()
    for path in SAMPLES[:4]:
        shutil.copy(path, place)
        os.utime(place / path.name, (1e9, 1e9))
    return place


def run(logs: Path, judging: Judging = Judging()) -> tuple[list[str], Merged]:  # noqa: B008
    engine = Counting()
    known = Cache(logs.parent / "cache", judging).known(engine)
    made = merged(jobs_of(traces([str(logs)]), "{parent}"), judging, known)
    return engine.read, made


def test_only_what_is_new_is_read(logs: Path) -> None:
    first, report = run(logs)
    assert len(first) == 4
    shutil.copy(SAMPLES[5], logs)
    second, more = run(logs)
    assert second == [SAMPLES[5].name]
    third, same = run(logs)
    assert third == []
    assert written(same, "json") == written(more, "json")
    (logs / SAMPLES[5].name).unlink()
    assert written(run(logs)[1], "json") == written(report, "json")


def test_a_file_with_another_content_is_read_again(logs: Path) -> None:
    """Also where it was put in the place of one of the same size and time."""
    run(logs)
    path = logs / SAMPLES[0].name
    state = path.stat()
    path.write_text(path.read_text().replace("connect(", "cannect("))
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert run(logs)[0] == [path.name]


def test_a_file_that_was_only_touched_is_not_analysed_again(logs: Path) -> None:
    run(logs)
    os.utime(logs / SAMPLES[0].name, (2e9 - 5e8, 1.5e9))
    assert run(logs)[0] == []


def test_other_settings_and_other_versions_are_made_anew(
    logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(logs)
    assert len(run(logs, Judging(gate=Gate(min_connections=5)))[0]) == 4
    assert len(run(logs, Judging(port_range=(1024, 2048)))[0]) == 4
    monkeypatch.setattr(cache_module, "version", lambda: "99")
    assert len(run(logs)[0]) == 4


@pytest.mark.parametrize("said", ["", "{", "[]", '{"name": 1}', "null", '{"grounds": [[1]]}'])
def test_what_is_damaged_is_as_good_as_none(logs: Path, said: str) -> None:
    _, report = run(logs)
    for path in (logs.parent / "cache" / "digests").iterdir():
        json.loads(path.read_text())  # nothing but data
        path.write_text(said)
    read, made = run(logs)
    assert len(read) == 4
    assert written(made, "json") == written(report, "json")


def test_what_cannot_be_read_is_not_kept(logs: Path) -> None:
    (logs / "prose.strace").write_text("Dear all,\n\nthe trace is attached.\n")
    os.utime(logs / "prose.strace", (1e9, 1e9))
    run(logs)
    assert run(logs)[0] == ["prose.strace"]
