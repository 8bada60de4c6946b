"""The text of one call -> a Call: name, arguments as typed values, result, duration.

The syntax is grammars/call.lark's; literals.py reads its tokens, call_values.py its trees.
"""

from __future__ import annotations

import re

from strace_analyzer.trace.decode.call_values import NO_RESULT, TYPES, teacher
from strace_analyzer.trace.decode.halves import completed, joined
from strace_analyzer.trace.decode.literals import LEAVES, decoded
from strace_analyzer.trace.decode.memo import Remembered
from strace_analyzer.trace.events import Result
from strace_analyzer.trace.learned.shapes import Reader, Reading
from strace_analyzer.trace.learned.template import Part
from strace_analyzer.trace.values import Value

__all__ = ["CallParser", "ParsedCall", "joined"]


class ParsedCall:
    """A call whose parts are decoded when asked for: most calls are only counted or looked up."""

    __slots__ = ("_args", "_match", "_parts", "_result", "_text", "name")

    def __init__(
        self, name: str, text: bytes, parts: tuple[Part, ...], match: re.Match[bytes] | None
    ) -> None:
        self.name = name
        self._text = text
        self._parts = parts
        self._match = match
        self._args: tuple[Value, ...] | None = None
        self._result: Result | None = None

    @property
    def args(self) -> tuple[Value, ...]:
        """The arguments in order."""
        args = self._args
        if args is None:
            args = self._args = self._parts[0].fill(self._match)
        return args

    @property
    def result(self) -> Result:
        """What the call returned; Result(None) where no result was printed."""
        result = self._result
        if result is None:
            result = self._result = self._parts[1].fill(self._match)
        return result

    @property
    def duration(self) -> float | None:
        """Seconds (-T), or None."""
        seconds: float | None = self._parts[2].fill(self._match)
        return seconds

    @property
    def text(self) -> str:
        """The call as printed, halves joined."""
        return decoded(self._text)

    def __repr__(self) -> str:
        return f"<{self.text}>"


_COLOUR = re.compile(rb"\x1b\[[0-9;]*[A-Za-z]")
_HALF_OPENINGS = (b"", b"{", b"[", b"[{", b"[{{")


class CallParser:
    """Reads calls; one parser per process, since it learns the shapes that it meets."""

    def __init__(self, name: str | None = None) -> None:
        """With a `name` it knows what parsers of that name learned in earlier runs."""
        self._reader = Reader(LEAVES, teacher, name, TYPES)
        self._read = self._reader.read
        self._name = Remembered(decoded).__getitem__

    def whole(self, text: bytes) -> ParsedCall | None:
        """The call that `text` is: `name(args) = result <duration>`, its beginning to its end.

        A text that ends behind its arguments is a call without result. None where the grammar does
        not read it.
        """
        key = _key(text)
        reading = self._read(key, text)
        if reading is not None:
            shape, match = reading
            return ParsedCall(self._name(key), text, shape.parts, match)
        if b"\x1b" not in text:  # --color: strace prints no escape character inside strings
            return None
        plain = _COLOUR.sub(b"", text)
        return self.whole(plain) if plain != text else None

    def plainly(self, text: bytes) -> ParsedCall | None:
        """As `whole`, by Lark alone: what learned shapes are measured against."""
        reading = self._reader.plainly(text)
        return reading and self._parsed(_key(text), text, reading)

    def whole_halves(self, first: bytes, rest: bytes) -> ParsedCall | None:
        """The call whose halves are `first` (`name(args`) and `rest` (what follows `resumed>`)."""
        return self.whole(joined(first, rest))

    def entered(self, text: bytes) -> ParsedCall:
        """The first half of a call, `name(args`: the arguments printed so far, no result.

        What was cut in the middle is closed where that is possible and left out where not.
        """
        key = text.partition(b"(")[0]
        begun = key + b")"  # calls without result are no rivals of whole ones
        reading = self._reader.known(begun, text.rstrip(b" ,") + b")")
        if reading is None:
            readings = (self._read(begun, completion) for completion in completed(text))
            reading = next(filter(None, readings), None)
        if reading is None:
            return ParsedCall(self._name(key), text, _NOTHING, None)
        return self._parsed(key, text, reading)

    def resumed(self, name: str, text: bytes) -> ParsedCall | None:
        """The call `name` of which only what follows `resumed>` is known.

        Its arguments are then only those printed there; a struct that began in the lost half holds
        the fields printed there.
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
        shape, match = reading
        return ParsedCall(self._name(name), text, shape.parts, match)


def _key(text: bytes) -> bytes:
    return text[: text.find(b"(")]


_NOTHING = (Part((), {}), Part(NO_RESULT, {}), Part(None, {}))
