"""Flags calls that failed because no local port was left."""

from __future__ import annotations

from collections.abc import Iterable

from strace_analyzer.findings import CallRecord, Confidence, Finding, Level
from strace_analyzer.kernel.destination import space
from strace_analyzer.kernel.exhaustion import ASKING, Exhaustion
from strace_analyzer.kernel.step import MOVING, Step
from strace_analyzer.rules.evidence import Context
from strace_analyzer.rules.holders import Holders
from strace_analyzer.rules.remarks import remark
from strace_analyzer.rules.rule import Clean, Flagged, Rule
from strace_analyzer.rules.words import Advice, Case

_BY_CAUSE = {
    "early-binds": (
        "sockets of this trace that are bound to port 0 hold the ports: fix those binds first."
    ),
    "time-wait": "closed connections still hold ports for 60 s: let the peer close first, reuse "
    "connections, or leave out the bind() so that destinations share ports.",
    "one-destination": "one destination has used every port: reuse connections, spread over more "
    "addresses or ports of the destination, or widen net.ipv4.ip_local_port_range.",
    "another-process": (
        "another process may hold the ports. Find it with: nsenter -t {pid} -n ss -tanp"
    ),
    "unknown": "see who holds the ports with: nsenter -t {pid} -n ss -tanp",
}
_WITHOUT = {
    "would-fit": "Without the early binds these connections would have fitted.",
    "would-not-fit": "Without the early binds these connections would not all have fitted either.",
    "unknown": "Whether the failed connections would have fitted without the early binds depends "
    "on where they were to go, which the trace does not show.",
}
_BINDS_MATTER = ("early-binds", "time-wait")
_ASSUMED = "The range of ports, {low}-{high}, is assumed: give the real one with --port-range."


class EphemeralPortsExhausted(Rule):
    """A call needed a local port from the kernel, and there was none.

    What it flags:
        bind() with port 0 that fails with EADDRINUSE; connect() of a TCP socket without a port of its
        own that fails with EADDRNOTAVAIL; connect() or a send on an unbound UDP socket that fails with
        EAGAIN; listen() without bind() that fails with EADDRINUSE. Certain for bind and listen;
        for connect certain once a connection to the same destination has worked in the trace, or
        after several failures in a row. Not flagged: EADDRNOTAVAIL where IPv6 has never worked, to
        port 0, or from an explicit port.

    Why it matters:
        The connection was not made. What the failed call wanted to reach never appears in the trace,
        so the demand is at least what is shown.

    What to do instead:
        It depends on the cause. early-binds: remove them, connections to different destinations then
        share ports. time-wait: the same, or let the peer close first, or keep connections open.
        one-destination: more local addresses, more ports, or fewer connections to it.
        another-process: find who holds the ports, in the same network namespace:
        `nsenter -t PID -n ss -tan`.

    When it is fine:
        Never; but a program that retries may get over it.

    References:
        bind(2) EADDRINUSE; connect(2) EADDRNOTAVAIL, EAGAIN; docs/kernel.md "What exhaustion looks
        like".
    """

    id = "ephemeral-ports-exhausted"
    title = "no local port was left"
    level = Level.ERROR
    roles = MOVING | {"inherited"}
    is_failure = True
    counts_ports = True
    counted = "FAILED"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._exhaustion: dict[tuple[int, str | None], Exhaustion] = {}
        self._holders = Holders(context)

    def step(self, step: Step) -> Iterable[Finding]:
        socket = step.socket
        self._holders.note(socket)
        if step.role not in ASKING:
            return ()
        key = socket.namespace, space(socket)
        exhaustion = self._exhaustion.get(key)
        if exhaustion is None:
            exhaustion = self._exhaustion[key] = Exhaustion()
        dry = exhaustion.judge(step)
        if dry is None:
            return ()
        cause, without_bind = self._holders.cause(step)
        found = self.finding(
            step,
            socket._replace(doubts=frozenset()),
            at="failure",
            confidence=Confidence.CERTAIN if dry.certain else Confidence.PROBABLE,
            cause=cause,
            without_bind=without_bind,
        )
        return (found,)

    @classmethod
    def summary(cls, case: Case) -> str:
        return f"local ports ran out for {case.who}: {case.failures}"

    @classmethod
    def why(cls, case: Case) -> tuple[str, ...]:
        reason = "The kernel found no local port to give: the program could not go on."
        record = case.failing_call
        if case.group.confidence is not Confidence.PROBABLE or record is None:
            return (reason,)
        return (reason, f"{record.errno} may have another reason here, so this is not certain.")

    @classmethod
    def advice(cls, case: Case) -> Advice:
        group, ports = case.group, case.ports
        pid = group.process.tgid if group.process.tgid is not None else "PID"
        sentences = [_BY_CAUSE[group.cause or "unknown"].format(pid=pid)]
        if group.cause in _BINDS_MATTER:
            sentences.append(_WITHOUT[group.without_bind or "unknown"])
        elif ports is not None and ports.range_source == "assumed":
            low, high = ports.range
            sentences.append(_ASSUMED.format(low=low, high=high))
        return Advice("", tuple(sentences))

    @classmethod
    def remark(cls, record: CallRecord, finding: Finding) -> str:
        sought = record.errno == "EADDRINUSE" and record.role in ("bind", "listen")
        if sought or (record.role == "connect" and record.errno in ("EADDRNOTAVAIL", "EAGAIN")):
            return "no port was left"
        return remark(record, finding)

    examples = (
        Flagged(
            "bind finds no port (E1)",
            """
            socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 103
            bind(103, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = -1 EADDRINUSE (Address already in use) #!
            close(103)                              = 0
            """,
        ),
        Flagged(
            "connect finds no port where it found one before (E2)",
            """
            socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 3
            connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("10.9.0.101")}, 16) = 0
            socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 4
            connect(4, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("10.9.0.101")}, 16) = -1 EADDRNOTAVAIL (Cannot assign requested address) #!
            close(4)                                = 0
            """,
        ),
        Flagged(
            "UDP connect finds no port (E3)",
            """
            socket(AF_INET, SOCK_DGRAM|SOCK_CLOEXEC, IPPROTO_IP) = 4
            connect(4, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("10.9.0.101")}, 16) = -1 EAGAIN (Resource temporarily unavailable) #!
            """,
        ),
        Flagged(
            "listen without bind finds no port (E4)",
            """
            socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 104
            listen(104, 5)                          = -1 EADDRINUSE (Address already in use) #!
            """,
        ),
        Flagged(
            "bind of a specific address, UDP too",
            """
            socket(AF_INET, SOCK_DGRAM|SOCK_CLOEXEC, IPPROTO_IP) = 103
            bind(103, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("10.9.0.1")}, 16) = -1 EADDRINUSE (Address already in use) #!
            """,
        ),
        Clean(
            "an explicit port that is in use",
            """
            socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 3
            bind(3, {sa_family=AF_INET, sin_port=htons(45999), sin_addr=inet_addr("0.0.0.0")}, 16) = -1 EADDRINUSE (Address already in use)
            """,
        ),
        Clean(
            "an address that is not ours",
            """
            socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 3
            bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("203.0.113.9")}, 16) = -1 EADDRNOTAVAIL (Cannot assign requested address)
            """,
        ),
        Clean(
            "IPv6 is switched off",
            """
            socket(AF_INET6, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 3
            connect(3, {sa_family=AF_INET6, sin6_port=htons(80), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "::1", &sin6_addr), sin6_scope_id=0}, 28) = -1 EADDRNOTAVAIL (Cannot assign requested address)
            close(3)                                = 0
            """,
        ),
        Clean(
            "a non-blocking UNIX socket whose listener is busy",
            """
            socket(AF_UNIX, SOCK_STREAM|SOCK_NONBLOCK, 0) = 3
            connect(3, {sa_family=AF_UNIX, sun_path="/run/a.sock"}, 110) = -1 EAGAIN (Resource temporarily unavailable)
            """,
        ),
        Clean(
            "the same port twice from one explicit source port",
            """
            socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 3
            setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0
            bind(3, {sa_family=AF_INET, sin_port=htons(46000), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
            connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("10.9.0.101")}, 16) = -1 EADDRNOTAVAIL (Cannot assign requested address)
            """,
        ),
    )
