"""Takes the `source` argument of analyze(), gives traces: paths, open files, text, lines."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, TextIO, Union

from strace_analyzer.trace.reader import SourceInput, TraceInput, stream_trace, traces

Path = Union[str, "os.PathLike[str]"]
Source = Path | bytes | BinaryIO | TextIO | Sequence[Path] | Sequence[bytes]


def resolved(source: Source) -> list[TraceInput]:
    """The traces that `source` names or holds. Raises TraceError if it names nothing, TypeError if
    it is not a source."""
    if isinstance(source, str) and _is_line(source):
        return _given(source.encode("utf-8", "surrogateescape"))
    if isinstance(source, (str, os.PathLike)) and os.fspath(source):
        return traces([os.fspath(source)])
    if isinstance(source, (bytes, bytearray)):
        return _given(bytes(source))
    if isinstance(source, Sequence) and source:
        items: list[object] = list(source)
        if any(isinstance(item, bytes) or _is_line(item) for item in items):
            return _given(b"\n".join(map(_raw, items)))
        paths = [os.fspath(item) for item in items if isinstance(item, (str, os.PathLike))]
        if len(paths) == len(items):
            return traces(paths)
    binary: Any = getattr(source, "buffer", source)
    if isinstance(source, io.TextIOBase) and binary is source:  # StringIO
        return _given(source.read().encode("utf-8", "surrogateescape"))
    if hasattr(binary, "read"):
        return [stream_trace(_name(binary), binary)]
    what = type(source).__name__
    is_empty = isinstance(source, Sequence) and not source
    hint = ": make a list of it, or feed an Analyzer" if isinstance(source, Iterator) else ""
    raise TypeError(
        f"analyze() takes a path, a list of paths, an open file, or the lines of a trace, "
        f"not {f'an empty {what}' if is_empty else what}{hint}"
    )


def _name(stream: Any) -> str:
    """The name of an open file; one opened by number, or in memory, has no name."""
    name = getattr(stream, "name", None)
    return os.fsdecode(name) if isinstance(name, (str, bytes)) and name else "<stream>"


_CALL = re.compile(r"\n|^(?>.*?\w\().*= |<\.\.\. |^(\d+ +)?(\+\+\+|---) ", re.DOTALL)
"""matches in any line of strace output, and in no file name"""


def _is_line(item: object) -> bool:
    return isinstance(item, str) and _CALL.search(item) is not None


def _raw(item: object) -> bytes:
    line = item if isinstance(item, bytes) else str(item).encode("utf-8", "surrogateescape")
    return line.rstrip(b"\r\n")


def _given(data: bytes) -> list[TraceInput]:
    source = SourceInput("<lines>", None, io.BytesIO(data), start=0)
    return [TraceInput("t1", "<lines>", (source,))]
