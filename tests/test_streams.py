"""A trace says the same whether it is read from a file, from a pipe, or with every line looked at:
findings, figures, unknowns and warnings."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, cast

import pytest
from shared_folder import TRACES

from strace_analyzer.analysis import Analysis, Settings
from strace_analyzer.analysis.analyze import analyze_traces
from strace_analyzer.rules import catalogue
from strace_analyzer.trace.input.named import traces
from strace_analyzer.trace.input.source import SourceInput, TraceInput

SAMPLES = Path(__file__).resolve().parent.parent / "samples"
WHOLE = sorted(SAMPLES.glob("*.strace"))
SHARED = sorted(TRACES.glob("*.strace"))


class Pipe(io.RawIOBase):
    """A file's content as a pipe gives it: a little at a time, and once."""

    def __init__(self, text: bytes) -> None:
        super().__init__()
        self._text = io.BytesIO(text)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._text.readinto(memoryview(buffer)[: 1 << 13])


def piped(text: bytes, name: str = "<stdin>") -> TraceInput:
    stream = cast("BinaryIO", io.BufferedReader(Pipe(text), 1 << 16))
    return TraceInput("t1", name, (SourceInput(name, None, stream),))


def analysed(trace: TraceInput, *, strict: bool = False) -> Analysis:
    return analyze_traces([trace], Settings(rules=catalogue(), strict=strict))


def told(analysis: Analysis) -> list[object]:
    """All that is reported but which lines were looked at."""
    return [
        [replace(trace, sources=()) for trace in analysis.traces],
        list(analysis.findings),
        analysis.groups,
        analysis.processes,
        analysis.unknown,
        analysis.warnings,
    ]


def same(file: Path) -> None:
    name = str(file)
    read = told(analysed(traces([name])[0]))
    assert told(analysed(traces([name])[0], strict=True)) == read
    assert told(analysed(piped(file.read_bytes(), name))) == read


@pytest.mark.parametrize("file", WHOLE, ids=lambda file: file.stem)
def test_samples(file: Path) -> None:
    same(file)


@pytest.mark.labels
@pytest.mark.parametrize("file", SHARED, ids=lambda file: file.stem)
def test_labelled_traces(file: Path) -> None:
    same(file)


EARLY = """\
7 12:00:{0:02}.000000 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
7 12:00:{0:02}.100000 bind(3, {{sa_family=AF_INET, sin_port=htons(0), \
sin_addr=inet_addr("0.0.0.0")}}, 16) = 0
7 12:00:{0:02}.200000 connect(3, {{sa_family=AF_INET, sin_port=htons(80), \
sin_addr=inet_addr("192.0.2.7")}}, 16) = 0
7 12:00:{0:02}.300000 close(3) = 0
7 12:00:{0:02}.400000 access("/etc/ld.so.preload", R_OK) = -1 ENOENT (No such file or directory)
"""
BEGINNING = "".join(EARLY.format(second) for second in range(55)) * 2
"""so many calls that what matters is known"""
ONCE = BEGINNING.replace("12:00", "11:59", BEGINNING.count("12:00") // 2)
"""the same, and time only goes on"""
IDLE = '7 12:00:57.000000 read(5, "x", 1) = 1\n' * 500
LATER = EARLY.format(58)
SET_BACK = EARLY.format(30)


def test_a_stream_that_goes_on_otherwise_is_read_on_line_by_line() -> None:
    text = ONCE + IDLE + SET_BACK + LATER
    analysis = analysed(piped(text.encode()))
    assert len(analysis.findings) == 112
    (source,) = analysis.traces[0].sources
    assert source.lines == text.count("\n")
    (warning,) = [one for one in analysis.warnings if one.code == "lines-left-out"]
    assert (warning.effect, warning.remedy.split(",")[0]) == (
        "may-miss",
        "save the trace to a file and check that",
    )
    assert warning.count == source.lines - source.examined > 300


def test_a_file_that_goes_on_otherwise_is_read_again(tmp_path: Path) -> None:
    text = ONCE + IDLE + SET_BACK + LATER
    file = tmp_path / "trace"
    file.write_text(text)
    with file.open("rb") as redirected:
        for trace in (traces([str(file)])[0], traces([], redirected)[0]):
            analysis = analysed(trace)
            assert len(analysis.findings) == 112
            assert [one.code for one in analysis.warnings] == ["clock"]
            (source,) = analysis.traces[0].sources
            assert source.examined == source.lines


def hourly(hours: list[int]) -> str:
    """Lines that no model asks for, at such hours of the day."""
    return "".join(f'7 {hour:02}:00:00.000000 read(5, "x", 1) = 1\n' * 3 for hour in hours)


@pytest.mark.parametrize("step", [1, 2, 5, 11])
@pytest.mark.parametrize("days", [1, 2, 3])
def test_days_that_only_left_out_lines_show(days: int, step: int) -> None:
    hours = [hour % 24 for hour in range(13, 12 + 24 * days, step)]
    text = BEGINNING.replace("12:00", "11:59", BEGINNING.count("12:00") // 2)
    text += hourly(hours) + LATER.replace("12:00", "12:30")
    read = analysed(piped(text.encode()))
    assert told(read) == told(analysed(piped(text.encode()), strict=True))
    (source,) = read.traces[0].sources
    assert source.examined < source.lines
    connected = list(read.findings)[-1].calls["connect"].seconds
    assert connected == pytest.approx(86_400 * days + 31 * 60 + 58.2)


def test_calls_that_are_under_way_when_it_begins_to_leave_lines_out() -> None:
    begun = """\
8 12:00:00.000000 poll([{fd=3, events=POLLIN}], 1, -1 <unfinished ...>
9 12:00:00.000000 recvfrom(4,  <unfinished ...>
"""
    ended = """\
8 12:00:59.000000 <... poll resumed>) = 1
9 12:00:59.000000 <... recvfrom resumed>"x", 1, 0, NULL, NULL) = 1
"""
    half = len(ONCE) // 2
    place = ONCE.index("\n", half) + 1
    text = ONCE[:place] + begun + ONCE[place:] + IDLE + ended + LATER.replace(":58.", ":59.")
    read = analysed(piped(text.encode()))
    assert told(read) == told(analysed(piped(text.encode()), strict=True))
    assert len(read.findings) == 111
    (source,) = read.traces[0].sources
    assert source.examined < source.lines - 400


COPIED = """\
7 12:00:57.000000 dup2(37, 40) = 40
"""
USED = """\
7 12:00:58.000000 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
7 12:00:58.100000 bind(37, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
7 12:00:58.200000 connect(40, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
"""


def test_copies_of_what_was_there_before_the_trace_are_looked_at() -> None:
    text = ONCE + IDLE + COPIED + IDLE + USED
    read = analysed(piped(text.encode()))
    assert told(read) == told(analysed(piped(text.encode()), strict=True))
    assert len(read.findings) == 111
    (source,) = read.traces[0].sources
    assert source.examined < source.lines - 400


@pytest.mark.parametrize("clock", ["time-of-day", "epoch"])
@pytest.mark.parametrize("back", ["12:00:56.999999", "11:59:59.000000", "04:00:00.000000"])
def test_a_clock_that_was_set_back_where_lines_are_left_out(
    tmp_path: Path, clock: str, back: str
) -> None:
    idle = IDLE.splitlines(keepends=True)
    idle[250] = idle[250].replace("12:00:57.000000", back)
    text = ONCE + "".join(idle) + LATER
    if clock == "epoch":
        text = re.sub(r"(?<= )(..):(..):(..)(?=\.)", lambda m: f"17{m[1]}0{m[2]}{m[3]}00", text)
    file = tmp_path / "trace"
    file.write_text(text)
    read = told(analysed(traces([str(file)])[0]))
    assert read == told(analysed(traces([str(file)])[0], strict=True))
    assert "clock" in [warning.code for warning in cast("Any", read[-1])]
    stream = analysed(piped(text.encode()))
    assert "clock" in {warning.code for warning in stream.warnings}


def test_the_end_of_a_trace_is_its_last_time(tmp_path: Path) -> None:
    text = ONCE + IDLE + '7 12:00:59.000000 read(5, "x", 1) = 1\n7 hello\nworld\n'
    read = analysed(piped(text.encode()))
    assert told(read) == told(analysed(piped(text.encode()), strict=True))
    assert read.traces[0].seconds == pytest.approx(119.0)
