"""Flags bind() to INADDR_ANY with port 0 before an outgoing connect().

It is long because the examples cover every row of the verdict table.
"""

from __future__ import annotations

from collections.abc import Iterable

from strace_analyzer.findings import CallRecord, Confidence, Finding, Level, Summary
from strace_analyzer.kernel.doubts import Doubt
from strace_analyzer.kernel.socket_state import UNMEASURED, Outcome
from strace_analyzer.kernel.step import MOVING, Step
from strace_analyzer.plain import count
from strace_analyzer.rules.early_bind import (
    ALONE,
    PINNED,
    SHARES_NONE,
    early_bind_findings,
    early_bind_remark,
    why_it_shares_none,
)
from strace_analyzer.rules.evidence import Draft
from strace_analyzer.rules.remedies import BINDING, Remedy
from strace_analyzer.rules.rule import Clean, Flagged, Rule
from strace_analyzer.rules.waste import early_bind_level, with_hidden_calls
from strace_analyzer.rules.words import Advice, Case

_GENERAL = Remedy(
    "remove the bind(): connect() chooses address and port by itself.",
    "Where the API demands a local address: set IP_BIND_ADDRESS_NO_PORT (Linux 4.2) before bind().",
)


class BindAnyPortZero(Rule):
    """A TCP socket is bound to the wildcard address with port 0 and then connected.

    What it flags:
        bind() to 0.0.0.0, :: or ::ffff:0.0.0.0 with port 0, followed by connect() (or a send with
        MSG_FASTOPEN) on the same open file description, while IP_BIND_ADDRESS_NO_PORT is not in force.
        TCP and MPTCP; SCTP and DCCP as a note, unmeasured. One finding for each binding. Probable if
        the trace does not show that the socket is TCP, or hides what could make the bind harmless.

    Why it matters:
        bind() with port 0 must find a port that nobody uses, for any destination. The kernel hands
        each local port out once to such sockets, in the whole network namespace. Without the bind,
        connect() chooses the port when the destination is known, and connections to different
        destinations share ports. SO_REUSEADDR and SO_REUSEPORT do not change this. A closed
        connection keeps its port from everybody for 60 seconds of TIME_WAIT if this side closed first.

    What to do instead:
        Remove the bind(): the kernel picks address and port at connect(). Where an API insists on a
        local address, set IP_BIND_ADDRESS_NO_PORT (Linux 4.2) before bind().

    When it is fine:
        If the port must be known before connect(), for example to tell it to a firewall or a peer.
        With a single destination that is not loopback the bind costs no capacity: the finding is then
        a note. (On loopback connect() gets ports in TIME_WAIT again after a second, and bind() does
        not: net.ipv4.tcp_tw_reuse=2, the default.) It is a warning if the binds took more ports than
        the connections needed, open or in TIME_WAIT (a trace without times is assumed to have lasted
        less than 60 s), and an error if ports ran out or 80 % of the range was taken, by the early
        binds of all processes of the network namespace together: docs/ports.md, "How a level is
        chosen".

    References:
        ip(7); IP_BIND_ADDRESS_NO_PORT(2const); net/ipv4/inet_hashtables.c __inet_hash_connect;
        docs/kernel.md "Who may share a port", "IP_BIND_ADDRESS_NO_PORT".
    """

    id = "bind-any-port-zero"
    title = "bind() to the wildcard address and port 0 before connect()"
    level = Level.WARNING
    least = Level.NOTE
    roles = MOVING
    bindings = PINNED
    leads = True
    counts_ports = True
    things = "connection"
    counted = "EARLY-BOUND"

    def step(self, step: Step) -> Iterable[Draft]:
        return early_bind_findings(self, step, wildcard=True)

    def judge(self, finding: Finding, summary: Summary) -> Finding:
        level = early_bind_level(finding, summary)
        if finding.outcome is Outcome.FAILED or finding.socket.protocol in UNMEASURED:
            level = Level.NOTE
        elif summary.autobind_reuse and finding.reuse:
            level = min(level, Level.NOTE)
        confidence = finding.confidence
        if finding.socket.protocol is None:
            confidence = Confidence.PROBABLE
        return with_hidden_calls(finding._replace(level=level, confidence=confidence), summary)

    @classmethod
    def summary(cls, case: Case) -> str:
        return f"{case.who} binds before connecting: {case.share}"

    @classmethod
    def together(cls, processes: int, findings: int, connections: int) -> str:
        return (
            f"{count(processes, 'process binds', 'processes bind')} before connecting: "
            f"{findings:,} of {count(connections, 'outgoing TCP connection')}"
        )

    @classmethod
    def why(cls, case: Case) -> tuple[str, ...]:
        if case.sample.socket.protocol in ALONE:
            return why_it_shares_none(case)
        return (
            f"bind() to {case.local_address} port 0 takes a local port away from every destination "
            "and every process.",
            "Without it the kernel lets connections to different destinations share ports.",
        )

    @classmethod
    def advice(cls, case: Case) -> Advice:
        runtime, sample = case.runtime, case.sample
        if sample.socket.protocol in ALONE:
            return SHARES_NONE
        remedy = BINDING.get(runtime.family, _GENERAL) if runtime is not None else _GENERAL
        sentences = list(remedy.sentences(runtime.major if runtime else None))
        if sample.reuse:
            sentences.append(_does_not_help(sample))
        unseen = (
            case.group.confidence is Confidence.PROBABLE and Doubt.OPTIONS_HIDDEN in sample.doubts
        )
        return Advice(
            runtime.title if runtime is not None else "",
            tuple(sentences),
            "First see whether IP_BIND_ADDRESS_NO_PORT is set: this trace cannot show it."
            if unseen
            else "",
        )

    @classmethod
    def remark(cls, record: CallRecord, finding: Finding) -> str:
        return early_bind_remark(record, finding)

    examples = (
        Flagged(
            "blocking connect",
            """
            socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 3
            bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0 #!
            connect(3, {sa_family=AF_INET, sin_port=htons(8000), sin_addr=inet_addr("127.0.0.1")}, 16) = 0
            close(3)                                = 0
            """,
        ),
        Flagged(
            "non-blocking connect, getsockname in between, SO_REUSEADDR (Erlang httpc)",
            """
            socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 19
            setsockopt(19, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0
            bind(19, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0 #!
            getsockname(19, {sa_family=AF_INET, sin_port=htons(34937), sin_addr=inet_addr("0.0.0.0")}, [112 => 16]) = 0
            connect(19, {sa_family=AF_INET, sin_port=htons(8001), sin_addr=inet_addr("127.0.0.1")}, 16) = -1 EINPROGRESS (Operation now in progress)
            getsockopt(19, SOL_SOCKET, SO_ERROR, [0], [4]) = 0
            close(19)                               = 0
            """,
        ),
        Flagged(
            "dual stack, IPv4-mapped destination (Java)",
            """
            socket(AF_INET6, SOCK_STREAM, IPPROTO_IP) = 5
            setsockopt(5, SOL_IPV6, IPV6_V6ONLY, [0], 4) = 0
            bind(5, {sa_family=AF_INET6, sin6_port=htons(0), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "::", &sin6_addr), sin6_scope_id=0}, 28) = 0 #!
            connect(5, {sa_family=AF_INET6, sin6_port=htons(8000), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "::ffff:127.0.0.1", &sin6_addr), sin6_scope_id=0}, 28) = 0
            close(5)                                = 0
            """,
        ),
        Flagged(
            "sa_family AF_UNSPEC with INADDR_ANY is taken as AF_INET",
            r"""
            socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 3
            bind(3, {sa_family=AF_UNSPEC, sa_data="\0\0\0\0\0\0\0\0\0\0\0\0\0\0"}, 16) = 0 #!
            connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
            close(3)                                = 0
            """,
        ),
        Flagged(
            "IP_BIND_ADDRESS_NO_PORT switched off again, or refused by an old kernel",
            """
            socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 3
            setsockopt(3, SOL_IP, IP_BIND_ADDRESS_NO_PORT, [1], 4) = 0
            setsockopt(3, SOL_IP, IP_BIND_ADDRESS_NO_PORT, [0], 4) = 0
            bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0 #!
            connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
            close(3)                                = 0
            socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 3
            setsockopt(3, SOL_IP, IP_BIND_ADDRESS_NO_PORT, [1], 4) = -1 ENOPROTOOPT (Protocol not available)
            bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0 #!
            connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
            close(3)                                = 0
            """,
        ),
        Flagged(
            "IP_BIND_ADDRESS_NO_PORT set after bind has no effect",
            """
            socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 3
            bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0 #!
            setsockopt(3, SOL_IP, IP_BIND_ADDRESS_NO_PORT, [1], 4) = 0
            connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
            close(3)                                = 0
            """,
        ),
        Flagged(
            "connected through a duplicate while the number means another socket",
            """
            socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 3
            bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0 #!
            dup(3)                                  = 4
            close(3)                                = 0
            socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 3
            connect(3, {sa_family=AF_INET, sin_port=htons(8000), sin_addr=inet_addr("127.0.0.1")}, 16) = 0
            connect(4, {sa_family=AF_INET, sin_port=htons(8002), sin_addr=inet_addr("127.0.0.1")}, 16) = 0
            """,
        ),
        Flagged(
            "a forked child connects the socket it inherited",
            """
            70 socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3
            70 bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0 #!
            70 clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD, child_tidptr=0x7f1) = 71
            70 close(3) = 0
            71 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
            71 close(3) = 0
            """,
        ),
        Flagged(
            "TCP fast open: sendto connects",
            """
            socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
            bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0 #!
            sendto(3, "GET /", 5, MSG_FASTOPEN, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 5
            close(3)                                = 0
            """,
        ),
        Flagged(
            "MPTCP",
            """
            socket(AF_INET, SOCK_STREAM, IPPROTO_MPTCP) = 3
            bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0 #!
            connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
            close(3)                                = 0
            """,
        ),
        Flagged(
            "the connection is refused, which gives the port back: the retry is not part of it",
            """
            socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 3
            bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0 #!
            connect(3, {sa_family=AF_INET, sin_port=htons(9), sin_addr=inet_addr("127.0.0.1")}, 16) = -1 ECONNREFUSED (Connection refused)
            connect(3, {sa_family=AF_INET, sin_port=htons(8000), sin_addr=inet_addr("127.0.0.1")}, 16) = 0
            close(3)                                = 0
            """,
        ),
        Flagged(
            "listen() failed, so it is a client after all",
            """
            socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 3
            bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0 #!
            listen(3, 5)                            = -1 EOPNOTSUPP (Operation not supported)
            connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
            close(3)                                = 0
            """,
        ),
        Clean(
            "no bind",
            """
            socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 3
            connect(3, {sa_family=AF_INET, sin_port=htons(8000), sin_addr=inet_addr("127.0.0.1")}, 16) = 0
            close(3)                                = 0
            """,
        ),
        Clean(
            "IP_BIND_ADDRESS_NO_PORT in force (nginx, curl)",
            """
            socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 3
            setsockopt(3, SOL_IP, IP_BIND_ADDRESS_NO_PORT, [1], 4) = 0
            bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
            connect(3, {sa_family=AF_INET, sin_port=htons(8000), sin_addr=inet_addr("127.0.0.1")}, 16) = 0
            close(3)                                = 0
            """,
        ),
        Clean(
            "getsockname shows port 0: IP_BIND_ADDRESS_NO_PORT was set where we could not see it",
            """
            bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
            getsockname(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, [16]) = 0
            connect(3, {sa_family=AF_INET, sin_port=htons(8000), sin_addr=inet_addr("127.0.0.1")}, 16) = 0
            close(3)                                = 0
            """,
        ),
        Clean(
            "listener",
            """
            socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 3
            bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
            listen(3, 5)                            = 0
            connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = -1 EISCONN (Transport endpoint is already connected)
            close(3)                                = 0
            """,
        ),
        Clean(
            "the number was used again for another socket",
            """
            socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 3
            bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
            close(3)                                = 0
            socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 3
            connect(3, {sa_family=AF_INET, sin_port=htons(8001), sin_addr=inet_addr("127.0.0.1")}, 16) = 0
            close(3)                                = 0
            """,
        ),
        Clean(
            "UDP: bind and connect take a port for themselves alike",
            """
            socket(AF_INET, SOCK_DGRAM, IPPROTO_IP) = 3
            bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
            connect(3, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("127.0.0.1")}, 16) = 0
            close(3)                                = 0
            """,
        ),
        Clean(
            "bind failed: connect chooses the port",
            """
            socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 3
            bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = -1 EADDRINUSE (Address already in use)
            connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
            close(3)                                = 0
            """,
        ),
        Clean(
            "explicit port (bindresvport)",
            """
            socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3
            bind(3, {sa_family=AF_INET, sin_port=htons(1023), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
            connect(3, {sa_family=AF_INET, sin_port=htons(514), sin_addr=inet_addr("127.0.0.1")}, 16) = 0
            close(3)                                = 0
            """,
        ),
        Clean(
            "raw, netlink and UNIX sockets have no such ports",
            """
            socket(AF_INET, SOCK_RAW, IPPROTO_TCP)  = 3
            bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
            connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
            socket(AF_NETLINK, SOCK_RAW|SOCK_CLOEXEC, NETLINK_ROUTE) = 4
            bind(4, {sa_family=AF_NETLINK, nl_pid=0, nl_groups=00000000}, 12) = 0
            close(4)                                = 0
            """,
        ),
    )


def _does_not_help(finding: Finding) -> str:
    """`SO_REUSEADDR, which is set here (line 11), does not help.`"""
    at = next((r for r in finding.trail if r.role == "setsockopt" and "SO_REUSE" in r.text), None)
    name = "SO_REUSEPORT" if at is not None and "SO_REUSEPORT" in at.text else "SO_REUSEADDR"
    where = f" (line {at.line})" if at is not None else ""
    return f"{name}, which is set here{where}, does not help."
