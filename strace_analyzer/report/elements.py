"""Convert the small records shared by findings, groups and sockets to their JSON form."""

from __future__ import annotations

from enum import Enum
from typing import Any

from strace_analyzer.findings import (
    CallRecord,
    Endpoint,
    Level,
    LocalAddress,
    Location,
    ProcessRef,
    SocketKind,
    SocketLife,
)

JsonObject = dict[str, Any]


def fields(item: Any, *left_out: str) -> JsonObject:
    """Return the fields of a record of `findings` in order, as JSON data: records as objects,
    tuples as lists, enum members as their values."""
    return {
        name: _plain(getattr(item, name)) for name in item.__match_args__ if name not in left_out
    }


def _plain(value: Any) -> Any:
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


def process_ref(item: ProcessRef) -> JsonObject:
    """Return a process and thread."""
    return item._asdict()


def socket_kind(item: SocketKind) -> JsonObject:
    """Return a kind of socket."""
    return item._asdict()


def local(item: LocalAddress) -> JsonObject:
    """Return where a socket was bound, and the port that the kernel chose."""
    return item._asdict()


def endpoint(item: Endpoint) -> JsonObject:
    """Return an address and port."""
    return item._asdict()


def location(item: Location) -> JsonObject:
    """Return a line of a source."""
    return item._asdict()


def socket_facts(item: SocketLife) -> JsonObject:
    """Return what a socket was and did, without its addresses, process and calls: common to tables
    and JSON."""
    return {
        "id": item.id,
        "namespace": item.namespace,
        "origin": item.origin,
        "binding": item.binding,
        "connection": item.connection,
        "outcome": item.outcome.value,
        "seconds_open": item.seconds_open,
        "fds": list(item.fds),
        "processes": list(item.processes),
        "options": list(item.options),
        "history": item.history,
        "bytes_sent": item.bytes_sent,
        "bytes_received": item.bytes_received,
        "closed_first": item.closed_first,
        "connect_seconds": item.connect_seconds,
        "opened_seconds": item.opened_seconds,
        "closed_seconds": item.closed_seconds,
        "verdict": list(item.verdict),
    }
