"""What a person has of `ss -tanp` or /proc/net/tcp -> the sockets of the machine: files, text,
lines."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Union

from strace_analyzer.errors import TraceError
from strace_analyzer.machine import Listing, parse, together

File = Union[str, "os.PathLike[str]"]
Listed = File | bytes | Sequence[File] | Sequence[bytes]


def listed(given: Listed) -> Listing:
    """The sockets that `given` lists: the path of a file, several of them, the text of one, or its
    lines. What is of more than a line, or is a row or the heading of a list, is no path. Raises
    TraceError where a file cannot be read, or no socket is listed, TypeError where it is none of
    these."""
    if isinstance(given, (bytes, bytearray)) or (isinstance(given, str) and _is_text(given)):
        return _of_lines(_text(given).splitlines())
    if isinstance(given, (str, os.PathLike)) and os.fspath(given):
        return of_file(Path(given))
    if isinstance(given, Sequence) and given and not isinstance(given, str):
        items: list[object] = list(given)
        if any(isinstance(item, bytes) or _is_text(item) for item in items):
            return _of_lines(line for item in items for line in _text(item).splitlines())
        paths = [Path(item) for item in items if isinstance(item, (str, os.PathLike))]
        if len(paths) == len(items):
            return together(map(of_file, paths))
    raise TypeError(
        "ss is the path of what ss -tanp printed, several paths, its text or its lines, and not "
        f"{given!r:.60}"
    )


def of_file(file: Path) -> Listing:
    """The sockets that `file` lists. Raises TraceError where it cannot be read or lists none."""
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise TraceError(f"{file}: {error.strerror}") from error
    return _answer(parse(text.splitlines()), str(file))


def _of_lines(lines: Iterable[str]) -> Listing:
    return _answer(parse(lines), "the text given as ss")


def _answer(listing: Listing, where: str) -> Listing:
    if not listing.is_answer:
        raise TraceError(f"{where}: no socket in it (give the output of ss -tanp)")
    return listing


def _is_text(item: object) -> bool:
    return isinstance(item, str) and ("\n" in item or parse([item]).is_answer)


def _text(item: object) -> str:
    return item.decode("utf-8", "replace") if isinstance(item, (bytes, bytearray)) else str(item)
