"""Flat rows of sockets, findings, processes and traces, and their columns.

docs/frames.md lists the columns. They do not depend on the trace. Types have pandas names; pandas
is not loaded here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from strace_analyzer.analysis import TraceResult
from strace_analyzer.findings import (
    CallRecord,
    Endpoint,
    Finding,
    LocalAddress,
    Process,
    ProcessRef,
    SocketLife,
)
from strace_analyzer.report.cost import rates
from strace_analyzer.report.elements import socket_facts

TEXT, NUMBER, SECONDS = "string", "Int64", "Float64"
NAME = "category"
"""text with few distinct values"""

SOCKETS = {
    "trace": TEXT, "process": TEXT, "tgid": NUMBER, "tid": NUMBER, "command": NAME, "fd": NUMBER,
    "domain": NAME, "type": NAME, "protocol": NAME, "namespace": NUMBER, "origin": NAME,
    "binding": NAME, "connection": NAME, "outcome": NAME, "local_address": TEXT,
    "local_port": NUMBER, "assigned_port": NUMBER, "peer_address": TEXT, "peer_port": NUMBER,
    "source": TEXT, "opened_line": NUMBER, "closed_line": NUMBER, "seconds_open": SECONDS,
    "id": TEXT, "fds": TEXT, "processes": TEXT, "options": TEXT, "history": TEXT,
    "bytes_sent": NUMBER, "bytes_received": NUMBER, "closed_first": NAME,
    "connect_seconds": SECONDS, "opened_seconds": SECONDS, "closed_seconds": SECONDS,
    "verdict": NAME,
}  # fmt: skip

FINDINGS = {
    "id": TEXT, "group": TEXT, "rule": NAME, "level": NAME, "confidence": NAME, "trace": TEXT,
    "process": TEXT, "tgid": NUMBER, "tid": NUMBER, "command": NAME, "fd": NUMBER,
    "source": TEXT, "line": NUMBER, "bind_line": NUMBER, "connect_line": NUMBER,
    "close_line": NUMBER, "domain": NAME, "type": NAME, "protocol": NAME, "local_address": TEXT,
    "local_port": NUMBER, "assigned_port": NUMBER, "peer_address": TEXT, "peer_port": NUMBER,
    "outcome": NAME, "seconds": SECONDS, "held_seconds": SECONDS,
}  # fmt: skip

PROCESSES = {
    "id": TEXT, "trace": TEXT, "tgid": NUMBER, "threads": NUMBER, "parent": TEXT,
    "command": NAME, "argv": TEXT, "sockets": NUMBER, "tcp_connections": NUMBER,
    "early_bound": NUMBER, "connected": NUMBER, "failed": NUMBER, "destinations": NUMBER,
    "findings": NUMBER,
}  # fmt: skip

PORTS = {
    "trace": TEXT, "namespace": NUMBER, "range_low": NUMBER, "range_high": NUMBER,
    "range_source": NAME, "total_connections": NUMBER, "total_pinned": NUMBER,
    "peak_pinned": NUMBER, "peak_needed": NUMBER, "peak_pinned_with_time_wait": NUMBER,
    "peak_needed_with_time_wait": NUMBER, "peak_time": SECONDS, "headroom": NUMBER,
    "headroom_without_bind": NUMBER, "connections_per_second": SECONDS,
    "sustainable_as_is": SECONDS, "sustainable_without_bind_per_destination": SECONDS,
    "censored": NUMBER,
}  # fmt: skip

_RATES = "sustainable_as_is", "sustainable_without_bind_per_destination"

Row = dict[str, object]


def socket_row(life: SocketLife) -> Row:
    """Return one row of sockets. Lists in JSON are words separated by blanks here."""
    facts = socket_facts(life)
    return {
        "trace": life.trace,
        **_whose(life.process),
        "fd": life.fd,
        **life.socket._asdict(),
        **_ends(life.local, life.peer),
        "source": life.opened.source,
        "opened_line": life.opened.line,
        "closed_line": None if life.closed is None else life.closed.line,
        **{
            name: " ".join(map(str, value)) if isinstance(value, list) else value
            for name, value in facts.items()
        },
    }


def finding_row(item: Finding) -> Row:
    """Return one row of findings."""
    bind = item.calls.get("bind")
    return {
        "id": item.id,
        "group": item.group,
        "rule": item.rule,
        "level": str(item.level),
        "confidence": item.confidence.value,
        "trace": item.trace,
        **_whose(item.process),
        "fd": item.fd,
        "source": item.at.source,
        "line": item.at.line,
        "bind_line": _line(bind),
        "connect_line": _line(item.calls.get("connect")),
        "close_line": _line(item.calls.get("close")),
        **item.socket._asdict(),
        **_ends(item.local, item.peer),
        "outcome": item.outcome.value,
        "seconds": None if bind is None else bind.seconds,
        "held_seconds": item.held_seconds,
    }


def process_row(item: Process) -> Row:
    """Return one row of processes."""
    return {
        **_same(item, PROCESSES),
        "threads": len(item.tids),
        "argv": " ".join(item.argv),
        "findings": sum(item.findings.values()),
    }


def port_rows(traces: Iterable[TraceResult]) -> Iterator[Row]:
    """Yield a row per network namespace of each trace."""
    for trace in traces:
        for use in trace.ports:
            yield {
                "trace": trace.id,
                "range_low": use.range[0],
                "range_high": use.range[1],
                **_same(use, PORTS),
                **dict(zip(_RATES, rates(use), strict=True)),
            }


def _same(item: object, columns: Iterable[str]) -> Row:
    """Return the columns for which `item` has a field or property of the same name."""
    return {name: getattr(item, name) for name in columns if hasattr(item, name)}


def _whose(item: ProcessRef) -> Row:
    return {"process": item.id, "tgid": item.tgid, "tid": item.tid, "command": item.command}


def _ends(local: LocalAddress, peer: Endpoint | None) -> Row:
    return {
        "local_address": local.address,
        "local_port": local.port,
        "assigned_port": local.assigned_port,
        "peer_address": None if peer is None else peer.address,
        "peer_port": None if peer is None else peer.port,
    }


def _line(call: CallRecord | None) -> int | None:
    return None if call is None else call.line
