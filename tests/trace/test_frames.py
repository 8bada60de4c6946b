"""Each case of tests/corpus/frame_*.txt: these lines, fed to a stream, give these events."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest
from frame_notation import notation
from hypothesis import given
from hypothesis import strategies as st
from scraps import SCRAPS
from shared_folder import TRACES

from strace_analyzer.trace.decode import frames
from strace_analyzer.trace.reader import EventStream

CORPUS = Path(__file__).resolve().parent.parent / "corpus"


class Case(NamedTuple):
    id: str
    lines: list[str]
    expected: list[str]


def cases() -> list[Case]:
    found = []
    for file in sorted(CORPUS.glob("frame_*.txt")):
        for block in file.read_text().split("=== ")[1:]:
            title, _, rest = block.partition("\n")
            given, _, expected = rest.rstrip("\n").rpartition("\n---\n")
            found.append(Case(f"{file.stem}: {title}", given.split("\n"), expected.split("\n")))
    return found


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.id)
def test_lines_give_these_events(case: Case) -> None:
    stream = EventStream()
    events = [event for line in case.lines for event in stream.feed(line.encode())]
    events += stream.close()

    assert [notation(event) for event in events] == case.expected
    assert stream.accounting.examined == stream.accounting.lines == len(case.lines)


def test_there_are_cases_of_every_kind() -> None:
    assert len(cases()) > 90
    assert len({case.id for case in cases()}) == len(cases())


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"\x1b[1;36mclose\x1b[0m(7)\x1b[0m   = 0\r\n", "call 0 @1 close(7) = 0"),
        (b"close(7) = 0   \t\n", "call 0 @1 close(7) = 0"),
        (b"812   +++ exited with 0 +++\r\n", "exited 812 @1 0"),
        (b"", "foreign @1"),
        (b"\x00\xff\xfe", "foreign @1 \x00\udcff\udcfe"),
        (b'write(1, "\x00\xff", 2) = 2', 'call 0 @1 write(1, "\x00\udcff", 2) = 2'),
    ],
)
def test_bytes_that_no_text_file_can_show(line: bytes, expected: str) -> None:
    stream = EventStream()
    assert [notation(event) for event in [*stream.feed(line), *stream.close()]] == [expected]


def reading(text: bytes, plainly: bool) -> list[object] | None:
    """What frame.lark says of a line, by Lark alone or by the shapes learned so far."""
    reader = frames.line_reader()
    read = reader.plainly(text) if plainly else reader.read(b"", text)
    return None if read is None else [part.fill(read[1]) for part in read[0].parts]


@pytest.mark.labels
def test_learned_shapes_say_what_lark_says() -> None:
    """Of every seventh line of the labelled traces, and of each with its beginning cut off."""
    for file in sorted(TRACES.glob("*.strace")):
        for line in file.read_bytes().split(b"\n")[:-1:7]:
            for text in (line.rstrip(), line.rstrip()[5:]):
                if text:
                    assert reading(text, plainly=False) == reading(text, plainly=True), text


@given(st.lists(SCRAPS, min_size=1, max_size=6).map(b"".join))
def test_learned_shapes_say_what_lark_says_of_scraps(line: bytes) -> None:
    text = line.rstrip()
    if text:
        expected = reading(text, plainly=True)
        assert [reading(text, plainly=False) for _ in range(3)] == [expected] * 3


LAYOUTS = st.sampled_from(
    [
        "close({}) = {}",
        "{} close(3) = 0",
        "[pid {:5}] close(3) = {}",
        "{} <... close resumed>) = {}",
        "{}.{} close(3 <unfinished ...>",
        "     {}.{:06} close(3) = 0",
        "[{:4}] close(3) = {}",
        "+++ exited with {} +++",
        "strace: Process {} attached",
        "{}:{} close(3) = 0",
    ]
)


@given(LAYOUTS, st.integers(0, 10**11), st.integers(0, 10**8))
def test_numbers_of_any_length_do_not_fool_a_shape(layout: str, one: int, other: int) -> None:
    """A pid, a time of the epoch and a difference are told apart by their length."""
    text = layout.format(one, other).encode()
    assert reading(text, plainly=False) == reading(text, plainly=True)
