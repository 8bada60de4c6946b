"""What input of any size costs grows with its size, no faster: by count, of Python functions entered
and of bytes that the grammars' readers were given, so that no other load of the machine matters."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import NamedTuple

import pytest
from fuzz.hostile import EARLY_BIND, LINES, TEXTS

import strace_analyzer as sa
from strace_analyzer.cli import main
from strace_analyzer.trace.learned.shapes import Reader

SIZES = (200, 400, 800)
STEEP = 2.5
"""From one size to the next, twice as large: 2 is linear, 4 is quadratic."""
NOTHING = 20_000
"""Functions, or kilobytes: fewer say nothing."""
_READ = Reader.known.__code__


class Work(NamedTuple):
    functions: int
    kilobytes: int


def work(analyse: Callable[[], object]) -> Work:
    """What an analysis does, once what can be learned is known."""
    analyse()
    functions = read = 0

    def entered(frame: FrameType, event: str, _argument: object) -> None:
        nonlocal functions, read
        if event == "call":
            functions += 1
            if frame.f_code is _READ:
                read += len(frame.f_locals["text"])

    sys.setprofile(entered)
    try:
        analyse()
    finally:
        sys.setprofile(None)
    return Work(functions, read >> 10)


def assert_linear(measured: list[Work]) -> None:
    for small, middle, large in zip(*measured, strict=True):
        assert large <= STEEP * max(small, middle) + NOTHING, measured


def text_of(kind: str, size: int) -> bytes:
    made = LINES[kind](size) + b"\n" if kind in LINES else TEXTS[kind](size)
    return EARLY_BIND + made + EARLY_BIND


@pytest.mark.slow
@pytest.mark.parametrize("kind", [*LINES, *TEXTS])
def test_time_is_linear_in(kind: str) -> None:
    """The length of a line; lines, tasks, unfinished calls, open sockets, findings, destinations."""
    texts = [text_of(kind, size) for size in SIZES]
    assert_linear([work(lambda t=text: sa.analyze(io.BytesIO(t))) for text in texts])


@pytest.mark.slow
@pytest.mark.parametrize("kind", [*LINES, *TEXTS])
def test_time_of_events_is_linear_in(kind: str, tmp_path: Path) -> None:
    """Each line is a row, or several."""
    trace = tmp_path / "trace"
    measured = []
    for size in SIZES:
        trace.write_bytes(text_of(kind, size))
        measured.append(work(lambda: main(["events", "--raw", "-o", os.devnull, str(trace)])))
    assert_linear(measured)


@pytest.mark.slow
def test_time_is_linear_in_the_records_of_one_line() -> None:
    """Of which each is read by itself, and not with all that stand behind it."""
    texts = [text_of("records", size) for size in (1000, 2000, 4000)]
    measured = [work(lambda t=text: sa.analyze(io.BytesIO(t))) for text in texts]
    assert_linear(measured)
    assert measured[-1].kilobytes < 12 * len(texts[-1]) >> 10


@pytest.mark.slow
def test_time_is_linear_in_the_files_of_a_family(tmp_path: Path) -> None:
    measured = []
    for files in (40, 80, 160):
        folder = tmp_path / str(files)
        folder.mkdir()
        for tid in range(100, 100 + files):
            said = EARLY_BIND.replace(b"7 ", b"1700000000.%06d " % tid)
            (folder / f"t.{tid}").write_bytes(said)
        measured.append(work(lambda f=folder: sa.analyze(f / "t")))
    assert_linear(measured)


FOREIGN = {
    "empty": b"",
    "words": b"hello world",
    "like calls": b"foo(bar) = baz",
    "marked": b"- a -",
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_line_of_the_program_costs_little(kind: str) -> None:
    """However many of those before it may have been parts of the same one, folded."""
    texts = [EARLY_BIND + (FOREIGN[kind] + b"\n") * size + EARLY_BIND for size in (300, 500)]
    few, many = (work(lambda t=text: sa.analyze(io.BytesIO(t))) for text in texts)
    assert many.functions - few.functions < 1000 * 200
