"""A file that a signal kept from being read to its end is never clean, in any format.

It is long because each way to be interrupted has a writer of its own.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import pytest
from report.written import written

from strace_analyzer.analysis import Settings
from strace_analyzer.analysis.analyze import analyze_traces
from strace_analyzer.analysis.corridor import TraceAnalysis
from strace_analyzer.cli import checking, interrupt, main, many
from strace_analyzer.cli.interrupt import _share
from strace_analyzer.errors import InterruptedReadError
from strace_analyzer.live.stream import Patience
from strace_analyzer.report.formats.names import EventsName, TreeName
from strace_analyzer.report.formats.registry import (
    comparison_formats,
    merged_formats,
    report_formats,
    table_formats,
)
from strace_analyzer.report.gate import judge, parse_gate
from strace_analyzer.report.selection import Selected
from strace_analyzer.rules import catalogue
from strace_analyzer.trace.input.source import SourceInput, TraceInput

CLIENT = """\
socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
close(3) = 0
"""
BIND = 'bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0'


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


@pytest.mark.parametrize("form", ["text", "markdown", "html"])
def test_a_report_for_people_says_once_that_it_was_interrupted(form: str) -> None:
    trace = TraceInput("t1", "a", (Stopped("a", Path("a"), None),))
    report = written(form, analyze_traces([trace], Settings(rules=catalogue())))
    assert report.count("interrupted after 3 lines") == 1


@dataclass(frozen=True, slots=True)
class NotBegun(SourceInput):
    """A source that is reached when the signal has come."""

    def blocks(self, *how: object) -> Iterator[bytes]:
        raise InterruptedReadError("", signal.SIGTERM)
        yield b""


@pytest.mark.parametrize("files", [1, 2])
def test_of_many_traces_those_behind_the_signal_say_so(files: int) -> None:
    """Of a directory, say: no reason is empty, and none is that a file cannot be read."""
    traces = [
        TraceInput(f"t{n}", name, tuple(NotBegun(name, Path(name), None) for _ in range(files)))
        for n, name in enumerate("abcdefghij", 1)
    ]
    analysis = analyze_traces(traces, Settings(rules=catalogue()))
    selected = Selected(analysis)
    judgement = judge(selected, parse_gate((), ()))
    assert (judgement.verdict, judgement.exit_status) == ("inconclusive", 143)
    assert selected.refused == ()
    assert [trace.inconclusive for trace in analysis.traces] == ["interrupted after 0 lines"] * 10


def test_the_share_is_said_where_it_is_known() -> None:
    assert _share(14, 100) == " (14 %)"
    assert _share(14, 0) == ""
    assert _share(300, 100) == ""  # compressed


EVERY = [
    *(("check", form) for form in report_formats()),
    *(("check --merged --jobs 1", form) for form in merged_formats()),
    *((table, form) for table in ("sockets", "ports", "summary") for form in table_formats()),
    *(("events", form) for form in get_args(EventsName)),
    *(("tree", form) for form in get_args(TreeName)),
    *(("compare", form) for form in comparison_formats()),
]
"""every command that reads traces, with each of its formats"""
SIGNALS = [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> Callable[[signal.Signals], None]:
    """Lets a signal come when the first block has been read."""

    def stop(number: signal.Signals) -> None:
        read = SourceInput.blocks
        sent: list[int] = []

        def blocks(source: SourceInput, *how: object) -> Iterator[bytes]:
            for block in read(source, 1 << 16):
                yield bytes(block)
                if not sent:
                    sent.append(number)
                    os.kill(os.getpid(), number)

        monkeypatch.setattr(SourceInput, "blocks", blocks)

    return stop


@pytest.mark.parametrize(("number", "status"), SIGNALS)
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


@pytest.mark.parametrize(("number", "status"), SIGNALS)
@pytest.mark.parametrize(("command", "form"), EVERY)
def test_every_command_says_it_in_every_format(
    command: str, form: str, number: signal.Signals, status: int, tmp_path: Path,
    stopped: Callable[[signal.Signals], None], capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    several = command in ("compare", "check --merged --jobs 1")
    files = [tmp_path / f"{name}.strace" for name in range(1 + several)]
    report = tmp_path / "report"
    for file in files:
        file.write_text(CLIENT * 4000)
    stopped(number)
    assert main([*command.split(), "--format", form, "-o", str(report), *map(str, files)]) == status
    where = capfd.readouterr().err if form == "csv" else report.read_bytes().decode("latin-1")
    said = "not read: interrupted" if "--merged" in command else "interrupted after "
    assert said in " ".join(where.split())


@pytest.mark.parametrize(("number", "status"), SIGNALS)
@pytest.mark.parametrize(("command", "form"), EVERY)
def test_an_old_report_is_not_replaced_by_that_of_a_part(
    command: str, form: str, number: signal.Signals, status: int, tmp_path: Path,
    stopped: Callable[[signal.Signals], None], capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """Whatever was found in the part: what is saved can be read again."""
    several = command in ("compare", "check --merged --jobs 1")
    files = [tmp_path / f"{name}.strace" for name in range(1 + several)]
    first, rest = CLIENT.split("\n", 1)
    for file in files:
        file.write_text(f"{first}\n{BIND}\n{rest}" * 3000)
    (tmp_path / "out").mkdir()
    report = tmp_path / "out" / "report"
    report.write_text("old")
    stopped(number)
    gate = [] if command.split()[0] not in ("check", "compare") else ["--fail-on", "note"]
    words = [*command.split(), *gate, "--format", form, "-o", str(report)]
    assert main([*words, *map(str, files)]) == status
    assert report.read_text() == "old"
    assert list(report.parent.iterdir()) == [report]
    said = capfd.readouterr().err.splitlines()[-1]
    how_far = r"0 of 2 traces" if "--merged" in command else r"[\d,]+ lines( \(\d+ %\))?"
    assert re.fullmatch(
        f"strace-analyzer: {report} is as it was: interrupted after {how_far}", said
    )


@pytest.mark.parametrize("given", ["named", "redirected"])
def test_what_standard_input_is_read_from_can_be_read_again_if_it_is_a_file(
    given: str, tmp_path: Path, stopped: Callable[[signal.Signals], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    file, report = tmp_path / "long.strace", tmp_path / "report"
    file.write_text(CLIENT * 4000)
    report.write_text("old")
    stopped(signal.SIGTERM)
    with file.open() as redirected:
        monkeypatch.setattr("sys.stdin", redirected)
        assert main(["check", "-o", str(report), *([str(file)] if given == "named" else [])]) == 143
    assert report.read_text() == "old"


@pytest.mark.parametrize("command", ["check", "sockets", "ports", "summary", "events", "tree"])
@pytest.mark.parametrize("writer_goes_on", [True, False])
def test_what_came_through_a_pipe_replaces_the_old_report(
    writer_goes_on: bool, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody can read it again."""
    monkeypatch.setattr(interrupt, "_PATIENCE", Patience(0.05, 0.1))
    report = tmp_path / "report"
    report.write_text("old")
    reader, writer = os.pipe()
    monkeypatch.setattr("sys.stdin", os.fdopen(reader))
    os.write(writer, CLIENT.encode())

    def end() -> None:
        if not writer_goes_on:
            os.close(writer)
        os.kill(os.getpid(), signal.SIGTERM)

    when_read(writer, signal.SIGTERM, end)
    assert main([command, "-o", str(report)]) == (143 if writer_goes_on else 0)
    if writer_goes_on:
        os.close(writer)
    assert report.read_text(errors="replace") not in ("", "old")


def test_what_is_read_as_a_table_says_it_beside_the_table(
    tmp_path: Path, stopped: Callable[[signal.Signals], None], capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "long.strace"
    file.write_text(CLIENT * 4000)
    stopped(signal.SIGTERM)
    assert main(["events", "--redact", "paths", str(file)]) == 143
    output, errors = capfd.readouterr()
    last = json.loads(output.splitlines()[-1])
    assert (last["type"], last["code"], last["trace"]) == ("warning", "interrupted", "t1")
    assert errors == f"strace-analyzer: {last['reason']}\n"


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_comparison_with_what_was_saved_half_read_is_none(
    form: str, tmp_path: Path, stopped: Callable[[signal.Signals], None],
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    file, saved = tmp_path / "long.strace", tmp_path / "saved.json"
    first, rest = CLIENT.split("\n", 1)
    file.write_text(f"{first}\n{BIND}\n{rest}" * 4000)
    stopped(signal.SIGINT)
    words = ["check", "--format", "json", "-o", str(saved), "--fail-on", "note", str(file)]
    assert main(words) == 1
    assert main(["compare", "--format", form, str(file), str(saved)]) == 2
    said = "".join(capfd.readouterr().out.split())
    assert f"notcomparable:{saved}wasnotreadtoitsend:interruptedafter" in said


def after(
    monkeypatch: pytest.MonkeyPatch, number: signal.Signals, place: object, name: str
) -> None:
    """Let a signal come as the method is called."""
    method = getattr(place, name)

    def called(*how: object, **more: object) -> object:
        os.kill(os.getpid(), number)
        return method(*how, **more)

    monkeypatch.setattr(place, name, called)


@pytest.mark.parametrize(("number", "status"), SIGNALS)
@pytest.mark.parametrize("command", ["check", "sockets", "ports", "compare"])
@pytest.mark.parametrize("wanted", ["standard output", "new", "old"])
def test_a_signal_after_the_last_line_ends_what_is_made_of_the_files(
    wanted: str, command: str, number: signal.Signals, status: int, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """It was read to its end, so no report of a part comes; the first signal counts."""
    file, report = tmp_path / "a.strace", tmp_path / "report"
    file.write_text(CLIENT * 4)
    if wanted == "old":
        report.write_text("old")
    after(monkeypatch, number, TraceAnalysis, "close")
    words = [] if wanted == "standard output" else ["-o", str(report)]
    assert main([command, *words, str(file), *([str(file)] * (command == "compare"))]) == status
    output, errors = capfd.readouterr()
    assert output == ""
    assert errors == ("strace-analyzer: interrupted\n" if number == signal.SIGINT else "")
    assert report.exists() == (wanted == "old")
    assert not report.exists() or report.read_text() == "old"


@pytest.mark.parametrize(("number", "status"), SIGNALS)
@pytest.mark.parametrize("form", ["text", "json", "html"])
@pytest.mark.parametrize("wanted", ["standard output", "new", "old"])
def test_a_signal_while_the_report_is_written_is_no_finding(
    wanted: str, form: str, number: signal.Signals, status: int, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    file, report = tmp_path / "a.strace", tmp_path / "report"
    file.write_text(CLIENT * 4)
    if wanted == "old":
        report.write_text("old")
    after(monkeypatch, number, checking, "Report")
    words = [] if wanted == "standard output" else ["-o", str(report)]
    assert main(["check", "--format", form, *words, str(file)]) == status
    output, errors = capfd.readouterr()
    assert output == ""
    state = {"new": "is not written: ", "old": "is as it was: "}.get(wanted)
    said = f"strace-analyzer: {'' if state is None else f'{report} {state}'}interrupted\n"
    assert errors == (said if state is not None or number == signal.SIGINT else "")
    assert not report.exists() or report.read_text() == "old"


@pytest.mark.parametrize(("number", "status"), SIGNALS)
def test_a_signal_after_the_last_of_many_traces_ends_their_report(
    number: signal.Signals, status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    files = [tmp_path / f"{name}.strace" for name in range(2)]
    for file in files:
        file.write_text(CLIENT * 4)
    make = many.merged

    def made(*how: Any, **more: Any) -> object:
        result = make(*how, **more)
        os.kill(os.getpid(), number)
        return result

    monkeypatch.setattr(many, "merged", made)
    assert main(["check", "--merged", "--jobs", "1", *map(str, files)]) == status
    assert capfd.readouterr().out == ""


def test_a_signal_after_the_last_line_of_a_pipe_loses_no_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """What came through the pipe can never be read again: its report still comes."""
    reader, writer = os.pipe()
    monkeypatch.setattr("sys.stdin", os.fdopen(reader))
    os.write(writer, CLIENT.encode())
    os.close(writer)
    after(monkeypatch, signal.SIGTERM, TraceAnalysis, "close")
    assert main(["check"]) == 0
    assert "clean: 1 outgoing TCP connection" in capfd.readouterr().out


def test_a_new_file_with_the_report_on_a_part_is_told_of(
    tmp_path: Path, stopped: Callable[[signal.Signals], None], capfd: pytest.CaptureFixture[str]
) -> None:
    """Its status may be that of what was found."""
    file, report = tmp_path / "long.strace", tmp_path / "report"
    first, rest = CLIENT.split("\n", 1)
    file.write_text(f"{first}\n{BIND}\n{rest}" * 4000)
    stopped(signal.SIGINT)
    assert main(["check", "--fail-on", "note", "-o", str(report), str(file)]) == 1
    said = capfd.readouterr().err
    assert re.fullmatch(
        rf"strace-analyzer: {report} is of a part: interrupted after [\d,]+ lines \(\d+ %\)\n", said
    )


def test_what_was_found_before_keeps_its_status(
    tmp_path: Path, stopped: Callable[[signal.Signals], None]
) -> None:
    file = tmp_path / "long.strace"
    first, rest = CLIENT.split("\n", 1)
    file.write_text(f"{first}\n{BIND}\n{rest}" * 4000)
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


def when_read(pipe: int, number: signal.Signals, then: Callable[[], None]) -> None:
    """Calls `then` from a thread of its own once all that is in `pipe` has been read and the signal
    is ours, however slow the machine is: before, it would end the process of the test."""
    before = signal.getsignal(number)

    def wait() -> None:
        left = bytearray(b"?" * 4)
        while signal.getsignal(number) == before or any(left):
            time.sleep(0.01)
            fcntl.ioctl(pipe, termios.FIONREAD, left)
        then()

    threading.Thread(target=wait, daemon=True).start()


@pytest.mark.parametrize(("number", "status"), SIGNALS)
@pytest.mark.parametrize("command", ["check", "sockets", "ports", "summary", "events", "tree"])
@pytest.mark.parametrize("given", ["standard input", "FIFO"])
def test_a_pipe_whose_writer_goes_on_was_not_read_to_its_end(
    given: str, command: str, number: signal.Signals, status: int, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setattr(interrupt, "_PATIENCE", Patience(0.05, 0.1))
    if given == "FIFO":
        fifo = tmp_path / "fifo"
        os.mkfifo(fifo)
        writer = os.open(fifo, os.O_RDWR)
        words = [str(fifo)]
    else:
        reader, writer = os.pipe()
        monkeypatch.setattr("sys.stdin", os.fdopen(reader))
        words = []
    os.write(writer, CLIENT.encode())
    when_read(writer, number, lambda: os.kill(os.getpid(), number))
    try:
        assert main([command, *words]) == status
    finally:
        os.close(writer)
    output, errors = capfd.readouterr()
    assert "interrupted after 3 lines" in output + errors


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_pipe_that_ends_after_the_signal_was_read_to_its_end(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """So it is with Ctrl-C at `strace CMD 2>&1 | strace-analyzer`: strace gets it too."""
    reader, writer = os.pipe()
    monkeypatch.setattr("sys.stdin", os.fdopen(reader))
    os.write(writer, CLIENT.encode())

    def end() -> None:
        os.kill(os.getpid(), number)
        os.write(writer, CLIENT.encode())
        os.close(writer)

    when_read(writer, number, end)
    assert main(["check"]) == 0
    assert "clean: 2 outgoing TCP connections" in capfd.readouterr().out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_comes_just_before_a_wait_ends_it(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Python's handler of it runs only when the wait is over. Here another thread takes the signal,
    which leaves the main one waiting as surely."""
    monkeypatch.setattr(interrupt, "_PATIENCE", Patience(0.05, 0.1))
    reader, writer = os.pipe()
    monkeypatch.setattr("sys.stdin", os.fdopen(reader))
    os.write(writer, CLIENT.encode())
    is_over = threading.Event()

    def end() -> None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})
        os.kill(os.getpid(), number)
        is_over.wait(20)
        os.close(writer)

    signal.pthread_sigmask(signal.SIG_BLOCK, {number})
    try:
        when_read(writer, number, end)
        assert main(["check"]) == 128 + number
    finally:
        is_over.set()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})
    assert "interrupted after 3 lines" in capfd.readouterr().out


CONSOLE = "import sys; sys.argv.pop(0); from strace_analyzer.cli import main; sys.exit(main())"
"""as an installer writes it, with the name that it has then"""
STARTS = [["-m", "strace_analyzer"], ["-c", CONSOLE, "bin/strace-analyzer"]]


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("module", ["strace_analyzer.errors", "strace_analyzer.cli.app"])
def test_ctrl_c_while_the_program_is_loaded_is_one_line(
    start: list[str], module: str, tmp_path: Path
) -> None:
    """It comes while a module of ours is imported."""
    hook = tmp_path / "sitecustomize.py"
    hook.write_text(
        "import os, signal, sys\n"
        "class Finder:\n"
        "    def find_spec(name, path=None, target=None):\n"
        f"        if name == {module!r}:\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Finder)\n"
    )
    done = subprocess.run(
        [sys.executable, *start, "rules"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.stderr) == ("", "strace-analyzer: interrupted\n")
    assert done.returncode == 130
