"""Resolve what the user names into traces, each with one or more sources.

An argument is a file, a stream, a URL, a glob pattern, or an archive (tar) made by `collect`; a
directory or a PREFIX is the family of files written by `strace -ff -o PREFIX`, one per thread
(strace(1), --output-separately).
"""

from __future__ import annotations

import io
import re
import sys
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from glob import glob, has_magic
from pathlib import Path
from typing import BinaryIO

from strace_analyzer.errors import DamagedError, TraceError
from strace_analyzer.trace.input import remote
from strace_analyzer.trace.input.content import COMPRESSED
from strace_analyzer.trace.input.remote import is_url
from strace_analyzer.trace.input.source import SourceInput, TraceInput, stream_trace

_SUFFIX = rf"(?:\.(?:{'|'.join(COMPRESSED)}))?"
_MEMBER = re.compile(r"(?P<prefix>.*)\.(?P<tid>[0-9]+)(?:\.strace)?" + _SUFFIX)
"""The name of one file of a -ff family: `PREFIX.PID`, perhaps with a suffix added later."""


def traces(arguments: Sequence[str], stdin: BinaryIO | None = None) -> list[TraceInput]:
    """Return each argument as a trace of its own; standard input if there is none, and for `-`. All
    files of one -ff family are one trace, also in a directory; a directory of other files is as
    many traces.

    Raises TraceError if the only argument names nothing that can be read. Of several arguments,
    such a one becomes a trace that raises it when read.
    """
    named = _families_joined([*_expanded(arguments or ["-"])])
    found: list[TraceInput] = []
    for name, argument in named:
        try:
            found += [_family(name, argument)] if name else _traces(argument, stdin)
        except TraceError as error:
            if len(named) == 1:
                raise
            found.append(_one(argument, SourceInput(argument, None, refused=str(error))))
    return [replace(trace, id=f"t{number}") for number, trace in enumerate(found, 1)]


def _expanded(arguments: Sequence[str]) -> Iterator[str]:
    """Yield the arguments. A pattern (`logs/**/*.strace`) that is not the name of a file is
    replaced by what it matches, or kept if it matches nothing."""
    for argument in arguments:
        matched: list[str] = []
        if has_magic(argument) and not is_url(argument) and not Path(argument).exists():
            matched = sorted(glob(argument, recursive=True))
            if "**" in argument:  # a directory and everything below it
                matched = [name for name in matched if not Path(name).is_dir()]
        yield from matched or [argument]


def _families_joined(arguments: Sequence[str]) -> list[tuple[str | None, str]]:
    """Return (prefix or None, argument) pairs; all files of one family become one, its prefix."""
    named: dict[str, list[str]] = {}
    for argument in dict.fromkeys(arguments):
        match = _MEMBER.fullmatch(Path(argument).name)
        if match is not None and Path(argument).is_file():
            named.setdefault(str(Path(argument).parent / match["prefix"]), []).append(argument)
    there = {path: _members(path) for path in {Path(prefix).parent for prefix in named}}
    whole = {
        argument: prefix
        for prefix, members in named.items()
        if 1 < len(members) == len(there[Path(prefix).parent].get(Path(prefix).name, ()))
        for argument in members
    }
    joined = [(whole.get(argument), whole.get(argument, argument)) for argument in arguments]
    return [
        item for number, item in enumerate(joined) if item[0] is None or item not in joined[:number]
    ]


def _family(name: str | None, prefix: str) -> TraceInput:
    path = Path(prefix)
    return _one(name or prefix, *_members(path.parent)[path.name])


def _one(name: str, *sources: SourceInput) -> TraceInput:
    return TraceInput("", name, sources)


def _traces(argument: str, stdin: BinaryIO | None) -> list[TraceInput]:
    if argument == "-":
        return [stream_trace("<stdin>", stdin or (sys.stdin.buffer if sys.stdin else io.BytesIO()))]
    if not argument:
        raise TraceError("'' names no file: it is empty (a variable that is not set?)")
    if is_url(argument):
        return _remote(argument)
    path = Path(argument)
    try:
        if path.is_dir():
            found = _directory(argument, path)
            if not found:
                raise TraceError(f"{argument}: no files in this directory")
            return found
        if path.exists():
            return [_file(argument, path)]
        family = _members(path.parent).get(path.name)
    except OSError as error:
        raise TraceError(f"{argument}: {error.strerror or error}") from error
    if not family:
        raise TraceError(f"{argument}: no such file or directory")
    return [_one(argument, *family)]


def _remote(url: str) -> list[TraceInput]:
    """Return the traces that a URL names: a file, or a directory as in `_directory`."""
    found = remote.files(url)
    if found == [url]:
        return [_one(url, SourceInput(url, None, url=url))]
    families: dict[str, list[SourceInput]] = {}
    others: dict[str, list[str]] = {}
    for name in found:
        directory, _, base = name.rpartition("/")
        match = _MEMBER.fullmatch(base)
        if match is not None:
            source = SourceInput(name, None, tid=int(match["tid"]), url=name)
            families.setdefault(f"{directory}/{match['prefix']}", []).append(source)
        elif not base.startswith("."):
            others.setdefault(directory, []).append(name)
    within = {prefix.rpartition("/")[0] for prefix in families}
    traces = []
    for prefix, members in families.items():
        directory = prefix.rpartition("/")[0]
        alone = sum(name.startswith(f"{directory}/") for name in found) == len(members)
        ordered = sorted(members, key=lambda source: (source.tid or 0, source.name))
        traces.append(_one(directory if alone else prefix, *ordered))
    traces += [
        _one(name, SourceInput(name, None, url=name))
        for directory, names in others.items()
        for name in names
        if directory not in within or _TRACE_NAME.search(name)
    ]
    return sorted(traces, key=lambda trace: trace.name)


def _file(argument: str, path: Path) -> TraceInput:
    if _is_archive(path):
        member = _trace_in(argument, path)
        return _one(argument, SourceInput(argument, path, member=member))
    match = _MEMBER.fullmatch(path.name)
    if match is None:
        return _one(argument, SourceInput(argument, path))
    hint = None
    siblings = _members(path.parent).get(match["prefix"], ())
    if len(siblings) > 1:
        prefix = path.parent / match["prefix"]
        hint = f"{argument} is one of {len(siblings)} files of a strace -ff trace; all: {prefix}"
    source = SourceInput(argument, path, tid=int(match["tid"]))
    return TraceInput("", argument, (source,), hint)


def _is_archive(path: Path) -> bool:
    """Whether it is a tar file with something in it, perhaps compressed: to tarfile NUL bytes are
    one without. FIFOs are not opened: they can be read only once."""
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            head = file.read(_TAR_MAGIC.stop)
    except OSError:
        return False
    if not (head[_TAR_MAGIC] == b"ustar" or head.startswith(_COMPRESSED)):
        return False
    try:
        with tarfile.open(path) as archive:
            return archive.next() is not None
    except (tarfile.TarError, OSError, EOFError, ValueError):
        return False


_TAR_MAGIC = slice(257, 262)
_COMPRESSED = b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0"  # read by tarfile itself


def _trace_in(argument: str, path: Path) -> str:
    """Return the one trace in an archive: the trace.txt of `collect`, or else the only file. Raises
    TraceError if there is none."""
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


def _directory(argument: str, path: Path) -> list[TraceInput]:
    """Return the traces in and below a directory: each family is one, named like the directory if
    there is nothing else. Of other files, those named like traces; or, without a family, every file
    that is not hidden."""
    families = _members(path)
    here = sorted(item for item in path.iterdir() if not item.name.startswith("."))
    below = [
        trace
        for item in here
        if item.is_dir() and not item.is_symlink()
        for trace in _directory(str(item), item)
    ]
    others = [
        _walked(item)
        for item in here
        if item.is_file()
        and not _MEMBER.fullmatch(item.name)
        and (not families or _TRACE_NAME.search(item.name))
    ]
    if len(families) == 1 and not others and not below:
        return [_one(argument, *next(iter(families.values())))]
    found = [_one(str(path / prefix), *families[prefix]) for prefix in sorted(families)]
    return [*found, *others, *below]


def _walked(path: Path) -> TraceInput:
    """Return the trace of a file found; one that cannot be opened is reported when it is read."""
    try:
        return _file(str(path), path)
    except TraceError as error:
        return _one(str(path), SourceInput(str(path), None, refused=str(error)))


_TRACE_NAME = re.compile(rf"\.(?:strace|trace){_SUFFIX}$")


def _members(directory: Path) -> dict[str, tuple[SourceInput, ...]]:
    """Return the -ff families in `directory`: prefix -> its files, ordered by thread id."""
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
