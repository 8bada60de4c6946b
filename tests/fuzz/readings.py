"""Read one trace in every way that must not matter, and compare.

A fault is a line of text: an exception, a line that is not accounted for, two readings that differ,
a finding on a nonsense line.
"""

from __future__ import annotations

import io
import traceback
from collections.abc import Collection, Iterator
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, cast

from strace_analyzer.analysis import Analysis, Settings
from strace_analyzer.analysis.analyze import analyze_traces
from strace_analyzer.errors import TraceError
from strace_analyzer.rules import catalogue
from strace_analyzer.trace.input.content import Block, Tell, nobody
from strace_analyzer.trace.input.source import SourceInput, TraceInput

SMALL = 1 << 13
"""Bytes per block: so few that a short trace has a first block and others, which are sieved."""


class InSmallBlocks(SourceInput):
    """A source that is read in small blocks."""

    def blocks(self, size: int = SMALL, tell: Tell = nobody) -> Iterator[Block]:
        yield from SourceInput.blocks(self, SMALL, tell)


class Pipe(io.RawIOBase):
    """Bytes as a pipe delivers them: a little at a time, and only once."""

    def __init__(self, text: bytes) -> None:
        super().__init__()
        self._text = io.BytesIO(text)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._text.readinto(memoryview(buffer)[: SMALL - 1])


def from_file(path: Path) -> TraceInput:
    """Return a file as a trace, in small blocks."""
    return TraceInput("t1", path.name, (InSmallBlocks(path.name, path),))


def from_pipe(text: bytes, name: str) -> TraceInput:
    """Return bytes as a trace that can be read only once, in small blocks."""
    stream = cast("BinaryIO", io.BufferedReader(Pipe(text), 1 << 16))
    return TraceInput("t1", name, (InSmallBlocks(name, None, stream),))


def analysed(trace: TraceInput, *, strict: bool = False, jobs: int = 1) -> Analysis | str:
    """Return the analysis, or the error that prevents it."""
    settings = Settings(rules=catalogue(), keep_sockets=True, strict=strict, jobs=jobs)
    try:
        return analyze_traces([trace], settings)
    except TraceError as error:
        return str(error)


def told(analysis: Analysis | str) -> dict[str, Any]:
    """Return everything that is reported, by kind, except which lines were looked at."""
    if isinstance(analysis, str):
        return {"error": analysis}
    return {
        "traces": [replace(trace, sources=()) for trace in analysis.traces],
        "findings": list(analysis.findings),
        "groups": analysis.groups,
        "processes": analysis.processes,
        "sockets": list(analysis.sockets),
        "unknown": analysis.unknown,
        "warnings": analysis.warnings,
        "failed calls": analysis.failed_calls,
    }


def differences(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """Return the differences between two readings, each with the first place."""
    found = []
    for key in sorted(one.keys() | other.keys()):
        here, there = one.get(key), other.get(key)
        if here != there:
            mine, yours = _first_difference(here, there)
            found.append(f"{key}: {str(mine)[:600]} / {str(yours)[:600]}")
    return found


def _first_difference(here: Any, there: Any) -> tuple[Any, Any]:
    if isinstance(here, (list, tuple)) and isinstance(there, (list, tuple)):
        for mine, yours in zip(here, there, strict=False):
            if mine != yours:
                return _first_difference(mine, yours)
        return (len(here), here[len(there) :][:1]), (len(there), there[len(here) :][:1])
    if is_dataclass(here) and is_dataclass(there):
        for field in fields(here):
            mine, yours = getattr(here, field.name), getattr(there, field.name)
            if mine != yours:
                one, other = _first_difference(mine, yours)
                return f"{field.name}: {one}", other
    return here, there


def line_count(text: bytes) -> int:
    """Count newlines, and a last line without one."""
    return text.count(b"\n") + (not text.endswith(b"\n") and text != b"")


def unaccounted(analysis: Analysis | str, lines: int, *, strict: bool) -> list[str]:
    """Return the sources of a single file that do not account for its `lines`."""
    if isinstance(analysis, str):
        return []
    found = []
    accounts = [source for trace in analysis.traces for source in trace.sources]
    counted = sum(account.lines for account in accounts)
    if counted != lines:
        found.append(f"{counted} lines of {lines} are counted")
    for account in accounts:
        found += [f"{fault.error} at line {fault.line}" for fault in account.faults]
        if account.examined != account.lines if strict else account.examined > account.lines:
            found.append(f"{account.examined} of {account.lines} lines are in a class")
    return found


def findings_on(lines: Collection[int], analysis: Analysis | str) -> list[str]:
    """Return findings that depend on a call beginning on one of these lines. (The line where a
    socket was created may be one: a line cut by another was joined again.)"""
    if isinstance(analysis, str) or not lines:
        return []
    return [
        f"{finding.rule} at {finding.at} takes line {call.line} for a {role}"
        for finding in analysis.findings
        for role, call in finding.calls.items()
        if role in ("bind", "connect", "listen") and call.line in lines
    ]


def faults(path: Path, nonsense: Collection[bytes] = ()) -> list[str]:
    """Return what is wrong with any reading of the trace in `path`; `nonsense` are meaningless
    lines."""
    text = path.read_bytes()
    try:
        return [*_faults(path, text, nonsense)]
    except Exception:
        return [traceback.format_exc()]


def _faults(path: Path, text: bytes, nonsense: Collection[bytes]) -> Iterator[str]:
    strict = analysed(from_file(path), strict=True)
    yield from unaccounted(strict, line_count(text), strict=True)
    if nonsense:
        rows = text.split(b"\n")
        numbers = {number for number, row in enumerate(rows, 1) if row in nonsense}
        yield from findings_on(numbers, strict)
    expected = told(strict)
    readings = {
        "default": lambda: analysed(from_file(path)),
        "two jobs": lambda: analysed(from_file(path), jobs=2),
        "pipe": lambda: analysed(from_pipe(text, path.name)),
    }
    for name, reading in readings.items():
        read = reading()
        yield from (
            f"{name}: {fault}" for fault in unaccounted(read, line_count(text), strict=False)
        )
        if not may_differ(read):
            yield from (f"{name}: {found}" for found in differences(expected, told(read)))


def may_differ(read: Analysis | str) -> bool:
    """Whether a reading itself says that it may differ: of a stream that cannot be read again."""
    if isinstance(read, str):
        return "where they can be read again" in read
    return any(warning.code == "lines-left-out" for warning in read.warnings)
