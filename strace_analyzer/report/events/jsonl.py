"""Write event tables as JSON lines: a header per trace, a line per row, and a final warning if the
trace was not read to its end.

Lines are assembled from pieces that were encoded once (names, arguments, paths), which is several
times as fast as encoding every row.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice

from strace_analyzer.report.events.row import EPOCH_FROM, EventRow
from strace_analyzer.report.events.table import EventTable
from strace_analyzer.report.formats.json import encode

_encode = json.encoder.encode_basestring_ascii
_MOST = 20_000
_AT_ONCE = 200


def lines(tables: Iterable[EventTable]) -> Iterator[str]:
    """Yield the document, some lines at a time."""
    line = Lines().line
    for table in tables:
        yield json.dumps({"type": "header", **table.header}) + "\n"
        rows = iter(table)
        while some := list(islice(rows, _AT_ONCE)):
            yield "".join(map(line, some)).replace("\x7f", "\\u007f")
        if table.lack is not None:
            yield encode({"type": "warning", **table.lack.document()}) + "\n"


class _Known(dict[object, str]):
    """Caches the JSON of texts and numbers."""

    def __missing__(self, value: object) -> str:
        if len(self) >= _MOST:
            self.clear()
        encoded = self[value] = _encode(value) if isinstance(value, str) else json.dumps(value)
        return encoded


class Lines:
    """Converts rows to lines; caches the encoding of a limited number of texts."""

    def __init__(self) -> None:
        self._known = _Known()

    def line(self, row: EventRow) -> str:
        """Return one row as JSON, with a line end."""
        (
            kind, trace, source, line, end_line, tid, tgid, command, seconds, at, duration, name,
            args, ret, ret_text, errno, fd, fd_target, socket, local_address, local_port,
            peer_address, peer_port, stack, raw,
        ) = row  # fmt: skip
        known = self._known
        time = "null" if at is None or at < EPOCH_FROM else rfc3339(at)
        return (
            f'{{"type": "{kind}", "trace": "{trace}", "source": {known[source]}, "line": {line}, '
            f'"end_line": {end_line}, "tid": {known[tid]}, "tgid": {known[tgid]}, '
            f'"command": {known[command]}, "seconds": {"null" if seconds is None else seconds}, '
            f'"time": {time}, '
            f'"duration_seconds": {"null" if duration is None else duration}, '
            f'"name": {known[name]}, "args": [{", ".join([arg.json for arg in args])}], '
            f'"ret": {known[ret]}, "ret_text": {known[ret_text]}, "errno": {known[errno]}, '
            f'"fd": {known[fd]}, "fd_target": {known[fd_target]}, "socket": {known[socket]}, '
            f'"local_address": {known[local_address]}, "local_port": {known[local_port]}, '
            f'"peer_address": {known[peer_address]}, "peer_port": {known[peer_port]}, '
            f'"stack": {"null" if stack is None else json.dumps([f._asdict() for f in stack])}, '
            f'"raw": {"null" if raw is None else _encode(raw)}}}\n'
        )


def rfc3339(at: float) -> str:
    """Format seconds since 1970 as `"2026-11-29T21:48:00.123456Z"`, quotes included."""
    return f'"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%S.%f}Z"'
