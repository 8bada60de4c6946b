"""Flags TCP sockets that are bound to port 0 and held without ever being used."""

from __future__ import annotations

from collections.abc import Iterable

from strace_analyzer.findings import Finding, Level, Summary
from strace_analyzer.kernel.doubts import Doubt
from strace_analyzer.kernel.socket_state import TCP, Binding, Connection, Socket
from strace_analyzer.kernel.step import Step
from strace_analyzer.plain import count
from strace_analyzer.rules.evidence import Context
from strace_analyzer.rules.rule import Clean, Flagged, Rule
from strace_analyzer.rules.waste import with_hidden_calls
from strace_analyzer.rules.words import Case

LONG = 1.0
"""Seconds. Anything shorter is a probe for a free port, as tests and servers make it."""


class BoundUnused(Rule):
    """A TCP socket holds a port from bind() with port 0 and never connects or listens.

    What it flags:
        bind() with port 0 on a TCP socket that is then held for more than a second (in a trace
        without times: while other sockets are bound) without connect() or listen().

    Why it matters:
        The port is lost to every destination and every process while the socket is open.

    What to do instead:
        Bind when the socket is to be used, or close it when it is not.

    When it is fine:
        If the port is kept for something that happens after the end of the trace.

    References:
        ip(7); docs/kernel.md "Who may share a port".
    """

    id = "bound-unused"
    title = "TCP port taken by bind() and never used"
    level = Level.NOTE
    bindings = frozenset({Binding.UNBOUND, Binding.DEFERRED, Binding.EPHEMERAL})

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._held: dict[int, tuple[Step, int]] = {}
        """by description: the bind() whose port is held and unused, and its number among all
        binds"""
        self._binds = 0
        """how many bind() calls succeeded, on any socket"""

    def step(self, step: Step) -> Iterable[Finding]:
        now = step.now
        if step.role == "bind" and step.errno is None:
            self._binds += 1
            if now is not None and _is_idle(now):
                self._held[step.description.id] = step, self._binds
                return ()
        elif step.description.id not in self._held or (now is not None and _is_idle(now)):
            return ()
        held = self._held.pop(step.description.id, None)
        if held is not None and now is None and step.was is not None and self._is_long(*held):
            return (self.finding(step, step.was, ended=True),)
        return ()

    def close(self) -> Iterable[Finding]:
        for bind, number in self._held.values():
            if self._is_long(bind, number):
                yield self.finding(bind, bind.description.socket)

    def judge(self, finding: Finding, summary: Summary) -> Finding:
        return with_hidden_calls(finding, summary)

    def _is_long(self, bind: Step, number: int) -> bool:
        began, now = bind.event.seconds, self.context.now
        if began is None or now is None:
            return number < self._binds
        return now - began > LONG

    @classmethod
    def summary(cls, case: Case) -> str:
        ports = count(case.group.count, "port")
        return f"{case.who} holds {ports} bound to port 0 without connecting or listening"

    examples = (
        Flagged(
            "held for four seconds",
            """
            10:00:00.000000 socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3
            10:00:00.000100 bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0 #!
            10:00:04.000200 close(3) = 0
            """,
        ),
        Flagged(
            "without times: held while another socket is bound",
            """
            socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3
            bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("192.0.2.1")}, 16) = 0 #!
            socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 4
            bind(4, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
            listen(4, 5) = 0
            close(3) = 0
            """,
        ),
        Clean(
            "a probe: bound and closed at once",
            """
            10:00:00.000000 socket(AF_INET6, SOCK_STREAM, IPPROTO_IP) = 3
            10:00:00.000100 bind(3, {sa_family=AF_INET6, sin6_port=htons(0), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "::1", &sin6_addr), sin6_scope_id=0}, 28) = 0
            10:00:00.000200 close(3) = 0
            """,
        ),
        Clean(
            "it listens",
            """
            10:00:00.000000 socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3
            10:00:00.000100 bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
            10:00:00.000200 listen(3, 5) = 0
            10:00:09.000000 close(3) = 0
            """,
        ),
        Clean(
            "UDP: a bound socket receives",
            """
            10:00:00.000000 socket(AF_INET, SOCK_DGRAM, IPPROTO_IP) = 3
            10:00:00.000100 bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
            10:00:09.000000 close(3) = 0
            """,
        ),
    )


def _is_idle(socket: Socket) -> bool:
    """Holds a port from bind() with port 0, has neither connected nor listened, and was not passed
    on."""
    return (
        socket.protocol in TCP
        and socket.binding is Binding.EPHEMERAL
        and socket.connection is Connection.UNCONNECTED
        and socket.connects == 0
        and Doubt.PASSED not in socket.doubts
    )
