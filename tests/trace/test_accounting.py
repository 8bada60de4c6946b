"""Every line is in one class, whatever it is; and which lines of real traces cannot be read."""

from __future__ import annotations

import csv
import io
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scraps import SCRAPS
from shared_folder import CORPUS, SHARED, TRACES

from strace_analyzer.trace.events import Foreign, Span, Unparsed
from strace_analyzer.trace.input.content import rows
from strace_analyzer.trace.reader import Accounting, EventStream, TraceReader, traces

PINNED = Path(__file__).parent / "unparsed.tsv"
RETYPED = ("corpus/pasted/", "corpus/haproxy__")
"""Excerpts that people put into mails, commits and notes by hand."""


class Pin(NamedTuple):
    """One line of the shared folder that is no record of strace's, or that cannot be read."""

    file: str
    line: int
    kind: str
    reason: str


def pins() -> list[Pin]:
    with PINNED.open(newline="") as table:
        rows = csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [Pin(row["file"], int(row["line"]), row["class"], row["reason"]) for row in rows]


def shared_files() -> list[Path]:
    return sorted([*CORPUS.rglob("*.strace"), *TRACES.glob("*.strace")])


class Read(NamedTuple):
    lines: int
    examined: int
    strange: list[tuple[int, str]]
    """first line and class"""


def read(file: Path) -> Read:
    """As a stream of lines, so that an excerpt of nothing but prose is no error."""
    (trace,) = traces([str(file)])
    stream = EventStream(tid=trace.sources[0].tid)
    events = [
        event
        for block in trace.sources[0].blocks()
        for line in rows(block)
        for event in stream.feed(line)
    ]
    events += stream.close()
    strange = [
        (event.span.first, type(event).__name__.lower())
        for event in events
        if isinstance(event, Unparsed | Foreign)
    ]
    return Read(stream.accounting.lines, stream.accounting.examined, sorted(strange))


@pytest.mark.corpus
@pytest.mark.labels
def test_every_strange_line_of_the_shared_folder_is_known() -> None:
    found = []
    lines = 0
    for file in shared_files():
        result = read(file)
        assert result.examined == result.lines, file
        lines += result.lines
        name = str(file.relative_to(SHARED))
        found += [(name, line, kind) for line, kind in result.strange]

    assert found == [pin[:3] for pin in pins()]
    unread = [pin for pin in pins() if pin.kind == "unparsed" and not pin.file.startswith(RETYPED)]
    assert len(unread) * 10_000 <= lines


def test_each_pin_has_a_reason_and_no_trace_of_ours_has_one() -> None:
    assert all(len(pin.reason) > 10 for pin in pins())
    assert {pin.kind for pin in pins()} == {"unparsed", "foreign"}
    assert not [pin for pin in pins() if pin.file.startswith("traces/")]


# ---------------------------------------------------------------- any bytes

LINES = st.lists(
    st.one_of(st.lists(SCRAPS, max_size=6).map(b"".join), st.binary(max_size=40)), max_size=25
).map(lambda lines: [line.replace(b"\n", b"") for line in lines])


def streamed(lines: list[bytes]) -> tuple[list[object], Accounting]:
    stream = EventStream()
    events: list[object] = [event for line in lines for event in stream.feed(line)]
    events += stream.close()
    return events, stream.accounting


@given(LINES)
def test_any_lines_give_events_and_each_line_is_in_one_class(lines: list[bytes]) -> None:
    events, account = streamed(lines)
    assert account.examined == account.lines == len(lines)
    by_class = Counter(type(event) for event in events)
    assert account.foreign == by_class[Foreign]
    for event in events:
        span: Span = event.span  # type: ignore[attr-defined]
        assert 1 <= span.first <= span.last <= len(lines)


@given(LINES)
def test_every_line_ends_in_some_event(lines: list[bytes]) -> None:
    events, account = streamed(lines)
    seen = {
        number
        for event in events
        for span in [event.span]  # type: ignore[attr-defined]
        for number in range(span.first, span.last + 1)
    }
    in_stacks = sum(len(getattr(event, "stack", ())) for event in events)
    # a half that goes on is no event; it can be cut, and its end then stands on a line of its own
    going_on = [b"resumed>" in line or line.startswith(b" <unfinished") for line in lines]
    assert len(lines) - len(seen) <= in_stacks + sum(going_on)
    assert in_stacks <= account.frames


@given(LINES)
def test_reading_twice_gives_the_same(lines: list[bytes]) -> None:
    """What the shapes of earlier lines taught changes nothing."""
    first, second = streamed(lines), streamed(lines)
    assert first[1] == second[1]
    assert [repr_of(event) for event in first[0]] == [repr_of(event) for event in second[0]]


def repr_of(event: object) -> tuple[object, ...]:
    return (type(event), getattr(event, "text", None), getattr(event, "tid", None), event.span)  # type: ignore[attr-defined]


@given(LINES, st.booleans())
def test_files_and_streams_agree(lines: list[bytes], ends: bool) -> None:
    data = b"close(3) = 0\n" + b"\n".join(lines) + (b"\n" if ends and lines else b"")
    rows = data.split(b"\n")
    if not rows[-1]:
        rows.pop()
    reader = TraceReader(traces(["-"], io.BytesIO(data))[0])
    pulled = [repr_of(event) for event in reader]
    assert pulled == [repr_of(event) for event in streamed(rows)[0]]
    assert reader.accounting[0].examined == len(rows)
