"""Flags connections to one destination that are made and closed one after another.

It is long because its examples need a connection for each port of a range, with times.
"""

from __future__ import annotations

from collections.abc import Iterable

from strace_analyzer.findings import Detail, Finding, Level
from strace_analyzer.kernel.step import Step
from strace_analyzer.kernel.time_wait import HOLD
from strace_analyzer.plain import count, duration, number
from strace_analyzer.rules.remedies import KEEPING
from strace_analyzer.rules.rule import Clean, Flagged, Rule
from strace_analyzer.rules.traffic import Route
from strace_analyzer.rules.waste import NEARLY_ALL, if_at_once
from strace_analyzer.rules.words import Advice, Case, Figures

MANY = 100
"""Ports held at one time, nearly all in TIME_WAIT, that are worth a note: a script may use fewer in
passing."""
AT_ONCE = 0.1
"""If more than this share of the connections is open at one time, they are not made one after
another."""
RESTS = 1.0
"""seconds after which the kernel reuses a port in TIME_WAIT, if it does"""
HALF = 0.5
"""From this share of the port range on it is a warning."""


class ConnectionChurn(Rule):
    """A program makes a connection for every request, and closes it first.

    What it flags:
        A hundred or more TCP connections to one destination, one after another, whose ports were
        chosen by connect() and which this side closed first, so that they are in TIME_WAIT at the same
        time. It is a note; a warning from half of the port range on; an error from 80 % on, or if
        connect() found no port any more. A trace without times is assumed to have lasted less than
        60 s, and a level above note is then probable. If there were more connections within 60 s than
        the range has ports, and none failed, they did not keep their ports (or, without times, it took
        longer), and it is a note. It is also a note to loopback, where connect() reuses such ports
        after a second, unless the trace says that net.ipv4.tcp_tw_reuse was 0.

    Why it matters:
        Each closed connection keeps its port from the same destination for 60 s. With 28,232 ports
        that allows 470 connections a second: on a faster machine or network, connect() fails.

    What to do instead:
        Keep connections open and reuse them: a pool, HTTP keep-alive. With
        net.ipv4.tcp_tw_reuse=1 connect() uses ports in TIME_WAIT again after a second (to loopback
        that is the default); it does not help sockets that are bound.

    When it is fine:
        In a benchmark, or if the rate is known to stay low.

    References:
        ip-sysctl.rst tcp_tw_reuse; docs/kernel.md "TIME_WAIT".
    """

    id = "connection-churn"
    title = "a new connection for every request"
    level = Level.NOTE
    roles = frozenset()
    """the traffic is accounted for by the context"""

    def step(self, step: Step) -> Iterable[Finding]:
        return ()

    def close(self) -> Iterable[Finding]:
        for (namespace, to), route in self.context.traffic.routes.items():
            step = route.first_closed
            if step is None or step.was is None or route.most_open > max(1, AT_ONCE * route.made):
                continue
            low, high = self.context.port_range(namespace)
            size = high - low + 1
            share = route.peak / size
            if route.peak < MANY and share < HALF:
                continue
            again = self.context.gives_again(to)
            level = Level.NOTE
            if route.refused or (NEARLY_ALL <= share <= 1 and not again):
                level = Level.ERROR
            elif HALF <= share <= 1 and not again:
                level = Level.WARNING
            details = (*_details(route, size, RESTS if again else HOLD), ("given_again", again))
            found = self.finding(step, step.was, at="connect", details=details)
            if level is not Level.NOTE and not route.refused and not route.lives:
                found = if_at_once(found)
            yield found._replace(level=level)

    # its words

    @classmethod
    def summary(cls, case: Case) -> str:
        others = case.number("processes") - 1
        who = case.who
        if others > 0:
            who += f" and {count(others, 'other process', 'other processes')}"
        made = count(case.number("connections"), "connection")
        return f"{who} made {made} to {case.sample.peer}, one after another"

    @classmethod
    def why(cls, case: Case) -> tuple[str, ...]:
        ours = case.number("closed_by_us")
        which = "They" if ours == case.number("connections") else f"{number(ours)} of them"
        first = f"{which} were closed here first: each then keeps its port for 60 s from this destination."
        if case.sample.detail("given_again"):
            first = f"{which} were closed here first: the port of each is in TIME_WAIT for 60 s."
        return first, _lasting(case.sample)

    @classmethod
    def lists_destinations(cls, case: Case) -> bool:
        return False  # its one finding stands for many connections

    @classmethod
    def figures(cls, case: Case) -> Iterable[Figures]:
        detail = case.sample.detail
        life, rate, peak = detail("mean_life_seconds"), detail("per_second"), detail("peak_ports")
        ours, closed = case.number("closed_by_us"), case.number("closed")
        size = case.number("range_size")
        rows = [("closed by us first", f"{ours:,} of {closed:,}")]
        if isinstance(life, float):
            rows.append(("mean life", duration(life)))
        if isinstance(rate, float):
            rows.append(("closed a second", f"{rate:,.0f}" if rate >= 10 else f"{rate:.1f}"))
        if isinstance(peak, int):
            is_timed = case.sample.detail("timed")
            if _was_given_again(case.sample):
                when = "within 60 s" if is_timed else "in all"
                rows.append((when, f"{peak:,} from {count(size, 'port')}"))
            elif not is_timed:
                rows.append(("held, if all happened within 60 s", f"{peak:,} of {size:,}"))
            else:
                rows.append(("local ports held at most", f"{peak:,} of {size:,}"))
        yield Figures(("CONNECTIONS", ">"), tuple(rows))

    @classmethod
    def advice(cls, case: Case) -> Advice:
        runtime, peer = case.runtime, case.sample.peer
        fix = KEEPING.get(runtime.family) if runtime is not None else None
        own = fix or "keep connections open and reuse them: a pool, HTTP keep-alive."
        title = runtime.title if fix and runtime is not None else ""
        if case.sample.detail("given_again"):
            return Advice(title, (own,))
        is_loopback = peer is not None and peer.is_loopback
        reuse = (
            "net.ipv4.tcp_tw_reuse=2, the default, frees such ports after a second, but not those of "
            "bound sockets."
            if is_loopback
            else "net.ipv4.tcp_tw_reuse=1 frees such ports after a second, but not those of bound "
            "sockets."
        )
        return Advice(title, (own, reuse))

    examples = (
        Flagged(
            "six requests one after another, half of a range of ten ports in TIME_WAIT",
            """
            10:00:00.000000 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
            10:00:00.000100 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0 #!
            10:00:00.000200 close(3) = 0
            10:00:00.100000 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
            10:00:00.100100 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
            10:00:00.100200 close(3) = 0
            10:00:00.200000 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
            10:00:00.200100 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
            10:00:00.200200 close(3) = 0
            10:00:00.300000 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
            10:00:00.300100 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
            10:00:00.300200 close(3) = 0
            10:00:00.400000 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
            10:00:00.400100 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
            10:00:00.400200 close(3) = 0
            10:00:00.500000 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
            10:00:00.500100 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
            10:00:00.500200 close(3) = 0
            """,
            port_range=(40000, 40009),
        ),
        Flagged(
            "IPv6, and bound under IP_BIND_ADDRESS_NO_PORT, so connect() chose the port all the same",
            """
            10:00:00.000000 socket(AF_INET6, SOCK_STREAM, IPPROTO_TCP) = 3
            10:00:00.000050 setsockopt(3, SOL_IP, IP_BIND_ADDRESS_NO_PORT, [1], 4) = 0
            10:00:00.000060 bind(3, {sa_family=AF_INET6, sin6_port=htons(0), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "2001:db8::1", &sin6_addr), sin6_scope_id=0}, 28) = 0
            10:00:00.000100 connect(3, {sa_family=AF_INET6, sin6_port=htons(80), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "2001:db8::7", &sin6_addr), sin6_scope_id=0}, 28) = 0 #!
            10:00:00.000200 close(3) = 0
            10:00:00.100000 socket(AF_INET6, SOCK_STREAM, IPPROTO_TCP) = 3
            10:00:00.100100 connect(3, {sa_family=AF_INET6, sin6_port=htons(80), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "2001:db8::7", &sin6_addr), sin6_scope_id=0}, 28) = 0
            10:00:00.100200 close(3) = 0
            """,
            port_range=(40000, 40003),
        ),
        Clean(
            "the peer closes first: no port is kept",
            """
            10:00:00.000000 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
            10:00:00.000100 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
            10:00:00.000150 read(3, "", 512) = 0
            10:00:00.000200 close(3) = 0
            10:00:00.100000 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
            10:00:00.100100 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
            10:00:00.100150 read(3, "", 512) = 0
            10:00:00.100200 close(3) = 0
            """,
            port_range=(40000, 40003),
        ),
        Clean(
            "two destinations share ports",
            """
            10:00:00.000000 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
            10:00:00.000100 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
            10:00:00.000200 close(3) = 0
            10:00:00.100000 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
            10:00:00.100100 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.8")}, 16) = 0
            10:00:00.100200 close(3) = 0
            """,
            port_range=(40000, 40003),
        ),
        Clean(
            "a minute between them: the ports are free again",
            """
            10:00:00.000000 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
            10:00:00.000100 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
            10:00:00.000200 close(3) = 0
            10:01:10.000000 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
            10:01:10.100100 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
            10:01:10.100200 close(3) = 0
            """,
            port_range=(40000, 40003),
        ),
    )


def _details(route: Route, size: int, hold: float) -> tuple[tuple[str, Detail], ...]:
    began, ended = route.began, route.ended
    span = ended - began if began is not None and ended is not None else 0.0
    rate = route.closed_by_us / span if span > 0 else None
    lasts = size / rate if rate is not None and rate * hold > size else None
    return (
        ("connections", route.made),
        ("closed", route.closed),
        ("closed_by_us", route.closed_by_us),
        ("refused", route.refused),
        ("processes", len(route.groups)),
        ("mean_life_seconds", round(route.life / route.lives, 6) if route.lives else None),
        ("per_second", None if rate is None else round(rate, 3)),
        ("lasts_seconds", None if lasts is None else round(lasts, 3)),
        ("peak_ports", route.peak),
        ("range_size", size),
        ("timed", route.lives > 0),
    )


def _lasting(finding: Finding) -> str:
    """How long the ports last at this rate."""
    lasts = finding.detail("lasts_seconds")
    if finding.detail("refused"):
        return "The ports ran out: connect() found none to this destination."
    if finding.detail("given_again"):
        if isinstance(lasts, float):
            return f"At this rate every port is in use after {duration(lasts)}."
        is_loopback = finding.peer is not None and finding.peer.is_loopback
        by = "to loopback, unless net.ipv4.tcp_tw_reuse is 0"
        return (
            f"connect() reuses such a port after a second "
            f"({by if is_loopback else 'net.ipv4.tcp_tw_reuse was 1'}): at this rate the "
            "ports never run out."
        )
    if _was_given_again(finding):
        when, or_longer = (
            ("In 60 s there", "") if finding.detail("timed") else ("There", _OR_LONGER)
        )
        return (
            f"{when} were more of them than ports in the range, and none failed: the kernel "
            f"reused ports in TIME_WAIT, or the peer had closed first{or_longer}."
        )
    if not finding.detail("timed"):
        return (
            "Without times the trace cannot tell how many were held at once: the level assumes that all "
            "of it happened within 60 s."
        )
    if isinstance(lasts, float):
        return f"At this rate every port is in use after {duration(lasts)}."
    return "At this rate the ports never run out."


_OR_LONGER = ", or it took longer than ports wait"


def _was_given_again(finding: Finding) -> bool:
    """More connections than the range has ports found a port within the time that a port is
    held."""
    peak, size = finding.detail("peak_ports"), finding.detail("range_size")
    is_over = isinstance(peak, int) and isinstance(size, int) and peak > size
    return is_over and not finding.detail("refused")
