"""A line on which we fail costs itself only: it is accounted for as one that was not understood, the
verdict knows of it, and standard error has the line for a bug report. Here a line that has `POISON`
makes one stage or another raise."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cli.running import EARLY_BIND, ERLANG

from strace_analyzer.cli import main
from strace_analyzer.kernel import Tracker
from strace_analyzer.report.formats import json as json_format
from strace_analyzer.trace import family
from strace_analyzer.trace.decode import stream
from strace_analyzer.trace.decode.rejoin import Rejoin
from strace_analyzer.trace.decode.stream import LineDecoder

CLEAN = """\
socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
close(3) = 0
"""
BAD = 'read(0, "POISON", 9) = 6\n'
SAID = "strace-analyzer: this is a fault of strace-analyzer, please report it, with line "


def poisoned(work: Callable[..., Any]) -> Callable[..., Any]:
    """`work`, but that it raises where it is given the line."""

    def fail(*given: Any, **named: Any) -> Any:
        if "POISON" in repr(given[1:]):
            raise KeyError("poison")
        return work(*given, **named)

    return fail


STAGES = [
    (stream, "lines"),
    (LineDecoder, "frame"),
    (LineDecoder, "join"),
    (LineDecoder, "take_record"),
    (Rejoin, "join"),
    (Tracker, "_call"),
]


@pytest.fixture(params=STAGES, ids=lambda stage: f"{stage[0].__name__}.{stage[1]}")
def failing(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    where, name = request.param
    if name == "frame":  # of each decoder
        made = LineDecoder.__init__

        def init(self: Any, *given: Any) -> None:
            made(self, *given)
            frame = self.frame
            self.frame = poisoned(lambda _, line: frame(line)).__get__(self)

        monkeypatch.setattr(LineDecoder, "__init__", init)
        return
    monkeypatch.setattr(where, name, poisoned(getattr(where, name)))


@pytest.mark.usefixtures("failing")
@pytest.mark.parametrize("strict", [[], ["--strict"]], ids=["default", "strict"])
@pytest.mark.parametrize("place", [0, 2, 3])
def test_it_is_accounted_for_and_told(
    strict: list[str], place: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = CLEAN.splitlines(keepends=True)
    lines.insert(place, BAD)
    trace = tmp_path / "trace"
    trace.write_text("".join(lines))
    assert main(["check", "--format", "json", *strict, str(trace)]) == 2
    said = capsys.readouterr()
    report = json.loads(said.out)
    assert report["summary"]["verdict"] == "inconclusive"
    (source,) = report["traces"][0]["sources"]
    assert source["lines"] == source["examined"] == 4
    assert "own-fault" in {warning["code"] for warning in report["warnings"]}
    told = [line for line in said.err.splitlines() if line.startswith(SAID)]
    assert told == said.err.splitlines()
    assert f"{SAID}{trace}:{place + 1}: KeyError: 'poison' (" in told[0]


@pytest.mark.usefixtures("failing")
def test_findings_are_found_all_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trace = tmp_path / "trace"
    trace.write_text(EARLY_BIND + BAD + EARLY_BIND)
    assert main(["check", "--fail-on", "note", "--format", "json", str(trace)]) == 1
    assert len(json.loads(capsys.readouterr().out)["findings"]) == 2


def test_a_family_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "t.7").write_text(f"1.0 {BAD}2.0 {BAD}")
    (tmp_path / "t.8").write_text(CLEAN)
    for where, name in [(family, "lines"), (Rejoin, "join")]:
        with monkeypatch.context() as patch:
            patch.setattr(where, name, poisoned(getattr(where, name)))
            status = main(["check", "--format", "json", str(tmp_path / "t")])
        said = capsys.readouterr()
        assert status == 2, said
        report = json.loads(said.out)
        assert [(s["lines"], s["examined"]) for s in report["traces"][0]["sources"]] == [
            (2, 2),
            (3, 3),
        ]
        assert said.err.count(SAID) == 2


@pytest.mark.parametrize(
    "words",
    [
        *(["events"], ["summary"], ["tree"], ["sockets"], ["ports"]),
        *(["check", "--merged"], ["check", "--format", "sarif"], ["compare", str(ERLANG)]),
    ],
    ids=" ".join,
)
def test_other_commands_say_so(
    words: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(Rejoin, "join", poisoned(Rejoin.join))
    trace = tmp_path / "trace"
    trace.write_text(CLEAN + BAD)
    assert main([*words, str(trace)]) == 2
    said = capsys.readouterr()
    assert said.out
    assert "fault of strace-analyzer" in said.out + said.err


def test_what_fails_elsewhere_is_one_line_and_no_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(json_format, "pieces", lambda _: {}["poison"])
    trace = tmp_path / "trace"
    trace.write_text(EARLY_BIND)
    status = main(["check", "--format", "json", str(trace)])
    said = capsys.readouterr()
    assert (status, said.out) == (2, "")
    assert said.err.startswith(
        "strace-analyzer: this is a fault of strace-analyzer, please report it: KeyError: "
    )
    assert said.err.count("\n") == 1
