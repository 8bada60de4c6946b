"""Flags bind() to a specific local address with port 0 before an outgoing connect()."""

from __future__ import annotations

from collections.abc import Iterable

from strace_analyzer.findings import CallRecord, Finding, Level, Summary
from strace_analyzer.kernel.socket_state import Outcome
from strace_analyzer.kernel.step import MOVING, Step
from strace_analyzer.rules.early_bind import (
    ALONE,
    PINNED,
    SHARES_NONE,
    early_bind_findings,
    early_bind_remark,
    why_it_shares_none,
)
from strace_analyzer.rules.evidence import Draft
from strace_analyzer.rules.rule import Clean, Flagged, Rule
from strace_analyzer.rules.waste import took_nearly_all, with_hidden_calls
from strace_analyzer.rules.words import Advice, Case

_LATER = (
    "set IP_BIND_ADDRESS_NO_PORT (Linux 4.2) before bind(): the address stays, the port is chosen "
    "at connect() and shared between destinations."
)
_CURED = ("curl", "nginx", "haproxy", "squid", "envoy")
"""runtimes whose recent versions set IP_BIND_ADDRESS_NO_PORT"""


class BindAddressPortZero(Rule):
    """A TCP socket is bound to one of the host's addresses with port 0 and then connected.

    What it flags:
        bind() to a specific local address with port 0, followed by connect() on the same open file
        description, while IP_BIND_ADDRESS_NO_PORT is not in force.

    Why it matters:
        The address may be needed, the early port is not: it takes one (address, port) pair away from
        every destination, and connect() of unbound sockets avoids the port on any local address.

    What to do instead:
        Keep the bind() and set IP_BIND_ADDRESS_NO_PORT (Linux 4.2) before it: the address is fixed,
        the port comes at connect(). IP_LOCAL_PORT_RANGE (Linux 6.3) narrows the range for one socket.

    When it is fine:
        With few connections: it is a note unless ports ran out or nearly did. With IP_TRANSPARENT or
        IP_FREEBIND the address is intentionally not the host's own: always a note.

    References:
        ip(7); IP_BIND_ADDRESS_NO_PORT(2const); IP_LOCAL_PORT_RANGE(2const);
        docs/kernel.md "Who may share a port".
    """

    id = "bind-address-port-zero"
    title = "bind() to a local address and port 0 before connect()"
    level = Level.NOTE
    roles = MOVING
    bindings = PINNED
    counts_ports = True
    things = "connection"
    counted = "BOUND"

    def step(self, step: Step) -> Iterable[Draft]:
        return early_bind_findings(self, step, wildcard=False)

    def judge(self, finding: Finding, summary: Summary) -> Finding:
        harm = took_nearly_all(finding, summary)
        spoofs = any(c.option is not None and c.option.name in _ANY_SOURCE for c in finding.trail)
        level = Level.ERROR if harm and not spoofs else Level.NOTE
        if finding.outcome is Outcome.FAILED:
            level = Level.NOTE
        return with_hidden_calls(finding._replace(level=level), summary)

    @classmethod
    def summary(cls, case: Case) -> str:
        return f"{case.who} binds to {case.local_address} port 0 before connecting: {case.share}"

    @classmethod
    def why(cls, case: Case) -> tuple[str, ...]:
        if case.sample.socket.protocol in ALONE:
            return why_it_shares_none(case)
        return (
            f"bind() to {case.local_address} port 0 takes a port of that address away from every "
            "destination.",
            "With IP_BIND_ADDRESS_NO_PORT connections to different destinations share ports.",
        )

    @classmethod
    def advice(cls, case: Case) -> Advice:
        runtime = case.runtime
        if case.sample.socket.protocol in ALONE:
            return SHARES_NONE
        if runtime is None:
            return Advice("", (_LATER,))
        if runtime.family == "beam":
            erlang = "add {raw,0,24,<<1:32/native>>} to the socket options, before {ip,...}."
            return Advice(runtime.title, (erlang, _LATER))
        if runtime.family in _CURED:
            upgrade = "upgrade: recent versions set IP_BIND_ADDRESS_NO_PORT themselves."
            return Advice(runtime.title, (upgrade, _LATER))
        return Advice(runtime.title, (_LATER,))

    @classmethod
    def remark(cls, record: CallRecord, finding: Finding) -> str:
        return early_bind_remark(record, finding)

    examples = (
        Flagged(
            "source address chosen, port left to the kernel (ssh -b)",
            """
            socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
            bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("127.0.0.1")}, 16) = 0 #!
            connect(3, {sa_family=AF_INET, sin_port=htons(22), sin_addr=inet_addr("127.0.0.1")}, 16) = 0
            close(3)                                = 0
            """,
        ),
        Flagged(
            "IPv6 address",
            """
            socket(AF_INET6, SOCK_STREAM, IPPROTO_TCP) = 3
            bind(3, {sa_family=AF_INET6, sin6_port=htons(0), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "2001:db8::5", &sin6_addr), sin6_scope_id=0}, 28) = 0 #!
            connect(3, {sa_family=AF_INET6, sin6_port=htons(80), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "2001:db8::7", &sin6_addr), sin6_scope_id=0}, 28) = -1 EINPROGRESS (Operation now in progress)
            close(3)                                = 0
            """,
        ),
        Clean(
            "IP_BIND_ADDRESS_NO_PORT (curl --interface)",
            """
            socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 5
            setsockopt(5, SOL_IP, IP_BIND_ADDRESS_NO_PORT, [1], 4) = 0
            bind(5, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("127.0.0.1")}, 16) = 0
            connect(5, {sa_family=AF_INET, sin_port=htons(8000), sin_addr=inet_addr("127.0.0.1")}, 16) = -1 EINPROGRESS (Operation now in progress)
            close(5)                                = 0
            """,
        ),
        Clean(
            "wildcard address: another rule's case",
            """
            socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
            bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
            connect(3, {sa_family=AF_INET, sin_port=htons(22), sin_addr=inet_addr("127.0.0.1")}, 16) = 0
            close(3)                                = 0
            """,
        ),
        Clean(
            "UDP",
            """
            socket(AF_INET, SOCK_DGRAM, IPPROTO_IP) = 3
            bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("127.0.0.1")}, 16) = 0
            connect(3, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("127.0.0.1")}, 16) = 0
            close(3)                                = 0
            """,
        ),
        Clean(
            "bound, never connected (a probe whether IPv6 works)",
            """
            socket(AF_INET6, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 3
            bind(3, {sa_family=AF_INET6, sin6_port=htons(0), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "::1", &sin6_addr), sin6_scope_id=0}, 28) = 0
            close(3)                                = 0
            """,
        ),
    )


_ANY_SOURCE = frozenset({"IP_TRANSPARENT", "IP_FREEBIND", "IPV6_TRANSPARENT", "IPV6_FREEBIND"})
"""Options with which a socket may have an address that does not belong to this machine (ip(7))."""
