"""What an analysis gives: the types that `report` reads and that `sa.analyze` returns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeVar

from strace_analyzer.findings import (
    Failure,
    Finding,
    Group,
    PortUse,
    Process,
    ProcessLife,
    SocketLife,
    Unknown,
    Warning,
)
from strace_analyzer.ports import Forecast
from strace_analyzer.rules import Rule
from strace_analyzer.rules.engine import RuleFailure
from strace_analyzer.trace.reader import Accounting, TraceInput

T_co = TypeVar("T_co", covariant=True)


class Sized(Protocol[T_co]):
    """A sequence that may live on disk: it can be gone through again, and its length is known."""

    def __iter__(self) -> Iterator[T_co]: ...
    def __len__(self) -> int: ...


@dataclass(frozen=True, slots=True)
class TraceResult:
    """One trace: how it was read, and its ports. `seconds` is its length, None without times.

    `tcp_connections` counts the outgoing TCP connections that were judged. `quotes` are strace's
    own errors, as printed. `inconclusive` says in words why nothing can be said, None where
    something can.
    """

    id: str
    name: str
    clock: str
    seconds: float | None
    sources: tuple[Accounting, ...]
    ports: tuple[PortUse, ...]
    tcp_connections: int
    quotes: tuple[str, ...]
    inconclusive: str | None
    forecasts: tuple[Forecast, ...] = ()
    """what would have become of it with another port range, where that was asked"""


@dataclass(frozen=True, slots=True)
class Analysis:
    """Everything found in one run, over all its traces."""

    traces: tuple[TraceResult, ...]
    groups: tuple[Group, ...]
    findings: Sized[Finding]
    processes: tuple[Process, ...]
    sockets: Sized[SocketLife]
    unknown: tuple[Unknown, ...]
    warnings: tuple[Warning, ...]
    rules: tuple[type[Rule], ...]
    failures: tuple[RuleFailure, ...]
    """rules that raised"""
    lives: tuple[ProcessLife, ...] = ()
    """every process, also those without sockets, where they were asked for"""
    inputs: tuple[TraceInput, ...] = ()
    """what was read; () for a stream that was fed"""
    failed_calls: tuple[Failure, ...] = ()
    """socket calls that failed, those of a kind together"""


class Joined(Sized[T_co]):
    """Several sequences one after the other, without copying them."""

    def __init__(self, parts: Iterable[Sized[T_co]]) -> None:
        self._parts = tuple(parts)

    def __iter__(self) -> Iterator[T_co]:
        for part in self._parts:
            yield from part

    def __len__(self) -> int:
        return sum(len(part) for part in self._parts)
