"""A report's file is the old one or the new one, never half of one, and never a trace."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cli.running import COMMAND, EARLY_BIND, ERLANG, ROOT, environment

from strace_analyzer.cli import main
from strace_analyzer.report.formats import json as json_format

COMMANDS = [
    ["check"], ["check", "--format", "json"], ["check", "--follow"], ["sockets"], ["ports"],
    ["events"], ["summary"], ["tree"],
]  # fmt: skip
OLD = "an old report\n"


def report_file(tmp_path: Path) -> Path:
    report = tmp_path / "report"
    report.write_text(OLD)
    return report


def only(report: Path) -> bool:
    """Nothing was left beside it."""
    return [path.name for path in report.parent.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_trace_is_not_overwritten(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trace = tmp_path / "trace"
    trace.write_text(EARLY_BIND)
    link = tmp_path / "link"
    link.symlink_to(trace)
    for output in (trace, tmp_path / "." / "trace", link):
        assert main([*words, "-o", str(output), str(trace)]) == 2
        assert "is one of the traces: give -o another name" in capsys.readouterr().err
        assert trace.read_text() == EARLY_BIND
    assert only(trace)


@pytest.mark.parametrize("named", [[], ["-"]], ids=["unnamed", "-"])
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_nor_is_what_standard_input_is_read_from(
    words: list[str], named: list[str], tmp_path: Path
) -> None:
    trace = tmp_path / "trace"
    trace.write_text(EARLY_BIND)
    with trace.open("rb") as source:
        done = subprocess.run(
            [sys.executable, "-m", "strace_analyzer", *words, "-o", str(trace), *named],
            stdin=source,
            capture_output=True,
            text=True,
        )
    assert done.returncode == 2
    assert done.stderr == f"strace-analyzer: {trace} is one of the traces: give -o another name\n"
    assert trace.read_text() == EARLY_BIND
    assert only(trace)


def test_nor_is_a_member_of_a_family(tmp_path: Path) -> None:
    (tmp_path / "t.7").write_text(EARLY_BIND)
    (tmp_path / "t.8").write_text(EARLY_BIND)
    assert main(["check", "-o", str(tmp_path / "t.8"), str(tmp_path / "t")]) == 2
    assert main(["check", "-o", str(tmp_path / "t.8"), str(tmp_path)]) == 2
    assert (tmp_path / "t.8").read_text() == EARLY_BIND


def test_both_sides_of_a_comparison_are_kept(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    shutil.copy(ERLANG, trace)
    assert main(["compare", "-o", str(trace), str(trace), str(ERLANG)]) == 2
    assert trace.read_bytes() == ERLANG.read_bytes()


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_what_stops_in_the_middle_leaves_the_old_one(
    error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = json_format.pieces

    def stopped(*given: Any) -> Any:
        yield from list(whole(*given))[:2]
        raise error

    monkeypatch.setattr(json_format, "pieces", stopped)
    report = report_file(tmp_path)
    words = ["check", "--format", "json", "-o", str(report), str(ERLANG)]
    assert main(words) == (130 if isinstance(error, KeyboardInterrupt) else 2)
    assert report.read_text() == OLD
    assert only(report)


def limited() -> None:
    """A disk that is full after 4 KiB: what is buffered is refused only when the file is closed."""
    import resource

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))


def run(*words: str, before: Callable[[], None] | None = None, **env: str) -> Any:
    return subprocess.run(
        [*COMMAND, *words], capture_output=True, cwd=ROOT, env=environment(**env),
        preexec_fn=before, timeout=100, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("words", [["check", "--format", "json"], ["events"]], ids=" ".join)
def test_a_full_disk_leaves_the_old_one(words: list[str], tmp_path: Path) -> None:
    report = report_file(tmp_path)
    # what is learned of the trace is not to be kept: its file would be too large as well
    done = run(*words, "-o", str(report), str(ERLANG), before=limited, XDG_CACHE_HOME="/dev/null")
    assert done.returncode == 2
    assert done.stderr.decode() == f"strace-analyzer: cannot write {report}: File too large\n"
    assert report.read_text() == OLD
    assert only(report)


@pytest.mark.parametrize("closed", [0, 2])
def test_a_closed_standard_stream_is_no_crash(closed: int) -> None:
    done = run("check", "--format", "json", str(ERLANG), before=lambda: os.close(closed))
    assert done.returncode == 1
    assert json.loads(done.stdout)["summary"]["verdict"] == "findings"


# ---------------------------------------------------------------- equal input, equal bytes

SURROUNDINGS = [
    {"PYTHONHASHSEED": "0"},
    {"PYTHONHASHSEED": "4242", "TZ": "Asia/Kathmandu", "HOME": "/nowhere"},
    {"LC_ALL": "C", "LANG": "de_DE.UTF-8", "COLUMNS": "80", "PYTHONHASHSEED": "7"},
]


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ["check", "--format", "json"],
        ["check", "--format", "sarif"],
        ["sockets", "--format", "csv"],
        ["events"],
    ],
    ids=" ".join,
)
def test_the_same_bytes_whatever_is_around(words: list[str], tmp_path: Path) -> None:
    jobs = [] if words[0] == "events" else ["--jobs", "1"]
    made = {
        run(*words, *more, str(ERLANG), XDG_CACHE_HOME=str(tmp_path / str(number)), **env).stdout
        for number, env in enumerate(SURROUNDINGS)
        for more in ([], jobs)
    }
    assert len(made) == 1
    assert len(made.pop()) > 1000
