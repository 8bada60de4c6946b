"""A line as a member of JSON, a cell of CSV or a value of logfmt -> the line itself."""

from __future__ import annotations

import csv
import json
import re

from strace_analyzer.trace.input.wrapping.peeled import Layer, Peeled

_DEEPEST = 4
"""Objects in objects."""
_DOCKER_PIECE = 16 << 10
"""docker's json-file driver cuts lines here (moby, daemon/logger/copier.go)."""


class Json:
    """An object a line, as docker's json-file and `journalctl -o json` write it; a string; or a
    member of an object that stands on several lines."""

    name = "JSON lines"
    is_around = True
    _KEYS = (
        *("log", "MESSAGE", "message", "msg", "line", "text", "textPayload", "_raw", "body"),
        *("_source", "jsonPayload", "fields", "attributes", "event", "result"),
    )
    """Of a line; or of an object that holds it."""
    _STREAMS = ("container_name", "CONTAINER_NAME", "container_id", "_PID", "pod")

    def peel(self, text: bytes) -> Peeled | None:
        """The member that holds the line; docker's goes on where it does not end in a newline."""
        body = text.strip().removesuffix(b",")
        if not (body.startswith((b'{"', b'"', b"{ ")) and body.endswith((b"}", b'"'))):
            return None
        is_member = body.startswith(b'"') and b'": ' in body
        said = _loaded(b"{%b}" % body if is_member else body)
        stream = b""
        key = ""
        for _ in range(_DEEPEST):
            if not isinstance(said, dict):
                break
            key = next((key for key in self._KEYS if isinstance(said.get(key), (str, dict))), "")
            names = [str(said[name]) for name in self._STREAMS if name in said]
            stream = stream or " ".join(names[:1]).encode("utf-8", "replace")
            said = said.get(key)
        if not isinstance(said, str):
            return None
        raw = _encoded(said)
        goes_on = key == "log" and not raw.endswith(b"\n") and len(raw) >= _DOCKER_PIECE
        return Peeled(raw.rstrip(b"\r\n"), stream, goes_on)


class Csv:
    """A line in a cell, as logs are exported (RFC 4180); of one column."""

    name = "CSV"
    is_around = True
    _ROW = re.compile(rb'(?:"(?:[^"]|"")*+"|[^",]*+)(?:,(?:"(?:[^"]|"")*+"|[^",]*+))+')

    def __init__(self, column: int) -> None:
        self._column = column

    def peel(self, text: bytes) -> Peeled | None:
        """The cell in this column, of rows in which one at least is quoted."""
        if b'"' not in text or self._ROW.fullmatch(text) is None:
            return None
        try:
            (cells,) = csv.reader([text.decode("utf-8", "surrogateescape")], strict=True)
        except (csv.Error, ValueError):
            return None
        if self._column >= len(cells):
            return None
        return Peeled(_encoded(cells[self._column]).rstrip(b"\r\n"))


class Logfmt:
    """`time=... level=info msg="..."`: a line in quotes, its own quotes escaped."""

    name = "logfmt"
    is_around = True
    _MESSAGE = re.compile(
        rb'(?:[\w.]+=(?:"(?:[^"\\]|\\.)*"|[^\s"]*) +)*(?:msg|message|log)=("(?:[^"\\]|\\.)*")'
    )

    def peel(self, text: bytes) -> Peeled | None:
        """What is in the quotes."""
        match = self._MESSAGE.match(text)
        said = match and _loaded(match[1])
        return Peeled(_encoded(said)) if isinstance(said, str) else None


def _loaded(text: bytes) -> object:
    try:
        return json.loads(text.decode("utf-8", "surrogateescape"))
    except (ValueError, RecursionError):
        return None


def _encoded(said: str) -> bytes:
    return said.encode("utf-8", "surrogateescape" if said.isprintable() else "replace")


JSON = Json()
_COLUMNS = 12
STRUCTURED: tuple[Layer, ...] = (JSON, Logfmt(), *(Csv(column) for column in range(_COLUMNS)))
