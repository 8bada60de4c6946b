"""Flags bind() and connect() that fail because an address, or a pair of addresses, is not
available.

It is long because each cause has its own words and example.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from strace_analyzer.exhaustion import bind_address, towards
from strace_analyzer.findings import CallRecord, Confidence, Finding, Level, Summary
from strace_analyzer.kernel.asked import asked_address
from strace_analyzer.kernel.destination import Destination, destination, unmapped
from strace_analyzer.kernel.socket_state import Binding, Connection, Socket
from strace_analyzer.kernel.step import FAILED, Step
from strace_analyzer.kernel.time_wait import HOLD, leaves_time_wait
from strace_analyzer.rules.evidence import Context
from strace_analyzer.rules.remarks import remark
from strace_analyzer.rules.rule import Clean, Flagged, Rule
from strace_analyzer.rules.words import Advice, Case
from strace_analyzer.trace.events import Syscall

_ERRORS = ("EADDRNOTAVAIL", "EADDRINUSE")
_Pair = tuple[int, int, Destination]
"""namespace, source port, destination"""
_MANY = 1000
"""How many pairs are kept before those that are free again are forgotten."""


class _Last(NamedTuple):
    """The last connection over a pair: the line of its connect(), and when our side closed it
    first."""

    line: int
    is_open: bool
    closed: float | None

    def is_over(self, now: float | None) -> bool:
        """It has left TIME_WAIT: the pair is free again."""
        if self.is_open or self.closed is None or now is None:
            return False
        return now - self.closed > HOLD


class AddressNotAvailable(Rule):
    """A call fails with EADDRNOTAVAIL, and not because the ports ran out.

    What it flags:
        bind() to an address that this host does not have; connect() of a TCP socket, or sending a
        message, to an IPv6 address if IPv6 never worked in the trace; connect() from a port that
        bind() named or chose, while another connection between the same two ends is open or in
        TIME_WAIT. Certain for bind(), for a message of a UDP socket, and for two endpoints in use; a TCP
        connect() that found no address is probable, until a call that needs no port fails likewise.

    Why it matters:
        The connection was not made, and waiting or more ports would not help: the error,
        "Cannot assign requested address", is about the address, not about ports.

    What to do instead:
        Bind to an address that `ip addr` shows, or to none. Ask getaddrinfo() with AI_ADDRCONFIG, which
        leaves out IPv6 where there is none. Let the kernel choose the source port.

    When it is fine:
        If the program goes on to another address and gets through: then it is a note, because a
        healthy program that tries each address of a name in turn (RFC 8305, "Happy Eyeballs") does
        so wherever IPv6 is off. It is a warning if nothing replaced the call.

    References:
        bind(2), connect(2) EADDRNOTAVAIL; getaddrinfo(3) AI_ADDRCONFIG; docs/kernel.md "What is not
        exhaustion".
    """

    id = "address-not-available"
    title = "an address that cannot be had"
    level = Level.WARNING
    least = Level.NOTE
    roles = frozenset({"bind", "close", "connect", "outcome", "send", FAILED})
    incoming = False
    is_failure = True
    counted = "FAILED"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._pairs: dict[_Pair, _Last] = {}
        self._many = _MANY
        self._waiting: dict[tuple[str, str, int], set[str]] = {}
        """findings by process, kind of call, and the port that was asked for"""
        self._got_over: set[str] = set()
        self._proved: set[tuple[int, str]] = set()
        """by namespace: causes that were proved by a call that needs no port"""

    def step(self, step: Step) -> Iterable[Finding]:
        if step.role == "close":
            self._note_close(step)
            return ()
        cause = self._cause(step) if step.failure in _ERRORS else None
        if cause is None:
            self._note_success(step)
            return ()
        is_proof = step.role == "bind" or cause.startswith("pair") or step.space == "UDP"
        if is_proof:
            told = "no-ipv6" if cause == "no-loopback" else cause
            self._proved |= {(step.socket.namespace, cause), (step.socket.namespace, told)}
        found = self.finding(
            step,
            _named(step)._replace(doubts=frozenset()),
            at="failure",
            cause=cause,
            details=self._details(step, cause),
        )
        key = _purpose(step)
        if key is not None:
            self._waiting.setdefault(key, set()).add(found.id)
        return (found,)

    def judge(self, finding: Finding, summary: Summary) -> Finding:
        """A TCP connect() is probable, unless a call that needs no port failed for the same
        cause."""
        if finding.id not in self._got_over:
            finding = finding._replace(level=self.level)
        if (finding.namespace, finding.cause or "") in self._proved:
            return finding
        return finding._replace(confidence=Confidence.PROBABLE)

    def _cause(self, step: Step) -> str | None:
        """Which address was not available to a call that failed with one of `_ERRORS`; None if it
        did not fail for lack of one."""
        socket = step.socket
        error = step.failure
        if step.dry is not None or _is_injected(step):
            return None
        if step.role == "bind":
            if error != "EADDRNOTAVAIL":
                return None  # the port is taken
            asked = bind_address(step)
            return "no-loopback" if asked is not None and asked.address == "::1" else "not-local"
        to = towards(step)
        if to is None:
            return None
        if step.role == "connect" and step.space == "UDP":
            if ":" in to.address:
                self._proved.add((socket.namespace, "no-ipv6"))
            return None  # resolvers connect UDP sockets to see which addresses are available
        has_port = step.was is not None and step.was.binding in (Binding.BOUND, Binding.EPHEMERAL)
        is_here = ":" not in to.address or step.reached_ipv6 or self._last(step) is not None
        if has_port and is_here and step.space != "UDP":
            return self._of_pair(step)
        return "no-ipv6" if ":" in to.address else "no-address"

    def _of_pair(self, step: Step) -> str:
        if step.was is not None and step.was.binding is Binding.EPHEMERAL:
            return "early-pair"
        last = self._last(step)
        return "pair-in-use" if last is None or last.is_open else "pair-in-time-wait"

    def _last(self, step: Step) -> _Last | None:
        """The last connection with this pair of ends, if it still has it: for a minute after it was
        closed."""
        last = self._pairs.get(_pair(step.socket))
        return None if last is None or last.is_over(step.event.seconds) else last

    def _details(self, step: Step, cause: str) -> tuple[tuple[str, int | None], ...]:
        last = self._last(step) if cause.startswith("pair") else None
        return () if last is None else (("other_line", last.line),)

    def _note_success(self, step: Step) -> None:
        now = step.now
        if now is None or step.failure not in (None, "EINPROGRESS"):
            return
        if step.role == "connect" and now.binding is Binding.BOUND and now.peer is not None:
            if len(self._pairs) >= self._many:
                self._forget(step.event.seconds)
            self._pairs[_pair(now)] = _Last(step.event.span.first, True, None)
        is_success = step.role in ("bind", "send") or now.connection is Connection.CONNECTED
        if self._waiting and is_success:
            key = _purpose(step)
            if key is not None:
                self._got_over |= self._waiting.pop(key, set())

    def _forget(self, now: float | None) -> None:
        """Forget connections that are long over."""
        self._pairs = {pair: last for pair, last in self._pairs.items() if not last.is_over(now)}
        self._many = max(_MANY, 2 * len(self._pairs))

    def _note_close(self, step: Step) -> None:
        was = step.was
        if was is None or was.binding is not Binding.BOUND or was.peer is None:
            return
        pair = _pair(was)
        if pair in self._pairs:
            if leaves_time_wait(was, None):
                self._pairs[pair] = _Last(self._pairs[pair].line, False, step.event.seconds)
            else:
                del self._pairs[pair]

    @classmethod
    def summary(cls, case: Case) -> str:
        return f"{case.who} {_WHAT[_kind(case)]}: {case.failures}"

    @classmethod
    def why(cls, case: Case) -> tuple[str, ...]:
        finding = case.sample
        words = {
            "address": unmapped(finding.local.address or ""),
            "yet": _YET if ":" in unmapped(finding.local.address or "") else "",
            "port": finding.local.port,
            "peer": finding.peer,
        }
        return tuple(sentence.format(**words) for sentence in _WHY[_kind(case)])

    @classmethod
    def advice(cls, case: Case) -> Advice:
        other = case.sample.detail("other_line")
        more = () if other is None else (f"The other connection was made on line {other:,}.",)
        return Advice("", (*_FIX[_kind(case)], *more))

    @classmethod
    def remark(cls, record: CallRecord, finding: Finding) -> str:
        if record.error in _ERRORS:
            return _REMARKS[finding.cause or "no-address"]
        return remark(record, finding)

    examples = (
        Flagged(
            "bind() to an address of another host",
            """
            socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
            bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("192.0.2.44")}, 16) = -1 EADDRNOTAVAIL (Cannot assign requested address) #!
            close(3)                                = 0
            """,
        ),
        Flagged(
            "connect() to IPv6 on a host without it",
            """
            socket(AF_INET6, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 3
            connect(3, {sa_family=AF_INET6, sin6_port=htons(443), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "2001:db8::1", &sin6_addr), sin6_scope_id=0}, 28) = -1 EADDRNOTAVAIL (Cannot assign requested address) #!
            close(3)                                = 0
            """,
        ),
        Flagged(
            "the same source port to the same destination, the first connection still open",
            """
            socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 3
            setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0
            bind(3, {sa_family=AF_INET, sin_port=htons(46000), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
            connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
            socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 4
            setsockopt(4, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0
            bind(4, {sa_family=AF_INET, sin_port=htons(46000), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
            connect(4, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = -1 EADDRNOTAVAIL (Cannot assign requested address) #!
            """,
        ),
        Flagged(
            "the same, after a close: TIME_WAIT",
            """
            socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 3
            bind(3, {sa_family=AF_INET, sin_port=htons(46000), sin_addr=inet_addr("192.0.2.1")}, 16) = 0
            connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
            close(3) = 0
            socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 3
            setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0
            bind(3, {sa_family=AF_INET, sin_port=htons(46000), sin_addr=inet_addr("192.0.2.1")}, 16) = 0
            connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = -1 EADDRNOTAVAIL (Cannot assign requested address) #!
            """,
        ),
        Flagged(
            "a datagram to IPv6 on a host without it",
            """
            socket(AF_INET6, SOCK_DGRAM|SOCK_CLOEXEC, IPPROTO_IP) = 3
            sendto(3, "x", 1, 0, {sa_family=AF_INET6, sin6_port=htons(514), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "2001:db8::1", &sin6_addr), sin6_scope_id=0}, 28) = -1 EADDRNOTAVAIL (Cannot assign requested address) #!
            """,
        ),
        Flagged(
            "the error comes later, by SO_ERROR",
            """
            socket(AF_INET6, SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_IP) = 3
            connect(3, {sa_family=AF_INET6, sin6_port=htons(443), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "2001:db8::1", &sin6_addr), sin6_scope_id=0}, 28) = -1 EINPROGRESS (Operation now in progress)
            getsockopt(3, SOL_SOCKET, SO_ERROR, [EADDRNOTAVAIL], [4]) = 0 #!
            close(3)                                = 0
            """,
        ),
        Flagged(
            "a port that bind() with port 0 had taken: connect() sought none",
            """
            socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 3
            setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0
            bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("192.0.2.1")}, 16) = 0
            connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = -1 EADDRNOTAVAIL (Cannot assign requested address) #!
            """,
        ),
        Clean(
            "the ports ran out: another rule's case",
            """
            socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 3
            connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = -1 EADDRNOTAVAIL (Cannot assign requested address)
            """,
        ),
        Clean(
            "a resolver tries which addresses can be reached",
            """
            socket(AF_INET6, SOCK_DGRAM|SOCK_CLOEXEC, IPPROTO_IP) = 3
            connect(3, {sa_family=AF_INET6, sin6_port=htons(80), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "2001:db8::1", &sin6_addr), sin6_scope_id=0}, 28) = -1 EADDRNOTAVAIL (Cannot assign requested address)
            """,
        ),
        Clean(
            "another error of the same call",
            """
            socket(AF_INET6, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 3
            connect(3, {sa_family=AF_INET6, sin6_port=htons(443), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "2001:db8::1", &sin6_addr), sin6_scope_id=0}, 28) = -1 ENETUNREACH (Network is unreachable)
            """,
        ),
    )


_WHAT = {
    "no-loopback": "binds to ::1 where there is no IPv6",
    "pair-unseen": "connects from a port to a peer that another connection uses, or used",
    "not-local": "binds to an address that this host does not have",
    "no-ipv6": "connects to IPv6 where there is none",
    "no-address": "connects to an address that no local address can reach",
    "port-zero": "connects to port 0",
    "pair-in-use": "connects from a port to a peer that another connection already uses",
    "pair-in-time-wait": "connects again between two endpoints whose last connection is in TIME_WAIT",
    "early-pair": "connects from a port that bind() chose and that cannot be used here",
}
_YET = ", or not yet: IPv6 first checks whether another host has it (`ip -6 addr`: tentative)"
_BIND_SAYS_ANOTHER = "Ports did not run out: bind() reports that as EADDRINUSE."
_NAMED_ITS_PORT = "Ports did not run out: the program asked for this port by its number."
_WHY = {
    "no-loopback": (
        "{address} exists wherever IPv6 does: IPv6 is disabled here, or in this container.",
        _BIND_SAYS_ANOTHER,
    ),
    "pair-unseen": (
        "A connection from this address and port {port} to {peer} exists already, or is in TIME_WAIT "
        "for 60 s: this trace does not show it.",
        _NAMED_ITS_PORT,
    ),
    "not-local": (
        "This host does not have the address {address}{yet}.",
        _BIND_SAYS_ANOTHER,
    ),
    "no-ipv6": (
        "This host seems to have no IPv6 address to connect from: no IPv6 connection worked in this trace.",
        "If so, ports did not run out, and more of them would not help.",
    ),
    "no-address": ("No address of this host can reach {peer}.",),
    "port-zero": ("Nothing listens on port 0: the program meant another port, or was given none.",),
    "pair-in-use": (
        "A connection from this address and port {port} to {peer} already exists: there can be only one.",
        _NAMED_ITS_PORT,
    ),
    "pair-in-time-wait": (
        "The last connection from port {port} to {peer} was closed on this side first: it stays in TIME_WAIT for 60 s.",
        _NAMED_ITS_PORT,
    ),
    "early-pair": (
        "bind() with port 0 had taken a port, so connect() did not look for one: a connection from it to {peer} "
        "exists already (net.ipv4.ip_autobind_reuse=1 allows that), or its address is gone.",
        "If IP_BIND_ADDRESS_NO_PORT was set unseen, no port was left.",
    ),
}
_LEAVE_THE_PORT = (
    "let the kernel choose the port: leave the bind() out, or bind to port 0 with "
    "IP_BIND_ADDRESS_NO_PORT.",
    "To see who uses these endpoints: ss -tanp",
)
_FIX = {
    "no-loopback": (
        "bind to 127.0.0.1, or switch IPv6 on: net.ipv6.conf.lo.disable_ipv6 must be 0, in the "
        "network namespace of the program.",
    ),
    "pair-unseen": _LEAVE_THE_PORT,
    "not-local": (
        "bind to an address that `ip addr` shows, or leave the bind() out.",
        "For an address that comes later (a floating one): IP_FREEBIND or "
        "net.ipv4.ip_nonlocal_bind=1.",
    ),
    "no-ipv6": (
        "give getaddrinfo() AI_ADDRCONFIG, which leaves IPv6 out where there is none, or connect "
        "to the IPv4 address.",
        "If there should be IPv6: net.ipv6.conf.all.disable_ipv6 must be 0, and `ip -6 addr` show "
        "an address.",
    ),
    "no-address": ("see `ip route get ADDRESS` for the address that would be used.",),
    "port-zero": ("check where the program gets the port from.",),
    "pair-in-use": _LEAVE_THE_PORT,
    "pair-in-time-wait": (
        "let the kernel choose the port, or let the peer close first, or wait 60 s.",
        "To see the old connection: ss -tan state time-wait",
    ),
    "early-pair": (
        "leave out the bind(), or set IP_BIND_ADDRESS_NO_PORT before it: connect() then looks for a "
        "port whose pair is free.",
    ),
}
_REMARKS = {
    "no-loopback": "no IPv6 here",
    "not-local": "not an address of this host",
    "no-ipv6": "no IPv6 here",
    "no-address": "no address to connect from",
    "pair-in-use": "these endpoints are in use",
    "pair-in-time-wait": "these endpoints are in TIME_WAIT",
    "early-pair": "its port cannot be used here",
}


def _kind(case: Case) -> str:
    """The cause, or one of two special cases with their own words: a connection that the trace does
    not show, and connect() to port 0."""
    peer = case.sample.peer
    if case.cause == "no-address" and peer is not None and peer.port == 0:
        return "port-zero"
    if case.cause == "pair-in-use" and case.sample.detail("other_line") is None:
        return "pair-unseen"
    return case.cause


def _named(step: Step) -> Socket:
    """The socket, with the address given to a bind() or a send that failed."""
    socket, asked = step.socket, bind_address(step)
    if asked is not None:
        return socket._replace(local=asked)
    sent = asked_address(step.event) if isinstance(step.event, Syscall) else None
    return socket if sent is None else socket._replace(peer=sent)


def _pair(socket: Socket) -> _Pair:
    to, local = destination(socket.peer), socket.local
    port = local.port if local is not None else None
    return socket.namespace, port or 0, to or Destination("", 0)


def _purpose(step: Step) -> tuple[str, str, int] | None:
    """What the call was for: a bind() to a port, or a connect() to a port of any address."""
    if step.role == "bind":
        asked = bind_address(step)
        port = None if asked is None else asked.port
    else:
        to = towards(step)
        port = None if to is None else to.port
    kind = "bind" if step.role == "bind" else "connect"
    return None if port is None else (step.description.group.id, kind, port)


def _is_injected(step: Step) -> bool:
    return isinstance(step.event, Syscall) and step.event.result.injected
