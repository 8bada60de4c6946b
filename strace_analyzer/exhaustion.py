"""Decide from failed calls (Steps) whether local ports ran out, and with what confidence.

The codes E1 to E4 are those of docs/kernel.md, "What exhaustion looks like".
"""

from __future__ import annotations

from strace_analyzer.kernel.asked import asked_address
from strace_analyzer.kernel.destination import Destination, destination
from strace_analyzer.kernel.option_calls import pending_error
from strace_analyzer.kernel.socket_state import Binding, Connection, Origin
from strace_analyzer.kernel.step import FAILED, Code, Dry, Step
from strace_analyzer.kernel.transport import INET
from strace_analyzer.trace.events import Syscall
from strace_analyzer.trace.sockaddr import SocketAddress

IN_A_ROW = 3
"""This many EADDRNOTAVAIL in a row, on sockets for which the kernel had to find a port, cannot be
explained by one bad address."""

ASKING = frozenset({"bind", "connect", FAILED, "listen", "outcome", "send"})
"""Roles of steps that ask for a port or report the outcome of doing so. No other call can fail for
want of a port."""


def bind_address(step: Step) -> SocketAddress | None:
    """Return the address passed to this step's bind(), or None. A failed bind() leaves no trace in
    the socket itself."""
    if step.role != "bind" or not isinstance(step.event, Syscall):
        return None
    return asked_address(step.event)


def towards(step: Step) -> Destination | None:
    """Return where the call of this step goes: the address passed to it, or else the socket's
    peer."""
    if isinstance(step.event, Syscall) and step.role in (FAILED, "send"):
        asked = asked_address(step.event)
        if asked is not None and asked.family in INET:
            return destination(asked)
    return destination(step.socket.peer)


class Exhaustion:
    """The state of one trace. Call `judge` with every step, in order."""

    def __init__(self) -> None:
        self._spaces: dict[tuple[int, str | None], Space] = {}

    def judge(self, step: Step) -> None:
        """Set `step.dry` if this call failed to find a port."""
        if step.role not in ASKING:
            return
        key = step.socket.namespace, step.space
        known = self._spaces.get(key)
        if known is None:
            known = self._spaces[key] = Space()
        if step.errno is None and step.role == "outcome" and isinstance(step.event, Syscall):
            is_told = step.event.name == "getsockopt"
            step.failure = (pending_error(step.event) if is_told else None) or None
        step.dry = known.judge(step)
        step.reached_ipv6 = known.reached_ipv6


class Space:
    """Judges the calls that ask for a port of one space in one network namespace."""

    def __init__(self) -> None:
        self._reached: set[Destination] = set()
        self.reached_ipv6 = False
        """a connection to an IPv6 address succeeded, or at least found a port"""
        self._failures = 0
        """EADDRNOTAVAIL errors from connect() since the last success"""

    def judge(self, step: Step) -> Dry | None:
        """Return None if `step` is no sign of exhaustion."""
        if not isinstance(step.event, Syscall):
            return None
        socket, error = step.socket, step.failure
        if step.event.result.note is not None and step.event.result.injected:
            return None
        if error in (None, "EINPROGRESS"):
            if step.role in ("connect", "outcome"):
                self._succeeded(step)
            return None
        match step.role, error:
            case "bind", "EADDRINUSE":
                asked = bind_address(step)
                return Dry(Code.BIND, True) if asked is not None and asked.port == 0 else None
            case "listen", "EADDRINUSE" if socket.binding in (Binding.UNBOUND, Binding.DEFERRED):
                return Dry(Code.LISTEN, socket.origin is Origin.CREATED)
            case (("connect" | "outcome" | "failed"), ("EADDRNOTAVAIL" | "EADDRINUSE")) if (
                step.space == "TCP"
            ):
                return self._no_address(step)
            case (("connect" | "send"), "EAGAIN") if step.space == "UDP":
                unbound = socket.binding in (Binding.UNBOUND, Binding.DEFERRED)
                return Dry(Code.DATAGRAM, False) if unbound else None
            case _:
                return None

    def _no_address(self, step: Step) -> Dry | None:
        """EADDRNOTAVAIL: either no port, or no such address (IPv6 disabled, link-local without a
        scope)."""
        to = towards(step)
        was = step.was
        if to is None or to.port == 0 or was is None:
            return None
        if was.binding is Binding.BOUND:
            return None  # it asked for a specific port
        if was.binding is Binding.EPHEMERAL and to not in self._reached:
            return None  # it had a port; with ip_autobind_reuse=1 that may be in use towards there
        if was.connection is Connection.LISTENING:
            return None
        if step.role == "outcome":  # reported late, although a port was found at first
            return None if ":" in to.address else Dry(Code.CONNECT, False)
        self._failures += 1
        reached = to in self._reached
        if ":" in to.address and not self.reached_ipv6:
            return None
        # a socket whose socket() is not shown may be bound to a port whose pair is in use
        is_known = step.socket.origin is Origin.CREATED
        return Dry(Code.CONNECT, is_known and (reached or self._failures >= IN_A_ROW))

    def _succeeded(self, step: Step) -> None:
        to = destination(step.socket.peer)
        self._failures = 0
        if to is not None:
            self._reached.add(to)
            self.reached_ipv6 = self.reached_ipv6 or ":" in to.address
