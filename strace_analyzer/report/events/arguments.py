"""Convert the texts of a call's arguments to Arguments, cached by text."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from strace_analyzer.plain import printable
from strace_analyzer.report.events.row import Addresses, Argument, Json
from strace_analyzer.report.events.values import as_json
from strace_analyzer.trace.annotation import socket_note
from strace_analyzer.trace.values import Annotated, Commented, Named, Value

_quoted = json.encoder.encode_basestring_ascii
_MOST = 50_000
_LONGEST = 120
"""characters; longer texts rarely recur"""
_HEXADECIMAL = re.compile(r"0x[0-9a-f]+").fullmatch
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,8})").fullmatch
_NAMED = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*(?:\([0-9]+\))?=(?!=)", re.A).match


class Arguments:
    """A cache by text, of limited size."""

    def __init__(self) -> None:
        self._known: dict[str, Argument] = {}

    def of(
        self, texts: list[str], decoded: Callable[[], tuple[Value, ...]]
    ) -> tuple[Argument, ...]:
        """Return the arguments. `decoded` returns them as values; it is called if a text is new and
        not a plain number."""
        known = self._known
        try:
            return tuple([known[text] for text in texts])
        except KeyError:
            pass
        for text in texts:
            if text not in known:
                if _HEXADECIMAL(text):
                    self._keep(text, _pointer(text))
                elif _DECIMAL(text):
                    self._keep(text, _number(text))
        try:
            return tuple([known[text] for text in texts])
        except KeyError:
            return self._made(texts, decoded())

    def _made(self, texts: list[str], values: tuple[Value, ...]) -> tuple[Argument, ...]:
        if len(values) != len(texts):  # half a call, cut inside a struct
            return tuple(_argument(text, None) for text in texts)
        made = []
        for text, value in zip(texts, values, strict=True):
            argument = self._known.get(text)
            if argument is None:
                argument = _argument(text, value)
                if len(text) <= _LONGEST:
                    self._keep(text, argument)
            made.append(argument)
        return tuple(made)

    def _keep(self, text: str, argument: Argument) -> None:
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[text] = argument


def _pointer(text: str) -> Argument:
    return Argument(None, text, text, f'{{"name": null, "text": "{text}", "value": "{text}"}}')


def _number(text: str) -> Argument:
    number = int(text)
    fd = number if number >= 0 else None
    return Argument(
        None, text, number, f'{{"name": null, "text": "{text}", "value": {number}}}', fd
    )


def _argument(text: str, value: Value | None) -> Argument:
    name = None
    if isinstance(value, Named):
        name, value = value.name, value.value
        match = _NAMED(text)
        text = text[match.end() :] if match else text
    data = None if value is None else as_json(value, text)
    text = printable(text)
    fd, target = _descriptor(value)
    ends = None if target is None else _ends(target)
    return Argument(name, text, data, encoded(name, text, data), fd, target, ends)


def encoded(name: str | None, text: str, data: Json) -> str:
    """Encode name, text and value of an argument as one JSON object."""
    named = "null" if name is None else _quoted(name)
    value = _quoted(data) if isinstance(data, str) else json.dumps(data)
    return f'{{"name": {named}, "text": {_quoted(text)}, "value": {value}}}'


def _descriptor(value: Value | None) -> tuple[int | None, str | None]:
    """Return the descriptor number, and the text after it."""
    target = None
    while isinstance(value, (Annotated, Commented)):
        if isinstance(value, Annotated):
            target = value.note
        value = value.value
    number = value if isinstance(value, int) and 0 <= value < 2**31 else None
    return number, target if target is None else printable(target)


def _ends(target: str) -> Addresses | None:
    note = socket_note(target)
    if note is None or note.local is None:
        return None
    return (*note.local, *(note.peer or (None, None)))
