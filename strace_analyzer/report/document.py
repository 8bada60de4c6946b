"""Build the parts of the JSON report (schema 1) as plain dicts.

docs/report-schema.json is the published schema. Every field is always present; None means unknown
and an empty list means none. Nothing depends on this machine: equal input gives equal bytes.
"""

from __future__ import annotations

from strace_analyzer.analysis import TraceResult
from strace_analyzer.findings import (
    Failure,
    Finding,
    Group,
    PortUse,
    Process,
    SocketLife,
    Unknown,
    Warning,
)
from strace_analyzer.report.cost import rates
from strace_analyzer.report.elements import JsonObject, call, fields, socket_facts
from strace_analyzer.report.gate import Judgement
from strace_analyzer.report.selection import Selected
from strace_analyzer.report.suppression import Suppressed
from strace_analyzer.report.version import TOOL, version

SCHEMA = 1

_ACCOUNTING = (
    "name",
    "lines",
    "examined",
    "call_lines",
    "signals",
    "exits",
    "notices",
    "tables",
    "frames",
    "foreign",
    "unparsed",
    "calls",
    "half_calls",
    "read_through",
)
_PART = ("process", "peak_pinned", "total_pinned", "peak_needed")
"""fields of a process's port usage"""
_OF_RULES = ("no_port", "address_bound", "not_told", "argv_cut", "has_ended")
"""fields of a process that are only for rules and for report texts"""


def tool() -> JsonObject:
    """Return the program that made the report."""
    return {"name": TOOL, "version": version()}


def summary(judgement: Judgement) -> JsonObject:
    """Return the verdict, the exit status of `check`, and counts of findings and unknowns."""
    return {
        "verdict": judgement.verdict,
        "exit_status": judgement.exit_status,
        "error": judgement.error,
        "warning": judgement.warning,
        "note": judgement.note,
        "probable": judgement.probable,
        "unknown": judgement.unknown,
        "suppressed": judgement.suppressed,
        "idle": list(judgement.idle),
    }


def redacted(selected: Selected) -> list[str]:
    """Return the kinds of values that were replaced by tokens (--redact)."""
    redaction = selected.selection.redaction
    return [] if redaction is None else list(redaction.kinds)


def suppression(item: Suppressed) -> JsonObject:
    """Return one entry of --suppressions, and what it suppresses."""
    entry = item.entry
    return {
        "fingerprint": entry.fingerprint,
        "reason": entry.reason,
        "expires": None if entry.expires is None else entry.expires.isoformat(),
        "state": item.state,
        "groups": len(item.groups),
        "findings": item.findings,
    }


def trace(result: TraceResult) -> JsonObject:
    """Return one trace: its clock, line counts and port usage."""
    return {
        "id": result.id,
        "name": result.name,
        "clock": result.clock,
        "seconds": result.seconds,
        "sources": [
            {field: getattr(source, field) for field in _ACCOUNTING} for source in result.sources
        ],
        "ports": [port_use(use) for use in result.ports],
    }


def port_use(use: PortUse) -> JsonObject:
    """Return the ports of one network namespace."""
    as_is, without = rates(use)
    return {
        "namespace": use.namespace,
        "range": list(use.range),
        "range_source": use.range_source,
        "total_connections": use.total_connections,
        "total_pinned": use.total_pinned,
        "peak_pinned": use.peak_pinned,
        "peak_needed": use.peak_needed,
        "peak_pinned_with_time_wait": use.peak_pinned_with_time_wait,
        "peak_needed_with_time_wait": use.peak_needed_with_time_wait,
        "peak_time": use.peak_time,
        "headroom": use.headroom,
        "headroom_without_bind": use.headroom_without_bind,
        "headroom_with_time_wait": use.headroom_with_time_wait if use.is_timed else None,
        "headroom_without_bind_with_time_wait": (
            use.headroom_without_bind_with_time_wait if use.is_timed else None
        ),
        "headroom_reason": use.headroom_reason,
        "chosen_ports": None if use.chosen is None else use.chosen._asdict(),
        "connections_per_second": use.connections_per_second,
        "sustainable_per_second": {
            "as_is": as_is,
            "without_bind_per_destination": without,
        },
        "censored": use.censored,
        "by_process": [{name: getattr(part, name) for name in _PART} for part in use.by_process],
        "destinations": [destination._asdict() for destination in use.destinations],
    }


def group(item: Group, selected: Selected) -> JsonObject:
    """Return findings with one cause, and the advice for the program's runtime."""
    rule, case = selected.rules[item.rule], selected.case(item)
    return {
        "id": item.id,
        "fingerprint": item.fingerprint,
        "rule": item.rule,
        "level": str(item.level),
        "confidence": item.confidence.value,
        "trace": item.trace,
        "process": item.process.id,
        "call_site": item.call_site,
        "peers": [{**peer.peer._asdict(), "count": peer.count} for peer in item.peers],
        "count": item.count,
        "connected": item.connected,
        "failed": item.failed,
        "fds": list(item.fds),
        "first": item.first._asdict(),
        "last": item.last._asdict(),
        "message": rule.summary(case),
        "advice": rule.advice(case).text,
        "cause": item.cause,
        "without_bind": item.without_bind,
    }


def finding(item: Finding) -> JsonObject:
    """Return one flagged binding with its proof."""
    return {
        "id": item.id,
        "group": item.group,
        "rule": item.rule,
        "level": str(item.level),
        "confidence": item.confidence.value,
        "trace": item.trace,
        "process": item.process._asdict(),
        "fd": item.fd,
        "at": str(item.at),
        "socket": item.socket._asdict(),
        "local": item.local._asdict(),
        "peer": None if item.peer is None else item.peer._asdict(),
        "outcome": item.outcome.value,
        "held_seconds": item.held_seconds,
        "cause": item.cause,
        "details": dict(item.details),
        "calls": {role: call(record) for role, record in item.calls.items()},
        "trail": [call(record) for record in item.trail],
    }


def process(item: Process) -> JsonObject:
    """Return one process and what its sockets did."""
    return fields(item, *_OF_RULES)


def unknown(item: Unknown) -> JsonObject:
    """Return something that the trace cannot tell."""
    return fields(item)


def failure(item: Failure) -> JsonObject:
    """Return socket calls that failed in the same way."""
    return {
        "trace": item.trace,
        "process": item.process,
        "call": item.call,
        "errno": item.errno,
        "protocol": item.protocol,
        "address": None if item.address is None else item.address._asdict(),
        "count": item.times,
        "first": item.first._asdict(),
        "last": item.last._asdict(),
        "explanation": item.explanation,
        "path": item.path,
        "waited_seconds": item.waited,
    }


def warning(item: Warning) -> JsonObject:
    """Return something that the trace's options hid."""
    return fields(item)


def socket_life(item: SocketLife) -> JsonObject:
    """Return one socket's life, for `sockets --format json`."""
    return {
        "trace": item.trace,
        "process": item.process._asdict(),
        "fd": item.fd,
        "socket": item.socket._asdict(),
        "local": item.local._asdict(),
        "peer": None if item.peer is None else item.peer._asdict(),
        "opened": item.opened._asdict(),
        "closed": None if item.closed is None else item.closed._asdict(),
        **socket_facts(item),
        "trail": [call(record) for record in item.trail],
    }
