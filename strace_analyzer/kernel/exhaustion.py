"""Which failed calls show that local ports ran out: takes Steps, gives the code and how sure it is.

The codes E1 to E4 are those of docs/kernel.md, "What exhaustion looks like".
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from strace_analyzer.kernel.asked import asked_address
from strace_analyzer.kernel.destination import Destination, destination, space
from strace_analyzer.kernel.option_calls import pending_error
from strace_analyzer.kernel.socket_state import Binding, Connection, Origin
from strace_analyzer.kernel.step import Step
from strace_analyzer.kernel.transport import INET
from strace_analyzer.trace.events import Syscall
from strace_analyzer.trace.sockaddr import SocketAddress

IN_A_ROW = 3
"""So many EADDRNOTAVAIL without a success between, on sockets that the kernel had to find a port
for, are no accident of one address."""

ASKING = frozenset({"bind", "connect", "failed", "listen", "outcome", "send"})
"""The roles of steps that ask for a port, or say what became of that: no other can find none."""


class Code(Enum):
    """The call that found no port."""

    BIND = "E1"
    CONNECT = "E2"
    DATAGRAM = "E3"
    LISTEN = "E4"


class Dry(NamedTuple):
    """One call that found no port. `certain` is False where an address could be the reason."""

    code: Code
    certain: bool


def bind_address(step: Step) -> SocketAddress | None:
    """What the bind() of this step asked for; a failed one leaves no trace in the socket."""
    if step.role != "bind" or not isinstance(step.event, Syscall):
        return None
    return asked_address(step.event)


def failure(step: Step) -> str | None:
    """The error of the call, or the one that SO_ERROR told; None where nothing failed."""
    if step.errno is None and step.role == "outcome" and isinstance(step.event, Syscall):
        return (pending_error(step.event) if step.event.name == "getsockopt" else None) or None
    return step.errno


def towards(step: Step) -> Destination | None:
    """Where the call of this step goes: the address that it names, or else the socket's peer."""
    if isinstance(step.event, Syscall) and step.role in ("failed", "send"):
        asked = asked_address(step.event)
        if asked is not None and asked.family in INET:
            return destination(step.socket._replace(peer=asked))
    return destination(step.socket)


class Exhaustion:
    """Judges the failed calls of one network namespace, in order."""

    def __init__(self) -> None:
        self._reached: set[Destination] = set()
        self._reached_v6 = False
        self._failures = 0
        """EADDRNOTAVAIL from connect() since one succeeded"""

    @property
    def has_ipv6(self) -> bool:
        """A connection to an IPv6 address has worked, or has found its port at least."""
        return self._reached_v6

    def judge(self, step: Step) -> Dry | None:
        """None where `step` is no sign of exhaustion."""
        if step.role not in ASKING or not isinstance(step.event, Syscall):
            return None
        socket, error = step.socket, failure(step)
        if step.event.result.injected:
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
                space(socket) == "TCP"
            ):
                return self._no_address(step)
            case (("connect" | "send"), "EAGAIN") if space(socket) == "UDP":
                unbound = socket.binding in (Binding.UNBOUND, Binding.DEFERRED)
                return Dry(Code.DATAGRAM, False) if unbound else None
            case _:
                return None

    def _no_address(self, step: Step) -> Dry | None:
        """EADDRNOTAVAIL: no port, or no such address (IPv6 switched off, link-local without
        scope)."""
        to = towards(step)
        was = step.was
        if to is None or to.port == 0 or was is None:
            return None
        if was.binding is Binding.BOUND:
            return None  # it named its port: none was sought
        if was.binding is Binding.EPHEMERAL and to not in self._reached:
            return None  # it had a port; with ip_autobind_reuse=1 that may be in use towards there
        if was.connection is Connection.LISTENING:
            return None
        if step.role == "outcome":  # told late, though it had found a port at first
            return None if ":" in to.address else Dry(Code.CONNECT, False)
        self._failures += 1
        reached = to in self._reached
        if ":" in to.address and not self._reached_v6:
            return None
        certain = reached or (self._failures >= IN_A_ROW and step.socket.origin is Origin.CREATED)
        return Dry(Code.CONNECT, certain)

    def _succeeded(self, step: Step) -> None:
        to = destination(step.socket)
        self._failures = 0
        if to is not None:
            self._reached.add(to)
            self._reached_v6 = self._reached_v6 or ":" in to.address
