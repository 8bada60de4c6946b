"""What the ledger records for one open socket, and how to tell a connect() that held a port only
while it ran."""

from __future__ import annotations

from strace_analyzer.kernel.destination import Destination
from strace_analyzer.kernel.objects import ThreadGroup
from strace_analyzer.kernel.socket_state import Socket
from strace_analyzer.kernel.step import Step
from strace_analyzer.kernel.transitions import ConnectResult, connect_result
from strace_analyzer.ports.usage import Pin
from strace_analyzer.trace.events import Syscall


class Account:
    """The record of one open socket."""

    __slots__ = ("_last", "group", "local", "pins", "protocol", "to", "wildcard")

    def __init__(self, protocol: str, group: ThreadGroup) -> None:
        self.protocol = protocol
        self.group = group
        """the process that bound it or, if none did, that connected it"""
        self.pins: tuple[Pin, ...] = ()
        self.wildcard = False
        """the pinned port is on the wildcard address"""
        self.to: Destination | None = None
        self.local: str | None = None
        self._last: Socket | None = None

    def has_moved(self, now: Socket | None) -> bool:
        """False if `now` says the same about ports and connection as the last state seen: true of
        most calls of getsockname()."""
        last, self._last = self._last, now
        return (
            last is None
            or now is None
            or now.binding is not last.binding
            or now.connection is not last.connection
            or now.connects != last.connects
            or now.local != last.local
            or now.peer != last.peer
            or now.options != last.options
            or (now.domain, now.type, now.protocol) != (last.domain, last.type, last.protocol)
        )


def refused(step: Step) -> bool:
    """True for a connect() that failed on the wire. One that found no port (EADDRNOTAVAIL) took
    none."""
    event = step.event
    return (
        step.role == "connect"
        and isinstance(event, Syscall)
        and event.result.errno not in (None, "EADDRNOTAVAIL")
        and connect_result(event.result.errno, event.duration) is ConnectResult.REFUSED
    )
