"""What the user names -> traces of one or more sources, each of which gives blocks of whole lines.

A file, a stream, or an archive (tar) that `collect` made; a directory or a PREFIX is the family of
files that `strace -ff -o PREFIX` wrote, one per thread (strace(1), --output-separately).
"""

from __future__ import annotations

import re
import sys
import tarfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from strace_analyzer.errors import DamagedError, TraceError
from strace_analyzer.trace.input.content import BLOCK_SIZE, Block, blocks

_MEMBER = re.compile(r"(?P<prefix>.*)\.(?P<tid>[0-9]+)(?:\.strace)?(?:\.(?:gz|xz|zst|bz2))?")
"""The name of one file of a -ff family: `PREFIX.PID`, maybe with a suffix given later."""


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

    @property
    def can_be_read_again(self) -> bool:
        """It is a file, whether named or redirected, no pipe."""
        return self.start is not None or (self.path is not None and self.path.is_file())

    @property
    def size(self) -> int:
        """Bytes of the file; 0 for a stream, and for a file that is gone."""
        try:
            return 0 if self.path is None else self.path.stat().st_size
        except OSError:
            return 0

    def blocks(
        self, size: int = BLOCK_SIZE, shortened: Callable[[], None] = lambda: None
    ) -> Iterator[Block]:
        """The content, decompressed, a block at a time; a stream's as soon as it is there.

        `shortened` is called for each line of which the middle was left out, being too long.

        Raises TraceError where it cannot be opened, read or decompressed, DamagedError after what
        comes before the damage.
        """
        try:
            if self.path is not None and self.member is not None:
                with tarfile.open(self.path) as archive:
                    file = archive.extractfile(self.member)
                    if file is not None:
                        yield from blocks(cast("BinaryIO", file), size, shortened)
            elif self.path is not None:
                with self.path.open("rb", buffering=0) as file:
                    yield from blocks(cast("BinaryIO", file), size, shortened)
            elif self.stream is not None:
                if self.start is not None:
                    self.stream.seek(self.start)
                yield from blocks(self.stream, size, shortened)
        except TraceError as error:
            raise type(error)(f"{self.name}: {error}") from error
        except (tarfile.TarError, EOFError) as damage:
            raise DamagedError(f"{self.name}: damaged archive ({damage})") from damage
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
        stream = stdin or sys.stdin.buffer
        start = stream.tell() if stream.seekable() else None
        source = SourceInput("<stdin>", None, stream, start=start)
        return TraceInput(trace_id, "<stdin>", (source,))
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
    if _is_archive(path):
        member = _trace_in(argument, path)
        return TraceInput(trace_id, argument, (SourceInput(argument, path, member=member),))
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


def _is_archive(path: Path) -> bool:
    """A tar file, compressed or not, by its content."""
    try:
        with path.open("rb") as file:
            head = file.read(_TAR_MAGIC.stop)
    except OSError:
        return False
    if not path.is_file() or not (head[_TAR_MAGIC] == b"ustar" or head.startswith(_COMPRESSED)):
        return False
    try:
        return tarfile.is_tarfile(path)
    except (OSError, EOFError, ValueError):
        return False


_TAR_MAGIC = slice(257, 262)
_COMPRESSED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0")
"""what tarfile reads by itself"""


def _trace_in(argument: str, path: Path) -> str:
    """The one trace in an archive: what `collect` calls trace.txt, or the only file. Raises
    TraceError where there is none."""
    try:
        with tarfile.open(path) as archive:
            names = [item.name for item in archive if item.isfile()]
    except (tarfile.TarError, EOFError, OSError) as damage:
        raise DamagedError(f"{argument}: damaged archive ({damage})") from damage
    found = [name for name in names if Path(name).name == "trace.txt"] or names
    if len(found) != 1:
        listed = ", ".join(names[:5]) or "nothing"
        raise TraceError(f"{argument}: no trace.txt in this archive, but {listed}: unpack it first")
    return found[0]


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
