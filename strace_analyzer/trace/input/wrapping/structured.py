"""Extract a line from a JSON member, a CSV cell, a logfmt value or a member of a Ruby hash; and all
lines from a text that was written on one: a JSON document, or one with `\\n` for each line feed."""

from __future__ import annotations

import csv
import json
import re

from strace_analyzer.trace.input.wrapping.peeled import Layer, Peeled

_DEEPEST = 4
"""Levels of nested objects."""
_ELEMENT = "[]"
"""Stands for the index of every list element."""
_DOCKER_PIECE = 16 << 10
"""Bytes. docker's json-file driver splits lines here (moby, daemon/logger/copier.go)."""


class Json:
    """One object per line, as docker's json-file and `journalctl -o json` write it; or a member of
    an object that spans several lines."""

    name = "JSON lines"
    is_around = True
    _KEYS = (
        *("log", "MESSAGE", "message", "msg", "line", "text", "textPayload", "_raw", "body"),
        *("short_message", "full_message", "content", "payload", "stdout", "stderr", "output"),
    )
    """Keys of members that contain a line."""
    _OBJECTS = (
        *("_source", "jsonPayload", "fields", "attributes", "event", "result"),
        *("log", "message", "data", "payload", "record", "body"),
    )
    """Keys of objects that contain such a member."""
    _STREAMS = ("container_name", "CONTAINER_NAME", "container_id", "_PID", "pod")

    def peel(self, text: bytes) -> Peeled | None:
        """Return the member that contains the line; docker's continues if it does not end in a
        newline."""
        body = text.strip().removesuffix(b",")
        is_member = body.startswith(b'"') and b'": ' in body
        if not (body.startswith((b'{"', b"{ ")) or is_member) or not body.endswith((b"}", b'"')):
            return None
        said = _loaded(b"{%b}" % body if is_member else body)
        stream = b""
        key = ""
        for _ in range(_DEEPEST):
            if not isinstance(said, dict):
                break
            key = next((key for key in self._KEYS if isinstance(said.get(key), str)), "")
            key = key or next((key for key in self._OBJECTS if isinstance(said.get(key), dict)), "")
            names = [str(said[name]) for name in self._STREAMS if name in said]
            stream = stream or " ".join(names[:1]).encode("utf-8", "replace")
            said = said.get(key)
        if not isinstance(said, str):
            return None
        raw = _encoded(said)
        goes_on = key == "log" and not raw.endswith(b"\n") and len(raw) >= _DOCKER_PIECE
        return Peeled(raw.rstrip(b"\r\n"), stream, goes_on)


class JsonString:
    """A string in a list of strings; or a CSV cell without quotes in it; or what a program wrote,
    as GDB passes it on (GDB/MI stream records: `~"...\\n"`)."""

    name = "JSON strings"
    is_around = True

    def peel(self, text: bytes) -> Peeled | None:
        """Return the string."""
        body = text.strip().removesuffix(b",")
        body = body[body[:1] in (b"~", b"@", b"&") :]
        said = _loaded(body) if body.startswith(b'"') and body.endswith(b'"') else None
        return Peeled(_encoded(said).rstrip(b"\r\n")) if isinstance(said, str) else None


class Csv:
    """A line in a cell, as logs are exported (RFC 4180), always in the same column."""

    is_around = True

    def __init__(self, column: int, separator: str = ",") -> None:
        self.name = "TSV" if separator == "\t" else CSV
        self._column = column
        self._separator = separator
        cell = rb'(?:"(?:[^"]|"")*+"|[^"%b]*+)' % separator.encode()
        self._row = re.compile(cell + rb"(?:%b%b)*+" % (separator.encode(), cell))

    def peel(self, text: bytes) -> Peeled | None:
        """Return the cell in this column. At least one cell of the row must be quoted, unless the
        separator is a comma."""
        others = text.count(self._separator.encode())
        may_be = b'"' in text or (others and self._separator == ",")
        if not may_be or others < self._column:
            return None
        if self._row.fullmatch(text) is None:
            return None
        try:
            (cells,) = csv.reader(
                [text.decode("utf-8", "surrogateescape")],
                strict=True,
                delimiter=self._separator,
            )
        except (csv.Error, ValueError):
            return None
        if self._column >= len(cells):
            return None
        return Peeled(_encoded(cells[self._column]).rstrip(b"\r\n"))


class Logfmt:
    """`time=... level=info msg="..."`: a quoted line with its own quotes escaped."""

    name = "logfmt"
    is_around = True
    _MESSAGE = re.compile(
        rb'(?:[\w.]+=(?:"(?:[^"\\]|\\.)*"|[^\s"]*) +)*(?:msg|message|log)=("(?:[^"\\]|\\.)*")'
    )

    def peel(self, text: bytes) -> Peeled | None:
        """Return the quoted text."""
        match = self._MESSAGE.match(text)
        said = match and _loaded(match[1])
        return Peeled(_encoded(said)) if isinstance(said, str) else None


class Hash:
    """`[0] tail.0: [1796002133.123, {"log"=>"..."}]`: of fluent-bit, or a hash of Ruby's."""

    name = "a Ruby hash"
    is_around = True
    _KEYS = rb"log|message|msg|MESSAGE|line|text"
    """Keys of members that contain a line."""
    _MESSAGE = re.compile(rb'[^"]{0,200}\{.{0,400}?"(?:%b)" ?=> ?("(?:[^"\\]|\\.)*+")' % _KEYS)

    def peel(self, text: bytes) -> Peeled | None:
        """Return the member that contains the line."""
        match = self._MESSAGE.match(text) if b"=>" in text else None
        said = match and _loaded(match[1])
        return Peeled(_encoded(said).rstrip(b"\r\n")) if isinstance(said, str) else None


def strings(text: bytes) -> list[list[bytes]]:
    """Return the lines in the strings of a JSON document on one line, in order, grouped by place:
    from all elements of a list, or from the same cell of all its rows."""
    lists: dict[tuple[str | int, ...], list[bytes]] = {}
    left: list[tuple[tuple[str | int, ...], object]] = [((), _loaded(text))]
    while left:
        place, said = left.pop()
        if isinstance(said, str):
            lists.setdefault(place, []).extend(map(_encoded, said.splitlines()))
        elif isinstance(said, dict):
            left += [((*place, key), inner) for key, inner in reversed(said.items())]
        elif isinstance(said, list):
            is_flat = not any(isinstance(it, dict | list) for it in said)
            is_row = is_flat and place[-1:] == (_ELEMENT,)
            cells = [((*place, at if is_row else _ELEMENT), it) for at, it in enumerate(said)]
            left += reversed(cells)
    return list(lists.values())


_DOCUMENT = re.compile(rb'[^(]{0,300}?[=:|>] ?(?=\{"|\[")')
"""What a log writes before a document in JSON: `fatal: [n1]: FAILED! => {"stdout": ...`."""


def document(text: bytes) -> bytes:
    """Return the JSON document that may begin in this line, and not necessarily at its start; b""
    if none does."""
    if text.startswith((b'"', b"{", b"[")):
        return text
    before = _DOCUMENT.match(text)
    return b"" if before is None else text[before.end() :]


_FEED = re.compile(rb"(?<!\\)((?:\\\\)*)(?:\\r)?\\n")
_RECORD_AND_FEED = re.compile(rb"(?:\) *= [-?0-9][^\"\\]{0,99}|\+\+\+|---|\.\.\.>)(?:\\r)?\\n")
_END = re.compile(rb"(?:\) *= [-?0-9][^\"]*|\+\+\+|---|\.\.\.>)\Z")
_ESCAPED = re.compile(rb"\\([\"'\\])")
_QUOTES = re.compile(rb"[ \t]*b?(['\"])(?P<text>.*)\1[,;)]{0,2}[ \t]*\Z", re.DOTALL)
_BARE_QUOTE = re.compile(rb'(?<!\\)"')


def escaped_feeds(text: bytes) -> list[bytes]:
    """Return the lines of a text that was written on one line, with `\\n` for each line feed, and
    perhaps as a string of Python's or of a shell's; [] if it is none."""
    if _RECORD_AND_FEED.search(text) is None:
        return []
    quoted = _QUOTES.match(text)
    body = text if quoted is None else quoted["text"]
    is_escaped = quoted is not None or _BARE_QUOTE.search(body) is None or rb"\\\\n" in body
    lines: list[bytes] = []
    begun = b""
    for piece in _FEED.sub(rb"\1\n", body).split(b"\n"):
        begun += piece
        if _END.search(begun) is None:  # the line feed is one of a string
            begun += rb"\n"
            continue
        lines.append(_ESCAPED.sub(rb"\1", begun) if is_escaped else begun)
        begun = b""
    rest = begun.removesuffix(rb"\n")
    return [*lines, rest] if rest else lines


def _loaded(text: bytes) -> object:
    try:
        return json.loads(text.decode("utf-8", "surrogateescape"))
    except (ValueError, RecursionError):
        return None


def _encoded(said: str) -> bytes:
    return said.encode("utf-8", "surrogateescape" if said.isprintable() else "replace")


JSON = Json()
JSON_STRING = JsonString()
LOGFMT = Logfmt()
CSV = "CSV"
_COLUMNS = 12
_SEPARATORS = ",;\t"
STRUCTURED: tuple[Layer, ...] = (
    *(JSON, JSON_STRING, LOGFMT, Hash()),
    *(Csv(column, separator) for separator in _SEPARATORS for column in range(_COLUMNS)),
)
