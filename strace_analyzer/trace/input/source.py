"""One trace as the user named it: its sources, each of which gives blocks of whole lines."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
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
    """As the user typed it; `<stdin>`; for a member of a family the path of its file."""
    path: Path | None
    stream: BinaryIO | None = None
    tid: int | None = None
    """The thread whose lines these are, from the name of a -ff file."""
    start: int | None = None
    """Where it begins in a stream that can go back."""
    member: str | None = None
    """The name of the trace in `path`, where that is an archive."""
    only: str | None = None
    """Of lines that several containers wrote: whose are read."""
    others: tuple[str, ...] = ()
    """The same for the one that has all lines but theirs."""
    refused: str | None = None
    """Why it names nothing that can be read, where others were named beside it."""
    url: str | None = None
    """Of a file that lies elsewhere."""

    def __repr__(self) -> str:
        return f"<SourceInput {self.name[-80:]}>"

    @property
    def can_be_read_again(self) -> bool:
        """It is a file, whether named or redirected, no pipe."""
        if self.url is not None:
            return True
        return self.start is not None or (self.path is not None and self.path.is_file())

    @property
    def size(self) -> int:
        """Bytes of the file; 0 for a stream, and for a file that is gone."""
        try:
            return 0 if self.path is None else self.path.stat().st_size
        except OSError:
            return 0

    def beside(self, name: str) -> bytes:
        """The file `name` that lies beside the trace in its archive, its beginning where it is
        huge; b"" where there is none."""
        if self.path is None or self.member is None:
            return b""
        directory = self.member.rpartition("/")[0]
        wanted = f"{directory}/{name}" if directory else name
        try:
            with tarfile.open(self.path) as archive:
                file = archive.extractfile(wanted)
                return b"" if file is None else file.read(_MOST_BESIDE)
        except (KeyError, OSError, EOFError, tarfile.TarError):
            return b""  # what is damaged is said of the trace

    def ahead(self) -> bytes:
        """What a stream that cannot go back has next, which stays there; waits for it. b"" for
        anything else, and where what comes is not known to be text."""
        if self.start is not None or not isinstance(self.stream, io.BufferedReader):
            return b""
        return self.stream.peek()

    def raw(self, size: int = BLOCK_SIZE) -> Iterator[bytes]:
        """The bytes of its file as they lie there. Raises TraceError, OSError."""
        if self.url is not None:
            with opened(self.url) as file:
                yield from iter(partial(file.read, size), b"")
        elif self.path is not None:
            with self.path.open("rb", buffering=0) as local:
                yield from iter(partial(local.read, size), b"")

    def first_block(self, size: int = BLOCK_SIZE) -> Block:
        """What it begins with; nothing where it is empty, or a signal came before: who reads it
        then is told. Raises TraceError where it cannot be read."""
        with suppress(InterruptedReadError):
            return next(iter(self.blocks(size)), b"")
        return b""

    def blocks(self, size: int = BLOCK_SIZE, tell: Tell = nobody) -> Iterator[Block]:
        """The content, decompressed, a block at a time; a stream's as soon as it is there.

        `tell` is told what was done to its lines.

        Raises TraceError where it cannot be opened, read or decompressed, DamagedError after what
        comes before the damage.
        """
        if self.refused is not None:
            raise TraceError(self.refused)
        try:
            if self.path is not None and self.member is not None:
                with tarfile.open(self.path) as archive:
                    file = archive.extractfile(self.member)
                    if file is not None:
                        yield from blocks(cast("BinaryIO", file), size, tell)
            elif self.path is not None:
                with self.path.open("rb", buffering=0) as file:
                    yield from blocks(cast("BinaryIO", file), size, tell)
            elif self.url is not None:
                with opened(self.url) as file:
                    yield from blocks(file, size, tell)
            elif self.stream is not None:
                if self.start is not None:
                    self.stream.seek(self.start)
                yield from blocks(self.stream, size, tell)
        except TraceError as error:
            said = str(error)
            raise type(error)(
                said if said.startswith(f"{self.name}:") else f"{self.name}: {said}"
            ) from error
        except (tarfile.TarError, EOFError) as damage:
            raise DamagedError(f"{self.name}: damaged archive ({damage})") from damage
        except OSError as error:
            raise TraceError(f"{self.name}: {error.strerror or error}") from error


Kind = TypeVar("Kind", bound=SourceInput)


def as_kind(kind: type[Kind], source: SourceInput, **more: object) -> Kind:
    """`source` as one of a `kind` that reads it in its own way, and that has `more` fields."""
    same = {field.name: getattr(source, field.name) for field in fields(SourceInput)}
    return kind(**{**same, **more})


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

    def __repr__(self) -> str:
        return f"<TraceInput {self.id}: {self.name[-80:]}, {count(len(self.sources), 'source')}>"


def stream_trace(name: str, stream: BinaryIO) -> TraceInput:
    """What `stream` has from where it stands, as the first and only trace."""
    start = stream.tell() if stream.seekable() else None
    return TraceInput("t1", name, (SourceInput(name, None, stream, start=start),))
