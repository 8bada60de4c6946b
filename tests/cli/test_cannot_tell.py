"""`sockets` and `ports` on a trace of which `check` says inconclusive: they say it too, exit 2."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli.running import SAMPLES
from shared_folder import CASES
from typer.testing import CliRunner, Result

from strace_analyzer.analysis.analyze import analyze
from strace_analyzer.cli.app import app
from strace_analyzer.report.cannot_tell import reasons
from strace_analyzer.report.gate import Gate, judge
from strace_analyzer.report.selection import Selected

TRACES = sorted(
    path
    for folder in (SAMPLES, CASES / "reading", CASES / "diagnosis")
    for path in folder.glob("*.strace")
)
NOT_FOLLOWED = """\
clone(child_stack=NULL, flags=CLONE_CHILD_SETTID|SIGCHLD) = 71
socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
close(3) = 0
"""
REASON = "task 71 was made and never seen"
CUT = "socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3\nconnect(3, {sa_family=AF_INET, sin_port=hto"


@pytest.fixture
def unseen(tmp_path: Path) -> str:
    path = tmp_path / "t.strace"
    path.write_text(NOT_FOLLOWED)
    return str(path)


def told(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


@pytest.mark.parametrize("command", ["sockets", "ports"])
def test_text_begins_with_the_reason(command: str, unseen: str) -> None:
    done = told(command, unseen)
    assert done.exit_code == 2
    assert done.stdout.startswith(f"cannot tell: {REASON}")


@pytest.mark.parametrize(("command", "table"), [("sockets", "sockets"), ("ports", "traces")])
def test_data_carry_the_reason_and_the_command(command: str, table: str, unseen: str) -> None:
    done = told(command, "--format", "json", unseen)
    whole = json.loads(done.stdout)
    (reason,) = whole["cannot_tell"]
    assert (done.exit_code, reason["code"], reason["trace"]) == (2, "not-followed", "t1")
    assert reason["reason"].startswith(REASON)
    assert "strace -fyyttT" in reason["remedy"]
    assert len(whole[table]) == 1
    first = told(command, "--format", "jsonl", unseen).stdout.splitlines()[0]
    assert json.loads(first)["cannot_tell"] == [reason]
    assert (
        f"strace-analyzer: cannot tell: {REASON}" in told(command, "--format", "csv", unseen).stderr
    )


@pytest.mark.parametrize("command", ["sockets", "ports"])
@pytest.mark.parametrize(
    "text",
    [
        CUT,
        "bind(3, !!!\n",
        "socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3\nio_uring_setup(8, {}) = 4\n",
    ],
)
def test_whatever_the_reason(command: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / "t.strace"
    path.write_text(text)
    done = told(command, "--format", "json", str(path))
    assert done.exit_code == 2
    assert json.loads(done.stdout)["cannot_tell"]


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.name)
def test_they_cannot_tell_exactly_where_check_is_inconclusive(path: Path) -> None:
    selected = Selected(analyze(str(path)))
    inconclusive = judge(selected, Gate()).verdict == "inconclusive" or bool(selected.blind)
    assert bool(reasons(selected)) == inconclusive
