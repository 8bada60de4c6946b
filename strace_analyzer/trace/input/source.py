"""One trace as the user named it, and its sources, each of which yields blocks of whole lines."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import BinaryIO, TypeVar, cast

from strace_analyzer.errors import DamagedError, InterruptedReadError, TraceError
from strace_analyzer.plain import count
from strace_analyzer.trace.input.content import BLOCK_SIZE, Block, Tell, blocks, nobody
from strace_analyzer.trace.input.remote import opened

_MOST_BESIDE = 1 << 26
"""bytes"""


@dataclass(frozen=True, slots=True)
class SourceInput:
    """One file or stream."""

    name: str
    """As the user typed it; `<stdin>`; for a member of a family, the path of its file."""
    path: Path | None
    stream: BinaryIO | None = None
    tid: int | None = None
    """The thread whose lines these are, from the name of a -ff file."""
    start: int | None = None
    """Offset at which it begins, in a seekable stream."""
    member: str | None = None
    """The name of the trace in `path`, if that is an archive."""
    only: str | None = None
    """The container whose lines are read, if several wrote to the file."""
    others: tuple[str, ...] = ()
    """The containers whose lines are left out, for the trace that has all other lines."""
    refused: str | None = None
    """Why it cannot be read, if other traces were named beside it."""
    url: str | None = None
    """Set if the file is remote."""
    taken: Callable[[int], None] | None = None
    """Called with how many bytes of the file, as stored, have been taken in, whenever there are
    more."""

    def __repr__(self) -> str:
        return f"<SourceInput {self.name[-80:]}>"

    @property
    def can_be_read_again(self) -> bool:
        """Whether it is a file, named or redirected, and not a pipe."""
        if self.url is not None:
            return True
        return self.start is not None or (self.path is not None and self.path.is_file())

    @property
    def size(self) -> int:
        """Bytes of the file; 0 for a stream, and if the file is gone."""
        try:
            return 0 if self.path is None else self.path.stat().st_size
        except OSError:
            return 0

    def beside(self, name: str) -> bytes:
        """Return the file `name` next to the trace in its archive, only its beginning if it is
        huge; b"" if there is none."""
        if self.path is None or self.member is None:
            return b""
        directory = self.member.rpartition("/")[0]
        wanted = f"{directory}/{name}" if directory else name
        try:
            with tarfile.open(self.path) as archive:
                file = archive.extractfile(wanted)
                return b"" if file is None else file.read(_MOST_BESIDE)
        except (KeyError, OSError, EOFError, tarfile.TarError):
            return b""  # damage is reported for the trace

    def ahead(self) -> bytes:
        """Return the next bytes of a stream that is not seekable, without consuming them; waits for
        input. b"" for anything else, and if the input is not known to be text."""
        if self.start is not None or not isinstance(self.stream, io.BufferedReader):
            return b""
        return self.stream.peek()

    def raw(self, size: int = BLOCK_SIZE) -> Iterator[bytes]:
        """Yield the bytes as stored. Raises TraceError, OSError."""
        if self.url is not None:
            with opened(self.url) as file:
                yield from iter(partial(file.read, size), b"")
        elif self.path is not None:
            with self.path.open("rb", buffering=0) as local:
                yield from iter(partial(local.read, size), b"")

    def first_block(self, size: int = BLOCK_SIZE) -> Block:
        """Return the first block; empty if the source is, or if a signal came first, which its
        reader will then report. Raises TraceError if it cannot be read."""
        with suppress(InterruptedReadError):
            return next(iter(self.blocks(size)), b"")
        return b""

    def blocks(self, size: int = BLOCK_SIZE, tell: Tell = nobody) -> Iterator[Block]:
        """Yield the decompressed content block by block; for a stream, as soon as it arrives.

        `tell` is called with what was done to its lines.

        Raises TraceError if it cannot be opened, read or decompressed, DamagedError after yielding
        what comes before the damage.
        """
        if self.refused is not None:
            raise TraceError(self.refused)
        try:
            if self.path is not None and self.member is not None:
                with (
                    _Told(self.path, self.taken) as stored,
                    tarfile.open(fileobj=cast("BinaryIO", stored), mode="r|*") as archive,
                ):
                    found = (one for one in archive if one.name == self.member)
                    file = next((archive.extractfile(one) for one in found), None)
                    if file is not None:
                        yield from blocks(cast("BinaryIO", file), size, tell)
            elif self.path is not None:
                with _Told(self.path, self.taken) as file:
                    begun = os.fstat(file.fileno()).st_size
                    yield from blocks(cast("BinaryIO", file), size, tell)
                    _check_whole(file, begun)
            elif self.url is not None:
                with opened(self.url) as file:
                    yield from blocks(file, size, tell)
            elif self.stream is not None:
                if self.start is None:
                    yield from blocks(self.stream, size, tell)
                else:
                    begun = self.stream.seek(0, os.SEEK_END)
                    self.stream.seek(self.start)
                    yield from blocks(self.stream, size, tell)
                    _check_whole(self.stream, begun)
        except TraceError as error:
            said = str(error)
            raise type(error)(
                said if said.startswith(f"{self.name}:") else f"{self.name}: {said}"
            ) from error
        except (tarfile.TarError, EOFError) as damage:
            raise DamagedError(f"{self.name}: damaged archive ({damage})") from damage
        except OSError as error:
            raise TraceError(f"{self.name}: {error.strerror or error}") from error


class _Told(io.FileIO):
    """A file that tells how far it has been read."""

    def __init__(self, path: Path, taken: Callable[[int], None] | None) -> None:
        super().__init__(path)
        self._taken = taken

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(-1 if size is None else size)
        if self._taken is not None:
            self._taken(self.tell())
        return data


def _check_whole(file: io.FileIO | BinaryIO, begun: int) -> None:
    """Raise DamagedError if `file`, which had `begun` bytes when it was opened and has been read to
    its end, has lost some before they were read."""
    if begun and file.tell() < begun and (now := file.seek(0, os.SEEK_END)) < begun:
        raise DamagedError(
            f"the file shrank while it was read, from {begun:,} to {now:,} bytes: take a copy first"
        )


Kind = TypeVar("Kind", bound=SourceInput)


def as_kind(kind: type[Kind], source: SourceInput, **more: object) -> Kind:
    """Return `source` as an instance of `kind`, a subclass that reads it in its own way, with
    `more` fields."""
    same = {field.name: getattr(source, field.name) for field in fields(SourceInput)}
    return kind(**{**same, **more})


@dataclass(frozen=True, slots=True)
class TraceInput:
    """One trace, with its own tasks, descriptors and ports."""

    id: str
    """`t1`, `t2`, ... in command line order."""
    name: str
    """As the user typed it; `<stdin>` for standard input."""
    sources: tuple[SourceInput, ...]
    hint: str | None = None
    """A possible mistake of the user: a member of a -ff family that is read alone."""

    def __repr__(self) -> str:
        return f"<TraceInput {self.id}: {self.name[-80:]}, {count(len(self.sources), 'source')}>"


def stream_trace(name: str, stream: BinaryIO) -> TraceInput:
    """Return the rest of `stream` from its current position as the first and only trace."""
    start = stream.tell() if stream.seekable() else None
    return TraceInput("t1", name, (SourceInput(name, None, stream, start=start),))
