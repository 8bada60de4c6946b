"""Input that was made to be hard is read to its end, every line of it, and what comes before and
behind it is found. (That time grows with its length only: benchmarks/bounds.py.)"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import re
import signal
import subprocess
import threading
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from subprocess import PIPE
from typing import Any, BinaryIO, cast

import pytest
import zstandard
from cli.running import COMMAND, environment
from fuzz.hostile import EARLY_BIND, LINES, TEXTS
from fuzz.readings import faults, line_count
from lark import Lark

import strace_analyzer as sa
from strace_analyzer.cli import main
from strace_analyzer.trace.learned.grammar import grammar
from strace_analyzer.trace.reader import TraceReader, traces


def analysed(text: bytes) -> sa.Analysis:
    return sa.analyze(io.BytesIO(text))


def is_whole(analysis: sa.Analysis, text: bytes) -> bool:
    (source,) = analysis.traces[0].sources
    return not source.faults and source.lines == line_count(text) == source.examined


NUMBERED = [b"socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3", b"close(3) = 0"] * 20


@pytest.mark.parametrize("digits", [18, 19, 4_300, 5_000])
@pytest.mark.parametrize("between", [b":", b"\t", b" | ", b": "])
@pytest.mark.parametrize("at", [0, 1, 20, -1])
def test_a_number_of_a_line_with_thousands_of_digits(at: int, between: bytes, digits: int) -> None:
    numbers = [b"%d" % number for number in range(1, len(NUMBERED) + 1)]
    numbers[at] = b"7" * digits
    text = b"".join(
        b"%b%b7 %b\n" % (number, between, line)
        for number, line in zip(numbers, NUMBERED, strict=True)
    )
    assert is_whole(analysed(text), text)


@pytest.mark.parametrize("kind", LINES)
def test_a_hard_line(kind: str, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    trace.write_bytes(EARLY_BIND + LINES[kind](300) + b"\n" + EARLY_BIND)
    assert faults(trace) == []
    assert len(sa.analyze(trace).findings) == 2


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["braces", "brackets", "parentheses", "open braces"])
def test_nested_a_hundred_thousand_deep(kind: str) -> None:
    text = EARLY_BIND + LINES[kind](100_000) + b"\n" + EARLY_BIND
    analysis = analysed(text)
    assert is_whole(analysis, text)
    assert len(analysis.findings) == 2


@pytest.mark.parametrize("kind", TEXTS)
def test_many_of_a_kind(kind: str, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    trace.write_bytes(EARLY_BIND + TEXTS[kind](300) + EARLY_BIND)
    assert faults(trace) == []


NUMBERS = [b"9223372036854775807", b"9223372036854775808", b"18446744073709551616", b"-2147483649"]


@pytest.mark.parametrize("number", NUMBERS)
def test_numbers_beyond_those_of_the_kernel(number: bytes, tmp_path: Path) -> None:
    """As pid, descriptor, result, argument, port and length."""
    other = EARLY_BIND.replace(b"7 ", number + b" ").replace(b"192.0.2." + number, b"192.0.2.7")
    lines = [
        other,
        EARLY_BIND.replace(b"(3", b"(" + number).replace(b"= 3", b"= " + number),
        EARLY_BIND.replace(b"htons(0)", b"htons(" + number + b")"),
        EARLY_BIND.replace(b", 16)", b", " + number + b")"),
        b"7 dup2(3, %b) = %b\n7 fcntl(%b, F_DUPFD, %b) = %b\n" % ((number,) * 5),
        b"7 close_range(0, %b, 0) = 0\n7 clone(flags=CLONE_VM) = %b\n" % (number, number),
        b"%b +++ exited with %b +++\n7 <... read resumed>) = %b\n" % ((number,) * 3),
        b"7 poll([{fd=%b, events=POLLIN}], %b, %b) = %b\n" % ((number,) * 4),
        EARLY_BIND,
    ]
    trace = tmp_path / "trace"
    trace.write_bytes(b"".join(lines))
    assert faults(trace) == []
    assert len(sa.analyze(trace).findings) >= 2


# ---------------------------------------------------------------- how it is stored


class Generated(io.RawIOBase):
    """Text, a line of `length` letters, text; nothing of it is held."""

    def __init__(self, length: int) -> None:
        super().__init__()
        self._parts = [io.BytesIO(EARLY_BIND), io.BytesIO(b"\n" + EARLY_BIND)]
        self._left = length

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._left and (read := self._parts[0].readinto(memoryview(buffer))):
            return read
        if self._left:
            size = min(len(buffer), self._left)
            memoryview(buffer)[:size] = b"x" * size
            self._left -= size
            return size
        return self._parts[1].readinto(memoryview(buffer))


def assert_memory_stays_below(most: int, trace: Path | BinaryIO) -> None:
    """`trace` has one long line between two early binds: it is read in so many bytes."""
    analysed(EARLY_BIND)
    tracemalloc.start()
    analysis = sa.analyze(trace)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    (source,) = analysis.traces[0].sources
    assert (source.lines, source.shortened) == (9, 1)
    assert len(analysis.findings) == 2
    assert peak < most


@pytest.mark.slow
def test_a_line_of_a_gibibyte_is_read_in_little_memory() -> None:
    stream = cast("BinaryIO", io.BufferedReader(Generated(1 << 30), 1 << 16))
    assert_memory_stays_below(32 << 20, stream)


COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstandard.ZstdCompressor().compress,
}


@pytest.mark.parametrize("name", COMPRESS)
def test_a_bomb_is_a_long_line(name: str, tmp_path: Path) -> None:
    compress = COMPRESS[name]
    trace = tmp_path / "trace"
    parts = [EARLY_BIND, bytes(64 << 20), b"\n" + EARLY_BIND]
    trace.write_bytes(b"".join(map(compress, parts)))
    assert_memory_stays_below(48 << 20, trace)


@pytest.mark.parametrize("name", COMPRESS)
@pytest.mark.parametrize("cut", [1, 5, 40])
def test_whole_files_one_after_another_of_which_the_last_is_cut(
    name: str, cut: int, tmp_path: Path
) -> None:
    whole = COMPRESS[name](EARLY_BIND * 20)
    trace = tmp_path / "trace"
    trace.write_bytes(whole + whole + whole[:-cut])
    analysis = sa.analyze(trace)
    assert len(analysis.findings) >= 40
    (source,) = analysis.traces[0].sources
    assert source.damage is not None
    assert source.lines >= 160


def test_a_file_that_shrinks_while_it_is_read(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    trace.write_bytes(EARLY_BIND * 40_000)
    reader = TraceReader(traces([str(trace)])[0])
    events = reader.batches()
    next(events)
    os.truncate(trace, 0)
    for _ in events:
        pass
    (account,) = reader.accounting
    assert 0 < account.lines == account.examined < 160_000
    assert account.damage is not None
    assert "shrank while it was read, from " in account.damage


def test_a_fifo_whose_writer_is_slow(tmp_path: Path) -> None:
    """It writes a few bytes at a time, and lets go in the middle of a line."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)

    def write() -> None:
        with fifo.open("wb", buffering=0) as pipe:
            for at in range(0, len(EARLY_BIND), 7):
                pipe.write(EARLY_BIND[at : at + 7])
            pipe.write(b"7 close(")

    writer = threading.Thread(target=write)
    writer.start()
    analysis = sa.analyze(fifo)
    writer.join()
    assert len(analysis.findings) == 1
    assert analysis.traces[0].sources[0].lines == 5


def test_a_fifo_that_nobody_writes_to_is_waited_for_until_ctrl_c(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with subprocess.Popen(
        [*COMMAND, "check", fifo], stdout=PIPE, stderr=PIPE, text=True, env=environment()
    ) as waiting:
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.communicate(timeout=10)
        waiting.send_signal(signal.SIGINT)
        out, err = waiting.communicate(timeout=40)
    assert (waiting.returncode, err) == (130, "")
    assert out.startswith("inconclusive: interrupted after 0 lines; nothing can be said\n")


NOT_STRACE = {
    "empty": b"",
    "NULs": bytes(5000),
    "ELF": b"\x7fELF\x02\x01\x01" + bytes(3000),
    "random": bytes(range(256)) * 40,
    "prose": b"Dear all,\n\nthis is no trace.\n" * 50,
    "newlines": b"\n" * 500,
}


@pytest.mark.parametrize("kind", NOT_STRACE)
@pytest.mark.parametrize("strict", [[], ["--strict"]], ids=["default", "strict"])
def test_what_is_no_trace_is_one_line_and_status_2(
    kind: str, strict: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trace = tmp_path / "trace"
    trace.write_bytes(NOT_STRACE[kind])
    assert main(["check", *strict, str(trace)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("strace-analyzer: ")
    assert said.err.count("\n") == 1


# ---------------------------------------------------------------- no pattern runs away

PIECES = [
    *(b"/* ", b"(", b"{", b"[", b'"', b"\\", b"<", b" ", b"a", b"1", b"0x1", b"|A", b"=a", b" = 1"),
    *(b"<a>", b"<TCP:[", b"->", b"/*", b"*/", b"* ", b"/", b"a.", b"1:", b"\\0", b"'", b"~[", b"-"),
    *(b" or ", b"=>", b"==", b"&&", b"...", b", ", b"1<<", b"a=1, ", b"[pid ", b"?", b"x|", b"::"),
]
"""What the patterns of the grammar look for again and again."""


@pytest.mark.slow
@pytest.mark.parametrize(("name", "start"), [("call", "call"), ("frame", "line")])
def test_no_terminal_of_the_grammar_tries_the_same_for_ever(name: str, start: str) -> None:
    """A pattern that tried every way would not be through with these for days."""
    made = Lark(grammar(name), parser="lalr", start=start)
    patterns = [re.compile(terminal.pattern.to_regexp()) for terminal in made.terminals]
    texts = [
        start + (piece * 20_000).decode()
        for piece in PIECES
        for start in ("", " /* ", "<", '"', "{", "(")
    ]
    matched = {p.pattern for p in patterns for text in texts if p.match(text) is not None}
    assert len(matched) > 5
