"""Flat rows and JSON objects of who holds the local ports of a namespace now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from strace_analyzer.findings import Endpoint
from strace_analyzer.report.elements import JsonObject
from strace_analyzer.report.rows import NUMBER, TEXT, Row

COLUMNS = {
    "command": TEXT, "pids": TEXT, "protocol": TEXT, "state": TEXT, "peer": TEXT,
    "sockets": NUMBER, "ports": NUMBER, "incoming": NUMBER, "local": NUMBER, "script": TEXT,
}  # fmt: skip


class Holding(Protocol):
    """Sockets of one program in one state with one destination; `ports` counts those of the
    ephemeral range."""

    @property
    def command(self) -> str: ...
    @property
    def pids(self) -> tuple[int, ...]: ...
    @property
    def protocol(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def peer(self) -> Endpoint | None: ...
    @property
    def sockets(self) -> int: ...
    @property
    def ports(self) -> int: ...
    @property
    def incoming(self) -> int | None: ...
    @property
    def local(self) -> int | None: ...
    @property
    def script(self) -> str | None: ...


class Unasked(Protocol):
    """A process whose sockets could not be seen."""

    @property
    def command(self) -> str: ...
    @property
    def pid(self) -> int: ...


class NamespaceNow(Protocol):
    """One namespace now: the range, and how many of its ports are reserved, held and free."""

    @property
    def port_range(self) -> tuple[int, int]: ...
    @property
    def reserved(self) -> int: ...
    @property
    def held(self) -> int: ...
    @property
    def free(self) -> int: ...
    @property
    def holdings(self) -> Sequence[Holding]: ...
    @property
    def all_seen(self) -> bool: ...
    @property
    def unasked(self) -> Sequence[Unasked]: ...
    @property
    def by_root(self) -> bool: ...


def rows(found: NamespaceNow) -> Iterator[Row]:
    """Yield one row for each program, state and destination."""
    for one in found.holdings:
        yield {
            **_object(one),
            "pids": " ".join(map(str, one.pids)),
            "peer": None if one.peer is None else str(one.peer),
        }


def objects(found: NamespaceNow) -> Iterable[JsonObject]:
    """Yield the one namespace, with its holders nested."""
    yield {
        "range": list(found.port_range),
        "reserved": found.reserved,
        "held": found.held,
        "free": found.free,
        "all_seen": found.all_seen,
        "unasked": [{"command": one.command, "pid": one.pid} for one in found.unasked],
        "holders": [_object(one) for one in found.holdings],
    }


def _object(one: Holding) -> JsonObject:
    return {
        "command": one.command,
        "pids": list(one.pids),
        "protocol": one.protocol,
        "state": one.state,
        "peer": None if one.peer is None else one.peer._asdict(),
        "sockets": one.sockets,
        "ports": one.ports,
        "incoming": one.incoming,
        "local": one.local,
        "script": one.script,
    }
