"""What the user names, as traces and blocks: files, streams, compressed ones, -ff families."""

from __future__ import annotations

import bz2
import gc
import gzip
import io
import lzma
import os
import random
import shutil
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import lz4.frame
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from strace_analyzer.errors import DamagedError, TraceError
from strace_analyzer.machine.installing import to_install
from strace_analyzer.trace.input.content import Alteration, _zstd, blocks, rows
from strace_analyzer.trace.input.named import traces
from strace_analyzer.trace.input.source import SourceInput, TraceInput

Compress = Callable[[bytes], bytes]
TEXT = b"".join(b"close(%d) = 0\n" % number for number in range(5000))


def content(source: SourceInput, size: int = 1 << 20) -> bytes:
    return b"".join(source.blocks(size))


def stream(data: bytes) -> SourceInput:
    return SourceInput("<stdin>", None, io.BytesIO(data))


# ---------------------------------------------------------------- bytes


@pytest.mark.parametrize(
    "compress",
    [bytes, gzip.compress, lzma.compress, bz2.compress, zstandard.ZstdCompressor().compress],
    ids=["plain", "gzip", "xz", "bzip2", "zstd"],
)
def test_compression_is_seen_by_content(compress: Compress, tmp_path: Path) -> None:
    data = compress(TEXT)
    file = tmp_path / "a.strace"
    file.write_bytes(data)

    assert content(SourceInput("a", file)) == TEXT
    assert content(stream(data), 100) == TEXT


@pytest.mark.parametrize(
    "compress",
    [bytes, gzip.compress, lzma.compress, bz2.compress, zstandard.ZstdCompressor().compress],
    ids=["plain", "gzip", "xz", "bzip2", "zstd"],
)
def test_a_file_tells_how_far_it_was_read_in_bytes_as_stored(
    compress: Compress, tmp_path: Path
) -> None:
    """What its reader has had when it is told a place comes from before that place."""
    text = b"".join(b"write(1, %r, 64) = 64\n" % os.urandom(32).hex() for _ in range(9000))
    file = tmp_path / "a.strace"
    file.write_bytes(compress(text))
    size = file.stat().st_size
    places: list[int] = []
    read = [0]
    for block in SourceInput("a", file, taken=places.append).blocks(1 << 14):
        read.append(read[-1] + len(block))
        assert places[-1] / size >= 0.9 * read[-2] / len(text)
    assert places == sorted(places)
    assert places[-1] == size
    assert len(set(places)) >= 4


def test_members_of_a_compressed_file_follow_each_other() -> None:
    two = gzip.compress(TEXT[:7000]) + gzip.compress(TEXT[7000:])
    assert content(stream(two)) == TEXT
    zstd = zstandard.ZstdCompressor()
    assert content(stream(zstd.compress(TEXT[:7000]) + zstd.compress(TEXT[7000:]))) == TEXT


ZSTD = zstandard.ZstdCompressor(write_checksum=True).compress
LZ4 = partial(lz4.frame.compress, content_checksum=True)


def read_of(data: bytes) -> tuple[bytes, bool]:
    """Return what is read of it, and whether it is damaged."""
    blocks = []
    try:
        for block in stream(data).blocks():
            blocks.append(block)
    except DamagedError:
        return b"".join(blocks), True
    return b"".join(blocks), False


@pytest.mark.parametrize(
    "compress",
    [gzip.compress, lzma.compress, bz2.compress, ZSTD, LZ4],
    ids=["gzip", "xz", "bzip2", "zstd", "lz4"],
)
def test_no_damage_of_a_later_member_is_the_end_of_the_file(compress: Compress) -> None:
    """Each byte of the second member in turn, and what is no member in front of it; the first is
    read in any case."""
    lines = TEXT.splitlines(keepends=True)
    first, both = b"".join(lines[:20]), b"".join(lines[:40])
    whole = compress(first), compress(both[len(first) :])
    assert read_of(b"".join(whole)) == (both, False)
    wrong = []
    for place in range(len(whole[1])):
        damaged = bytearray(whole[1])
        damaged[place] ^= 0xFF
        text, is_damaged = read_of(whole[0] + damaged)
        if not (text.startswith(first) and (is_damaged or text == both)):
            wrong.append(place)
    assert wrong == []
    for second in (TEXT, b"\1" + whole[1], whole[1][:-1], whole[1][:1]):
        text, is_damaged = read_of(whole[0] + second)
        assert (text.startswith(first), is_damaged) == (True, True)


@pytest.mark.parametrize("compress", [lzma.compress, bz2.compress], ids=["xz", "bzip2"])
def test_nul_bytes_may_stand_between_members(compress: Compress) -> None:
    members = compress(TEXT[:7000]), bytes(512), compress(TEXT[7000:]), bytes(8)
    assert read_of(b"".join(members)) == (TEXT, False)


@pytest.mark.parametrize(
    "compress",
    [gzip.compress, lzma.compress, bz2.compress, ZSTD],
    ids=["gzip", "xz", "bzip2", "zstd"],
)
@pytest.mark.parametrize("damaged", [slice(-2000, None), slice(9000, 9900)], ids=["cut", "changed"])
def test_damage_is_one_clear_error(compress: Compress, damaged: slice) -> None:
    data = bytearray(compress(os.urandom(20_000)))
    data[damaged] = bytes(900) if damaged.stop else b""
    with pytest.raises(TraceError, match=r"^<stdin>: damaged compressed data \("):
        content(stream(bytes(data)))


LONG_CALL = b'write(1, "%b", 3000000) = 3000000\n' % (b"x" * 3_000_000)


@pytest.mark.parametrize("compress", [bytes, ZSTD], ids=["plain", "zstd"])
@pytest.mark.parametrize("size", [5000, 1 << 20])
@pytest.mark.parametrize("end", [b"", TEXT], ids=["last", "in the middle"])
def test_of_a_long_line_both_ends_are_read(compress: Compress, size: int, end: bytes) -> None:
    told: list[Alteration] = []
    source = stream(compress(TEXT + LONG_CALL + end))
    read = list(source.blocks(size, told.append))
    assert len(told) == 1
    assert max(map(len, read)) <= size + (2 << 16)
    lines = b"".join(read).splitlines()
    assert len(lines) == 5001 + end.count(b"\n")
    assert lines[5000].startswith(b'write(1, "xxxx')
    assert lines[5000].endswith(b'xxxx", 3000000) = 3000000')
    assert len(lines[5000]) == (2 << 16) - 1  # without its end


def test_a_bomb_comes_in_pieces() -> None:
    bomb = zstandard.ZstdCompressor(level=19).compress(bytes(300 << 20))
    most = max(map(len, stream(bomb + ZSTD(b"\n")).blocks()))
    assert most <= 2 << 16
    pieces = max(map(len, _zstd(io.BufferedReader(io.BytesIO(bomb)), 1 << 20)))
    assert pieces <= 17 << 20


def test_blocks_end_at_line_ends() -> None:
    blocks = list(stream(TEXT + b"cut").blocks(1000))

    assert len(blocks) > 50
    assert all(block.endswith(b"\n") for block in blocks[:-1])
    assert blocks[-1].endswith(b"close(4999) = 0\ncut") or blocks[-1] == b"cut"
    lines = [line for block in blocks for line in rows(block)]
    assert lines[4999:] == [b"close(4999) = 0", b"cut"]


@given(st.binary(max_size=300), st.integers(1, 50))
def test_however_it_is_cut_the_lines_are_the_same(data: bytes, size: int) -> None:
    text = b"close" + data  # not compressed
    whole = text.split(b"\n")
    if not whole[-1]:
        whole.pop()
    assert [line for block in stream(text).blocks(size) for line in rows(block)] == whole


def test_a_block_has_whole_lines() -> None:
    assert list(blocks(io.BytesIO(b"a\nb\n"))) == [b"a\nb\n"]
    assert list(blocks(io.BytesIO(b"a\nb"))) == [b"a\n", b"b"]
    assert rows(b"a\n\nb") == [b"a", b"", b"b"]


def test_a_pipe_gives_what_is_there() -> None:
    """The first line of a live trace is not held back until a block is full."""
    read_end, write_end = os.pipe()
    with os.fdopen(read_end, "rb") as reader:
        coming = SourceInput("<stdin>", None, reader).blocks()
        os.write(write_end, b"close(3) = 0\nclose(4)")
        timer = threading.Timer(20, os.close, (write_end,))  # a reader that waits fails, not hangs
        timer.start()
        first = next(coming)
        timer.cancel()
        assert timer.finished.is_set()
        assert first == b"close(3) = 0\n"
        os.write(write_end, b" = 0\n")
        os.close(write_end)
        assert list(coming) == [b"close(4) = 0\n"]


# ---------------------------------------------------------------- names


def make(directory: Path, *names: str) -> None:
    for name in names:
        (directory / name).write_bytes(b"close(3) = 0\n")


def test_no_argument_and_a_dash_are_standard_input() -> None:
    stdin = io.BytesIO(b"close(3) = 0\n")
    for arguments in ([], ["-"]):
        (trace,) = traces(arguments, stdin)
        assert (trace.id, trace.name) == ("t1", "<stdin>")
        assert trace.sources == (SourceInput("<stdin>", None, stdin, start=0),)


def test_each_argument_is_a_trace_of_its_own(tmp_path: Path) -> None:
    make(tmp_path, "a.txt", "b.txt")
    names = [str(tmp_path / "b.txt"), str(tmp_path / "a.txt")]
    found = traces(names)
    assert [(trace.id, trace.name) for trace in found] == [("t1", names[0]), ("t2", names[1])]
    assert [len(trace.sources) for trace in found] == [1, 1]
    assert [trace.hint for trace in found] == [None, None]


@pytest.mark.parametrize("given_name", ["", "x"], ids=["directory", "prefix"])
def test_a_family(given_name: str, tmp_path: Path) -> None:
    make(tmp_path, "x.900", "x.1000.strace", "x.812", "notes.txt")
    name = str(tmp_path / given_name) if given_name else str(tmp_path)
    (trace,) = traces([name])
    assert trace.name == name
    assert [(source.name, source.tid) for source in trace.sources] == [
        (str(tmp_path / "x.812"), 812),
        (str(tmp_path / "x.900"), 900),
        (str(tmp_path / "x.1000.strace"), 1000),
    ]


def test_compressed_members(tmp_path: Path) -> None:
    make(tmp_path, "x.7.gz", "x.8.strace.zst")
    (trace,) = traces([str(tmp_path / "x")])
    assert [source.tid for source in trace.sources] == [7, 8]


def test_a_member_named_by_itself_is_read_alone_with_a_hint(tmp_path: Path) -> None:
    make(tmp_path, "x.812", "x.900")
    (trace,) = traces([str(tmp_path / "x.900")])
    assert [source.tid for source in trace.sources] == [900]
    assert trace.hint == (
        f"{tmp_path}/x.900 is one of 2 files of a strace -ff trace; all: {tmp_path}/x"
    )


def test_an_only_member_is_no_family(tmp_path: Path) -> None:
    make(tmp_path, "x.812")
    (trace,) = traces([str(tmp_path / "x.812")])
    assert trace.hint is None
    assert trace.sources[0].tid == 812


def test_a_file_of_the_prefixes_name_is_that_file(tmp_path: Path) -> None:
    make(tmp_path, "x", "x.812", "x.900")
    (trace,) = traces([str(tmp_path / "x")])
    assert [source.path for source in trace.sources] == [tmp_path / "x"]


@pytest.mark.parametrize(
    ("files", "name", "message"),
    [
        ((), "none", "{0}/none: no such file or directory"),
        ((), "", "{0}: no files in this directory"),
        ((), "no/such/dir", "{0}/no/such/dir: no such file or directory"),
        (("file",), "file/x", "{0}/file/x: no such file or directory"),
    ],
)
def test_what_cannot_be_read(
    files: tuple[str, ...], name: str, message: str, tmp_path: Path
) -> None:
    make(tmp_path, *files)
    with pytest.raises(TraceError) as raised:
        traces([str(tmp_path / name) if name else str(tmp_path)])
    assert str(raised.value) == message.format(tmp_path)


def test_a_file_that_is_gone_when_it_is_read(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match=r"^gone: No such file or directory$"):
        content(SourceInput("gone", tmp_path / "gone"))


@pytest.mark.skipif(shutil.which("zstd") is None, reason="the program zstd is not installed")
def test_the_program_zstd_does_where_the_library_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    packed = ZSTD(TEXT)
    monkeypatch.setitem(sys.modules, "zstandard", None)
    assert content(stream(packed)) == TEXT
    with pytest.raises(DamagedError):
        content(stream(packed[: len(packed) // 2]))
    next(stream(ZSTD(TEXT * 100)).blocks(1 << 10))  # and the rest is not wanted
    monkeypatch.setenv("PATH", "")
    with pytest.raises(TraceError, match=r"install the program zstd, or: .* -m pip"):
        content(stream(packed))


@pytest.mark.skipif(shutil.which("zstd") is None, reason="the program zstd is not installed")
def test_the_program_zstd_may_end_while_it_is_fed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a signal: no thread and no generator ends in a traceback."""
    monkeypatch.setitem(sys.modules, "zstandard", None)
    failures: list[object] = []
    monkeypatch.setattr(threading, "excepthook", failures.append)
    monkeypatch.setattr(sys, "unraisablehook", failures.append)
    packed = ZSTD(random.Random(5).randbytes(8 << 20))
    before = set(threading.enumerate())
    for _ in range(5):
        blocks = stream(packed).blocks(1 << 10)
        next(blocks)
        blocks.close()
    for thread in set(threading.enumerate()) - before:
        thread.join(30)
    gc.collect()
    assert failures == []


@pytest.mark.parametrize(
    ("prefix", "line"),
    [
        ("/home/me/.local/share/pipx/venvs/strace-analyzer", "pipx inject strace-analyzer it"),
        (
            "/root/.local/share/uv/tools/strace-analyzer",
            "uv tool install --with it strace-analyzer",
        ),
        ("/srv/venv", f"{sys.executable} -m pip install it"),
    ],
)
def test_how_to_install_is_said_as_the_program_was(
    prefix: str, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "prefix", prefix)
    assert to_install("it") == line


def test_a_python_that_the_system_manages_gets_its_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "EXTERNALLY-MANAGED").touch()
    monkeypatch.setattr(sys, "prefix", sys.base_prefix)
    monkeypatch.setattr("sysconfig.get_path", lambda name: str(tmp_path))
    assert to_install("it") == "apt install python3-it, or its like of this system"


def names(found: list[TraceInput]) -> list[tuple[str, str, int]]:
    return [(trace.id, trace.name, len(trace.sources)) for trace in found]


def test_all_files_of_a_family_are_one_trace(tmp_path: Path) -> None:
    make(tmp_path, "x.812", "x.900", "y.7", "y.8", "a.txt")
    given = [str(tmp_path / name) for name in ("x.812", "y.7", "x.900", "a.txt")]
    assert names(traces(given)) == [
        ("t1", f"{tmp_path}/x", 2),
        ("t2", f"{tmp_path}/y.7", 1),
        ("t3", f"{tmp_path}/a.txt", 1),
    ]


def test_a_directory_is_walked(tmp_path: Path) -> None:
    for name in ("", "below", "empty", ".hidden"):
        (tmp_path / "d" / name).mkdir(parents=True)
        if name != "empty":
            make(tmp_path / "d" / name, "b.strace", "a.txt", ".c.strace")
    make(tmp_path / "d", "x.1", "x.2", "y.1")
    top = tmp_path / "d"
    assert names(traces([str(top)])) == [
        ("t1", f"{top}/x", 2),
        ("t2", f"{top}/y", 1),
        ("t3", f"{top}/b.strace", 1),
        ("t4", f"{top}/below/a.txt", 1),
        ("t5", f"{top}/below/b.strace", 1),
    ]


def test_one_of_several_that_cannot_be_read_says_so_when_it_is_read(tmp_path: Path) -> None:
    make(tmp_path, "a.txt")
    bad, good = traces([str(tmp_path / "none"), str(tmp_path / "a.txt")])
    assert content(good.sources[0]) == b"close(3) = 0\n"
    with pytest.raises(TraceError, match="none: no such file or directory"):
        content(bad.sources[0])


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("redirected", [False, True])
def test_a_file_that_shrinks_while_it_is_read_is_damaged(
    redirected: bool, packed: bool, tmp_path: Path
) -> None:
    """Wherever it ends then, at the end of a line or not."""
    path = tmp_path / "trace"
    path.write_bytes(gzip.compress(os.urandom(40_000) + b"\n") if packed else TEXT * 3)
    with path.open("rb") as file:
        source = traces(["-"], file)[0].sources[0] if redirected else SourceInput("t", path)
        found = source.blocks(1000)
        first = b"" if packed else next(found)
        os.truncate(path, 20_000 + (TEXT * 3)[20_000:].index(b"\n") + 1)
        with pytest.raises(DamagedError, match="shrank" if not packed else "damaged"):
            list(found)
    assert packed or first.startswith(b"close(0) = 0\n")


def test_a_file_that_shrinks_or_grows_once_it_was_read_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "trace"
    path.write_bytes(TEXT)
    found = SourceInput("t", path).blocks(len(TEXT))
    assert next(found) == TEXT
    os.truncate(path, 0)
    assert list(found) == []
