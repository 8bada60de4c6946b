"""Read a file or stream, compressed or not, as blocks of whole lines, as soon as they arrive.

It is long because every compression is known here and nowhere else.
"""

from __future__ import annotations

import bz2
import gzip
import importlib
import io
import lzma
import re
import shutil
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from enum import Enum
from itertools import chain
from typing import IO, Any, BinaryIO, cast

from strace_analyzer.errors import DamagedError, TraceError
from strace_analyzer.machine.installing import to_install

BLOCK_SIZE = 1 << 19
SMALL_BLOCK = 1 << 16
"""Bytes; used when many sources are open at once."""
_FIRST_BLOCK = 1 << 17
"""Bytes. The beginning of a trace is looked at line by line, and decides how the rest is read."""
_STORED = 1 << 16
"""Bytes of compressed data that are taken at a time: they can be a hundred times as much text, and
how far a file has been read is told by them."""
_ZSTD_INPUT = 512
"""Bytes decompressed at a time. The output is held in memory at once, and can be 128 KiB for each
four bytes (RFC 8878, RLE_Block), so 16 MiB."""
LONGEST_LINE = 1 << 20
"""Bytes. Of a longer line only the beginning and the end are read: the name of the call, its first
arguments, and its result."""
_KEPT_OF_LONG = 1 << 16


Block = bytes
"""Some whole lines of a source; only the last line of a source may lack its end."""


class Alteration(Enum):
    """What was done to the lines of a source."""

    SHORTENED = "the middle of one was left out"
    RETURNS = "they ended in carriage returns alone"


Tell = Callable[[Alteration], None]


def nobody(change: Alteration) -> None:
    """A Tell that does nothing."""


def rows(block: Block) -> list[bytes]:
    """Return the lines of `block`, without their ends."""
    found = block.split(b"\n")
    if not found[-1]:
        found.pop()
    return found


def blocks(stream: BinaryIO, size: int = BLOCK_SIZE, tell: Tell = nobody) -> Iterator[Block]:
    """Yield the lines of `stream` in blocks of about `size` bytes, or fewer if no more has arrived.

    `tell` is called for each line longer than LONGEST_LINE, whose middle is left out, and once if
    lines end in carriage returns. Raises DamagedError if the compressed data is damaged, OSError if
    the stream cannot be read.
    """
    begun = _BegunLine()
    for chunk in _with_line_feeds(contents(stream, size), tell):
        end = chunk.rfind(b"\n") + 1
        if end == 0:
            begun.add(chunk)
            continue
        if begun.length:
            first = chunk.find(b"\n") + 1
            begun.add(chunk[:first])
            line = begun.line(tell)
            yield line + chunk[first:end]
        else:
            yield chunk[:end]
        begun.add(chunk[end:])
    if begun.length:
        yield begun.line(tell)


RESULT = re.compile(rb"\) *= [-?0-9]")
"""The end of a record, up to the beginning of its result."""


def _with_line_feeds(chunks: Iterator[bytes], tell: Tell) -> Iterator[bytes]:
    """Replace carriage returns that alone end lines, as on old Macs or on a terminal, by line
    feeds. The first end of a record decides, since a progress bar prints carriage returns too."""
    held = b""
    for chunk in chunks:
        held += chunk
        feeds = held.count(b"\n") - held.endswith(b"\n")
        if not feeds and _is_ended_by_return(held):
            tell(Alteration.RETURNS)
            yield from _without_returns(chain((held,), chunks))
            return
        if b"\n" in held or len(held) > _FIRST_BLOCK:
            break
    if held:
        yield held
    yield from chunks


def _is_ended_by_return(text: bytes) -> bool:
    """Whether `text` contains a record, a carriage return without a line feed, and more text."""
    begin = 0
    while (end := text.find(b"\r", begin)) >= 0:
        line = max(begin, text.rfind(b"\n", begin, end) + 1)
        if text[end + 1 : end + 2] not in (b"", b"\n") and RESULT.search(text, line, end):
            return True
        begin = end + 1
    return False


def _without_returns(chunks: Iterable[bytes]) -> Iterator[bytes]:
    held = b""
    for chunk in chunks:
        text = held + chunk
        held = text[-1:] if text.endswith(b"\r") else b""
        text = text[: len(text) - len(held)]
        yield text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if held:
        yield b"\n"


class _BegunLine:
    """A line whose end has not arrived yet; of a long one only both ends are held."""

    def __init__(self) -> None:
        self.length = 0
        self._head = b""
        self._pieces: list[bytes] = []

    def add(self, piece: bytes) -> None:
        """Append what follows."""
        if not piece:
            return
        self.length += len(piece)
        self._pieces.append(piece)
        if self.length > LONGEST_LINE:
            held = b"".join(self._pieces)
            if not self._head:
                self._head, held = held[:_KEPT_OF_LONG], held[_KEPT_OF_LONG:]
            self._pieces = [held[-_KEPT_OF_LONG:]]

    def line(self, tell: Tell) -> bytes:
        """Return the whole line, and reset."""
        line = b"".join((self._head, *self._pieces))
        if self._head:
            tell(Alteration.SHORTENED)
        self.length, self._head, self._pieces = 0, b"", []
        return line


def contents(stream: BinaryIO, size: int = BLOCK_SIZE) -> Iterator[bytes]:
    """Yield the decompressed content in pieces as they arrive. Raises TraceError if what
    decompresses it is not installed, DamagedError, OSError."""
    raw = _Peeked(stream, size)
    if not raw.head.startswith(tuple(_FORMATS)):
        yield from raw.pieces(size)
        return
    reader = io.BufferedReader(cast("Any", raw), _STORED)
    for magic, decompressed in _FORMATS.items():
        if raw.head.startswith(magic):
            try:
                yield from decompressed(reader, size)
            except (EOFError, zlib.error, lzma.LZMAError) as damage:
                raise DamagedError(f"damaged compressed data ({damage})") from damage
            except OSError as error:
                if error.errno is not None:
                    raise
                raise DamagedError(f"damaged compressed data ({error})") from error


class _Peeked(io.RawIOBase):
    """A stream whose first bytes can be inspected. Reads return what has arrived, without waiting
    for more."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._read: Callable[[int], bytes] = getattr(stream, "read1", stream.read)
        self.head = self._read(min(size, _FIRST_BLOCK))
        while 0 < len(self.head) < _LONGEST_MAGIC and (more := self._read(size)):
            self.head += more
        self._rest = memoryview(self.head)

    def pieces(self, size: int) -> Iterator[bytes]:
        """Yield all of it unchanged."""
        piece = self.head
        while piece:
            yield piece
            piece = self._read(size)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._rest:
            data = bytes(self._rest[: len(buffer)])
            self._rest = self._rest[len(data) :]
        else:
            data = self._read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _pieces(reader: io.BufferedIOBase, size: int) -> Iterator[bytes]:
    while piece := reader.read1(size):
        yield piece


def _gzip(raw: io.BufferedReader, size: int) -> Iterator[bytes]:
    return _pieces(gzip.GzipFile(fileobj=raw), size)


def _xz(raw: io.BufferedReader, size: int) -> Iterator[bytes]:
    return _streams(raw, size, lzma.LZMADecompressor)


def _bzip2(raw: io.BufferedReader, size: int) -> Iterator[bytes]:
    return _streams(raw, size, bz2.BZ2Decompressor)


def _streams(
    raw: io.BufferedReader,
    size: int,
    begin: Callable[[], lzma.LZMADecompressor | bz2.BZ2Decompressor],
) -> Iterator[bytes]:
    """Decompress stream after stream, with NUL bytes between them (padding of xz, of a tape).
    LZMAFile and BZ2File accept a damaged one after the first as the end of the file."""
    data = b""
    while data or (data := raw.read1(_STORED)):
        data = data.lstrip(b"\0")
        if not data:
            continue
        stream = begin()
        while not stream.eof:
            if stream.needs_input and not data and not (data := raw.read1(_STORED)):
                raise EOFError("it ends too early")
            try:
                piece = stream.decompress(data, size)
            except OSError as damage:  # of bzip2, without a number
                raise EOFError(str(damage)) from damage
            data = b""
            if piece:
                yield piece
        data = stream.unused_data


def _zstd(raw: io.BufferedReader, size: int) -> Iterator[bytes]:
    """Decompress frame after frame: zstandard's own reader accepts a truncated file as complete."""
    try:
        zstandard = importlib.import_module("zstandard")
    except ModuleNotFoundError:
        yield from _zstd_program(raw, size)
        return
    frame = zstandard.ZstdDecompressor().decompressobj()
    is_within = False
    while available := raw.read1(_STORED):
        pieces: list[bytes] = []
        for at in range(0, len(available), _ZSTD_INPUT):
            data = available[at : at + _ZSTD_INPUT]
            while data:
                is_within = True
                try:
                    pieces.append(frame.decompress(data))
                except zstandard.ZstdError as damage:
                    yield from _cut(b"".join(pieces), size)
                    raise EOFError(str(damage)) from damage
                data = b""
                if frame.eof:
                    data = frame.unused_data
                    frame = zstandard.ZstdDecompressor().decompressobj()
                    is_within = False
            if sum(map(len, pieces)) >= size:
                yield from _cut(b"".join(pieces), size)
                pieces.clear()
        if any(pieces):
            yield from _cut(b"".join(pieces), size)
    if is_within:
        raise EOFError("it ends too early")


def _cut(data: bytes, size: int) -> Iterator[bytes]:
    for at in range(0, len(data), size):
        yield data[at : at + size]


def _zstd_program(raw: io.BufferedReader, size: int) -> Iterator[bytes]:
    """Decompress with zstd(1), if the library is not installed."""
    import subprocess  # few traces need it

    program = shutil.which("zstd")
    if program is None:
        raise TraceError(
            f"compressed with zstd: install the program zstd, or: {to_install('zstandard')}"
        )
    process = subprocess.Popen(
        [program, "-dc"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    feeding = threading.Thread(target=_feed, args=(raw, process.stdin), daemon=True)
    feeding.start()
    with process.stdout, process.stderr:
        try:
            yield from _pieces(cast("io.BufferedIOBase", process.stdout), size)
            feeding.join()
            said = process.stderr.read().decode(errors="replace").strip()
        finally:  # the thread closes its end, perhaps only when its next write fails
            process.kill()
            process.wait()
    if said:
        raise EOFError(said.rpartition(": ")[2])


def _feed(raw: io.BufferedReader, into: IO[bytes]) -> None:
    with suppress(BrokenPipeError), into:
        while data := raw.read1(_ZSTD_INPUT):
            into.write(data)


def _lz4(raw: io.BufferedReader, size: int) -> Iterator[bytes]:
    try:
        lz4 = importlib.import_module("lz4.frame")
    except ModuleNotFoundError as error:
        raise TraceError("compressed with lz4: pip install 'strace-analyzer[fleet]'") from error
    try:
        yield from _pieces(lz4.LZ4FrameFile(raw), size)
    except RuntimeError as damage:
        raise EOFError(str(damage)) from damage


_FORMATS: dict[bytes, Callable[[io.BufferedReader, int], Iterator[bytes]]] = {
    b"\x1f\x8b": _gzip,
    b"\xfd7zXZ\x00": _xz,
    b"BZh": _bzip2,
    b"\x28\xb5\x2f\xfd": _zstd,
    b"\x04\x22\x4d\x18": _lz4,
}
"""The first bytes of a compressed file (RFC 1952, xz, bzip2, RFC 8878, LZ4 frame), mapped to its
reader."""

COMPRESSED = ("gz", "xz", "bz2", "zst", "lz4")
"""The usual suffixes of such files. They are used to judge names only, never content."""

_LONGEST_MAGIC = max(map(len, _FORMATS))
