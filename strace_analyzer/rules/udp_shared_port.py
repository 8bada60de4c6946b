"""Flags UDP sockets bound to port 0 with SO_REUSEADDR: several of them may get one port."""

from __future__ import annotations

from collections.abc import Iterable

from strace_analyzer.findings import Finding, Level
from strace_analyzer.kernel.socket_state import UDP, Binding
from strace_analyzer.kernel.step import Step
from strace_analyzer.plain import count
from strace_analyzer.rules.rule import Clean, Flagged, Rule
from strace_analyzer.rules.words import Case


class UdpSharedPort(Rule):
    """A UDP socket asks for any free port and at the same time allows others to have it too.

    What it flags:
        bind() of a UDP socket with port 0 while SO_REUSEADDR is set.

    Why it matters:
        With SO_REUSEADDR the kernel may give the same port to several of these sockets. Then only one
        of them receives what is sent to it, and not the one that expects it.

    What to do instead:
        Leave out SO_REUSEADDR before bind() to port 0: every socket then gets a port of its own.

    When it is fine:
        If a fixed port is shared on purpose (multicast): that bind() names the port.

    References:
        socket(7) SO_REUSEADDR; docs/kernel.md "UDP".
    """

    id = "udp-shared-port"
    title = "UDP bind() to port 0 with SO_REUSEADDR"
    level = Level.NOTE
    roles = frozenset({"bind"})

    def step(self, step: Step) -> Iterable[Finding]:
        now = step.now
        if (
            step.errno is None
            and now is not None
            and now.protocol in UDP
            and now.binding is Binding.EPHEMERAL
            and now.options.reuse_address
        ):
            yield self.finding(step, now)

    @classmethod
    def summary(cls, case: Case) -> str:
        sockets = count(case.group.count, "UDP socket")
        return f"{case.who} binds {sockets} to port 0 with SO_REUSEADDR: they may share one port"

    examples = (
        Flagged(
            "wildcard address",
            """
            socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP) = 4
            setsockopt(4, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0
            bind(4, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0 #!
            """,
        ),
        Flagged(
            "specific IPv6 address",
            """
            socket(AF_INET6, SOCK_DGRAM, IPPROTO_IP) = 4
            setsockopt(4, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0
            bind(4, {sa_family=AF_INET6, sin6_port=htons(0), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "::1", &sin6_addr), sin6_scope_id=0}, 28) = 0 #!
            """,
        ),
        Clean(
            "without the option",
            """
            socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP) = 4
            bind(4, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
            """,
        ),
        Clean(
            "a port of its own choice (multicast DNS)",
            """
            socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP) = 4
            setsockopt(4, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0
            bind(4, {sa_family=AF_INET, sin_port=htons(5353), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
            """,
        ),
        Clean(
            "set after the bind, or a TCP socket",
            """
            socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP) = 4
            bind(4, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
            setsockopt(4, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0
            socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 5
            setsockopt(5, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0
            bind(5, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
            listen(5, 128) = 0
            """,
        ),
    )
