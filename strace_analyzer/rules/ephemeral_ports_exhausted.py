"""Flags calls that failed because no local port was left."""

from __future__ import annotations

from collections.abc import Iterable

from strace_analyzer.findings import Confidence, Finding, Level, PortState
from strace_analyzer.kernel.destination import space
from strace_analyzer.kernel.exhaustion import ASKING, Dry, Exhaustion
from strace_analyzer.kernel.socket_state import Binding, Socket
from strace_analyzer.kernel.step import MOVING, Step
from strace_analyzer.rules.evidence import Context
from strace_analyzer.rules.rule import Clean, Flagged, Rule
from strace_analyzer.rules.waste import NEARLY_ALL

OF_ITS_OWN = 32
"""So many ports of its own make a range that is smaller than assumed as good an explanation as another
process."""


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

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._exhaustion: dict[tuple[int, str | None], Exhaustion] = {}
        self._shown: dict[int, tuple[int, int]] = {}
        """by namespace: the lowest and highest port that the kernel was seen to choose"""
        self._binds_early: set[int] = set()
        """namespaces in which the trace shows a port taken by bind() with port 0"""

    def step(self, step: Step) -> Iterable[Finding]:
        socket = step.socket
        self._note(socket)
        if step.role not in ASKING:
            return ()
        key = socket.namespace, space(socket)
        exhaustion = self._exhaustion.get(key)
        if exhaustion is None:
            exhaustion = self._exhaustion[key] = Exhaustion()
        dry = exhaustion.judge(step)
        if dry is None:
            return ()
        cause, without_bind = self._cause(step, dry)
        found = self.finding(
            step,
            socket._replace(doubts=frozenset()),
            at="failure",
            confidence=Confidence.CERTAIN if dry.certain else Confidence.PROBABLE,
            cause=cause,
            without_bind=without_bind,
        )
        return (found,)

    def _note(self, socket: Socket) -> None:
        is_early = socket.binding is Binding.EPHEMERAL
        if is_early and space(socket) == "TCP":
            self._binds_early.add(socket.namespace)
        port = socket.assigned_port
        if port is not None and (is_early or socket.binding is Binding.AUTOBOUND):
            low, high = self._shown.get(socket.namespace, (port, port))
            self._shown[socket.namespace] = (min(low, port), max(high, port))

    def _cause(self, step: Step, dry: Dry) -> tuple[str, str]:
        """What held the ports, and whether the same connections would have fitted without the binds."""
        socket = step.socket
        if space(socket) != "TCP":
            return "unknown", "would-not-fit"  # UDP shares no ports, with or without bind()
        state = self.context.port_state(socket.namespace)
        size = self._size(socket.namespace, state)
        nearly_all = NEARLY_ALL * size
        if state.pinned and state.pinned + state.needed >= nearly_all:
            return "early-binds", _fits(state.needed, size, step)
        if state.waiting and state.pinned + state.waiting + state.needed >= nearly_all:
            return "time-wait", _fits(state.needed_with_time_wait, size, step)
        if max(state.needed, state.needed_with_time_wait) >= nearly_all:
            return "one-destination", "would-not-fit"
        own = max(state.needed, state.needed_with_time_wait)
        if state.source == "assumed" and own >= OF_ITS_OWN:
            return "unknown", "unknown"  # a smaller range than the assumed one would explain it too
        if socket.namespace not in self._binds_early:
            return "another-process", "unknown"
        return "unknown", "unknown"

    def _size(self, namespace: int, state: PortState) -> int:
        """The size of the range. Where it is only assumed, and the ports that the kernel was seen to
        choose lie as densely as only a smaller range makes them, it is that smaller range."""
        if state.source == "assumed" and namespace in self._shown:
            low, high = self._shown[namespace]
            span = high - low + 1
            if state.pinned + state.waiting + state.needed >= NEARLY_ALL * span and span > 1:
                return span
        return state.size

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


def _fits(needed: int, size: int, step: Step) -> str:
    """Whether one more connection would have fitted. A bind() that failed does not say where it
    was to go: to a destination that has all its ports in use, or to another."""
    if needed < size:
        return "would-fit"
    return "would-not-fit" if step.role == "connect" else "unknown"
