"""Flags calls that failed because no local port was left, or hardly any."""

from __future__ import annotations

from collections.abc import Iterable

from strace_analyzer.exhaustion import ASKING, towards
from strace_analyzer.findings import CallRecord, Confidence, Endpoint, Finding, Level, Summary
from strace_analyzer.kernel.step import FAILED, MOVING, Step
from strace_analyzer.rules import exhausted_words
from strace_analyzer.rules.evidence import Context
from strace_analyzer.rules.fullness import FULL, Fullness
from strace_analyzer.rules.holders import Holders
from strace_analyzer.rules.remarks import remark
from strace_analyzer.rules.rule import Clean, Flagged, Rule
from strace_analyzer.rules.waste import if_at_once, with_hidden_calls
from strace_analyzer.rules.words import Advice, Case, Figures


class EphemeralPortsExhausted(Rule):
    """A call needed a local port from the kernel, and there was none.

    What it flags:
        bind() with port 0 that fails with EADDRINUSE; connect() of a TCP socket without a port of its
        own that fails with EADDRNOTAVAIL; connect() or a send on an unbound UDP socket that fails with
        EAGAIN; listen() without bind() that fails with EADDRINUSE. Certain for bind(), and for
        listen() on a socket made in the trace; for connect() on such a socket certain once a
        connection to the same destination has worked in the trace, or after three failures in a row;
        else, for UDP, and where SO_ERROR told it, probable. Before anything fails: sockets that fill 80 % of the range (a
        warning) or 95 % (an error), whoever holds them, of TCP (open or in TIME_WAIT) and of UDP, each by
        itself: probable where the range is only assumed or the trace may not show what closed them.
        Not flagged:
        EADDRNOTAVAIL where IPv6 has never worked, to port 0, or from an explicit port.

    Why it matters:
        The connection was not made. What the failed call wanted to reach never appears in the trace,
        so the demand is at least what is shown.

    What to do instead:
        Where bind() found no port, leave it out or set IP_BIND_ADDRESS_NO_PORT: that helps whoever holds
        the ports. The rest depends on the cause. early-binds: remove them, connections to different
        destinations then share ports. time-wait: the same, or let the peer close first, or keep
        connections open. one-destination: more local addresses, more ports, or fewer connections to it.
        socket-leak: close sockets after the peer has closed. own-sockets: have fewer UDP sockets or
        listeners that the kernel chooses a port for.
        another-process: find who holds the ports, in the same network namespace:
        `nsenter -t PID -n ss -tanp`, and give its output with --ss.

    When it is fine:
        Never; but a program that retries may get over it.

    References:
        bind(2) EADDRINUSE; connect(2) EADDRNOTAVAIL, EAGAIN; docs/kernel.md "What exhaustion looks
        like".
    """

    id = "ephemeral-ports-exhausted"
    title = "no local port was left"
    level = Level.ERROR
    roles = MOVING | {"inherited", FAILED}
    incoming = False
    is_failure = True
    counts_ports = True
    counted = "FAILED"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._holders = Holders(context)
        self._fullness = Fullness(context, self._holders.left_open)

    def step(self, step: Step) -> Iterable[Finding]:
        socket = step.socket
        self._holders.note(step)
        if step.space == "UDP":
            self._fullness.note_datagram(step)
        if step.role not in ASKING:
            return ()
        dry = step.dry
        if dry is None:
            self._fullness.note(step)
            return ()
        self._fullness.ran_dry(step)
        cause, without_bind, details = self._holders.of(step)
        to = towards(step)
        found = self.finding(
            step,
            socket._replace(doubts=frozenset()),
            at="failure",
            confidence=Confidence.CERTAIN if dry.certain else Confidence.PROBABLE,
            cause=cause,
            without_bind=without_bind,
            details=details,
        )
        if found.peer is None and to is not None:  # sendto() names it, and the socket keeps none
            found = found._replace(peer=Endpoint(to.address, to.port))
        return (found,)

    def close(self) -> Iterable[Finding]:
        for fullest in self._fullness.close():
            found = self.finding(
                fullest.step,
                fullest.step.socket._replace(doubts=frozenset()),
                at=fullest.step.role,
                confidence=Confidence.CERTAIN if fullest.is_certain else Confidence.PROBABLE,
                cause=fullest.cause,
                without_bind="would-fit" if fullest.would_fit else "would-not-fit",
                details=(
                    ("used", fullest.used),
                    ("range_size", fullest.size),
                    ("in_time_wait", fullest.waiting),
                    ("pinned", fullest.pinned),
                    ("needed", fullest.needed),
                    ("timed", fullest.is_timed),
                    *([("processes", fullest.processes)] if fullest.processes else ()),
                    *([("after_end", fullest.after_end)] if fullest.after_end else ()),
                    *self._holders.limit(fullest.step.socket),
                ),
            )
            if fullest.waiting and not fullest.is_timed:
                found = if_at_once(found)
            is_full = fullest.share >= FULL
            yield found._replace(level=Level.ERROR if is_full else Level.WARNING)

    def judge(self, finding: Finding, summary: Summary) -> Finding:
        """A count of open sockets is probable if the trace may not show what closed them."""
        if finding.detail("used") is None:
            return finding
        return with_hidden_calls(finding, summary, options=bool(finding.detail("pinned")))

    @classmethod
    def summary(cls, case: Case) -> str:
        return exhausted_words.summary(case)

    @classmethod
    def why(cls, case: Case) -> tuple[str, ...]:
        return exhausted_words.why(case)

    @classmethod
    def lists_destinations(cls, case: Case) -> bool:
        return not case.number("used")

    @classmethod
    def figures(cls, case: Case) -> Iterable[Figures]:
        return exhausted_words.figures(case)

    @classmethod
    def advice(cls, case: Case) -> Advice:
        return exhausted_words.advice(case)

    @classmethod
    def remark(cls, record: CallRecord, finding: Finding) -> str:
        if record.error in ("EADDRINUSE", "EADDRNOTAVAIL", "EAGAIN"):
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
