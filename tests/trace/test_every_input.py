"""Every file that any test reads: its lines are counted, and each is in exactly one class."""

from __future__ import annotations

import lzma
from dataclasses import replace
from pathlib import Path

import pytest
from shared_folder import CASES, CORPUS, ROOT, TRACES, TRACES2

from strace_analyzer.errors import SeveralStreamsError, TraceError
from strace_analyzer.trace.reader import Accounting, TraceInput, TraceReader, traces

NEED = {
    "samples": [],
    "traces": [pytest.mark.labels, pytest.mark.slow],
    "traces2": [pytest.mark.labels, pytest.mark.slow],
    "cases": [pytest.mark.cases, pytest.mark.slow],
    "corpus": [pytest.mark.corpus, pytest.mark.slow],
}
PLACES = {
    "samples": ROOT / "samples",
    "traces": TRACES,
    "traces2": TRACES2,
    "cases": CASES,
    "corpus": CORPUS,
}


def accounts(path: Path) -> list[Accounting]:
    """Of the whole file, or of each trace in it."""
    (trace,) = traces([str(path)])
    try:
        return _read(trace)
    except SeveralStreamsError as several:
        named = several.streams[:-1]
        (source,) = trace.sources
        parts = [replace(source, only=name) for name in named]
        parts.append(replace(source, others=tuple(named)))
        return [account for part in parts for account in _read(replace(trace, sources=(part,)))]


def _read(trace: TraceInput) -> list[Accounting]:
    reader = TraceReader(trace)
    try:
        for _ in reader.batches():
            pass
    except SeveralStreamsError:
        raise
    except TraceError:
        pass  # not one line is strace's
    return reader.accounting


def line_count(path: Path) -> int:
    """Newlines, and a last line that lacks one."""
    content = path.read_bytes()
    if path.suffix == ".xz":
        content = lzma.decompress(content)
    return content.count(b"\n") + (not content.endswith(b"\n") and content != b"")


@pytest.mark.parametrize("place", [pytest.param(name, marks=NEED[name]) for name in PLACES])
def test_each_line_is_in_one_class(place: str) -> None:
    files = sorted(file for file in PLACES[place].rglob("*") if file.is_file())
    assert files
    for file in files:
        found = accounts(file)
        assert sum(account.lines for account in found) == line_count(file), file
        assert [account.examined for account in found] == [account.lines for account in found], file
        assert not any(account.faults for account in found), file
