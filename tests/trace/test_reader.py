"""The front of the trace room: readers, streams, sieves, and what is no trace."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from frame_notation import notation

import strace_analyzer as sa
from strace_analyzer.errors import TraceError
from strace_analyzer.trace.decode.frames import Frame
from strace_analyzer.trace.decode.stream import LineDecoder
from strace_analyzer.trace.events import Event
from strace_analyzer.trace.reader import Accounting, EventStream, TraceReader, events, traces

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
TEXT = b"""\
812   12:00:00.500000 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 7
812   12:00:01.000000 connect(7, {sa_family=AF_INET, sin_port=htons(80), \
sin_addr=inet_addr("10.0.0.7")}, 16 <unfinished ...>
813   12:00:01.250000 +++ exited with 0 +++
812   12:00:02.000000 <... connect resumed>) = 0
812   12:00:02.500000 --- SIGTERM {si_signo=SIGTERM} ---
812   12:00:03.000000 +++ killed by SIGTERM +++
"""


def reader(text: bytes) -> TraceReader:
    return TraceReader(traces(["-"], io.BytesIO(text))[0])


def test_events_accounting_and_clock() -> None:
    found = reader(TEXT)
    assert [notation(event).partition(" [")[0].split(" ")[0] for event in found] == [
        *("call", "entered", "exited", "call", "signal", "killed"),
    ]
    assert found.accounting == [
        Accounting("<stdin>", lines=6, call_lines=3, signals=1, exits=2, calls=2)
    ]
    assert (found.clock, found.seconds, found.steps_back) == ("time-of-day", 2.5, 0)


def test_the_function_fills_the_list() -> None:
    accounts: list[Accounting] = []
    assert len(list(events(traces(["-"], io.BytesIO(TEXT))[0], accounts))) == 6
    assert [(account.lines, account.examined, account.calls) for account in accounts] == [(6, 6, 2)]


def test_a_stream_gives_the_same_as_a_reader() -> None:
    stream = EventStream()
    pushed = [event for line in TEXT.splitlines(keepends=True) for event in stream.feed(line)]
    pushed += stream.close()
    pulled = reader(TEXT)
    assert [notation(event) for event in pushed] == [notation(event) for event in pulled]
    assert stream.clock.kind == pulled.clock
    assert stream.accounting.examined == 6


@pytest.mark.parametrize("trace", sorted(SAMPLES.glob("*.strace")), ids=lambda trace: trace.stem)
def test_lines_that_are_all_there_give_the_same_as_those_that_come(trace: Path) -> None:
    lines = trace.read_bytes().splitlines(keepends=True)
    at_once = [notation(event) for event in sa.parse(lines)]
    one_by_one = [notation(event) for event in sa.parse(iter(lines))]
    assert at_once == one_by_one
    assert len(at_once) > len(lines) // 2


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_the_end_of_a_line_keeps_none_from_the_short_way(
    end: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Patterns that are known are of lines without their ends."""
    long_ways: list[int] = []
    join = LineDecoder.join

    def counted(decoder: LineDecoder, text: bytes, frame: Frame, found: list[Event]) -> None:
        long_ways.append(1)
        join(decoder, text, frame, found)

    monkeypatch.setattr(LineDecoder, "join", counted)
    stream = EventStream()
    lines = (b"7 close(3 <unfinished ...>", b"7 <... close resumed>) = 0")
    found = [stream.feed(line + end) for line in lines * 500]
    assert sum(map(len, found)) == 1_000
    assert len(long_ways) < 300


def test_a_finding_waits_for_no_other_line() -> None:
    """Only the first call of a source is held, until it is known whether stacks follow."""
    stream = EventStream()
    assert stream.feed(b"close(3) = 0") == []
    assert [notation(event) for event in stream.feed(b"close(4) = 0")] == [
        "call 0 @1 close(3) = 0",
        "call 0 @2 close(4) = 0",
    ]
    assert [notation(event) for event in stream.feed(b"close(5) = 0")] == ["call 0 @3 close(5) = 0"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "<stdin>: empty"),
        (b"\n", "<stdin>: not the output of strace"),
        (b"Dear all,\n  see open(2).\n", "<stdin>: not the output of strace"),
        (
            b"\x7fELF\x02\x01\x01\x00\xff\xfe",
            "<stdin>: not the output of strace, but an ELF binary (to trace a program: "
            "strace-analyzer run -- PROGRAM)",
        ),
        (
            b"strace: attach: ptrace(PTRACE_SEIZE, 812): Operation not permitted\n",
            "<stdin>: no trace, only: strace: attach: ptrace(PTRACE_SEIZE, 812): "
            "Operation not permitted",
        ),
    ],
)
def test_what_is_no_trace(text: bytes, message: str) -> None:
    with pytest.raises(TraceError) as raised:
        list(reader(text))
    assert str(raised.value) == message


@pytest.mark.parametrize(
    "text",
    [
        b"close(3) = 0\n",
        b"812 +++ exited with 0 +++",
        b"% time     seconds  usecs/call     calls    errors syscall\n",
        b"hello\nclose(3) = 0\n",
    ],
)
def test_a_little_is_enough(text: bytes) -> None:
    found = reader(text)
    assert list(found)
    assert found.accounting[0].looks_like_strace


def test_a_trace_without_times(tmp_path: Path) -> None:
    file = tmp_path / "a.strace"
    file.write_bytes(b"close(3) = 0\r\nclose(4) = 0\r\n")
    found = TraceReader(traces([str(file)])[0])
    assert [event.span[1:] for event in found] == [(1, 1), (2, 2)]
    assert (found.clock, found.seconds) == ("none", None)
    assert found.accounting[0].name == str(file)
