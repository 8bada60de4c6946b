"""Takes steps, counts socket calls that failed: by process, call, error, destination, and why."""

from __future__ import annotations

from strace_analyzer.findings import Endpoint, Failure, Location
from strace_analyzer.kernel.destination import destination, space
from strace_analyzer.kernel.exhaustion import Exhaustion, bind_address
from strace_analyzer.kernel.objects import ThreadGroup
from strace_analyzer.kernel.option_calls import pending_error
from strace_analyzer.kernel.socket_state import Binding
from strace_analyzer.kernel.step import Step
from strace_analyzer.rules.evidence import Context
from strace_analyzer.trace.events import Syscall
from strace_analyzer.trace.sockaddr import SocketAddress

UNDER_WAY = frozenset({
    "EINPROGRESS", "EALREADY", "EINTR", "EISCONN", "ERESTARTSYS", "ERESTARTNOINTR", "ERESTART",
})  # fmt: skip
"""Errors of a connect() that goes on."""
_Key = tuple[str, str, str, str, Endpoint | None]


class Failures:
    """Of one trace. `feed` each step with one of `roles`; grows with the failing destinations."""

    roles = frozenset({"bind", "connect", "listen", "outcome", "reset", "send"})

    def __init__(self, context: Context) -> None:
        self._context = context
        self._exhaustion: dict[tuple[int, str | None], Exhaustion] = {}
        self._counted: dict[_Key, Failure] = {}

    def feed(self, step: Step) -> None:
        """Count `step` if it is a call that failed."""
        event, socket = step.event, step.socket
        if not isinstance(event, Syscall):
            return
        key = socket.namespace, space(socket)
        exhaustion = self._exhaustion.get(key)
        if exhaustion is None:
            exhaustion = self._exhaustion[key] = Exhaustion()
        is_dry = exhaustion.judge(step) is not None
        errno = _errno(step, event)
        if errno is None or errno in UNDER_WAY:
            return
        asked = bind_address(step) if step.role == "bind" else None
        code = explanation(step, errno, asked, is_dry=is_dry)
        address = _endpoint(asked) if step.role == "bind" else _peer(step)
        self._count(step.description.group, step, errno, code, address)

    def all(self) -> tuple[Failure, ...]:
        """What was counted, in order of first sight."""
        return tuple(self._counted.values())

    def _count(
        self, group: ThreadGroup, step: Step, errno: str, code: str, address: Endpoint | None
    ) -> None:
        assert isinstance(step.event, Syscall)
        process = f"{self._context.trace}:{group.id}"
        key = process, step.event.name, errno, code, address
        span = step.event.span
        at = Location(self._context.source_name(span.source), span.first)
        known = self._counted.get(key)
        if known is None:
            trace, kind = self._context.trace, space(step.socket)
            self._counted[key] = Failure(
                trace, process, step.event.name, errno, kind, address, 1, at, at, code
            )
        else:
            self._counted[key] = known._replace(times=known.times + 1, last=at)


def explanation(step: Step, errno: str, asked: SocketAddress | None, *, is_dry: bool) -> str:
    """Why the call failed, in a code: what the error means there (connect(2), bind(2))."""
    if isinstance(step.event, Syscall) and step.event.result.injected:
        return "injected"
    if is_dry:
        return "no-port"
    match step.role, errno:
        case "bind" | "listen", "EADDRINUSE":
            return "in-use"
        case "bind", "EADDRNOTAVAIL":
            return "not-local"
        case "bind", "EACCES":
            low = asked is not None and 0 < (asked.port or 0) < 1024
            return "privileged-port" if low else "not-permitted"
        case "bind", "EINVAL":
            return "bound-already"
        case "connect", "EADDRNOTAVAIL":
            was, to = step.was, destination(step.socket)
            if was is not None and was.binding is Binding.BOUND:
                return "pair-in-use"
            return "no-ipv6" if to is not None and ":" in to.address else "no-address"
        case _, "EAFNOSUPPORT":
            return "no-such-family"
    return _MEANING.get(errno, "other")


_MEANING = {
    "ECONNREFUSED": "refused",
    "ETIMEDOUT": "timed-out",
    "EHOSTUNREACH": "unreachable",
    "ENETUNREACH": "unreachable",
    "ECONNRESET": "reset",
    "EPIPE": "reset",
    "EPERM": "forbidden",
    "EACCES": "forbidden",
}


def _errno(step: Step, event: Syscall) -> str | None:
    """The error of the call, or the one that SO_ERROR told; None where nothing failed."""
    if event.result.failed:
        return event.result.errno
    if step.role == "outcome" and event.name == "getsockopt":
        return pending_error(event) or None
    return None


def _peer(step: Step) -> Endpoint | None:
    to = destination(step.socket)
    return None if to is None else Endpoint(to.address, to.port)


def _endpoint(address: SocketAddress | None) -> Endpoint | None:
    if address is None or address.address is None or address.port is None:
        return None
    return Endpoint(address.address, address.port)
