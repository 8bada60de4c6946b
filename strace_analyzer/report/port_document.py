"""A trace's part of the JSON document of `ports`: the `ports` of schema 1 and further members."""

from __future__ import annotations

from strace_analyzer.analysis import TraceResult
from strace_analyzer.findings import PortUse
from strace_analyzer.machine import Listing
from strace_analyzer.ports import Forecast
from strace_analyzer.report import document
from strace_analyzer.report.elements import JsonObject


def trace(result: TraceResult, machine: Listing | None = None) -> JsonObject:
    """Return one trace: its ports in full, forecasts if there are any, and with the list of the
    machine's sockets (--ss) who holds the ports."""
    return {
        "id": result.id,
        "name": result.name,
        "clock": result.clock,
        "seconds": result.seconds,
        "ports": [account(use, machine) for use in result.ports],
        "what_if": [forecast(item, result) for item in result.forecasts],
    }


def account(use: PortUse, machine: Listing | None = None) -> JsonObject:
    """Return `ports` of the JSON report with addresses, gain, timeline, and the holders of the
    range's ports from the list of the machine's sockets (null without one)."""
    return {
        **document.port_use(use),
        "gain": use.gain,
        "dry_after": use.dry_after,
        "by_address": [item._asdict() for item in use.by_address],
        "holders": None
        if machine is None
        else [
            {"protocol": protocol, "holder": who, "ports": ports}
            for protocol in ("TCP", "UDP")
            for who, ports in machine.by_holder(*use.range, protocol)
        ],
        "timeline": [
            {
                "at": point.at,
                "held": point.held,
                "needed": point.needed,
                "time_wait": point.others,
            }
            for point in use.timeline
        ],
    }


def forecast(item: Forecast, result: TraceResult) -> JsonObject:
    """Return one scenario of --what-if; `first` is null if the range would have been enough."""
    first = item.first
    return {
        "namespace": item.namespace,
        "protocol": item.protocol,
        "range": list(item.range),
        "change": item.change.name.lower().replace("_", "-"),
        "time_wait": item.time_wait,
        "refused": item.refused,
        "peak": item.peak,
        "first": None
        if first is None
        else {
            "source": result.sources[first.source].name,
            "line": first.line,
            "tid": first.tid,
            "fd": first.fd,
            "call": first.call,
            "errno": first.errno,
            "seconds": first.seconds,
            "connections": first.connections,
        },
    }
