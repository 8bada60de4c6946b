"""Takes what was selected and judged, gives the parts of the JSON report (schema 1) as plain dicts.

docs/report-schema.json is the published schema. Every field is always present; None is unknown
and an empty list is none. Nothing of this machine is in it: equal input gives equal bytes.
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
from strace_analyzer.report.elements import (
    JsonObject,
    call,
    endpoint,
    fields,
    local,
    location,
    process_ref,
    socket_facts,
    socket_kind,
)
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
"""of a process's use of ports"""
_OF_RULES = ("no_port", "address_bound", "not_told", "argv_cut", "has_ended")
"""fields of a process that are for rules and for the words of the report"""


def tool() -> JsonObject:
    """Which program made the report."""
    return {"name": TOOL, "version": version()}


def summary(judgement: Judgement) -> JsonObject:
    """The verdict, the exit status of `check`, and counts of findings and of things unknown."""
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
    """What was replaced by tokens (--redact)."""
    redaction = selected.selection.redaction
    return [] if redaction is None else list(redaction.kinds)


def suppression(item: Suppressed) -> JsonObject:
    """One entry of --suppressions, and what it keeps out."""
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
    """One trace: its clock, the account of its lines, and its use of ports."""
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
    """The ports of one network namespace."""
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
    """Findings with one cause, with what to do in words for the program's runtime."""
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
        "peers": [{**endpoint(peer.peer), "count": peer.count} for peer in item.peers],
        "count": item.count,
        "connected": item.connected,
        "failed": item.failed,
        "fds": list(item.fds),
        "first": location(item.first),
        "last": location(item.last),
        "message": rule.summary(case),
        "advice": rule.advice(case).text,
        "cause": item.cause,
        "without_bind": item.without_bind,
    }


def finding(item: Finding) -> JsonObject:
    """One binding that a rule flags, with its proof."""
    return {
        "id": item.id,
        "group": item.group,
        "rule": item.rule,
        "level": str(item.level),
        "confidence": item.confidence.value,
        "trace": item.trace,
        "process": process_ref(item.process),
        "fd": item.fd,
        "at": str(item.at),
        "socket": socket_kind(item.socket),
        "local": local(item.local),
        "peer": None if item.peer is None else endpoint(item.peer),
        "outcome": item.outcome.value,
        "held_seconds": item.held_seconds,
        "cause": item.cause,
        "details": dict(item.details),
        "calls": {role: call(record) for role, record in item.calls.items()},
        "trail": [call(record) for record in item.trail],
    }


def process(item: Process) -> JsonObject:
    """One process and what its sockets did."""
    return fields(item, *_OF_RULES)


def unknown(item: Unknown) -> JsonObject:
    """Something that the trace cannot tell."""
    return fields(item)


def failure(item: Failure) -> JsonObject:
    """Socket calls that failed alike."""
    return {
        "trace": item.trace,
        "process": item.process,
        "call": item.call,
        "errno": item.errno,
        "protocol": item.protocol,
        "address": None if item.address is None else endpoint(item.address),
        "count": item.times,
        "first": location(item.first),
        "last": location(item.last),
        "explanation": item.explanation,
    }


def warning(item: Warning) -> JsonObject:
    """Something that the options of the trace hid."""
    return fields(item)


def socket_life(item: SocketLife) -> JsonObject:
    """One socket's life, for `sockets --format json`."""
    return {
        "trace": item.trace,
        "process": process_ref(item.process),
        "fd": item.fd,
        "socket": socket_kind(item.socket),
        "local": local(item.local),
        "peer": None if item.peer is None else endpoint(item.peer),
        "opened": location(item.opened),
        "closed": None if item.closed is None else location(item.closed),
        **socket_facts(item),
        "trail": [call(record) for record in item.trail],
    }
