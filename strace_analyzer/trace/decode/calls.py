"""Parse the text of one call into a Call: name, arguments as typed values, result, duration.

The syntax is in grammars/call.lark; literals.py reads its tokens, call_values.py its trees.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from strace_analyzer.trace.decode.call_values import NO_RESULT, TYPES, teacher
from strace_analyzer.trace.decode.halves import completed, joined
from strace_analyzer.trace.decode.literals import LEAVES, decoded
from strace_analyzer.trace.decode.memo import Remembered
from strace_analyzer.trace.events import Result
from strace_analyzer.trace.learned.shapes import Reader, Reading, Shape
from strace_analyzer.trace.learned.template import Template
from strace_analyzer.trace.values import Annotated, Value, descriptor_number

__all__ = ["CallParser", "ParsedCall", "joined"]


class ParsedCall(NamedTuple):
    """A call whose parts are decoded on demand, since most calls are only counted or looked up.
    Events keep the decoded values (events.Syscall)."""

    name: str
    parts: tuple[Template, ...]
    """Arguments, result, duration: templates to be filled from the match."""
    match: Any
    """The match of a pattern; or only the text, in a tuple, if Lark read it."""
    body: int = 0
    """The group that holds the call's own text."""
    shape: Shape | None = None
    """The shape by which it was read, if others are read by the same one."""
    printed: bytes | None = None
    """The text in the trace, if it differs from the text that was read."""

    @property
    def args(self) -> tuple[Value, ...]:
        """The arguments in order."""
        args: tuple[Value, ...] = self.parts[0].fill(self.match)
        return args

    @property
    def first(self) -> Value | None:
        """The first argument; None if there is none."""
        return self.args[0] if self.args else None

    @property
    def number(self) -> int | None:
        """The first argument as the number of a descriptor; None if it is none."""
        return descriptor_number(self.first)

    @property
    def result(self) -> Result:
        """The result; Result(None) if none was printed."""
        result: Result = self.parts[1].fill(self.match)
        return result

    @property
    def duration(self) -> float | None:
        """Seconds (-T); None if not printed."""
        seconds: float | None = self.parts[2].fill(self.match)
        return seconds

    @property
    def text(self) -> str:
        """The call as printed, with its halves joined."""
        return decoded(self.match[self.body] if self.printed is None else self.printed)


_new = tuple.__new__
_COLOUR = re.compile(rb"\x1b\[[0-9;]*[A-Za-z]")
_HALF_OPENINGS = (b"", b"{", b"[", b"[{", b"[{{")


class CallParser:
    """Parses calls. Use one parser per process, since it learns the shapes that it meets."""

    def __init__(self, name: str | None = None) -> None:
        """With a `name`, it uses and keeps what parsers of that name learned in other runs."""
        self._reader = Reader(LEAVES, teacher, name, TYPES)
        self._read = self._reader.read
        self.known = self._reader.known
        """as Reader.known; the key is the name of the call"""
        self._name = Remembered(decoded).__getitem__
        self.number = Remembered(self._number).__getitem__

    def whole(self, text: bytes) -> ParsedCall | None:
        """Parse `text`, all of it: `name(args) = result <duration>`.

        A text that ends after its arguments is a call without a result. Returns None if the grammar
        does not accept it.
        """
        key = _key(text)
        reading = self._read(key, text)
        if reading is not None:
            shape, match = reading
            return _new(
                ParsedCall, (self._name(key), shape.parts, match or (text,), 0, shape, None)
            )
        if b"\x1b" not in text:  # --color: strace never prints an escape character inside strings
            return None
        plain = _COLOUR.sub(b"", text)
        return self.whole(plain) if plain != text else None

    def plainly(self, text: bytes) -> ParsedCall | None:
        """Like `whole`, with Lark only: the reference for learned shapes."""
        reading = self._reader.plainly(text)
        return reading and self._parsed(_key(text), text, reading)

    def whole_halves(self, first: bytes, rest: bytes) -> ParsedCall | None:
        """Parse the call with the halves `first` (`name(args`) and `rest` (the text after
        `resumed>`)."""
        return self.whole(joined(first, rest))

    def entered(self, text: bytes) -> ParsedCall:
        """Parse the first half of a call, `name(args`: the arguments printed so far, no result.

        What was cut in the middle is closed if possible and left out otherwise.
        """
        key = text.partition(b"(")[0]
        begun = key + b")"  # kept apart from the shapes of whole calls
        readings = (self._read(begun, completion) for completion in completed(text))
        reading = next(filter(None, readings), None)
        if reading is None:
            return ParsedCall(self._name(key), _NOTHING, (text,))
        shape, match = reading
        return _new(ParsedCall, (self._name(key), shape.parts, match, 0, None, text))

    def _number(self, text: bytes) -> Value | None:
        """Return the number that the argument `text` is, with its note if any; None if it is no
        number."""
        half = b"close(" + text
        closed = half + b")"
        if not text[:1].isdigit():
            return None
        if not text.endswith(b"]>") and next(completed(half), b"") != closed:
            return None  # it was cut in the middle
        reading = self._read(b"close)", closed)
        args: tuple[Value, ...] = () if reading is None else reading[0].parts[0].fill(reading[1])
        value = args[0] if len(args) == 1 else None
        number = value.value if isinstance(value, Annotated) else value
        return value if isinstance(number, int) else None

    def begins(self, text: bytes) -> bool:
        """Return whether all of `text`, `name(args`, can be the beginning of a call."""
        begun = text.partition(b"(")[0] + b")"
        closed = next(completed(text), b"")
        is_whole = closed.startswith(text.rstrip(b" ,"))
        return is_whole and self._read(begun, closed) is not None

    def resumed(self, name: str, text: bytes) -> ParsedCall | None:
        """Parse the call `name` of which only the text after `resumed>` is known.

        Its arguments are only those printed there; a struct that began in the lost half has the
        fields printed there.
        """
        start = name.encode("utf-8", "surrogateescape") + b"("
        for opening in _HALF_OPENINGS:
            whole = joined(start + opening, text)
            reading = self._reader.read(_key(whole), whole)
            if reading is not None:
                printed = b"<... %b resumed>%b" % (start[:-1], text)
                return self._parsed(start[:-1], printed, reading)
        return None

    def _parsed(self, name: bytes, text: bytes, reading: Reading) -> ParsedCall:
        """Return a call that was read from a text other than `text`, which is what was printed."""
        shape, match = reading
        return _new(ParsedCall, (self._name(name), shape.parts, match, 0, None, text))


def _key(text: bytes) -> bytes:
    return text[: text.find(b"(")]


_NOTHING = (Template((), {}), Template(NO_RESULT, {}), Template(None, {}))
