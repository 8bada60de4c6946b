"""Takes steps, counts socket calls that failed, by process, call, error, protocol, destination and
reason.

It is long because each call has its own reasons for an error.
"""

from __future__ import annotations

from strace_analyzer.analysis.refused_options import of_option
from strace_analyzer.analysis.refused_unix import is_in_passing, of_unix_socket
from strace_analyzer.exhaustion import towards
from strace_analyzer.findings import Endpoint, Failure, Location
from strace_analyzer.kernel.asked import asked_address
from strace_analyzer.kernel.connect_calls import is_for_many
from strace_analyzer.kernel.destination import destination
from strace_analyzer.kernel.doubts import Doubt
from strace_analyzer.kernel.objects import ThreadGroup
from strace_analyzer.kernel.refused import UNDER_WAY
from strace_analyzer.kernel.socket_state import Binding, Connection, Origin, Outcome, Socket
from strace_analyzer.kernel.step import FAILED, LOCAL, Step
from strace_analyzer.rules.evidence import Context, endpoint
from strace_analyzer.trace.events import Syscall
from strace_analyzer.trace.sockaddr import SocketAddress

_Key = tuple[str, str, str, str | None, str, Endpoint | None, str | None]
_NO_SERVICE = frozenset({0, 9, 65535})
"""the port to which a resolver connects for a name without a service: getaddrinfo(3) of glibc; Go's
net/addrselect.go, `srcAddrs`; musl's lookup_name.c, `__lookup_name`"""
_DNS = 53


class Failures:
    """The failures of one trace. `feed` each step with one of `roles`; memory grows with the
    failing destinations."""

    roles = frozenset(
        {"bind", "close", "connect", FAILED, "listen", LOCAL, "outcome", "reset", "send"}
    )

    def __init__(self, context: Context) -> None:
        self._context = context
        self._counted: dict[_Key, Failure] = {}
        self._tried: set[tuple[str, str | None, int]] = set()
        """process, protocol, port: of each TCP connect(), and of each UDP connect() that did not
        fail"""

    def feed(self, step: Step) -> None:
        """Count `step` if it is a call that failed."""
        event = step.event
        if not isinstance(event, Syscall):
            return
        if step.role == "close":
            if step.was is not None and step.was.connection is Connection.CONNECTING:
                self._given_up(step, step.was)
            return
        if step.role == LOCAL:
            self._local(step)
            return
        is_dry = step.dry is not None
        errno = step.failure
        if step.role == "connect" and (errno is None or step.space == "TCP"):
            self._note(step)
        if errno is None or (errno in UNDER_WAY and not is_dry and not _is_refusal(step)):
            return
        asked = asked_address(event)
        code = "injected" if event.result.injected else "no-port"
        if not event.result.injected and not is_dry:
            code = explanation(step, errno, asked)
        group = step.task.group if step.role == FAILED else step.description.group
        own = asked if step.role == "bind" else step.socket.local
        address = endpoint(own) if step.role in ("bind", "listen") else _goal(step)
        self._count(group, step, event.name, errno, code, address)

    def all(self, *, shows_outcomes: bool = True) -> tuple[Failure, ...]:
        """The failures, in order of first sight. Without `shows_outcomes` the trace may hide the
        calls that ask what became of a connection: then nothing is said of those without an
        answer."""
        return tuple(
            self._weighed(one)
            for one in self._counted.values()
            if shows_outcomes or one.waited is None
        )

    def _local(self, step: Step) -> None:
        """Count a failed call on a UNIX socket, or one that lacked a descriptor."""
        assert isinstance(step.event, Syscall)
        assert step.errno is not None
        name, asked, path = step.event.name, asked_address(step.event), None
        if asked is not None and asked.family == "AF_UNIX":
            path = asked.address
        code = of_unix_socket(name, step.errno, path) or _MEANING.get(step.errno, "other")
        self._count(step.task.group, step, name, step.errno, code, path=path)

    def _given_up(self, step: Step, was: Socket) -> None:
        """Count a TCP connection that was closed after a while, and of which nobody had asked how
        it went (SO_ERROR)."""
        begun, ended = was.evidence("connect"), step.event.seconds
        started = None if begun is None else begun.call.seconds
        if step.space != "TCP" or Doubt.PASSED in was.doubts:
            return
        if begun is None or started is None or ended is None:
            return
        waited = ended - started
        if waited >= _A_WHILE and begun.call.result.errno == "EINPROGRESS":
            group = step.description.group
            to = _goal(step)
            self._count(group, step, "connect", "EINPROGRESS", "unanswered", to, waited=waited)

    def _note(self, step: Step) -> None:
        to = destination(step.socket.peer)
        if to is not None:
            process = f"{self._context.trace}:{step.description.group.id}"
            self._tried.add((process, step.space, to.port))

    def _weighed(self, one: Failure) -> Failure:
        """Say of a connect() that failed whether it was a probe, or whether another one got over
        it.

        getaddrinfo(3) connects a UDP socket to each address of a name, to sort them (RFC 3484): to
        the port of the service, which the program asks by TCP next, or to none. A name server is
        asked by UDP itself.
        """
        asked = one.address
        if one.path is not None:
            return one._replace(is_probe=one.call == "connect" and is_in_passing(one.path))
        if one.protocol != "UDP" or one.call != "connect" or asked is None or asked.port is None:
            return one
        by_tcp = asked.port != _DNS and (one.process, "TCP", asked.port) in self._tried
        return one._replace(
            is_probe=by_tcp or asked.port in _NO_SERVICE,
            got_over=(one.process, "UDP", asked.port) in self._tried,
        )

    def _count(
        self,
        group: ThreadGroup,
        step: Step,
        call: str,
        errno: str,
        code: str,
        address: Endpoint | None = None,
        *,
        path: str | None = None,
        waited: float | None = None,
    ) -> None:
        process = f"{self._context.trace}:{group.id}"
        protocol = None if step.role == LOCAL else step.space
        key = process, call, errno, protocol, code, address, path
        span = step.event.span
        at = Location(self._context.source_name(span.source), span.first)
        known = self._counted.get(key)
        if known is None:
            trace = self._context.trace
            self._counted[key] = Failure(
                trace, process, call, errno, protocol, address, 1, at, at, code,
                path=path, waited=waited,
            )  # fmt: skip
            return
        longest = waited if known.waited is None else max(known.waited, waited or 0.0)
        self._counted[key] = known._replace(times=known.times + 1, last=at, waited=longest)


def explanation(step: Step, errno: str, asked: SocketAddress | None) -> str:
    """A code for why the call failed, from the meaning of the error (ERRORS in the call's manual
    page of section 2, tcp(7), udp(7), ip(7))."""
    assert isinstance(step.event, Syscall)
    event, socket = step.event, step.socket
    name = event.name
    match name, errno:
        case (("bind" | "listen"), "EADDRINUSE"):
            return "in-use"
        case "bind", "EADDRNOTAVAIL":
            return "no-ipv6" if asked is not None and asked.address == "::1" else "not-local"
        case "bind", "EACCES":
            low = asked is not None and 0 < (asked.port or 0) < 1024
            return "privileged-port" if low else "not-permitted"
        case "bind", "EINVAL":
            return _refused_bind(socket, asked)
        case _, ("ECONNREFUSED" | "EINVAL") if name in _GOING and _is_to_port_zero(step):
            return "port-zero"
        case "setsockopt", _:
            return of_option(event, errno) or _MEANING.get(errno, "other")
        case _, ("EADDRNOTAVAIL" | "EADDRINUSE"):
            return _no_address(step)
        case "getsockopt", ("EPERM" | "EACCES"):
            return "not-permitted"
        case (("connect" | "sendto" | "sendmsg" | "sendmmsg"), "ENETUNREACH") if _is_six_only(step):
            return "ipv6-only"
        case "socket", _:
            return _OF_SOCKET.get(errno, _MEANING.get(errno, "other"))
        case "connect", "EISCONN":
            return "listens"
        case "connect", "ENETUNREACH" if step.space == "TCP" and asked and is_for_many(asked):
            return "for-many"
        case "connect", "EINVAL":
            return _refused_connect(socket, asked)
        case (("connect" | "sendto" | "sendmsg" | "sendmmsg"), "EACCES") if step.space == "UDP":
            return "no-broadcast"
        case _, "EPIPE" if step.role == FAILED and not _was_connected(socket):
            return "not-connected"
        case _, ("EINVAL" | "EPROTONOSUPPORT" | "EOPNOTSUPP"):
            return _OF_CALL.get((name, errno), _MEANING.get(errno, "other"))
    return _MEANING.get(errno, "other")


def _refused_bind(socket: Socket, asked: SocketAddress | None) -> str:
    """Why bind() gave EINVAL: bind(2), ip(7), ipv6(7); net/ipv6/af_inet6.c, `__inet6_bind`."""
    if socket.binding is not Binding.UNBOUND:
        return "bound-already"
    if asked is not None and _lacks_scope(asked):
        return "no-scope"
    if _is_of_another_family(socket, asked):
        return "no-such-family"
    is_mapped = asked is not None and "." in (asked.address or "") and asked.family == "AF_INET6"
    if is_mapped and socket.options.ipv6_only:
        return "ipv6-only"
    return "bad-argument" if socket.origin is Origin.CREATED else "bound-already"


def _refused_connect(socket: Socket, asked: SocketAddress | None) -> str:
    """Why connect() gave EINVAL: ipv6(7); fib_lookup() of net/ipv4/route.c for the others."""
    if asked is not None and _lacks_scope(asked):
        return "no-scope"
    if _is_of_another_family(socket, asked):
        return "no-such-family"
    to, local = destination(asked), destination(socket.local)
    if to is not None and local is not None and local.is_loopback and not to.is_loopback:
        return "from-loopback"
    return "blackhole"


def _lacks_scope(asked: SocketAddress) -> bool:
    to = destination(asked)
    return to is not None and to.is_link_local and asked.scope is None


def _is_of_another_family(socket: Socket, asked: SocketAddress | None) -> bool:
    """An IPv4 address for an AF_INET6 socket is too short, net/ipv6/af_inet6.c `inet6_bind`."""
    return asked is not None and (socket.domain, asked.family) == ("AF_INET6", "AF_INET")


def _is_refusal(step: Step) -> bool:
    """True for a connect() that is not under way: it fails with EAGAIN (connect(2), "insufficient
    entries in the routing cache"), or with EISCONN because the socket listens."""
    listens = step.errno == "EISCONN" and step.socket.connection is Connection.LISTENING
    return step.role == "connect" and (step.errno == "EAGAIN" or listens)


def _is_to_port_zero(step: Step) -> bool:
    to = towards(step)
    return to is not None and to.port == 0


def _is_six_only(step: Step) -> bool:
    """True if a socket with IPV6_V6ONLY was to go to an IPv4-mapped address (net/ipv6/tcp_ipv6.c
    tcp_v6_connect, udp.c udpv6_sendmsg, datagram.c)."""
    to = towards(step)
    socket = step.socket
    is_mapped = socket.domain == "AF_INET6" and to is not None and ":" not in to.address
    return is_mapped and socket.options.ipv6_only


def _no_address(step: Step) -> str:
    """The reason why a connect() or a send found no address, or no pair of addresses."""
    was, to = step.was, towards(step)
    is_six = to is not None and ":" in to.address and not step.reached_ipv6
    has_port = was is not None and was.binding in (Binding.BOUND, Binding.EPHEMERAL)
    if has_port and not is_six and step.space != "UDP":
        return "pair-in-use"
    return "no-ipv6" if to is not None and ":" in to.address else "no-address"


def _was_connected(socket: Socket) -> bool:
    return socket.outcome is Outcome.CONNECTED or socket.connection is Connection.CONNECTED


_A_WHILE = 1.0
"""seconds: who tries several addresses closes those that lost sooner (RFC 8305)"""
_GOING = frozenset({"connect", "getsockopt", "sendto", "sendmsg", "sendmmsg"})
"""calls that go to a port, or report what happened there"""
_OF_SOCKET = {
    "EAFNOSUPPORT": "family-off",
    "EPROTONOSUPPORT": "no-such-protocol",
    "ESOCKTNOSUPPORT": "no-such-protocol",
    "EACCES": "not-permitted",
    "EPERM": "not-permitted",
    "EINVAL": "no-such-protocol",
}
"""of socket(2)"""
_OF_CALL = {
    ("accept", "EINVAL"): "not-listening",
    ("accept4", "EINVAL"): "not-listening",
    ("listen", "EOPNOTSUPP"): "unsupported",
    ("listen", "EINVAL"): "connected-already",
}
_MEANING = {
    "ECONNREFUSED": "refused",
    "ETIMEDOUT": "timed-out",
    "EHOSTUNREACH": "unreachable",
    "ENETUNREACH": "unreachable",
    "EHOSTDOWN": "unreachable",
    "ENETDOWN": "network-down",
    "ENODEV": "no-such-device",
    "ECONNRESET": "reset",
    "EPIPE": "reset",
    "ECONNABORTED": "given-up",
    "EPERM": "forbidden",
    "EACCES": "forbidden",
    "EAFNOSUPPORT": "no-such-family",
    "EMFILE": "no-descriptor",
    "ENFILE": "no-descriptor-anywhere",
    "EAGAIN": "no-memory",
    "ENOBUFS": "no-memory",
    "ENOMEM": "no-memory",
    "EINVAL": "bad-argument",
    "EOPNOTSUPP": "unsupported",
    "EMSGSIZE": "too-long",
    "ENOTCONN": "not-connected",
    "EDESTADDRREQ": "no-destination",
    "ENOPROTOOPT": "no-such-option",
    "EBADF": "not-open",
    "ENOTSOCK": "no-socket",
    "EFAULT": "bad-pointer",
}


def _goal(step: Step) -> Endpoint | None:
    to = towards(step)
    return None if to is None else Endpoint(to.address, to.port)
