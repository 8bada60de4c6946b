"""What each process and each socket of a trace did, whether or not anything was found."""

from __future__ import annotations

from typing import NamedTuple

from strace_analyzer.findings.proof import (
    CallRecord,
    Endpoint,
    LocalAddress,
    Location,
    ProcessRef,
    SocketKind,
)
from strace_analyzer.kernel.socket_state import Outcome
from strace_analyzer.plain import count as counted


class Process(NamedTuple):
    """One process of the trace and what its sockets did."""

    id: str
    trace: str
    tgid: int | None
    tids: tuple[int, ...]
    parent: str | None
    command: str | None
    argv: tuple[str, ...]
    argv_truncated: bool
    programs: tuple[str, ...]
    sockets: int
    tcp_connections: int
    early_bound: int
    connected: int
    failed: int
    destinations: int
    findings: dict[str, int]
    no_port: int = 0
    """number of its TCP connections bound under IP_BIND_ADDRESS_NO_PORT"""
    address_bound: int = 0
    """number of its TCP connections bound to a specific address or port"""
    not_told: int = 0
    """number of its TCP connections for which the trace does not show whether they were bound"""
    argv_cut: frozenset[int] = frozenset()
    """indices of `argv` that strace -s truncated"""
    has_ended: bool = False
    """the trace shows its end"""

    def __repr__(self) -> str:
        return (
            f"<Process {self.command or '?'}[{self.tgid or '?'}]: "
            f"{counted(self.sockets, 'socket')}, {counted(self.tcp_connections, 'connection')}, "
            f"{self.early_bound:,} bound early>"
        )


class Program(NamedTuple):
    """A program run by a process: a successful execve(2). `seconds` counts from the start of the
    trace."""

    path: str
    argv: tuple[str, ...]
    argv_truncated: bool
    seconds: float | None
    source: str
    line: int

    def __repr__(self) -> str:
        return f"<Program {self.path[-80:]} at {Location(self.source, self.line).short}>"


class ProcessLife(NamedTuple):
    """One process of the trace: who created it, what it ran, how it ended. Times are seconds since
    the start of the trace."""

    id: str
    trace: str
    tgid: int | None
    tids: tuple[int, ...]
    parent: str | None
    command: str | None
    programs: tuple[Program, ...]
    is_born: bool
    """the call that created it is in the trace"""
    started: float | None
    """when the call that created it began, or else when it was first seen"""
    ended: float | None
    """None if it is still running or its end is not in the trace"""
    exit_status: int | None
    signal: str | None
    """the signal that killed it"""
    core_dumped: bool

    def __repr__(self) -> str:
        return (
            f"<ProcessLife {self.command or '?'}[{self.tgid or '?'}]: "
            f"{counted(len(self.tids), 'thread')}, {counted(len(self.programs), 'program')}>"
        )


class SocketLife(NamedTuple):
    """The life of one socket, complete when its last descriptor is closed: a row of `sockets`."""

    trace: str
    process: ProcessRef
    fd: int
    socket: SocketKind
    namespace: int
    origin: str
    binding: str
    connection: str
    outcome: Outcome
    local: LocalAddress
    peer: Endpoint | None
    opened: Location
    closed: Location | None
    seconds_open: float | None
    trail: tuple[CallRecord, ...]
    id: str = ""
    """unique in the report; `events` uses the same id"""
    fds: tuple[int, ...] = ()
    """every descriptor number it was used under"""
    processes: tuple[str, ...] = ()
    """ids of the processes that used it"""
    options: tuple[str, ...] = ()
    """relevant socket options that were on"""
    history: str = ""
    """what happened, one letter per event (docs/events.md)"""
    bytes_sent: int | None = None
    bytes_received: int | None = None
    closed_first: str | None = None
    """us, peer or unknown"""
    connect_seconds: float | None = None
    """from connect() to the first sign that the connection is established"""
    opened_seconds: float | None = None
    closed_seconds: float | None = None
    verdict: tuple[str, ...] = ()
    """ids of the rules that flag it"""

    def __repr__(self) -> str:
        peer = "" if self.peer is None else f" -> {self.peer}"
        kind = self.socket.protocol or self.socket.type or "?"
        return f"<SocketLife {self.opened.short}: {kind} {self.process} fd {self.fd}{peer}>"
