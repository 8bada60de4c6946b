"""A file that a signal kept from being read to its end is never clean, in any format."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from strace_analyzer.analysis import Settings
from strace_analyzer.analysis.analyze import analyze_traces
from strace_analyzer.cli import main
from strace_analyzer.cli.interrupt import _share
from strace_analyzer.errors import InterruptedReadError
from strace_analyzer.report.gate import judge, parse_gate
from strace_analyzer.report.selection import Selected
from strace_analyzer.rules import catalogue
from strace_analyzer.trace.input.source import SourceInput, TraceInput

CLIENT = """\
socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
close(3) = 0
"""


@dataclass(frozen=True, slots=True)
class Stopped(SourceInput):
    """A source whose reading is interrupted behind its first block."""

    def blocks(self, *how: object) -> Iterator[bytes]:
        yield CLIENT.encode()
        raise InterruptedReadError(" (14 %)", signal.SIGTERM)


@pytest.mark.parametrize("strict", [False, True])
def test_an_interrupted_reading_says_how_far_it_came(strict: bool) -> None:
    trace = TraceInput("t1", "a", (Stopped("a", Path("a"), None),))
    analysis = analyze_traces([trace], Settings(rules=catalogue(), strict=strict))
    judgement = judge(Selected(analysis), parse_gate((), ()))
    assert (judgement.verdict, judgement.exit_status) == ("inconclusive", 143)
    (warning,) = analysis.warnings
    assert (warning.code, warning.message) == ("interrupted", "interrupted after 3 lines (14 %)")
    assert analysis.traces[0].inconclusive == warning.message


def test_the_share_is_said_where_it_is_known() -> None:
    assert _share(14, 100) == " (14 %)"
    assert _share(14, 0) == ""
    assert _share(300, 100) == ""  # compressed


FORMATS = [
    "text", "json", "jsonl", "concise", "markdown", "github", "html", "sarif", "junit",
]  # fmt: skip


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> Callable[[signal.Signals], None]:
    """Lets a signal come when the first block has been read."""

    def stop(number: signal.Signals) -> None:
        read = SourceInput.blocks

        def blocks(source: SourceInput, *how: object) -> Iterator[bytes]:
            for block in read(source, 1 << 16):
                yield bytes(block)
                os.kill(os.getpid(), number)

        monkeypatch.setattr(SourceInput, "blocks", blocks)

    return stop


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
@pytest.mark.parametrize("given", ["file", "standard input"])
def test_the_status_tells_the_signal(
    number: signal.Signals, status: int, given: str, tmp_path: Path,
    stopped: Callable[[signal.Signals], None], monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    file = tmp_path / "long.strace"
    file.write_text(CLIENT * 4000)
    before = signal.getsignal(number)
    with file.open() as redirected:
        monkeypatch.setattr("sys.stdin", redirected)
        stopped(number)
        words = [str(file)] if given == "file" else []
        assert main(["check", "--strict", "--format", "json", *words]) == status
    summary = json.loads(capsys.readouterr().out)["summary"]
    assert (summary["verdict"], summary["exit_status"]) == ("inconclusive", status)
    assert signal.getsignal(number) == before


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_says_it(
    form: str, tmp_path: Path, stopped: Callable[[signal.Signals], None],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    file = tmp_path / "long.strace"
    file.write_text(CLIENT * 4000)
    stopped(signal.SIGTERM)
    assert main(["check", "--strict", "--format", form, str(file)]) == 143
    assert "interrupted after " in capsys.readouterr().out


def test_what_was_found_before_keeps_its_status(
    tmp_path: Path, stopped: Callable[[signal.Signals], None]
) -> None:
    file = tmp_path / "long.strace"
    bind = 'bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0'
    first, rest = CLIENT.split("\n", 1)
    file.write_text(f"{first}\n{bind}\n{rest}" * 4000)
    stopped(signal.SIGINT)
    assert main(["check", "--strict", "--fail-on", "note", str(file)]) == 1


def test_what_was_never_begun_is_interrupted_too(
    tmp_path: Path, stopped: Callable[[signal.Signals], None], capsys: pytest.CaptureFixture[str]
) -> None:
    files = [tmp_path / "a.strace", tmp_path / "b.strace"]
    for file in files:
        file.write_text(CLIENT * 4000)
    stopped(signal.SIGINT)
    assert main(["check", "--strict", "--format", "json", *map(str, files)]) == 130
    report = json.loads(capsys.readouterr().out)
    assert [(w["code"], w["trace"]) for w in report["warnings"]] == [
        ("interrupted", "t1"), ("interrupted", "t2"),
    ]  # fmt: skip
