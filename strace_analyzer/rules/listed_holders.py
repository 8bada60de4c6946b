"""Takes a call that found no port, gives who holds the ports by the list of the machine's sockets."""

from __future__ import annotations

from typing import NamedTuple

from strace_analyzer.exhaustion import towards
from strace_analyzer.findings import Detail, Shares
from strace_analyzer.kernel.step import Step
from strace_analyzer.machine import Listing
from strace_analyzer.rules.evidence import Context
from strace_analyzer.rules.waste import NEARLY_ALL

SHOWN = 8
"""how many holders are named"""
OF_A_RANGE = 32
"""Fewer ports than these do not show which range they are from."""
_Key = tuple[int, int, bool, str, tuple[str, int] | None]
"""the range and whether it is assumed, the protocol, the destination"""


class Listed(NamedTuple):
    """`holders` are the processes (or states, where no process is named) that have the ports of the
    range, with the number of their ports, the most first. `bound` is the first of them whose ports
    are in the way of a connection only because bind() took them. `waiting` is the number of ports
    in TIME_WAIT if these are most of what is in the way, and with the rest nearly the whole range;
    else 0."""

    holders: Shares = ()
    bound: Shares = ()
    waiting: int = 0

    def details(self) -> tuple[tuple[str, Detail], ...]:
        """What is known of it, for the details of a finding."""
        found = (
            ("machine", self.holders),
            ("machine_bound", self.bound),
            ("machine_waiting", self.waiting),
        )
        return tuple((name, value) for name, value in found if value)


class ListedHolders:
    """Who holds ports by the list of the machine's sockets, if there is one. A list may have tens
    of thousands of sockets, and as many calls may fail: for calls of one kind it is read once."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._known: dict[_Key, Listed] = {}

    def of(self, step: Step) -> Listed:
        """The holders that are in the way of the call of `step`."""
        listing, protocol = self._context.machine, step.space
        if listing is None or protocol is None:
            return Listed()
        namespace = step.socket.namespace
        low, high = self._context.port_range(namespace)
        is_assumed = self._context.port_state(namespace).source == "assumed"
        to = towards(step) if step.role in ("connect", "outcome") else None
        key = low, high, is_assumed, protocol, None if to is None else (to.address, to.port)
        if key not in self._known:
            self._known[key] = _read(listing, *key)
        return self._known[key]


def _read(
    listing: Listing,
    low: int,
    high: int,
    is_assumed: bool,
    protocol: str,
    to: tuple[str, int] | None,
) -> Listed:
    held = listing.by_holder(low, high, protocol)
    told = held[:SHOWN]
    if len(held) > SHOWN:
        told.append(("others", sum(ports for _, ports in held[SHOWN:])))
    if protocol != "TCP":
        return Listed(tuple(told))
    taken, waiting = listing.taken(low, high, to)
    nearly_all = NEARLY_ALL * (high - low + 1)
    is_full = is_a_range(taken) if is_assumed else len(taken) >= nearly_all
    is_waiting = is_full and 2 * len(waiting) > len(taken)
    bound = () if to is None else _bound(listing, low, high, is_assumed, to)
    return Listed(tuple(told), bound, len(waiting) if is_waiting else 0)


def _bound(listing: Listing, low: int, high: int, is_assumed: bool, to: tuple[str, int]) -> Shares:
    """Who has most of the ports that connections to `to` could share if connect() had chosen
    them."""
    same, others = listing.by_peer(low, high, *to)
    nearly_all = NEARLY_ALL * (high - low + 1)
    if is_assumed:
        others = {} if is_a_range(same) else others
        others = {who: ports for who, ports in others.items() if is_a_range(ports)}
    elif not len(same) < nearly_all <= len(same) + sum(map(len, others.values())):
        others = {}
    if not others:
        return ()
    who, ports = max(others.items(), key=lambda item: len(item[1]))
    return ((who, len(ports)),)


def is_a_range(ports: list[int]) -> bool:
    """True if so many ports lie so densely that they are probably all of a range smaller than the
    assumed one."""
    if len(ports) < OF_A_RANGE:
        return False
    return len(ports) >= NEARLY_ALL * (max(ports) - min(ports) + 1)
