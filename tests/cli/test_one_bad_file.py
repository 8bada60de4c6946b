"""One bad file among many costs nothing but itself: the others are reported as without it, it is
named, and the status is 2."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from cli.running import CURL, ERLANG

from strace_analyzer.cli import main

FOUND = str(ERLANG)


def missing(path: Path) -> None:
    """Nothing is made."""


def empty(path: Path) -> None:
    path.write_bytes(b"")


def prose(path: Path) -> None:
    path.write_text("Dear all,\n\nthe trace is attached.\n" * 20)


def cut(path: Path) -> None:
    path.write_bytes(b"\x1f\x8b\x08\x00")


def of_nothing(path: Path) -> None:
    path.mkdir()


BAD = [missing, empty, prose, cut, of_nothing]


@pytest.mark.parametrize("spoil", BAD)
@pytest.mark.parametrize("first", [False, True])
def test_it_costs_nothing_but_itself(
    spoil: Callable[[Path], None], first: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad"
    spoil(bad)
    assert main(["check", "--format", "json", FOUND]) == 1
    alone = json.loads(capsys.readouterr().out)
    assert main(["check", "--format", "json", *sorted([str(bad), FOUND], reverse=first)]) == 2
    said = capsys.readouterr()
    report = json.loads(said.out)
    assert len(report["findings"]) == len(alone["findings"]) == 40
    assert report["summary"] == {**alone["summary"], "exit_status": 2}
    (refusal,) = [w for w in report["warnings"] if w["code"] == "refused"]
    assert said.err == f"strace-analyzer: {refusal['message']}\n"
    assert str(bad) in refusal["message"]
    assert refusal["effect"] == "may-miss"


def test_beside_a_clean_one_nothing_is_clean(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(CURL), str(tmp_path / "bad")]) == 2
    said = " ".join(capsys.readouterr().out.split())
    assert f"inconclusive: {tmp_path}/bad: no such file or directory; nothing can be said" in said


def test_where_all_are_bad_each_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prose(tmp_path / "a")
    assert main(["check", str(tmp_path / "a"), str(tmp_path / "b")]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert [line.rpartition("/")[2][:2] for line in said.err.splitlines()] == ["a:", "b:"]
