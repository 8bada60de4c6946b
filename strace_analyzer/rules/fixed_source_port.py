"""Flags outgoing connections from an explicit source port that lies inside the ephemeral range."""

from __future__ import annotations

from collections.abc import Iterable

from strace_analyzer.findings import Finding, Level, Summary
from strace_analyzer.kernel.socket_state import Binding, Connection, Socket
from strace_analyzer.kernel.step import Step
from strace_analyzer.plain import count
from strace_analyzer.rules.evidence import Draft
from strace_analyzer.rules.rule import Clean, Flagged, Rule
from strace_analyzer.rules.waste import with_hidden_calls
from strace_analyzer.rules.words import Case


class FixedSourcePort(Rule):
    """A socket is bound to an explicit port of the ephemeral range and then connected.

    What it flags:
        bind() to a port other than 0 that lies inside the ephemeral range in force, followed by
        connect(). A bind() that fails, for example with EADDRINUSE, is not flagged: nothing is
        connected.

    Why it matters:
        The kernel hands ports of this range to others: the bind() fails with EADDRINUSE whenever one
        of them is using the port, or when the last connection from it is still in TIME_WAIT; with
        SO_REUSEADDR, only where the socket that has or had the port was without it. And the port is
        lost to everybody else while it is held.

    What to do instead:
        Leave the port to the kernel. If a firewall needs to know the range, narrow it with
        IP_LOCAL_PORT_RANGE (Linux 6.3), or choose ports outside net.ipv4.ip_local_port_range, or
        reserve them in net.ipv4.ip_local_reserved_ports.

    When it is fine:
        If the ports are reserved, or the program tries the next port when one is taken.

    References:
        ip(7) ip_local_port_range, ip_local_reserved_ports; IP_LOCAL_PORT_RANGE(2const); docs/kernel.md
        "A port that is taken".
    """

    id = "fixed-source-port"
    title = "explicit source port inside the ephemeral range"
    level = Level.NOTE
    roles = frozenset({"connect", "outcome", "reset", "close"})
    bindings = frozenset({Binding.BOUND})
    incoming = False
    things = "connection"
    counted = "BOUND"

    def step(self, step: Step) -> Iterable[Draft]:
        was = step.was
        if was is None or was.connection is Connection.LISTENING:
            return
        if (was.connects > 0 or step.role == "connect") and self._is_ephemeral(was):
            yield self.draft(step, step.socket, ended=step.now is None)

    def judge(self, finding: Finding, summary: Summary) -> Finding:
        return with_hidden_calls(finding, summary, options=False)

    def _is_ephemeral(self, socket: Socket) -> bool:
        if socket.local is None or not socket.local.port or socket.evidence("bind") is None:
            return False
        low, high = socket.options.port_range or self.context.port_range(socket.namespace)
        return low <= socket.local.port <= high

    @classmethod
    def summary(cls, case: Case) -> str:
        times = count(case.group.count, "time")
        return f"{case.who} connects from a fixed port inside the ephemeral range, {times}"

    @classmethod
    def why(cls, case: Case) -> tuple[str, ...]:
        calls = (call.option for call in case.sample.trail if call.option is not None)
        if not any(option.name == "SO_REUSEADDR" and option.value for option in calls):
            return super().why(case)
        return (
            "The kernel hands ports of this range to others: SO_REUSEADDR, which is set here, lets "
            "bind() have such a port only where the other socket has set it too, else it fails with "
            "EADDRINUSE; and a second connection from it to the same destination, while the first is "
            "open, fails in connect() with EADDRNOTAVAIL.",
            "And the port is lost to everybody else while it is held.",
        )

    examples = (
        Flagged(
            "curl --local-port 45100-45110",
            """
            socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 5
            bind(5, {sa_family=AF_INET, sin_port=htons(45100), sin_addr=inet_addr("0.0.0.0")}, 16) = 0 #!
            connect(5, {sa_family=AF_INET, sin_port=htons(8000), sin_addr=inet_addr("127.0.0.1")}, 16) = -1 EINPROGRESS (Operation now in progress)
            close(5)                                = 0
            """,
        ),
        Flagged(
            "a refused connect does not give an explicit port back: the retry is the same binding",
            """
            socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
            bind(3, {sa_family=AF_INET, sin_port=htons(40051), sin_addr=inet_addr("0.0.0.0")}, 16) = 0 #!
            connect(3, {sa_family=AF_INET, sin_port=htons(9), sin_addr=inet_addr("127.0.0.1")}, 16) = -1 ECONNREFUSED (Connection refused)
            connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")}, 16) = 0
            close(3)                                = 0
            """,
        ),
        Clean(
            "privileged port, outside the range (rsh, NFS)",
            """
            socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3
            bind(3, {sa_family=AF_INET, sin_port=htons(1023), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
            connect(3, {sa_family=AF_INET, sin_port=htons(514), sin_addr=inet_addr("127.0.0.1")}, 16) = 0
            close(3)                                = 0
            """,
        ),
        Clean(
            "server on such a port",
            """
            socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3
            bind(3, {sa_family=AF_INET, sin_port=htons(50051), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
            listen(3, 128) = 0
            """,
        ),
        Clean(
            "the bind failed, so the kernel chose the port after all",
            """
            socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 3
            bind(3, {sa_family=AF_INET, sin_port=htons(45999), sin_addr=inet_addr("0.0.0.0")}, 16) = -1 EADDRINUSE (Address already in use)
            connect(3, {sa_family=AF_INET, sin_port=htons(8000), sin_addr=inet_addr("127.0.0.1")}, 16) = 0
            close(3)                                = 0
            """,
        ),
    )
