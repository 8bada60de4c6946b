"""Flags a connect() that takes longer and longer as the local ports to its destination fill up.

It is long because an example needs a dozen connections.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil, log

from strace_analyzer.findings import Confidence, Finding, Level
from strace_analyzer.kernel.destination import Destination, destination
from strace_analyzer.kernel.step import Step
from strace_analyzer.rules.evidence import Context
from strace_analyzer.rules.rule import Clean, Flagged, Rule
from strace_analyzer.rules.traffic import Traffic
from strace_analyzer.rules.words import Advice, Case, Figures
from strace_analyzer.trace.events import Syscall

TENTHS = 10
FULL = 0.5
"""From this share of the range on the kernel's search is long (docs/kernel.md): it tries the ports
of one parity first, and finds them all in use."""
TIMES = 3.0
"""With half of the range in use or more, the search must take this many times as long as at the
beginning."""
LONGER = 20e-6
"""Seconds by which it must be longer, at least: strace itself takes that much."""
EMPTY = 3
"""The tenths of the range, from the first, in which the search is still short."""
SAMPLE = 3
"""with fewer connect() calls a median means nothing"""
PER_PORT = 20e-6
"""Seconds per port of the range that no search exceeds: 7,000 ports took 340 microseconds
(docs/kernel.md). A slower call waited for something else."""
RETRANSMITTED = 0.9
"""Seconds from which on a call must have waited for the network: a SYN that was not answered, for
example because the queue of a listener on loopback is full, is sent again after one second
(docs/kernel.md)."""
_STEP = log(1.1)
"""Durations are counted in classes that are 10 % wide, from which percentiles are taken."""
PARTS = 1000
"""parts of the range in which durations are counted separately"""
MANY = 200
"""With fewer connections, a range that is not known is not said to be nearly full."""
MUCH = 5.0
"""In that case half of the calls at the end must take this many times as long as half of those at
the beginning: once half of the range is in use, all ports of one parity are, and every search is
long."""


class _Part:
    """The durations of connect() while the ports in use were in one part of the range."""

    def __init__(self) -> None:
        self.count = 0
        self._classes: dict[int, tuple[int, float]] = {}
        """the number of calls in each class, and the sum of their seconds"""

    def add(self, seconds: float) -> None:
        self.count += 1
        at = ceil(log(max(seconds, 1e-7)) / _STEP)
        calls, total = self._classes.get(at, (0, 0.0))
        self._classes[at] = calls + 1, total + seconds

    @property
    def mean(self) -> float:
        return sum(seconds for _, seconds in self._classes.values()) / self.count

    @property
    def median(self) -> float:
        """The mean of the class that contains it, in seconds."""
        calls, total = self._classes[self._class(0.5)]
        return total / calls

    def percentile(self, share: float) -> float:
        """The upper end of the class that contains it, in seconds."""
        return float(1.1 ** self._class(share))

    def _class(self, share: float) -> int:
        wanted, seen, at = share * self.count, 0, 0
        for at in sorted(self._classes):
            seen += self._classes[at][0]
            if seen >= wanted:
                break
        return at

    def __add__(self, other: _Part) -> _Part:
        both = _Part()
        both.count = self.count + other.count
        both._classes = dict(self._classes)
        for at, (more, seconds) in other._classes.items():
            calls, total = both._classes.get(at, (0, 0.0))
            both._classes[at] = calls + more, total + seconds
        return both


class _Route:
    """The connect() calls to one destination, by how many ports were in use for it."""

    def __init__(self) -> None:
        self.parts: dict[int, _Part] = {}
        self.most = -1
        self.slowest: Step | None = None
        """a connect() in the fullest part that was reached"""
        self.has_own_range = False

    def add(self, step: Step, full: float, seconds: float) -> None:
        """Add one call; `full` is the share of the range that was in use before it."""
        at = min(PARTS - 1, int(full * PARTS))
        if at > self.most:
            self.most, self.slowest = at, step
        part = self.parts.get(at)
        if part is None:
            part = self.parts[at] = _Part()
        part.add(seconds)

    def tenths(self, whole: int) -> list[_Part]:
        """All calls, with the first `whole` parts divided into tenths."""
        made = [_Part() for _ in range(TENTHS)]
        for at, part in self.parts.items():
            made[at * TENTHS // whole] += part
        return made

    def full(self) -> tuple[_Part, _Part]:
        """The calls made with half of the range in use or more: the half of them that found fewer
        ports in use, and the half that found more."""
        fewer, more, seen = _Part(), _Part(), 0
        parts = [part for at, part in sorted(self.parts.items()) if at >= FULL * PARTS]
        whole = sum(part.count for part in parts)
        for part in parts:
            if seen * 2 < whole:
                fewer += part
            else:
                more += part
            seen += part.count
        return fewer, more


class SlowPortSearch(Rule):
    """connect() itself is slow: the kernel searches long for a local port that is free.

    What it flags:
        connect() calls to one destination that return at once (in progress, or to loopback), and whose
        median duration, from strace -T, is three times as long once the range is more than half full,
        and also at the end, as while the range was nearly empty. A few slow calls do not count. Calls
        that take longer than a search of the whole range could, and those of 0.9 s or more, in which a
        SYN was sent again, are left out. If the range is only assumed and far from full, it is
        probable: of 200 calls or more, the last take five times as long as the first.

    Why it matters:
        The kernel tries port after port until it finds one that this destination does not have.
        With most of them in use, that search keeps the processor busy inside connect(), even if the
        socket is non-blocking: the first sign that ports are about to run out.

    What to do instead:
        Fewer connections to one destination at a time: keep them and reuse them, or spread them
        over more addresses or ports of the destination. A wider net.ipv4.ip_local_port_range helps.

    When it is fine:
        If a few tens of microseconds per connection do not matter, and the range does not fill up.

    References:
        net/ipv4/inet_hashtables.c __inet_hash_connect; docs/kernel.md "The search for a port".
    """

    id = "slow-port-search"
    title = "connect() is slow: few local ports are left"
    level = Level.WARNING
    roles = frozenset({"connect"})
    bindings = Traffic.bindings

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._routes: dict[tuple[int, Destination], _Route] = {}

    def step(self, step: Step) -> Iterable[Finding]:
        route = self.context.traffic.began
        event, to = step.event, destination(step.socket.peer)
        if route is None or to is None or not isinstance(event, Syscall):
            return ()
        if step.errno != "EINPROGRESS" and not to.is_loopback:
            return ()  # the network's answer is included
        duration = event.duration
        if duration is None or duration >= RETRANSMITTED:
            return ()
        namespace, own = step.socket.namespace, step.socket.options.port_range
        low, high = own or self.context.port_range(namespace)
        known = self._routes.get((namespace, to))
        if known is None:
            known = self._routes[namespace, to] = _Route()
        known.has_own_range |= own is not None
        known.add(step, (route.held(event.seconds) - 1) / (high - low + 1), duration)
        return ()

    def close(self) -> Iterable[Finding]:
        for (namespace, _), route in self._routes.items():
            step, state = route.slowest, self.context.port_state(namespace)
            if step is None:
                continue
            is_assumed = state.source == "assumed" and not route.has_own_range
            is_unknown = is_assumed and route.most < FULL * PARTS
            tenths = route.tenths(route.most + 1 if is_unknown else PARTS)
            told = _in_unknown(tenths) if is_unknown else _in_known(tenths, *route.full())
            low, high = self.context.port_range(namespace)
            if told is None or told[1].median - told[0].median > PER_PORT * (high - low + 1):
                continue
            rows = tuple(
                tuple(
                    round(value, 9)
                    for value in (at + 1, one.count, one.mean, one.percentile(0.99), one.median)
                )
                for at, one in enumerate(tenths)
                if one.count
            )
            details = (
                ("tenths", rows),
                ("mean_when_empty", round(told[0].mean, 9)),
                ("mean_when_full", round(told[1].mean, 9)),
                ("median_when_empty", round(told[0].median, 9)),
                ("median_when_full", round(told[1].median, 9)),
                ("range_size", high - low + 1),
                ("assumed", is_assumed),
                ("most", (route.most + 1) * (high - low + 1) // PARTS if is_unknown else None),
            )
            sure = Confidence.PROBABLE if is_unknown else Confidence.CERTAIN
            yield self.finding(step, step.socket, at="connect", confidence=sure, details=details)

    # its words

    @classmethod
    def summary(cls, case: Case) -> str:
        first, most = (
            case.sample.detail("median_when_empty"),
            case.sample.detail("median_when_full"),
        )
        assert isinstance(first, float)
        assert isinstance(most, float)
        return (
            f"connect() of {case.who} to {case.sample.peer} takes {most * 1e6:,.0f} microseconds, "
            f"in the median, up from {first * 1e6:,.0f}, as local ports fill up"
        )

    @classmethod
    def lists_destinations(cls, case: Case) -> bool:
        return False  # its one finding stands for many connections

    @classmethod
    def figures(cls, case: Case) -> Iterable[Figures]:
        size, most = case.number("range_size"), case.number("most")

        def used(tenth: float) -> str:
            if most:
                return f"{(tenth - 1) * most / TENTHS:,.0f}-{tenth * most / TENTHS:,.0f}"
            return f"{(tenth - 1) * TENTHS:.0f}-{tenth * TENTHS:.0f} %"

        rows = tuple(
            (used(at), f"{calls:,}", f"{median * 1e6:,.0f}", f"{p99 * 1e6:,.0f}")
            for at, calls, _, p99, median in case.sample.rows("tenths")
        )
        heads = (">PORTS IN USE", ">connect() CALLS", ">MEDIAN, MICROSECONDS", ">99 % WITHIN")
        assumed = f"of {size:,} ports, assumed: --port-range LO-HI says otherwise"
        is_share = bool(case.sample.detail("assumed")) and not most
        yield Figures(heads, rows, (assumed,) if is_share else ())

    @classmethod
    def why(cls, case: Case) -> tuple[str, ...]:
        most, size = case.number("most"), case.number("range_size")
        if not most:
            return super().why(case)
        return (
            "The kernel tries port after port until it finds one that this destination does not "
            "have.",
            f"The range, {size:,} ports, is only assumed, and {most:,} of them would be found at "
            "once: it must be smaller (--port-range LO-HI), or something else slows the calls.",
        )

    @classmethod
    def advice(cls, case: Case) -> Advice:
        return Advice(
            "",
            (
                "fewer connections to one destination at a time: keep them and reuse them.",
                "More addresses or ports of the destination, or a wider "
                "net.ipv4.ip_local_port_range, shorten the search.",
            ),
        )

    examples = (
        Flagged(
            "nine of twelve ports in use: the search takes twenty times as long",
            """
            10:00:00.000000 socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_TCP) = 3 <0.000010>
            10:00:00.000050 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = -1 EINPROGRESS (Operation now in progress) <0.000011>
            10:00:00.001000 socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_TCP) = 4 <0.000010>
            10:00:00.001050 connect(4, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = -1 EINPROGRESS (Operation now in progress) <0.000012>
            10:00:00.002000 socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_TCP) = 5 <0.000010>
            10:00:00.002050 connect(5, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = -1 EINPROGRESS (Operation now in progress) <0.000011>
            10:00:00.003000 socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_TCP) = 6 <0.000010>
            10:00:00.003050 connect(6, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = -1 EINPROGRESS (Operation now in progress) <0.000013>
            10:00:00.004000 socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_TCP) = 7 <0.000010>
            10:00:00.004050 connect(7, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = -1 EINPROGRESS (Operation now in progress) <0.000030>
            10:00:00.005000 socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_TCP) = 8 <0.000010>
            10:00:00.005050 connect(8, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = -1 EINPROGRESS (Operation now in progress) <0.000048>
            10:00:00.006000 socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_TCP) = 9 <0.000010>
            10:00:00.006050 connect(9, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = -1 EINPROGRESS (Operation now in progress) <0.000150>
            10:00:00.007000 socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_TCP) = 10 <0.000010>
            10:00:00.007050 connect(10, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = -1 EINPROGRESS (Operation now in progress) <0.000210>
            10:00:00.008000 socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_TCP) = 11 <0.000010>
            10:00:00.008050 connect(11, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = -1 EINPROGRESS (Operation now in progress) <0.000260> #!
            """,
            port_range=(40000, 40011),
        ),
        Flagged(
            "to loopback: connect() returns at once, whether it blocks or not",
            """
            10:00:00.000000 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3 <0.000010>
            10:00:00.000050 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")}, 16) = 0 <0.000011>
            10:00:00.001000 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 4 <0.000010>
            10:00:00.001050 connect(4, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")}, 16) = 0 <0.000012>
            10:00:00.002000 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 5 <0.000010>
            10:00:00.002050 connect(5, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")}, 16) = 0 <0.000011>
            10:00:00.003000 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 6 <0.000010>
            10:00:00.003050 connect(6, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")}, 16) = 0 <0.000013>
            10:00:00.004000 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 7 <0.000010>
            10:00:00.004050 connect(7, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")}, 16) = 0 <0.000030>
            10:00:00.005000 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 8 <0.000010>
            10:00:00.005050 connect(8, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")}, 16) = 0 <0.000048>
            10:00:00.006000 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 9 <0.000010>
            10:00:00.006050 connect(9, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")}, 16) = 0 <0.000150>
            10:00:00.007000 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 10 <0.000010>
            10:00:00.007050 connect(10, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")}, 16) = 0 <0.000210>
            10:00:00.008000 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 11 <0.000010>
            10:00:00.008050 connect(11, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")}, 16) = 0 <0.000260> #!
            """,
            port_range=(40000, 40011),
        ),
        Clean(
            "as fast as at the beginning",
            """
            10:00:00.000000 socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_TCP) = 3 <0.000010>
            10:00:00.000050 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = -1 EINPROGRESS (Operation now in progress) <0.000011>
            10:00:00.001000 socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_TCP) = 4 <0.000010>
            10:00:00.001050 connect(4, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = -1 EINPROGRESS (Operation now in progress) <0.000012>
            10:00:00.002000 socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_TCP) = 5 <0.000010>
            10:00:00.002050 connect(5, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = -1 EINPROGRESS (Operation now in progress) <0.000011>
            10:00:00.003000 socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_TCP) = 6 <0.000010>
            10:00:00.003050 connect(6, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = -1 EINPROGRESS (Operation now in progress) <0.000013>
            10:00:00.004000 socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_TCP) = 7 <0.000010>
            10:00:00.004050 connect(7, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = -1 EINPROGRESS (Operation now in progress) <0.000012>
            10:00:00.005000 socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_TCP) = 8 <0.000010>
            10:00:00.005050 connect(8, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = -1 EINPROGRESS (Operation now in progress) <0.000014>
            10:00:00.006000 socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_TCP) = 9 <0.000010>
            10:00:00.006050 connect(9, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = -1 EINPROGRESS (Operation now in progress) <0.000012>
            10:00:00.007000 socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_TCP) = 10 <0.000010>
            10:00:00.007050 connect(10, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = -1 EINPROGRESS (Operation now in progress) <0.000013>
            10:00:00.008000 socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_TCP) = 11 <0.000010>
            10:00:00.008050 connect(11, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = -1 EINPROGRESS (Operation now in progress) <0.000012>
            """,
            port_range=(40000, 40011),
        ),
        Clean(
            "slow, but the range is nearly empty: it is something else",
            """
            10:00:00.000000 socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_TCP) = 3 <0.000010>
            10:00:00.000050 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = -1 EINPROGRESS (Operation now in progress) <0.000011>
            10:00:00.001000 socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_TCP) = 4 <0.000010>
            10:00:00.001050 connect(4, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = -1 EINPROGRESS (Operation now in progress) <0.000012>
            10:00:00.002000 socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_TCP) = 5 <0.000010>
            10:00:00.002050 connect(5, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = -1 EINPROGRESS (Operation now in progress) <0.000011>
            10:00:00.003000 socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_TCP) = 6 <0.000010>
            10:00:00.003050 connect(6, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = -1 EINPROGRESS (Operation now in progress) <0.000013>
            10:00:00.004000 socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_TCP) = 7 <0.000010>
            10:00:00.004050 connect(7, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = -1 EINPROGRESS (Operation now in progress) <0.000030>
            10:00:00.005000 socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_TCP) = 8 <0.000010>
            10:00:00.005050 connect(8, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = -1 EINPROGRESS (Operation now in progress) <0.000048>
            10:00:00.006000 socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_TCP) = 9 <0.000010>
            10:00:00.006050 connect(9, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = -1 EINPROGRESS (Operation now in progress) <0.000150>
            10:00:00.007000 socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_TCP) = 10 <0.000010>
            10:00:00.007050 connect(10, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = -1 EINPROGRESS (Operation now in progress) <0.000210>
            10:00:00.008000 socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_TCP) = 11 <0.000010>
            10:00:00.008050 connect(11, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = -1 EINPROGRESS (Operation now in progress) <0.000260>
            """,
        ),
        Clean(
            "a blocking connect() to another host: the network's time is in it",
            """
            10:00:00.000000 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3 <0.000010>
            10:00:00.000050 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0 <0.000011>
            10:00:00.001000 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 4 <0.000010>
            10:00:00.001050 connect(4, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0 <0.000012>
            10:00:00.002000 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 5 <0.000010>
            10:00:00.002050 connect(5, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0 <0.000011>
            10:00:00.003000 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 6 <0.000010>
            10:00:00.003050 connect(6, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0 <0.000013>
            10:00:00.004000 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 7 <0.000010>
            10:00:00.004050 connect(7, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0 <0.000030>
            10:00:00.005000 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 8 <0.000010>
            10:00:00.005050 connect(8, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0 <0.000048>
            10:00:00.006000 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 9 <0.000010>
            10:00:00.006050 connect(9, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0 <0.000150>
            10:00:00.007000 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 10 <0.000010>
            10:00:00.007050 connect(10, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0 <0.000210>
            10:00:00.008000 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 11 <0.000010>
            10:00:00.008050 connect(11, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0 <0.000260>
            """,
            port_range=(40000, 40011),
        ),
    )


def _in_known(tenths: list[_Part], fewer: _Part, more: _Part) -> tuple[_Part, _Part] | None:
    """The calls with the range nearly empty, and those with half of it in use or more, if the
    median of the latter shows a longer search, both for those that found `fewer` ports in use and
    for those that found `more`; otherwise None."""
    first, most = sum(tenths[:EMPTY], _Part()), fewer + more
    if min(first.count, most.count) < SAMPLE:
        return None
    least = max(TIMES * first.median, first.median + LONGER)
    is_longer = all(part.median >= least for part in (fewer, more) if part.count)
    return (first, most) if is_longer and _is_told_apart(tenths) else None


def _is_told_apart(tenths: list[_Part]) -> bool:
    """In no tenth of the upper half of the range is the median below one of the first tenths. It
    would be somewhere if calls were slow now and then for reasons other than ports."""
    medians = [one.median if one.count >= SAMPLE else None for one in tenths]
    empty = [median for median in medians[:EMPTY] if median is not None]
    full = [median for median in medians[round(FULL * TENTHS) :] if median is not None]
    return not empty or not full or min(full) > max(empty)


def _in_unknown(tenths: list[_Part]) -> tuple[_Part, _Part] | None:
    """The same for the first connections and the last, if the size of the range is unknown."""
    first, most = sum(tenths[:EMPTY], _Part()), sum(tenths[-EMPTY:], _Part())
    if sum(one.count for one in tenths) < MANY or min(first.count, most.count) < SAMPLE:
        return None
    half, later = first.median, most.median
    return (first, most) if later >= max(MUCH * half, half + LONGER) else None
