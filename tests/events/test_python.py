"""sa.events from Python: what it takes, and what is no trace."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import strace_analyzer as sa

ROOT = Path(__file__).resolve().parents[2]
CALL = b"4417 close(3) = 0\n"
OTHER = ["a line of a log", "[section]", "key = value", "", "Traceback (most recent call last):"]


def streamed(text: bytes, _: Path) -> io.BytesIO:
    return io.BytesIO(text)


def on_disk(text: bytes, folder: Path) -> Path:
    path = folder / "text"
    path.write_bytes(text)
    return path


@pytest.mark.parametrize("given_as", [streamed, on_disk])
@pytest.mark.parametrize("lines", [1, 999, 1500])
def test_text_that_is_no_trace_raises_before_there_is_a_row(
    given_as: Callable[[bytes, Path], io.BytesIO | Path], lines: int, tmp_path: Path
) -> None:
    if given_as is streamed and lines > 1000:
        pytest.skip("a stream is not read again: its rows come after a thousand")
    rows = sa.events(given_as(b"hello\n" * lines, tmp_path))
    with pytest.raises(sa.TraceError, match="not the output of strace"):
        next(rows)


def test_a_file_of_the_house_is_no_trace() -> None:
    with pytest.raises(sa.TraceError, match="not the output of strace"):
        next(sa.events(ROOT / "pyproject.toml"))


@given(st.lists(st.sampled_from(OTHER), max_size=30))
def test_what_stands_before_the_first_call_is_kept(before: list[str]) -> None:
    text = "".join(f"{line}\n" for line in before).encode() + CALL
    rows = list(sa.events(io.BytesIO(text)))
    assert rows[-1].name == "close"
    assert [row.line for row in rows] == list(range(1, len(before) + 2))


@pytest.mark.parametrize("lines", [1500, 3000])
def test_a_trace_that_begins_late_is_whole(lines: int, tmp_path: Path) -> None:
    rows = list(sa.events(on_disk(b"hello\n" * lines + CALL, tmp_path)))
    assert (len(rows), rows[-1].name, rows[-1].line) == (lines + 1, "close", lines + 1)
