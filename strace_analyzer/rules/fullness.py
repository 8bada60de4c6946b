"""Steps in, the moment at which the range of ports was fullest out, namespace by namespace: before
anything fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from strace_analyzer.kernel.destination import destination
from strace_analyzer.kernel.step import Step
from strace_analyzer.rules.datagram_ports import DatagramPorts
from strace_analyzer.rules.evidence import Context

NEARLY_FULL, FULL = 0.8, 0.95
"""Shares of the range in force: a warning, an error."""


class Fullest(NamedTuple):
    """`used` of `size` local ports were in use after `step`, whoever had them; some of them
    `waiting` in TIME_WAIT, and some `pinned` by bind() with port 0 (open or waiting).

    `is_assumed` says that the range is not known. `is_timed` says that the trace has times: without
    them, the waiting ports may not all have waited at the same time. `needed` counts the ports that
    the connections would have needed if those to different destinations shared ports.
    """

    step: Step
    used: int
    waiting: int
    pinned: int
    needed: int
    size: int
    is_assumed: bool
    is_timed: bool
    after_end: int
    """sockets open after end of file, if they fill half of the range"""
    processes: int | None = None
    """how many processes have these sockets, for UDP"""

    @property
    def share(self) -> float:
        """The share of the range in use."""
        return self.used / self.size

    @property
    def cause(self) -> str:
        """What holds most of the ports."""
        if self.step.space == "UDP":
            return "own-sockets"
        if 2 * self.waiting > self.used:
            return "time-wait"
        if 2 * self.pinned > self.used:
            return "early-binds"
        if self.after_end:
            return "socket-leak"
        return "one-destination" if 2 * self.needed > self.used else "unknown"

    @property
    def would_fit(self) -> bool:
        """The connections would have needed far fewer ports without the early binds."""
        return self.pinned > 0 and self.needed < NEARLY_FULL * self.size

    @property
    def is_certain(self) -> bool:
        """This many were certainly in use, of a known range."""
        return not self.is_assumed and (self.is_timed or not self.waiting)


class Fullness:
    """Counts everything that holds a TCP port, and everything that holds a UDP port."""

    def __init__(self, context: Context, left_open: Callable[[int], int]) -> None:
        """`left_open` returns, for a namespace, how many sockets are open after end of file, if
        they fill half of the range."""
        self._context = context
        self._left_open = left_open
        self._fullest: dict[tuple[int, bool], Fullest] = {}
        """by namespace, and whether ports in TIME_WAIT count (True) or only open sockets"""
        self._given_again: set[int] = set()
        """namespaces in which more ports would have been in use than there are, though nothing
        failed: ports in TIME_WAIT were reused (net.ipv4.tcp_tw_reuse), the peer had closed first
        or, if the trace has no times, it took longer than ports wait"""
        self._dry: set[tuple[int, str | None]] = set()
        """namespaces and port spaces in which ports have run out"""
        self._datagrams: dict[int, DatagramPorts] = {}
        """by namespace"""
        self._fullest_udp: dict[int, Fullest] = {}
        """by namespace"""

    def note_datagram(self, step: Step) -> None:
        """Any step of a UDP socket."""
        namespace = step.socket.namespace
        ports = self._datagrams.get(namespace)
        if ports is None:
            ports = self._datagrams[namespace] = DatagramPorts(*self._context.port_range(namespace))
        if not ports.note(step):
            return
        state = self._context.port_state(namespace)
        known = self._fullest_udp.get(namespace)
        if ports.used < NEARLY_FULL * state.size or (known and ports.used <= known.used):
            return
        self._fullest_udp[namespace] = Fullest(
            step,
            min(ports.used, state.size),
            waiting=0,
            pinned=0,
            needed=ports.used,
            size=state.size,
            is_assumed=state.source == "assumed",
            is_timed=step.event.seconds is not None,
            after_end=0,
            processes=ports.processes,
        )

    def note(self, step: Step) -> None:
        """A call that has found a TCP port."""
        now = step.now
        if step.role not in ("bind", "connect", "listen") or step.errno not in _FOUND:
            return
        if now is None or step.space != "TCP":
            return
        state = self._context.port_state(now.namespace)
        size, used, pinned, waiting = (
            state.size,
            state.used_with_time_wait,
            state.pinned,
            state.waiting,
        )
        high = max(state.needed_with_time_wait, pinned + waiting)
        if max(used, high) < NEARLY_FULL * size:
            return
        open = state.used
        is_open = open >= NEARLY_FULL * size
        is_timed = step.event.seconds is not None
        if is_open and not is_timed:
            used = open
        if open <= size < high:
            self._given_again.add(now.namespace)
            used = open
        is_shared = 2 * (pinned + waiting) <= used
        to = destination(now.peer)
        if is_shared and to is not None and self._context.gives_again(to):
            used = open  # ports in TIME_WAIT are given to whoever asks next (docs/kernel.md)
        if used < NEARLY_FULL * size:
            return
        key = now.namespace, used > open
        known = self._fullest.get(key)
        rank = (is_open or is_timed, used, step.role == "connect")
        if known is not None and rank <= _rank(known):
            return
        self._fullest[key] = Fullest(
            step,
            used,
            waiting=used - open,
            pinned=pinned + (waiting if used > open else 0),
            needed=state.needed if used == open else state.needed_with_time_wait,
            size=size,
            is_assumed=state.source == "assumed",
            is_timed=is_timed,
            after_end=self._left_open(now.namespace),
        )

    def ran_dry(self, step: Step) -> None:
        """Ports have run out in this namespace and space: there is nothing left to warn about."""
        self._dry.add((step.socket.namespace, step.space))

    def close(self) -> Iterator[Fullest]:
        """The fullest moments of the namespaces in which nothing failed."""
        for namespace in dict.fromkeys(namespace for namespace, _ in self._fullest):
            ways = (False,) if namespace in self._given_again else (False, True)
            found = [
                self._fullest[namespace, way] for way in ways if (namespace, way) in self._fullest
            ]
            if found and (namespace, "TCP") not in self._dry:
                yield max(found, key=_rank)
        for namespace, udp in self._fullest_udp.items():
            if (namespace, "UDP") not in self._dry:
                yield udp


_FOUND = (None, "EINPROGRESS")
"""results of bind(), connect() and listen() that found a port"""


def _rank(known: Fullest) -> tuple[bool, int, bool]:
    return known.is_timed or not known.waiting, known.used, known.step.role == "connect"
