"""What the user names -> traces of one or more sources, and a source -> blocks of whole lines.

A file, a stream, compressed or not; a directory or a PREFIX is the family of files that `strace -ff
-o PREFIX` wrote, one per thread (strace(1), --output-separately).
"""

from __future__ import annotations

import bz2
import gzip
import importlib
import io
import lzma
import re
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

from strace_analyzer.errors import TraceError

BLOCK_SIZE = 1 << 20

_MEMBER = re.compile(r"(?P<prefix>.*)\.(?P<tid>[0-9]+)(?:\.strace)?(?:\.(?:gz|xz|zst|bz2))?")
"""The name of one file of a -ff family: `PREFIX.PID`, maybe with a suffix given later."""


class Block(NamedTuple):
    """Some lines of a source, whole ones; only the last line of a source may lack its end."""

    first: int
    """1-based number of the first line in it."""
    data: bytes

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """Each line with its number."""
        rows = self.data.split(b"\n")
        if not rows[-1]:
            rows.pop()
        return enumerate(rows, self.first)

    @property
    def size(self) -> int:
        """How many lines these are."""
        return self.data.count(b"\n") + (not self.data.endswith(b"\n"))


@dataclass(frozen=True, slots=True)
class SourceInput:
    """One file or stream."""

    name: str
    """As the user typed it; `<stdin>`; for a member of a family the path of its file."""
    path: Path | None
    stream: BinaryIO | None = None
    tid: int | None = None
    """The thread whose lines these are, from the name of a -ff file."""

    def blocks(self, size: int = BLOCK_SIZE) -> Iterator[Block]:
        """The content, decompressed, a block at a time; a stream's as soon as it is there.

        Raises TraceError where it cannot be opened, read or decompressed.
        """
        try:
            if self.path is not None:
                with self.path.open("rb", buffering=0) as file:
                    yield from _blocks(_chunks(cast("BinaryIO", file), size))
            elif self.stream is not None:
                yield from _blocks(_chunks(self.stream, size))
        except TraceError as error:
            raise TraceError(f"{self.name}: {error}") from error
        except (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile) as damage:
            raise TraceError(f"{self.name}: damaged compressed data ({damage})") from damage
        except OSError as error:
            raise TraceError(f"{self.name}: {error.strerror or error}") from error


@dataclass(frozen=True, slots=True)
class TraceInput:
    """One trace: its own tasks, descriptors and ports."""

    id: str
    """`t1`, `t2`, ... in the order of the command line."""
    name: str
    """As the user typed it, `<stdin>` for standard input."""
    sources: tuple[SourceInput, ...]
    hint: str | None = None
    """What the user may not have meant: a member of a -ff family that is read alone."""


def traces(arguments: Sequence[str], stdin: BinaryIO | None = None) -> list[TraceInput]:
    """Each argument as a trace of its own; standard input where there is none, and for `-`.

    Raises TraceError where an argument names nothing that can be read.
    """
    return [
        _trace(f"t{number}", argument, stdin)
        for number, argument in enumerate(arguments or ["-"], 1)
    ]


def _trace(trace_id: str, argument: str, stdin: BinaryIO | None) -> TraceInput:
    if argument == "-":
        return TraceInput(
            trace_id, "<stdin>", (SourceInput("<stdin>", None, stdin or sys.stdin.buffer),)
        )
    path = Path(argument)
    try:
        if path.is_dir():
            return TraceInput(trace_id, argument, _directory(path))
        if path.exists():
            return _file(trace_id, argument, path)
        family = _members(path.parent).get(path.name)
    except OSError as error:
        raise TraceError(f"{argument}: {error.strerror or error}") from error
    if not family:
        raise TraceError(f"{argument}: no such file or directory")
    return TraceInput(trace_id, argument, family)


def _file(trace_id: str, argument: str, path: Path) -> TraceInput:
    match = _MEMBER.fullmatch(path.name)
    if match is None:
        return TraceInput(trace_id, argument, (SourceInput(argument, path),))
    hint = None
    siblings = _members(path.parent).get(match["prefix"], ())
    if len(siblings) > 1:
        prefix = path.parent / match["prefix"]
        hint = f"{argument} is one of {len(siblings)} files of a strace -ff trace; all: {prefix}"
    source = SourceInput(argument, path, tid=int(match["tid"]))
    return TraceInput(trace_id, argument, (source,), hint)


def _directory(path: Path) -> tuple[SourceInput, ...]:
    families = _members(path)
    if not families:
        raise TraceError(f"{path}: no files of strace -ff (PREFIX.PID) in this directory")
    if len(families) > 1:
        names = ", ".join(str(path / prefix) for prefix in sorted(families))
        raise TraceError(f"{path}: more than one strace -ff trace in it; name one: {names}")
    return next(iter(families.values()))


def _members(directory: Path) -> dict[str, tuple[SourceInput, ...]]:
    """The -ff families in `directory`: prefix -> its files, by thread id."""
    families: dict[str, list[SourceInput]] = {}
    if not directory.is_dir():
        return {}
    for path in directory.iterdir():
        match = _MEMBER.fullmatch(path.name)
        if match and path.is_file():
            source = SourceInput(str(path), path, tid=int(match["tid"]))
            families.setdefault(match["prefix"], []).append(source)
    return {
        prefix: tuple(sorted(sources, key=lambda source: (source.tid or 0, source.name)))
        for prefix, sources in families.items()
    }


# ---------------------------------------------------------------- bytes


class _Peeked(io.RawIOBase):
    """A stream whose first bytes can be looked at; it gives what is there, as soon as it is."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._read: Callable[[int], bytes] = getattr(stream, "read1", stream.read)
        self.head = self._read(size)
        while 0 < len(self.head) < _LONGEST_MAGIC and (more := self._read(size)):
            self.head += more
        self._rest = memoryview(self.head)

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


def _zstd(raw: BinaryIO) -> BinaryIO:
    try:
        zstandard = importlib.import_module("zstandard")
    except ModuleNotFoundError as missing:
        raise TraceError(
            "compressed with zstd: install zstandard, or: zstdcat FILE | strace-analyzer"
        ) from missing
    reader = zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True)
    return cast("BinaryIO", _Guarded(reader, zstandard.ZstdError))


class _Guarded:
    """A reader whose library has an error class of its own."""

    def __init__(self, reader: BinaryIO, error: type[Exception]) -> None:
        self._reader = reader
        self._error = error

    def read1(self, size: int) -> bytes:
        try:
            return self._reader.read(size)
        except self._error as damage:
            raise EOFError(str(damage)) from damage


_FORMATS: dict[bytes, Callable[[BinaryIO], Any]] = {
    b"\x1f\x8b": lambda raw: gzip.GzipFile(fileobj=raw),
    b"\xfd7zXZ\x00": lzma.LZMAFile,
    b"BZh": bz2.BZ2File,
    b"\x28\xb5\x2f\xfd": _zstd,
}
"""The first bytes of a compressed file (RFC 1952, xz, bzip2, RFC 8878) -> its reader."""

_LONGEST_MAGIC = max(map(len, _FORMATS))


def _chunks(stream: BinaryIO, size: int) -> Iterator[bytes]:
    """The content, decompressed, in pieces as they come."""
    raw = _Peeked(stream, size)
    reader: Any = io.BufferedReader(raw, size)
    for magic, opened in _FORMATS.items():
        if raw.head.startswith(magic):
            reader = opened(reader)
    while chunk := reader.read1(size):
        yield chunk


def _blocks(chunks: Iterator[bytes]) -> Iterator[Block]:
    number = 1
    pieces: list[bytes] = []
    for chunk in chunks:
        end = chunk.rfind(b"\n") + 1
        if end == 0:
            pieces.append(chunk)
            continue
        pieces.append(chunk[:end])
        block = Block(number, b"".join(pieces))
        number += block.size
        pieces = [chunk[end:]]
        yield block
    rest = b"".join(pieces)
    if rest:
        yield Block(number, rest)
