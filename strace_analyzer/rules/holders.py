"""Steps in, at a call that found no port out: who held the ports, and whether the same connections would
have fitted without the early binds."""

from __future__ import annotations

from strace_analyzer.findings import Detail, PortState
from strace_analyzer.kernel.socket_state import Binding
from strace_analyzer.kernel.step import Step
from strace_analyzer.rules.evidence import Context
from strace_analyzer.rules.waste import NEARLY_ALL

SHOWN = 8
"""holders that are named"""
FEW_OPEN = 0.1
"""Where so few of the ports are held by open connections, those in TIME_WAIT are to blame."""
OF_ITS_OWN = 32
"""So many ports of its own make a range that is smaller than assumed as good an explanation as another
process."""


class Holders:
    """Who holds the ports of each network namespace of a trace."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self._shown: dict[int, tuple[int, int]] = {}
        """by namespace: the lowest and highest port that the kernel was seen to choose"""
        self._binds_early: set[int] = set()
        """namespaces in which the trace shows a port taken by bind() with port 0"""

    def note(self, step: Step) -> None:
        """What the socket shows of the ports that the kernel gives."""
        socket = step.socket
        is_early = socket.binding is Binding.EPHEMERAL
        if is_early and step.space == "TCP":
            self._binds_early.add(socket.namespace)
        port = socket.assigned_port
        if port is not None and (is_early or socket.binding is Binding.AUTOBOUND):
            low, high = self._shown.get(socket.namespace, (port, port))
            self._shown[socket.namespace] = (min(low, port), max(high, port))

    def cause(self, step: Step) -> tuple[str, str]:
        """What held the ports, and whether the same connections would have fitted without the binds."""
        socket = step.socket
        if step.space != "TCP":
            return "unknown", "would-not-fit"  # UDP shares no ports, with or without bind()
        state = self.context.port_state(socket.namespace)
        size = self._size(socket.namespace, state)
        nearly_all = NEARLY_ALL * size
        if state.pinned and state.pinned + state.needed >= nearly_all:
            return "early-binds", _fits(state.needed, size, step)
        if state.waiting and state.pinned + state.waiting + state.needed >= nearly_all:
            return "time-wait", _fits(state.needed_with_time_wait, size, step)
        if state.needed >= nearly_all:
            return "one-destination", "would-not-fit"
        if state.needed_with_time_wait >= nearly_all:
            return "time-wait", "would-not-fit"
        own = max(state.needed, state.needed_with_time_wait)
        if state.source == "assumed" and own >= OF_ITS_OWN:
            # a smaller range than the assumed one would explain it too
            if step.role in ("bind", "connect") and state.needed <= FEW_OPEN * own:
                return "time-wait", "would-not-fit"
            return "unknown", "unknown"
        if socket.namespace not in self._binds_early:
            return "another-process", "unknown"
        return "unknown", "unknown"

    def by_machine(
        self, cause: str, namespace: int, protocol: str | None
    ) -> tuple[tuple[str, Detail], ...]:
        """Who has the ports by the list of the machine's sockets, if there is one and the trace does
        not tell: `TIME-WAIT to 192.0.2.7:80: 24,000; worker (pid 7): 3,000`."""
        listing = self.context.machine
        if listing is None or protocol is None or cause not in ("another-process", "unknown"):
            return ()
        low, high = self.context.port_range(namespace)
        held = listing.by_holder(low, high, protocol)
        told = [f"{who}: {ports:,}" for who, ports in held[:SHOWN]]
        if len(held) > SHOWN:
            told.append(f"others: {sum(ports for _, ports in held[SHOWN:]):,}")
        return (("machine", "; ".join(told)),) if told else ()

    def _size(self, namespace: int, state: PortState) -> int:
        """The size of the range. Where it is only assumed, and the ports that the kernel was seen to
        choose lie as densely as only a smaller range makes them, it is that smaller range."""
        if state.source == "assumed" and namespace in self._shown:
            low, high = self._shown[namespace]
            span = high - low + 1
            if state.pinned + state.waiting + state.needed >= NEARLY_ALL * span and span > 1:
                return span
        return state.size


def _fits(needed: int, size: int, step: Step) -> str:
    """Whether one more connection would have fitted. A bind() that failed does not say where it
    was to go: to a destination that has all its ports in use, or to another."""
    if needed < size:
        return "would-fit"
    return "would-not-fit" if step.role == "connect" else "unknown"
