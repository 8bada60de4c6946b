"""Flags a connect() that takes longer and longer as the local ports to its destination fill up.

It is long because an example needs a dozen connections.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil, log

from strace_analyzer.findings import Finding, Level
from strace_analyzer.kernel.destination import Destination, destination
from strace_analyzer.kernel.step import Step
from strace_analyzer.rules.evidence import Context
from strace_analyzer.rules.rule import Clean, Flagged, Rule
from strace_analyzer.rules.traffic import ROLES, Traffic
from strace_analyzer.rules.words import Advice, Case, Figures
from strace_analyzer.trace.events import Syscall

TENTHS = 10
FULL = 0.5
"""From this share of the range on the kernel's search is long (docs/kernel.md): it tries the ports
of one parity first, and finds them all in use."""
TIMES = 3.0
"""With the range half full or more the search takes so many times as long as at the beginning."""
LONGER = 20e-6
"""Seconds that it must be longer, at least: strace itself takes as much."""
EMPTY = 3
"""The tenths of the range, from the first, in which the search is still short."""
SAMPLE = 3
"""connect() calls without which a mean tells nothing"""
_STEP = log(1.1)
"""Durations are counted in classes that are 10 % wide: of them the 99th percentile is taken."""


class _Tenth:
    """The durations of connect() while the ports in use were in one tenth of the range."""

    def __init__(self) -> None:
        self.count = 0
        self.sum = 0.0
        self._classes: dict[int, int] = {}

    def add(self, seconds: float) -> None:
        self.count += 1
        self.sum += seconds
        at = ceil(log(max(seconds, 1e-7)) / _STEP)
        self._classes[at] = self._classes.get(at, 0) + 1

    @property
    def mean(self) -> float:
        return self.sum / self.count

    @property
    def p99(self) -> float:
        """The upper end of the class in which the 99th percentile lies."""
        wanted, seen, at = 0.99 * self.count, 0, 0
        for at in sorted(self._classes):
            seen += self._classes[at]
            if seen >= wanted:
                break
        return float(1.1**at)


class SlowPortSearch(Rule):
    """connect() itself is slow: the kernel searches long for a local port that is free.

    What it flags:
        connect() calls to one destination that return at once (in progress, or to loopback), whose
        time, printed by strace -T, is on the average three times as long with the range more than half
        full as it was with the range nearly empty.

    Why it matters:
        The kernel tries port after port until it finds one that this destination does not have. When
        most are in use the program waits inside connect(), non-blocking or not, on the processor: it
        is the first sign that ports are about to run out.

    What to do instead:
        Fewer connections to one destination at a time: keep them and use them again, or spread them
        over more addresses or ports of the destination. A wider net.ipv4.ip_local_port_range helps.

    When it is fine:
        Where a few tens of microseconds for a connection do not matter, and the range does not fill.

    References:
        net/ipv4/inet_hashtables.c __inet_hash_connect; docs/kernel.md "The search for a port".
    """

    id = "slow-port-search"
    title = "connect() is slow: few local ports are left"
    level = Level.WARNING
    roles = ROLES

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._traffic = Traffic()
        self._tenths: dict[tuple[int, Destination], list[_Tenth]] = {}
        self._slowest: dict[tuple[int, Destination], Step] = {}
        """a connect() in the fullest tenth that was reached"""

    def step(self, step: Step) -> Iterable[Finding]:
        route = self._traffic.step(step)
        event, to = step.event, destination(step.socket)
        if route is None or to is None or not isinstance(event, Syscall) or event.duration is None:
            return ()
        if event.result.errno != "EINPROGRESS" and not to.is_loopback:
            return ()  # the network's answer is in it
        key = step.socket.namespace, to
        low, high = step.socket.options.port_range or self.context.port_range(key[0])
        full = (route.held(event.seconds) - 1) / (high - low + 1)
        at = min(TENTHS - 1, int(full * TENTHS))
        tenths = self._tenths.setdefault(key, [])
        while len(tenths) <= at:
            tenths.append(_Tenth())
            self._slowest[key] = step
        tenths[at].add(event.duration)
        return ()

    def close(self) -> Iterable[Finding]:
        for key, tenths in self._tenths.items():
            first, most = _mean(tenths[:EMPTY]), _mean(tenths[int(FULL * TENTHS) :])
            if first is None or most is None or most < max(TIMES * first, first + LONGER):
                continue
            step = self._slowest[key]
            rows = tuple(
                (at + 1, one.count, round(one.mean, 9), round(one.p99, 9))
                for at, one in enumerate(tenths)
                if one.count
            )
            details = (
                ("tenths", rows),
                ("mean_when_empty", round(first, 9)),
                ("mean_when_full", round(most, 9)),
            )
            yield self.finding(step, step.socket, at="connect", details=details)

    # its words

    @classmethod
    def summary(cls, case: Case) -> str:
        first, most = case.sample.detail("mean_when_empty"), case.sample.detail("mean_when_full")
        assert isinstance(first, float)
        assert isinstance(most, float)
        return (
            f"connect() of {case.who} to {case.sample.peer} takes {most * 1e6:,.0f} microseconds "
            f"instead of {first * 1e6:,.0f} as local ports fill up"
        )

    @classmethod
    def lists_destinations(cls, case: Case) -> bool:
        return False  # its one finding stands for many connections

    @classmethod
    def figures(cls, case: Case) -> Iterable[Figures]:
        rows = tuple(
            (
                f"{(at - 1) * TENTHS:.0f}-{at * TENTHS:.0f} %",
                f"{calls:,}",
                f"{mean * 1e6:,.0f}",
                f"{p99 * 1e6:,.0f}",
            )
            for at, calls, mean, p99 in case.sample.rows("tenths")
        )
        yield Figures(
            (">PORTS IN USE", ">connect() CALLS", ">MEAN, MICROSECONDS", ">99 % WITHIN"), rows
        )

    @classmethod
    def advice(cls, case: Case) -> Advice:
        return Advice(
            "",
            (
                "fewer connections to one destination at a time: keep them and use them again.",
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


def _mean(tenths: list[_Tenth]) -> float | None:
    """The mean of all their calls, None for too few."""
    calls = sum(one.count for one in tenths)
    return sum(one.sum for one in tenths) / calls if calls >= SAMPLE else None
