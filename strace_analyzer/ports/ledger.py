"""Takes the Steps of one trace, gives the PortUse of each network namespace, as defined in
docs/ports.md.

Streaming: memory grows with the sockets that are open (or in TIME_WAIT), the processes and the
distinct destinations, not with the length of the trace.
"""

from __future__ import annotations

from strace_analyzer.findings import PortUse
from strace_analyzer.kernel.step import FAILED, MOVING, Step
from strace_analyzer.ports.namespace_ledger import NamespaceLedger
from strace_analyzer.ports.port_range import of_namespace


class PortLedger:
    """`step` each Step of the trace in order, judged (exhaustion.py), then `close`.

    `port_range` is the ephemeral range given by the user, `host_range` this machine's (pass it only
    if the trace is made here and now); `autobind_reuse` says net.ipv4.ip_autobind_reuse=1,
    `tw_reuse` is net.ipv4.tcp_tw_reuse, None for the default.
    """

    roles = (MOVING | {"inherited", FAILED}) - {"setsockopt", "eof"}
    """of steps that can affect a port; others may be skipped"""

    def __init__(
        self,
        port_range: tuple[int, int] | None = None,
        host_range: tuple[int, int] | None = None,
        autobind_reuse: bool = False,
        tw_reuse: int | None = None,
    ) -> None:
        self._range = of_namespace(port_range, host_range)
        self._autobind_reuse = autobind_reuse
        self._tw_reuse = tw_reuse
        self._namespaces: dict[int, NamespaceLedger] = {}

    def step(self, step: Step) -> None:
        """Account for what one event did to one socket."""
        if step.space == "TCP":
            namespace = step.socket.namespace
            (self._namespaces.get(namespace) or self.of(namespace)).step(step)

    def of(self, namespace: int) -> NamespaceLedger:
        """The account of one network namespace: its figures are those after the last step."""
        ledger = self._namespaces.get(namespace)
        if ledger is None:
            ledger = self._namespaces[namespace] = NamespaceLedger(
                namespace, self._range, self._autobind_reuse, self._tw_reuse
            )
        return ledger

    def close(self, end: float | None, begin: float | None = None) -> tuple[PortUse, ...]:
        """The use of ports of each namespace in which a TCP socket was bound or connected.

        `begin` and `end` are the seconds of the trace's first and last event, None without times;
        without `begin`, the first step's time is used.
        """
        return tuple(
            ledger.close(begin, end)
            for _, ledger in sorted(self._namespaces.items())
            if ledger.has_moved
        )
