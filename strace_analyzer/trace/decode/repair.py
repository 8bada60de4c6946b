"""What there is of a call that has only begun, or that other output has run into -> the call.

On a terminal, and in `2>&1`, a program's output lands where strace is in its line, which is behind
the arguments that strace prints on entry: `write(1, "hi\\n", 3hi` and `) = 3` on the next line.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from strace_analyzer.trace.decode.calls import CallParser
from strace_analyzer.trace.decode.clock import Clock
from strace_analyzer.trace.decode.frames import End, Frame, Frames, Kind, is_known
from strace_analyzer.trace.decode.lines import Line
from strace_analyzer.trace.events import WRITES, Call, Result, Span
from strace_analyzer.trace.learned.grammar import tree
from strace_analyzer.trace.values import Value, plain


class BegunCall(NamedTuple):
    """A call that has begun: its arguments so far are read when somebody asks, which few do."""

    calls: CallParser
    name: str
    begun: bytes
    """`name(args`, as far as it was printed."""

    @property
    def args(self) -> tuple[Value, ...]:
        return self.calls.entered(self.begun).args

    @property
    def first(self) -> Value | None:
        """As the first of `args`. A descriptor ends at the comma, with its note or without: it is
        read by itself, once for all calls on it."""
        text = self.begun
        start = text.find(b"(") + 1
        end = text.find(b", ", start)
        number = self.calls.number(text[start:end] if end > 0 else text[start:].rstrip(b" ,"))
        if number is not None:
            return number
        args = self.args
        return args[0] if args else None

    @property
    def result(self) -> Result:
        return self.calls.entered(self.begun).result

    @property
    def duration(self) -> float | None:
        return None

    @property
    def text(self) -> str:
        return self.begun.decode("utf-8", "surrogateescape")


@dataclass(frozen=True, slots=True)
class MendedCall:
    """A call whose arguments stand on one line and whose result on another, with output between."""

    entry: Call
    end: Call

    @property
    def name(self) -> str:
        return self.entry.name

    @property
    def args(self) -> tuple[Value, ...]:
        return self.entry.args + self.end.args

    @property
    def first(self) -> Value | None:
        return self.args[0] if self.args else None

    @property
    def result(self) -> Result:
        return self.end.result

    @property
    def duration(self) -> float | None:
        return self.end.duration

    @property
    def text(self) -> str:
        return self.entry.text + self.end.text.removeprefix(f"{self.name}(")


def has_output(call: Call) -> bool:
    """Whether something stands behind the number that is the last argument of a call of WRITES."""
    return call.name in WRITES and bool(call.args) and not isinstance(plain(call.args[-1]), int)


def without_output(calls: CallParser, text: bytes) -> Call | None:
    """A write() with its output between its arguments and its result -> without that."""
    if not text.startswith(b"write"):
        return None
    printed = tree("frame", "printed", text)
    if printed is None:
        return None
    head, result = printed.children
    return calls.whole(f"{head}{result}".encode("latin-1"))


def around_output(calls: CallParser, head: bytes, rest: bytes) -> Call | None:
    """The call that begins with `head` and ends with `rest`; `head` ends in other output."""
    entry = calls.entered(head)
    end = calls.resumed(entry.name, rest)
    return None if end is None else MendedCall(entry, end)


def two_records(calls: CallParser, text: bytes) -> tuple[Call, bytes] | None:
    """A call, and the text of the record that stands behind it on the same line.

    A record that a terminal overwrote leaves blanks, no line end: `close(5) = 0    [pid 674]
    close(6) ...`.
    """
    at = text.find(b"  [pid ")
    call = calls.whole(text[:at].rstrip()) if at > 0 else None
    return None if call is None else (call, text[at:].lstrip())


def records_behind(calls: CallParser, text: bytes, span: Span) -> Iterator[Frame]:
    """The records in `text`, which stood behind a first one on the line of `span`: whole calls, as
    long as there is one before the next `[pid N]`, and then the rest, whatever it is."""
    frames, begin = Frames(Clock()), 0
    while (at := text.find(b"  [pid ", begin)) > 0:
        frame = frames.frame(Line(span.source, span.first, text[begin:at].rstrip(), counts=0))
        if frame.kind is not Kind.CALL or frame.end is not End.RESULT:
            break
        if calls.whole(frame.body) is None:
            break
        yield frame
        begin = text.index(b"[", at)
    yield frames.frame(Line(span.source, span.first, text[begin:], counts=0))


_PARENTHESES = 8


def behind_output(frame: Frame) -> Iterator[Frame]:
    """The calls that `frame`, whose text begins with a name that no call has, may have behind that:
    a program prints `f(x) = y `, and strace a call."""
    text = frame.body
    if is_known(text.partition(b"(")[0].decode("latin-1")):
        return
    for _ in range(_PARENTHESES):
        text = text.partition(b")")[2].lstrip()
        if not text:
            return
        behind = Frames(Clock()).frame(Line(frame.span.source, frame.span.first, text))
        if behind.kind is Kind.CALL and behind.end is End.RESULT:
            time = behind.time or frame.time
            yield behind._replace(
                span=frame.span, time=time, seconds=frame.seconds, lines=frame.lines
            )
