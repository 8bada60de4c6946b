"""The page's tables and charts: processes, destinations, descriptors, failures, ports over time."""

from __future__ import annotations

from collections import Counter

from strace_analyzer.findings import ProcessRef
from strace_analyzer.plain import safe
from strace_analyzer.report.cost import remarks, runs_out, taken
from strace_analyzer.report.elements import JsonObject
from strace_analyzer.report.html.sockets import process_name
from strace_analyzer.report.meaning import meaning
from strace_analyzer.report.section import sections
from strace_analyzer.report.selection import Selected
from strace_analyzer.rules.words import who


def tables(selected: Selected) -> JsonObject:
    """Return tables by name: columns (`>` before numbers, `#` before numbers that are names) and
    rows."""
    return {
        "processes": _processes(selected),
        "destinations": _destinations(selected),
        "descriptors": _descriptors(selected),
        "failures": _failures(selected),
    }


def _processes(selected: Selected) -> JsonObject:
    rows = []
    for item in selected.processes:
        ref = ProcessRef(item.id, item.tgid, None, item.command)
        found = sum(item.findings.values())
        figures = [item.sockets, item.tcp_connections, item.early_bound, item.failed]
        rows.append([safe(who(ref, item)), safe(" ".join(item.argv)), *figures, found])
    head = ["Process", "Command line", ">Sockets", ">TCP connections", ">Early-bound"]
    return {"columns": [*head, ">Failed", ">Findings"], "rows": rows}


def _destinations(selected: Selected) -> JsonObject:
    rows = [
        [
            safe(use.address),
            use.port,
            use.protocol,
            use.connections,
            use.early_bound,
            use.peak_concurrent,
        ]
        for trace in selected.traces
        for ports in trace.ports
        for use in ports.destinations
    ]
    head = ["Address", "#Port", "Protocol", ">Connections", ">Early-bound"]
    return {"columns": [*head, ">Open at the same time"], "rows": rows}


def _descriptors(selected: Selected) -> JsonObject:
    """Return a row for each process and descriptor number."""
    seen: Counter[tuple[str, int]] = Counter()
    early: Counter[tuple[str, int]] = Counter()
    for life in selected.sockets():
        seen[process_name(life), life.fd] += 1
        early[process_name(life), life.fd] += life.binding == "ephemeral"
    rows = [[name, fd, count, early[name, fd]] for (name, fd), count in seen.items()]
    return {"columns": ["Process", "#fd", ">Sockets", ">Bound to port 0"], "rows": rows}


def _failures(selected: Selected) -> JsonObject:
    """Return a row for calls of a process that failed in the same way, the most frequent first."""
    rows = [
        [
            item.first.line,
            _name(item.trace, item.process, selected),
            f"{item.call}()",
            item.errno,
            safe(item.to) or "-",
            item.times,
            meaning(item),
        ]
        for item in sorted(selected.failures, key=lambda item: -item.times)
    ]
    head = ["#First on line", "Process", "Call", "Error", "To", ">Times", "Which means"]
    return {"columns": head, "rows": rows}


def _name(trace: str, id: str, selected: Selected) -> str:
    process = selected.process(trace, id)
    if process is None:
        return f"process {id.rpartition(':')[2]}"
    return safe(who(ProcessRef(id, process.tgid, None, process.command), process))


def charts(selected: Selected) -> list[JsonObject]:
    """Return ports over time, for each network namespace in which some were pinned or needed."""
    several = len(selected.traces) > 1
    made: list[JsonObject] = []
    for section in sections(selected, 0, False):
        trace = section.trace
        for use in trace.ports:
            if not use.timeline:
                continue
            parts = [safe(trace.name)] if several else []
            parts += [f"network namespace {use.namespace}"] if len(trace.ports) > 1 else []
            made.append(
                {
                    "title": ", ".join(parts),
                    "cost": [*taken(use), *runs_out(use, section)],
                    "remarks": list(remarks(use, section)),
                    "timed": trace.clock != "none",
                    "range": use.range[1] - use.range[0] + 1,
                    "range_source": use.range_source,
                    "at": [point.at for point in use.timeline],
                    "held": [point.held for point in use.timeline],
                    "needed": [point.needed for point in use.timeline],
                }
            )
    return made
