"""Recover calls that have only begun, or that other output has run into.

On a terminal, and with `2>&1`, a program's output lands wherever strace is in its line, which is
after the arguments printed on entry: `write(1, "hi\\n", 3hi`, and `) = 3` on the next line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from strace_analyzer.trace.decode.calls import CallParser
from strace_analyzer.trace.decode.clock import Clock
from strace_analyzer.trace.decode.frames import End, Frame, FrameDecoder, Kind, is_known
from strace_analyzer.trace.decode.lines import Line
from strace_analyzer.trace.events import WRITES, Call, Result, Span
from strace_analyzer.trace.learned.grammar import tree
from strace_analyzer.trace.values import Value, descriptor_number, plain

_NUMBER = re.compile(rb"\w+\((0|[1-9]\d{0,8})(?:, |<[^<])")
"""A decimal number, all of it: it is followed by another argument or by its note."""


class BegunCall(NamedTuple):
    """A call that has begun. Its arguments so far are parsed on demand, which is rare."""

    calls: CallParser
    name: str
    begun: bytes
    """`name(args`, as far as it was printed."""

    @property
    def args(self) -> tuple[Value, ...]:
        return self.calls.entered(self.begun).args

    @property
    def first(self) -> Value | None:
        """Like the first of `args`. A descriptor ends at the comma, with or without a note, so it
        is parsed by itself, once for all calls on it."""
        text = self.begun
        start = text.find(b"(") + 1
        end = text.find(b", ", start)
        number = self.calls.number(text[start:end] if end > 0 else text[start:].rstrip(b" ,"))
        if number is not None:
            return number
        args = self.args
        return args[0] if args else None

    @property
    def number(self) -> int | None:
        """The first argument as the number of a descriptor. It is seldom parsed for that."""
        digits = _NUMBER.match(self.begun)
        return descriptor_number(self.first) if digits is None else int(digits[1])

    @property
    def result(self) -> Result:
        return self.calls.entered(self.begun).result

    @property
    def duration(self) -> float | None:
        return None

    @property
    def text(self) -> str:
        return self.begun.decode("utf-8", "surrogateescape")

    def completed(self, rest: bytes) -> Call | None:
        """Parse the whole call, given the text after `resumed>`; None if it is not understood."""
        call: Call | None = self.calls.whole_halves(self.begun, rest)
        if call is None and not self.calls.begins(self.begun):
            call = around_output(self.calls, self.begun, rest)
        return call


class CutCall(BegunCall):
    """A call whose first half itself was cut, perhaps by the traced program's output."""

    __slots__ = ()

    def completed(self, rest: bytes) -> Call | None:
        call: Call | None = self.calls.whole_halves(self.begun, rest)
        if call is None or has_output(call):
            call = without_output(self.calls, self.begun + rest) or call
            call = call or around_output(self.calls, self.begun, rest)
        return call


class RestOfCall(BegunCall):
    """A call whose first half is not in the trace: `begun` is what followed `resumed>` so far."""

    __slots__ = ()

    def completed(self, rest: bytes) -> Call | None:
        return self.calls.resumed(self.name, self.begun + rest)


@dataclass(frozen=True, slots=True)
class MendedCall:
    """A call whose arguments are on one line and whose result on another, with output in
    between."""

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
    def number(self) -> int | None:
        return descriptor_number(self.first)

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
    """Whether anything follows the number that is the last argument of a call of WRITES."""
    return call.name in WRITES and bool(call.args) and not isinstance(plain(call.args[-1]), int)


def without_output(calls: CallParser, text: bytes) -> Call | None:
    """Remove the program's output from between the arguments and the result of a write(), and parse
    it."""
    if not text.startswith(b"write"):
        return None
    printed = tree("frame", "printed", text)
    if printed is None:
        return None
    head, result = printed.children
    return calls.whole(f"{head}{result}".encode("latin-1"))


def around_output(calls: CallParser, head: bytes, rest: bytes) -> Call | None:
    """Parse the call that begins with `head`, which ends in other output, and ends with `rest`."""
    entry = calls.entered(head)
    end = calls.resumed(entry.name, rest)
    return None if end is None else MendedCall(entry, end)


def two_records(calls: CallParser, text: bytes) -> tuple[Call, bytes] | None:
    """Split off a call from the text of the record that follows it on the same line.

    A record that a terminal overwrote leaves blanks instead of a line end:
    `close(5) = 0    [pid 674] close(6) ...`.
    """
    at = text.find(b"  [pid ")
    call = calls.whole(text[:at].rstrip()) if at > 0 else None
    return None if call is None else (call, text[at:].lstrip())


def records_behind(calls: CallParser, text: bytes, span: Span) -> Iterator[Frame]:
    """Yield the records in `text`, which follows a first one on the line of `span`: whole calls for
    as long as the next `[pid N]` is preceded by one, then the remainder, whatever it is."""
    frames, begin = FrameDecoder(Clock()), 0
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
    """Yield the calls that may follow in `frame`, whose text begins with a name that no call has: a
    program prints `f(x) = y `, and strace a call after it."""
    text = frame.body
    if is_known(text.partition(b"(")[0].decode("latin-1")):
        return
    for _ in range(_PARENTHESES):
        text = text.partition(b")")[2].lstrip()
        if not text:
            return
        behind = FrameDecoder(Clock()).frame(Line(frame.span.source, frame.span.first, text))
        if behind.kind is Kind.CALL and behind.end is End.RESULT:
            time = behind.time or frame.time
            yield behind._replace(
                span=frame.span, time=time, seconds=frame.seconds, lines=frame.lines
            )
