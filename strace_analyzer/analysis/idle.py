"""Counts TCP sockets of which the trace shows the making and the end, and nothing between that
could use them: calls may be hidden."""

from __future__ import annotations

from strace_analyzer.kernel.destination import destination
from strace_analyzer.kernel.socket_state import TCP, Binding, Connection, Origin
from strace_analyzer.kernel.step import Step

_HAS_A_PORT = (Binding.EPHEMERAL, Binding.DEFERRED)


class Idle:
    """`bound` sockets asked bind() for a port of the kernel's choice, and nobody asked which one it
    was; `made` ones were not even bound. `feed` it each step with its `role`.

    A bind() of an IPv6 socket to loopback is no sign: every Go program tries in this way which
    addresses it can use (net/ipsock_posix.go, ipStackCapabilities.probe).
    """

    role = "close"

    def __init__(self) -> None:
        self.bound = 0
        self.made = 0

    def feed(self, step: Step) -> None:
        """Count the socket of `step`, if this was its end and it was idle."""
        was = step.was
        if (
            step.now is not None
            or was is None
            or was.connection is not Connection.UNCONNECTED
            or was.connects
            or was.origin is not Origin.CREATED
            or was.protocol not in TCP
        ):
            return
        self.made += was.binding is Binding.UNBOUND
        if was.binding in _HAS_A_PORT and was.evidence("getsockname") is None:
            at = destination(was.local)
            is_probe = was.domain == "AF_INET6" and at is not None and at.is_loopback
            self.bound += not is_probe
