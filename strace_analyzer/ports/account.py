"""What the ledger records for one socket, and how to tell a connect() that held a port only
while it ran."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from strace_analyzer.kernel.destination import Destination
from strace_analyzer.kernel.objects import ThreadGroup
from strace_analyzer.kernel.step import Step
from strace_analyzer.kernel.transitions import ConnectResult, connect_result
from strace_analyzer.ports.claim import NOTHING, Own
from strace_analyzer.ports.concurrency import Concurrency
from strace_analyzer.ports.destinations import DestinationCount
from strace_analyzer.ports.usage import Pin
from strace_analyzer.trace.events import Syscall


class CountedConnection(NamedTuple):
    """A connection, and where it is counted."""

    to: Destination
    local: str | None
    """the local address, if the socket shows it"""
    row: DestinationCount
    open: Sequence[Concurrency]
    high: Sequence[Concurrency]
    """those that count it in TIME_WAIT too"""


class Account:
    """The record of one socket that is open or, with what it holds then, in TIME_WAIT."""

    __slots__ = ("connection", "group", "own", "pins", "protocol", "wildcard")

    def __init__(self, protocol: str, group: ThreadGroup) -> None:
        self.protocol = protocol
        self.group = group
        """the process that bound it or, if none did, that connected it"""
        self.pins: tuple[Pin, ...] = ()
        self.wildcard = False
        """the pinned port is on the wildcard address"""
        self.own: Own = NOTHING
        self.connection: CountedConnection | None = None


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
