"""The figures of port use (docs/ports.md), and what a rule may know of them at the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from strace_analyzer.findings.proof import Confidence
from strace_analyzer.plain import count as counted


class DestinationUse(NamedTuple):
    """One destination (address, port, protocol) and the connections made to it."""

    address: str
    port: int
    protocol: str
    connections: int
    early_bound: int
    peak_concurrent: int


class ProcessUse(NamedTuple):
    """One process's share in port usage. `exhausted` if it met E1 or E2 (docs/kernel.md, "What
    exhaustion looks like")."""

    process: str
    peak_pinned: int
    total_pinned: int
    peak_needed: int
    peak_pinned_with_time_wait: int | None = None
    peak_needed_with_time_wait: int | None = None
    exhausted: bool = False
    peak_pinned_at_address: int = 0
    """the largest number of its ports pinned on any one specific address"""
    most_pinned: int = 0
    """like `peak_pinned_with_time_wait`; without times, as if everything had happened within 60 s,
    so that every port that this side closed first is in TIME_WAIT at once"""
    most_needed: int = 0
    """like `peak_needed_with_time_wait`, with the same assumption"""

    def __repr__(self) -> str:
        return (
            f"<ProcessUse {self.process}: at most {counted(self.peak_pinned, 'port')} pinned, "
            f"{self.peak_needed:,} needed; {self.total_pinned:,} pinned in all>"
        )


class AddressUse(NamedTuple):
    """Ports pinned by bind() with port 0 on one specific local address. Each address has its own
    ports."""

    address: str
    peak_pinned: int
    total_pinned: int


class TimelinePoint(NamedTuple):
    """Peak values of one interval of the trace, which starts at `at` (seconds, or calls if there
    are no times)."""

    at: float
    held: int
    """ports held by bind() with port 0 and the wildcard address, whether or not connect()
    followed"""
    needed: int
    """ports that would have been enough without early binds"""
    others: int = 0
    """peak number of ports in use beside those `held`, whoever chose them, including those in
    TIME_WAIT (without times: those that may be)"""


class ChosenPorts(NamedTuple):
    """Local ports that the kernel was seen to choose, and that do not fit the assumed range:
    `different` distinct ports from `low` to `high` that show the real range, or (None) some that
    are outside of the assumed one."""

    different: int | None
    low: int
    high: int
    shows_range: bool

    def __str__(self) -> str:
        if self.shows_range:
            where = (
                f"the kernel chose {self.different} different ports, all in {self.low}-{self.high}"
            )
            return f"{where}: fewer than assumed, --port-range LO-HI gives the range"
        shown = f"{self.low}" if self.low == self.high else f"{self.low} to {self.high}"
        return f"contradicted: the kernel chose {shown}: --port-range LO-HI gives the real range"


class PortUse(NamedTuple):
    """The ports of one network namespace over the whole trace: `ports` of the JSON report
    (docs/ports.md)."""

    namespace: int
    range: tuple[int, int]
    range_source: str
    """option, host, socket-option, assumed"""
    total_connections: int
    total_pinned: int
    peak_pinned: int
    peak_needed: int
    peak_pinned_with_time_wait: int | None
    peak_needed_with_time_wait: int | None
    peak_time: float | None
    headroom: int | None
    """upper limit of the ports that open sockets left free at the busiest moment: ports of other
    processes and in TIME_WAIT are not counted; 0 if ports certainly ran out, None if they probably
    did"""
    headroom_without_bind: int | None
    """like `headroom`; None if ports ran out for reasons that this trace does not show"""
    connections_per_second: float | None
    sustainable_as_is: float
    sustainable_without_bind_per_destination: float
    censored: int
    by_process: tuple[ProcessUse, ...]
    destinations: tuple[DestinationUse, ...]
    by_address: tuple[AddressUse, ...] = ()
    timeline: tuple[TimelinePoint, ...] = ()
    dry_after: float | None = None
    """seconds from the start of the trace until no port is left, at the rate at which it closes
    pinned ports; None if that rate is sustainable, or without times"""
    most_pinned: int = 0
    """as in ProcessUse"""
    most_needed: int = 0
    ran_out: Confidence | None = None
    """confidence that a call found no port; None if none did"""
    chosen: ChosenPorts | None = None
    """evidence in the trace against a range that is only assumed"""
    headroom_with_time_wait: int | None = None
    """like `headroom`, counting those in TIME_WAIT (without times: as if all had happened within 60
    s)"""
    headroom_without_bind_with_time_wait: int | None = None
    tw_reuse: int | None = None
    """net.ipv4.tcp_tw_reuse where the trace was taken; None if not known"""

    def __repr__(self) -> str:
        low, high = self.range
        return (
            f"<PortUse {low}-{high}: {counted(self.total_connections, 'connection')}, at most "
            f"{counted(self.peak_pinned, 'port')} pinned, {self.peak_needed:,} needed>"
        )

    @property
    def headroom_reason(self) -> str:
        """Say what the `headroom` figures leave out, or why there are none."""
        if self.ran_out is Confidence.CERTAIN:
            return "the ports ran out: a call failed for want of one"
        if self.ran_out is not None:
            return "the ports probably ran out: a call failed as if for want of one"
        return "at most: sockets of other processes are not counted"

    @property
    def is_timed(self) -> bool:
        """Whether the trace has times, so that the number in TIME_WAIT at once is known."""
        return self.peak_pinned_with_time_wait is not None

    @property
    def gain(self) -> float | None:
        """How many times more ports are pinned than needed; None if none is needed."""
        return self.peak_pinned / self.peak_needed if self.peak_needed else None


@dataclass(frozen=True, slots=True)
class Summary:
    """What a rule may know at the end of a trace, to set level and confidence.

    `uses` maps (process id, namespace) to that process's share in port usage, and `ranges` a
    namespace to the size of its port range. `hidden` holds the codes of the trace's warnings.
    `showing_ports` are the network namespaces in which -yy shows the ports of bound sockets (an
    strace outside of a namespace shows only inodes).
    """

    uses: dict[tuple[str, int], ProcessUse] = field(default_factory=dict)
    ports: dict[int, PortUse] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()
    autobind_reuse: bool = False
    showing_ports: frozenset[int] = frozenset()
