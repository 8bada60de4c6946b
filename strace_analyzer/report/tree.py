"""The processes of an Analysis as trees, with the sockets and findings of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from strace_analyzer.analysis import Analysis
from strace_analyzer.findings import ProcessLife
from strace_analyzer.report.elements import JsonObject


@dataclass(slots=True)
class Branch:
    """A process and its children."""

    life: ProcessLife
    sockets: int = 0
    tcp_connections: int = 0
    findings: dict[str, int] = field(default_factory=dict)
    children: list[Branch] = field(default_factory=list)


def branches(analysis: Analysis, trace: str) -> list[Branch]:
    """Return the processes of one trace that no other process of it created."""
    known = {process.id: process for process in analysis.processes if process.trace == trace}
    made: dict[str, Branch] = {}
    roots: list[Branch] = []
    for life in analysis.lives:
        if life.trace != trace:
            continue
        branch = made[life.id] = Branch(life)
        process = known.get(life.id)
        if process is not None:
            branch.sockets = process.sockets
            branch.tcp_connections = process.tcp_connections
            branch.findings = dict(process.findings)
        parent = None if life.parent is None else made.get(life.parent)
        (roots if parent is None else parent.children).append(branch)
    return roots


def objects(roots: Sequence[Branch]) -> list[JsonObject]:
    """Return the same as JSON: a flat list, parents before their children."""
    found: list[JsonObject] = []
    waiting = list(reversed(roots))
    while waiting:
        branch = waiting.pop()
        found.append(_object(branch))
        waiting += reversed(branch.children)
    return found


def _object(branch: Branch) -> JsonObject:
    life = branch.life
    known = life.started is not None and life.ended is not None
    return {
        "id": life.id,
        "trace": life.trace,
        "tgid": life.tgid,
        "tids": list(life.tids),
        "parent": life.parent,
        "children": [child.life.id for child in branch.children],
        "command": life.command,
        "programs": [program._asdict() for program in life.programs],
        "started_seconds": life.started,
        "ended_seconds": life.ended,
        "seconds": round((life.ended or 0.0) - (life.started or 0.0), 6) if known else None,
        "exit_status": life.exit_status,
        "signal": life.signal,
        "core_dumped": life.core_dumped,
        "sockets": branch.sockets,
        "tcp_connections": branch.tcp_connections,
        "findings": branch.findings,
    }
