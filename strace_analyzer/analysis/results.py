"""What an analysis gives: the types that `report` reads and that `sa.analyze` returns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape
from itertools import islice
from typing import Protocol, TypeVar, overload

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
from strace_analyzer.plain import count
from strace_analyzer.ports import Forecast
from strace_analyzer.rules import Rule
from strace_analyzer.rules.engine import RuleFailure
from strace_analyzer.trace.reader import Accounting, TraceInput

T_co = TypeVar("T_co", covariant=True)
_SHOWN = 20
"""how many items are shown in a notebook"""


class Sized(Protocol[T_co]):
    """A sequence that may be on disk: it can be iterated repeatedly, and its length is known."""

    def __iter__(self) -> Iterator[T_co]: ...
    def __len__(self) -> int: ...


class Items(Sized[T_co], Protocol[T_co]):
    """A Sized that also supports indexes and slices, like a tuple; each access iterates from the
    beginning."""

    @overload
    def __getitem__(self, index: int) -> T_co: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[T_co, ...]: ...


@dataclass(frozen=True, slots=True)
class TraceResult:
    """One trace: how it was read, and its ports. `seconds` is its length, None without times.

    `tcp_connections` counts the outgoing TCP connections that were judged. `quotes` are strace's
    own errors, as printed. `inconclusive` says in words why nothing can be said, None if something
    can.
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
    began: float | None = None
    """the first time that it shows, by its clock: seconds since 1970, since midnight, or (-r) since
    before its first line"""
    started: tuple[str, ...] = ()
    """the program that strace started and its arguments; () if the trace does not show them in
    full"""
    may_hide_bind: bool = False
    """no bind() is shown, and it is not known how strace was started"""
    forecasts: tuple[Forecast, ...] = ()
    """what would have happened with another port range, if that was asked"""

    def __repr__(self) -> str:
        lines = sum(source.lines for source in self.sources)
        return (
            f"<TraceResult {self.name[-80:]}: {count(lines, 'line')}, "
            f"{count(self.tcp_connections, 'connection')}>"
        )


@dataclass(frozen=True, slots=True)
class Analysis:
    """Everything found in one run, over all its traces."""

    traces: tuple[TraceResult, ...]
    groups: tuple[Group, ...]
    findings: Items[Finding]
    processes: tuple[Process, ...]
    sockets: Items[SocketLife]
    unknown: tuple[Unknown, ...]
    warnings: tuple[Warning, ...]
    rules: tuple[type[Rule], ...]
    failures: tuple[RuleFailure, ...]
    """rules that raised an error; calls of the trace that failed are in `failed_calls`"""

    def __repr__(self) -> str:
        """`<Analysis of trace.txt: 1 warning in 1 group, 40 findings>`."""
        names = ", ".join(trace.name.rpartition("/")[2] or trace.name for trace in self.traces[:3])
        more = len(self.traces) - 3
        names += f" and {more} more" if more > 0 else ""
        return (
            f"<Analysis of {names}: {count(len(self.findings), 'finding')} in "
            f"{count(len(self.groups), 'group')}, "
            f"{count(len(self.processes), 'process', 'processes')}, "
            f"{len(self.unknown)} unknown, {count(len(self.warnings), 'warning')}>"
        )

    def _repr_html_(self) -> str:
        """The groups as a table, for notebooks (IPython's rich display)."""
        head = ("level", "rule", "process", "findings", "destinations", "first", "advice")
        rows = (
            (
                group.level, group.rule, group.process, group.count,
                ", ".join(str(peer.peer) for peer in group.peers[:3]), group.first, group.advice,
            )
            for group in self.groups
        )  # fmt: skip
        lines = ("".join(f"<td>{escape(str(cell))}</td>" for cell in row) for row in rows)
        body = "".join(f"<tr>{line}</tr>" for line in lines)
        titles = "".join(f"<th>{title}</th>" for title in head)
        return f"<p>{escape(repr(self))}</p><table><tr>{titles}</tr>{body}</table>"

    lives: tuple[ProcessLife, ...] = ()
    """every process, including those without sockets, if they were asked for"""
    inputs: tuple[TraceInput, ...] = ()
    """what was read; () for a stream that was fed"""
    failed_calls: tuple[Failure, ...] = ()
    """socket calls that failed, grouped by kind"""


class Joined(Items[T_co]):
    """Several sequences one after the other, without copying them."""

    def __init__(self, parts: Iterable[Sized[T_co]]) -> None:
        self._parts = tuple(parts)

    def __iter__(self) -> Iterator[T_co]:
        for part in self._parts:
            yield from part

    def __len__(self) -> int:
        return sum(len(part) for part in self._parts)

    @overload
    def __getitem__(self, index: int) -> T_co: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[T_co, ...]: ...
    def __getitem__(self, index: int | slice) -> T_co | tuple[T_co, ...]:
        """Raises IndexError as a tuple does."""
        places = range(len(self))[index]
        if isinstance(places, int):
            return next(islice(self, places, None))
        if places.step < 0:
            return (
                tuple(islice(self, places[-1], places[0] + 1, -places.step))[::-1] if places else ()
            )
        return tuple(islice(self, places.start, places.stop, places.step))

    def _repr_html_(self) -> str:
        """The first items as a list, for notebooks (IPython's rich display)."""
        shown = "".join(f"<li>{escape(repr(item))}</li>" for item in islice(self, _SHOWN))
        more = len(self) - _SHOWN
        return f"<ol start=0>{shown}</ol>{f'<p>and {more:,} more</p>' if more > 0 else ''}"

    def __repr__(self) -> str:
        first = next(iter(self), None)
        more = len(self) - 1
        return "[]" if first is None else f"[{first!r}{f', and {more:,} more' if more else ''}]"
