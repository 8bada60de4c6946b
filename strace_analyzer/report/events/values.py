"""Convert a decoded argument and its text to JSON data (docs/events.md, "Values").

What strace prints in hexadecimal (a pointer, unknown bits) stays text. Decoding keeps only the
number, so printed forms are taken from the text, in order. The same for members of a set of flags:
`S_IFREG|0644` becomes `S_IFREG` and `0644`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from strace_analyzer.report.events.row import Json
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

_MOST_EXACT = 2**53 - 1
"""the largest number that every JSON reader preserves (RFC 8259, section 6)"""
_NUMBER = re.compile(r"(?<!\w)(?:0x[0-9a-f]+|[0-9]+)(?!\w)", re.A)
_NO_NUMBERS = re.compile(
    r'(?<!\\)"(?:[^"\\]|\\.)*+"|/\*.*?(?:\*/|\Z)|(?<!<)<(?![<= ])[^<>]*>', re.S
)
"""may contain digits that are no value: a string, a comment, a descriptor's target"""
_SAID_BY_ARGUMENT = frozenset({"htons", "htonl", "ntohs", "ntohl", "inet_addr", "if_nametoindex"})


def as_json(value: Value, text: str) -> Json:
    """Return `value`, printed as `text`, as JSON data."""
    return _Converter(text).json(value)


class _Converter:
    """Converts one argument; knows which of its numbers were printed in hexadecimal."""

    def __init__(self, text: str) -> None:
        self._printed: Iterator[str] = iter(())
        if "0x" in text or "|" in text:
            self._printed = iter(_NUMBER.findall(_NO_NUMBERS.sub(" ", text)))

    def json(self, value: Value) -> Json:
        match value:  # frequent ones first
            case int():
                return self._number(value)
            case Name(text):
                return None if text == "NULL" else text
            case Text():
                return _string(value)
            case Struct(fields):
                return self._struct(fields)
            case Flags(members):
                return [self._word(member) for member in members]
            case MacroCall(name, arguments):
                return self._macro(name, arguments)
            case Array((Change() as change,), False):
                return self.json(change)  # `[128 => 16]`: a length before and after
            case Array(items, complement):
                return {"not": self._items(items)} if complement else self._items(items)
            case Annotated(inner, _) | Commented(inner, _) | Named(_, inner):
                return self.json(inner)
            case Change(before, after):
                return {"in": self.json(before), "out": self.json(after)}
            case Elided(text):
                return {"elided": text} if text else None
            case Alternatives(choices):
                return {"alternatives": [self._word(choice) for choice in choices]}
            case Designated(designator, inner):
                return {self._word(designator): self.json(inner)}
            case Expression():
                return self._expression(value)

    def _number(self, number: int) -> Json:
        printed = self._as_printed(number)
        if printed is not None and "x" in printed:
            return printed
        return number if abs(number) <= _MOST_EXACT else str(number)

    def _as_printed(self, number: int) -> str | None:
        """Return the digits as printed; call it in the order of the text. None if they are not
        found."""
        sought = abs(number)
        for printed in self._printed:
            if sought in _possible(printed):
                return printed if number >= 0 else f"-{printed}"
        return None

    def _word(self, value: Value) -> str:
        """Return a member of a set of flags, or an operand, as strace printed it."""
        match value:
            case int(number):
                return self._as_printed(number) or str(number)
            case Name(text) | Elided(text):
                return text
            case Expression(operator, (operand,)):
                return f"{operator}{self._word(operand)}"
            case Expression(operator, operands):
                between = operator if operator == "<<" or operator in "*+-" else f" {operator} "
                return between.join(map(self._word, operands))
            case MacroCall(name, arguments):
                return f"{name}({', '.join(map(self._word, arguments))})"
            case Annotated(inner, _) | Commented(inner, _) | Named(_, inner):
                return self._word(inner)
            case Flags(members):
                return "|".join(map(self._word, members))
            case _:
                return str(self.json(value))

    def _items(self, items: tuple[Value, ...]) -> list[Json] | dict[str, Json]:
        if items and all(isinstance(item, Designated) for item in items):
            return dict(self._member(number, item) for number, item in enumerate(items))
        return [self.json(item) for item in items]

    def _struct(self, fields: tuple[Field, ...]) -> Json:
        if fields and all(field.name is None for field in fields):
            values = [field.value for field in fields]
            if not any(isinstance(value, (MacroCall, Elided)) for value in values):
                return [self.json(value) for value in values]  # strace 4: `{1, 0}`
        made: dict[str, Json] = {}
        for number, field in enumerate(fields):
            if field.name is None:
                name, value = self._member(number, field.value)
            else:
                name, value = field.name, self.json(field.value)
            made[name if name not in made else f"{name}#{number}"] = value
        return made

    def _member(self, number: int, value: Value) -> tuple[str, Json]:
        """Return a key and value for a member that strace printed without a name."""
        match value:
            case Elided(text):
                return "elided", text
            case MacroCall("inet_pton", (_, address, Expression("&", (Name(name),)))):
                return name, self.json(address)
            case MacroCall(name, arguments):
                return name, self._arguments(arguments)
            case Designated(designator, inner):
                return self._word(designator), self.json(inner)
            case _:
                return str(number), self.json(value)

    def _macro(self, name: str, arguments: tuple[Value, ...]) -> Json:
        if name in _SAID_BY_ARGUMENT and len(arguments) == 1:
            return self.json(arguments[0])
        return {name: self._arguments(arguments)}

    def _arguments(self, arguments: tuple[Value, ...]) -> list[Json]:
        return [self.json(argument) for argument in arguments]

    def _expression(self, value: Expression) -> Json:
        """Evaluate arithmetic on plain numbers; return anything else as printed."""
        match value:
            case Expression("*", (int(left), int(right))):
                return self._number(left * right)
            case Expression("<<", (int(left), int(right))) if 0 <= right < 64:
                return self._number(left << right)
            case _:
                return self._word(value)


def _string(value: Text) -> Json:
    try:
        text = value.value.decode("utf-8")
    except UnicodeDecodeError:
        hexadecimal: dict[str, Json] = {"hex": value.value.hex()}
        return {**hexadecimal, "truncated": True} if value.truncated else hexadecimal
    if value.abstract:
        text = "@" + text
    return {"string": text, "truncated": True} if value.truncated else text


def _possible(digits: str) -> tuple[int, ...]:
    """Return the possible values of `0x1f`, `0644` or `17`; a leading zero does not always mean
    octal."""
    if digits.startswith("0x"):
        return (int(digits, 16),)
    if digits[0] == "0" and not digits.strip("01234567"):
        return int(digits, 8), int(digits)
    return (int(digits),)
