"""Convert the small records shared by findings, groups and sockets to their JSON form."""

from __future__ import annotations

from enum import Enum
from typing import Any

from strace_analyzer.findings import CallRecord, Level, SocketLife

JsonObject = dict[str, Any]


def fields(item: Any, *left_out: str) -> JsonObject:
    """Return the fields of a record of `findings` in order, as JSON data: records as objects,
    tuples as lists, enum members as their values."""
    return {
        name: _plain(getattr(item, name)) for name in item.__match_args__ if name not in left_out
    }


def _plain(value: Any) -> Any:
    if value is None or type(value) in (str, int, float):
        return value
    if isinstance(value, tuple):
        return fields(value) if hasattr(value, "_fields") else [_plain(item) for item in value]
    if isinstance(value, Level):
        return str(value)
    return value.value if isinstance(value, Enum) else value


def call(record: CallRecord) -> JsonObject:
    """Return one call of a proof, without its role (which is its key, or evident).

    Spelt out, because a report has many: building it from the field names takes twice as long.
    """
    return {
        "source": record.source,
        "line": record.line,
        "end_line": record.end_line,
        "tid": record.tid,
        "fd": record.fd,
        "time": record.time,
        "seconds": record.seconds,
        "duration": record.duration,
        "name": record.name,
        "result": record.result,
        "errno": record.errno,
        "text": record.text,
        "stack": list(record.stack),
        "injected": record.injected,
    }


_ELSEWHERE = (
    "id", "trace", "process", "fd", "socket", "local", "peer", "opened", "closed", "trail",
)  # fmt: skip
"""fields of a socket's life that stand in another place or form, in tables and in JSON"""


def socket_facts(item: SocketLife) -> JsonObject:
    """Return what a socket was and did, without its addresses, process and calls: common to tables
    and JSON."""
    return {"id": item.id, **fields(item, *_ELSEWHERE)}
