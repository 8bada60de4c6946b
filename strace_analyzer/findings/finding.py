"""A finding: one socket that a rule flags, with its proof."""

from __future__ import annotations

from typing import NamedTuple, cast

from strace_analyzer.findings.proof import (
    CallRecord,
    Confidence,
    Endpoint,
    Level,
    LocalAddress,
    Location,
    ProcessRef,
    SocketKind,
)
from strace_analyzer.kernel.socket_state import Outcome
from strace_analyzer.records import replaced_often

Rows = tuple[tuple[float, ...], ...]
Shares = tuple[tuple[str, int], ...]
"""who has how many"""
_ROLES = frozenset({"socket", "bind", "getsockname", "connect", "outcome", "close"})
"""The keys of `calls`."""
Detail = str | int | float | bool | tuple[tuple[str | float, ...], ...] | None


@replaced_often
class Finding(NamedTuple):
    """One binding flagged by a rule, with the calls that prove it."""

    id: str
    rule: str
    level: Level
    confidence: Confidence
    trace: str
    process: ProcessRef
    namespace: int
    fd: int
    at: Location
    socket: SocketKind
    local: LocalAddress
    peer: Endpoint | None
    outcome: Outcome
    held_seconds: float | None
    """from bind to release; None without times or if it was never released in the trace"""
    trail: tuple[CallRecord, ...]
    """every defining call in order; of repeats, the first and the last"""
    doubts: frozenset[str] = frozenset()
    """why the finding is only probable: codes of warnings and unknowns"""
    proved: bool = False
    """-yy showed the connecting descriptor bound to a port, which rules out a reused number and
    IP_BIND_ADDRESS_NO_PORT"""
    shows_no_port: bool = False
    """-yy showed the connecting descriptor without a port although it was bound"""
    reuse: bool = False
    """SO_REUSEADDR or SO_REUSEPORT was set; the advice says that it does not help"""
    cause: str | None = None
    """a word defined by its rule: early-binds, time-wait, listener, no-ipv6 ..."""
    without_bind: str | None = None
    """only of ephemeral-ports-exhausted: would-fit, would-not-fit, unknown"""
    details: tuple[tuple[str, Detail], ...] = ()
    """further facts from the rule, by name: a holder's pid, a rate"""
    group: str | None = None
    """id of its Group, set last"""

    def __repr__(self) -> str:
        peer = "" if self.peer is None else f" -> {self.peer}"
        return (
            f"<Finding {self.at.short}: {self.level} {self.rule}, {self.process} "
            f"fd {self.fd}{peer}>"
        )

    @property
    def calls(self) -> dict[str, CallRecord]:
        """The first call of each role: socket (or accept), bind, getsockname, connect, outcome,
        close."""
        found: dict[str, CallRecord] = {}
        for record in self.trail:
            role = "socket" if record.role == "accept" else record.role
            if role in _ROLES and role not in found:
                found[role] = record
        return found

    @property
    def failing_call(self) -> CallRecord | None:
        """The last call of the proof that failed, or None."""
        return next((record for record in reversed(self.trail) if record.error is not None), None)

    def detail(self, name: str) -> Detail:
        """Return the value that the rule stored under this name, or None."""
        return next((value for key, value in self.details if key == name), None)

    def rows(self, name: str) -> Rows:
        """Return a detail that is a table of numbers; empty if it is not known."""
        value = self.detail(name)
        return cast("Rows", value) if isinstance(value, tuple) else ()

    def shares(self, name: str) -> Shares:
        """Return a detail that says who has how many; empty if it is not known."""
        value = self.detail(name)
        return cast("Shares", value) if isinstance(value, tuple) else ()
