"""The text of one call -> a Call: name, arguments as typed values, result, duration.

The syntax is grammars/call.lark's; here is what its trees mean. `LEAVES` says what a token is worth,
one function per rule of the grammar says what is made of the parts. The rule functions never look
into a token's value, so that shapes.py can run them once for all texts of one shape.
"""

from __future__ import annotations

import re
from typing import Any

from lark import Tree

from strace_analyzer.trace.events import Result
from strace_analyzer.trace.grammar import parser
from strace_analyzer.trace.shapes import Reader
from strace_analyzer.trace.template import Part
from strace_analyzer.trace.values import (
    Alternatives,
    Annotated,
    Array,
    Change,
    Commented,
    Designated,
    Elided,
    Expression,
    Field,
    Flags,
    MacroCall,
    Name,
    Named,
    Struct,
    Text,
    Value,
)

# --- what a token is worth ---

_ESCAPE = re.compile(rb"(\\(?:x[0-9a-fA-F]{2}|[0-7]{1,3}|.))", re.S)


class _Escapes(dict[bytes, bytes]):
    """An escape -> its byte: `\\n`, `\\33`, `\\xfa`; of any other character, the character."""

    def __missing__(self, escape: bytes) -> bytes:
        code = escape[1:]
        if code[:1] == b"x" and len(code) == 3:
            byte = bytes((int(code[1:], 16),))
        elif code[0] in b"01234567":
            byte = bytes((int(code, 8) & 0xFF,))
        else:
            byte = code
        self[escape] = byte
        return byte


_ESCAPES = _Escapes(
    {b"\\n": b"\n", b"\\t": b"\t", b"\\r": b"\r", b"\\v": b"\v", b"\\f": b"\f",
     b"\\a": b"\a", b"\\b": b"\b", b"\\e": b"\x1b"}
)  # fmt: skip


def unescape(text: bytes) -> bytes:
    r"""The bytes that strace printed as `text`, with `\n`, `\33`, `\x1b`, `\"` and their like decoded."""
    if b"\\" not in text:
        return text
    if len(text) % 4 == 0 and text.count(b"\\x") * 4 == len(text):  # -xx
        try:
            return bytes.fromhex(text.replace(b"\\x", b"").decode("latin-1"))
        except ValueError:
            pass
    pieces = _ESCAPE.split(text)
    pieces[1::2] = map(_ESCAPES.__getitem__, pieces[1::2])
    return b"".join(pieces)


def decoded(text: bytes) -> str:
    """A path, a message, a name: UTF-8 where it is, other bytes kept by surrogateescape."""
    return text.decode("utf-8", "surrogateescape")


def integer(text: bytes) -> int:
    """`16`, `-1`, `0x7ffe`, and `0644`, which is octal unless a digit forbids it."""
    digits = text.lstrip(b"+-")
    if len(digits) > 1 and digits[0] == 0x30:
        if digits[1] == 0x78:
            return int(text, 16)
        if not digits.strip(b"01234567"):
            return int(text, 8)
    return int(text)


_names: dict[bytes, Name] = {}


def name(text: bytes) -> Name:
    known = _names.get(text)
    if known is None:
        known = Name(decoded(text))
        if len(_names) < 10_000:
            _names[text] = known
    return known


def string(text: bytes) -> Text:
    truncated = text.endswith(b"...")
    body = text[:-3] if truncated else text
    abstract = body[0] == 0x40
    return Text(unescape(body[2:-1] if abstract else body[1:-1]), truncated, abstract)


def character(text: bytes) -> Text:
    return Text(unescape(text[1:-1]))


def annotation(text: bytes) -> str:
    """`<TCP:[17]>` without its brackets; `</x>(deleted)` becomes `/x (deleted)`, as proc(5) has it."""
    if text.endswith(b">(deleted)"):
        return decoded(unescape(text[1:-10])) + " (deleted)"
    return decoded(unescape(text[1:-1]))


def comment(text: bytes) -> str:
    return decoded(text.strip(b" ")[2:-2].strip(b" "))


def context(text: bytes) -> str:
    return decoded(text[1:])


def operator(text: bytes) -> str:
    return text.strip(b" ").decode("latin-1")


LEAVES = {
    "CALL_NAME": decoded,
    "NAME": name,
    "INTEGER": integer,
    "RETURNED": integer,
    "WORD": name,
    "GLITCH": lambda text: int(text[:-7]),
    "STRING": string,
    "CHARACTER": character,
    "ELLIPSIS": decoded,
    "UNKNOWN": decoded,
    "STAR": decoded,
    "MARKER": decoded,
    "ANNOTATION": annotation,
    "COMMENT": comment,
    "CONTEXT": context,
    "ERRNO": lambda text: text[1:].decode("latin-1"),
    "NOTES": lambda text: decoded(text[2:-1]),
    "UNAVAILABLE": lambda text: "unavailable",
    "DURATION": lambda text: float(text.strip(b" <>")),
} | dict.fromkeys(
    ("AND", "EQUAL_TO", "SHIFT", "PLUS", "TIMES", "MINUS", "NOT", "COMPLEMENT", "ADDRESS_OF"),
    operator,
)
"""Every terminal that call.lark keeps -> the function that reads its text."""

PINS = frozenset({"_EQUALS", "_COLON", "_LPAR", "_LBRACKET"})
"""A NAME before one of these is a member's or a macro's: it decides what is built."""

VARYING = frozenset({"_RESULT", "_BLANKS"})
"""strace pads the result to a column: the number of blanks is not part of a shape."""

# --- what a rule makes of its parts ---


def _fields(members: list[Any]) -> tuple[Field, ...]:
    return tuple(
        Field(member.name, member.value) if isinstance(member, Named) else Field(None, member)
        for member in members
    )


def _outcome(
    returned: Any, errno: Any, notes: Any, unavailable: Any
) -> tuple[Any, Any, Any, Any, Any]:
    """The fields of Result; what a suffix says of the returned value moves beside it."""
    annotation_, comment_ = None, None
    while isinstance(returned, (Annotated, Commented)):
        if isinstance(returned, Annotated):
            annotation_ = returned.note
        else:
            comment_ = returned.comment
        returned = returned.value
    return Result(returned, errno, unavailable if notes is None else notes, annotation_, comment_)


_NO_RESULT = Result(None)

RULES: dict[str, Any] = {
    "call": lambda name, *rest: (rest[0] if len(rest) == 3 else (), rest[-2], rest[-1]),
    "call_without_result": lambda name, *arguments: (
        (*arguments, _NO_RESULT, None) if arguments else ((), _NO_RESULT, None)
    ),
    "arguments": lambda *members: members,
    "fields": lambda *members: _fields(list(members)),
    "elements": lambda *members: members,
    "parameters": lambda *members: members,
    "struct": lambda fields=(): Struct(fields),
    "array": lambda elements=(): Array(elements),
    "macro": lambda name, parameters=(): MacroCall(name.text, parameters),
    "named": lambda name, value: Named(name.text, value),
    "named_without_value": lambda name: Named(name.text, Elided("")),
    "counted": lambda macro, value: Named(macro.name, value),
    "indexed": lambda name, index, value: Named(name.text, value),
    "designated": lambda array, value: Designated(
        array.items[0] if len(array.items) == 1 else array, value
    ),
    "change": Change,
    "changed": lambda after: Change(Elided(""), after),
    "elided": Elided,
    "remark": Elided,
    "alternatives": lambda *choices: Alternatives(choices),
    "flags": lambda *members: Flags(members),
    "expression": lambda left, operator, right: Expression(operator, (left, right)),
    "prefixed": lambda operator, operand: Expression(operator, (operand,)),
    "complement": lambda operand: (
        Array(operand.items, complement=True)
        if isinstance(operand, Array)
        else Expression("~", (operand,))
    ),
    "annotated": Annotated,
    "commented": Commented,
    "outcome": _outcome,
    "no_value": lambda _: None,
}
"""Every rule that call.lark's trees show -> what it makes of its children's values."""


def build(tree: Tree[Any]) -> Any:
    """(arguments, result, duration) of a tree whose tokens have been replaced by their values."""
    children = [build(child) if isinstance(child, Tree) else child for child in tree.children]
    return RULES[tree.data](*children)


# --- calls ---


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

    @property
    def args(self) -> tuple[Value, ...]:
        """The arguments in order."""
        try:
            return self._args
        except AttributeError:
            self._args: tuple[Value, ...] = self._parts[0](self._match)
            return self._args

    @property
    def result(self) -> Result:
        """What the call returned; Result(None) where no result was printed."""
        try:
            return self._result
        except AttributeError:
            self._result: Result = self._parts[1](self._match)
            return self._result

    @property
    def duration(self) -> float | None:
        """Seconds (-T), or None."""
        seconds: float | None = self._parts[2](self._match)
        return seconds

    @property
    def text(self) -> str:
        """The call as printed, halves joined."""
        return decoded(self._text)

    def __repr__(self) -> str:
        return f"<{self.text}>"


_COLOUR = re.compile(rb"\x1b\[[0-9;]*m")
_HALF_OPENINGS = (b"", b"{", b"[", b"[{", b"[{{")
_DIRECT = (b")", b"}", b"]", b"|", b"=", b"+", b"*", b"&", b".", b"-")


class CallParser:
    """Reads calls; one parser per process, since it learns the shapes that it meets."""

    def __init__(self) -> None:
        self._reader = Reader(parser("call"), LEAVES, build, pins=PINS, varying=VARYING)
        self._names: dict[bytes, str] = {}

    def whole(self, text: bytes) -> ParsedCall | None:
        """The call that `text` is: `name(args) = result <duration>`, its beginning to its end.

        A text that ends behind its arguments is a call without result. None where the grammar does
        not read it.
        """
        key = text[: text.find(b"(")]
        reading = self._reader.read(key, text)
        if reading is None:
            if b"\x1b" in text:  # --color; strace never prints an escape character inside strings
                return self.whole(_COLOUR.sub(b"", text))
            return None
        name = self._names.get(key)
        if name is None:
            name = self._names.setdefault(key, decoded(key))
        return ParsedCall(name, text, *reading)

    def whole_halves(self, first: bytes, rest: bytes) -> ParsedCall | None:
        """The call whose halves are `first` (`name(args`) and `rest` (what follows `resumed>`)."""
        return self.whole(joined(first, rest))

    def entered(self, text: bytes) -> ParsedCall:
        """The first half of a call, `name(args`: the arguments printed so far, no result.

        What was cut in the middle is closed where that is possible and left out where not.
        """
        text = text.rstrip(b" ,")
        closers = unclosed(text)
        call = self.whole(text + closers)
        while call is None:
            cut = text.rfind(b", ")
            if cut < 0:
                name = text[: text.find(b"(")] if b"(" in text else text
                return ParsedCall(decoded(name), text, _NOTHING, None)
            text = text[:cut]
            call = self.whole(text + unclosed(text))
        return call

    def resumed(self, name: str, text: bytes) -> ParsedCall | None:
        """The call `name` of which only what follows `resumed>` is known.

        Its arguments are then only those printed there; a struct that began in the lost half holds
        the fields printed there.
        """
        start = name.encode("utf-8", "surrogateescape") + b"("
        for opening in _HALF_OPENINGS:
            call = self.whole(joined(start + opening, text))
            if call is not None:
                return call
        return None


_NOTHING: tuple[Part, ...] = (lambda _: (), lambda _: _NO_RESULT, lambda _: None)


def joined(first: bytes, rest: bytes) -> bytes:
    """The halves of a call as one text.

    Where the line was cut strace printed a comma before the cut (up to 6.x), behind it (7.x), on
    both sides, or none, because what follows is no argument of its own: `)`, `}`, `|FLAG`, ` => ...`.
    """
    start = first.rstrip(b" ,")
    tail = rest.lstrip(b" ,")
    if start.endswith((b"(", b"{", b"[", b"=", b"|", b"=>")):
        return start + tail
    comma = b"," in first[len(start) :] or b"," in rest[: len(rest) - len(tail)]
    if tail.startswith((b"=>", b"->", b"/*", b"<")):
        return start + b" " + tail
    if tail.startswith(b")") or (not comma and tail.startswith(_DIRECT)):
        return start + tail
    return start + b", " + tail


_QUOTED_OR_BRACKET = re.compile(rb'"(?:[^"\\]|\\.)*"|[][(){}]', re.S)
_CLOSING = {b"(": b")", b"{": b"}", b"[": b"]"}


def unclosed(text: bytes) -> bytes:
    """The brackets that close what `text` leaves open, strings left aside."""
    pending: list[bytes] = []
    for found in _QUOTED_OR_BRACKET.findall(text):
        if found in _CLOSING:
            pending.append(_CLOSING[found])
        elif pending and found == pending[-1]:
            pending.pop()
    return b"".join(reversed(pending))
