"""A group: findings with one cause, reported together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from strace_analyzer.findings.finding import Finding
from strace_analyzer.findings.proof import Confidence, Endpoint, Level, Location, ProcessRef


@dataclass(frozen=True, slots=True)
class PeerCount:
    """Number of findings of a group that went to this peer."""

    peer: Endpoint
    count: int
    connected: int
    fds: tuple[int, ...]
    bind_lines: tuple[int, ...]
    """the first bind lines, at most 8"""


@dataclass(frozen=True, slots=True)
class FailedCalls:
    """The calls of a group that failed in the same way, and the first of them. `call` is
    `connect()`, or `connection` if SO_ERROR reported the error later. `time` is as printed,
    `seconds` counts from the start of the trace."""

    call: str
    error: str
    count: int
    line: int
    time: str | None
    seconds: float | None

    @property
    def order(self) -> tuple[float, int]:
        """Sort key: by time, then by line, which decides if there are no times."""
        return self.seconds or 0.0, self.line


def failed_call(finding: Finding) -> tuple[FailedCalls, ...]:
    """Return the call of `finding` that failed, if it shows one."""
    record = finding.failing_call
    if record is None or record.error is None:
        return ()
    call = "connection" if record.errno is None else f"{record.name}()"
    return (FailedCalls(call, record.error, 1, record.line, record.time, record.seconds),)


def added(parts: Iterable[FailedCalls]) -> tuple[FailedCalls, ...]:
    """Add up calls that failed in the same way, the most frequent first."""
    sums: dict[tuple[str, str], FailedCalls] = {}
    for part in parts:
        before = sums.get((part.call, part.error))
        if before is not None:
            first = min(before, part, key=lambda one: one.order)
            part = replace(first, count=before.count + part.count)
        sums[part.call, part.error] = part
    return tuple(sorted(sums.values(), key=lambda one: (-one.count, one.call, one.error)))


@dataclass(frozen=True, slots=True)
class Group:
    """Findings with one cause: same rule, process, call site, level and confidence."""

    id: str
    fingerprint: str
    rule: str
    level: Level
    confidence: Confidence
    trace: str
    process: ProcessRef
    call_site: str | None
    """the innermost stack frame outside libc (-k), else None"""
    peers: tuple[PeerCount, ...]
    count: int
    connected: int
    failed: int
    fds: tuple[int, ...]
    first: Location
    last: Location
    message: str
    advice: str
    cause: str | None
    without_bind: str | None
    kept: Finding | Callable[[], Finding]
    """the sample, or what reads it: those of very many groups are on disk"""
    failed_calls: tuple[FailedCalls, ...] = ()
    """for rules whose findings are failed calls: by call and error, the most frequent first"""
    namespace: int = 0
    """the network namespace of the sample's socket"""

    @property
    def sample(self) -> Finding:
        """The finding shown as proof: the first one that connected, else the first."""
        return self.kept if isinstance(self.kept, Finding) else self.kept()

    def __repr__(self) -> str:
        return f"<Group {self.id}: {self.count} x {self.level} {self.rule}, {self.process}>"
