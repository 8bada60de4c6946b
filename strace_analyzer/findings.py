"""The results: findings with their proof, the use of ports, what is unknown, and how sure it is.

These types pass from the packages that judge (`rules`, `ports`) to the one that reports. The JSON
report (docs/report-schema.json) has the same fields under the same names.

It is long because it is one list of types, without logic. Types with a field `count`, which tuples
have as a method, or with a mutable default are dataclasses; the others are tuples, which are
created faster.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from enum import Enum, IntEnum
from typing import NamedTuple

from strace_analyzer.kernel.destination import in_order
from strace_analyzer.kernel.option_calls import OptionCall
from strace_analyzer.kernel.socket_state import Outcome
from strace_analyzer.plain import count as counted
from strace_analyzer.records import replaced_often


class Level(IntEnum):
    """How bad it is: the pattern alone (note), waste (warning), or proven harm (error)."""

    NOTE = 1
    WARNING = 2
    ERROR = 3

    def __str__(self) -> str:
        return self.name.lower()


class Confidence(Enum):
    """How sure it is: `probable` if the trace hides something that could make it harmless."""

    CERTAIN = "certain"
    PROBABLE = "probable"


class Location(NamedTuple):
    """A line of a source, with the name that the user gave the source."""

    source: str
    line: int

    def __str__(self) -> str:
        return f"{self.source}:{self.line}"

    @property
    def short(self) -> str:
        """The same without the directory."""
        return f"{self.source.rpartition('/')[2]}:{self.line}"


class Endpoint(NamedTuple):
    """An internet address and port."""

    address: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """It is this host itself."""
        return self.address.startswith("127.") or self.address == "::1"

    @property
    def order(self) -> tuple[tuple[int, bytes], int]:
        """What sorts them as numbers: 192.0.2.9:80, 192.0.2.10:80, 192.0.2.10:443."""
        return in_order(self.address), self.port

    def __str__(self) -> str:
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{host}:{self.port}"


class ProcessRef(NamedTuple):
    """Which process and thread: `id` is unique in the report, `tgid` and `command` may be
    unknown."""

    id: str
    tgid: int | None
    tid: int | None
    command: str | None

    def __str__(self) -> str:
        number = self.tgid if self.tgid is not None else self.tid
        return f"{self.command or 'process'}[{'?' if number is None else number}]"


class SocketKind(NamedTuple):
    """`AF_INET`, `SOCK_STREAM`, `TCP`; None if the trace does not tell."""

    domain: str | None
    type: str | None
    protocol: str | None


class LocalAddress(NamedTuple):
    """What bind() was given, and the port that the kernel chose if the trace shows it."""

    address: str | None
    port: int | None
    assigned_port: int | None


class CallRecord(NamedTuple):
    """One call of the proof. `time` is as printed, `seconds` counts from the trace's beginning.

    `address` is the internet address that the call was given or told, `option` that of a call on
    socket options.
    """

    role: str
    source: str
    line: int
    end_line: int
    tid: int | None
    fd: int
    time: str | None
    seconds: float | None
    duration: float | None
    name: str
    result: int | None
    errno: str | None
    text: str
    stack: tuple[str, ...] = ()
    injected: bool = False
    """strace answered in the kernel's place (-e inject=)"""
    address: Endpoint | None = None
    option: OptionCall | None = None

    @property
    def error(self) -> str | None:
        """The error of the call, or the one of the connection that SO_ERROR told; None for none."""
        option = self.option
        told = option.value if option is not None and option.name == "SO_ERROR" else None
        return self.errno or (told if isinstance(told, str) and told else None)

    def __repr__(self) -> str:
        return f"<{self.role} {Location(self.source, self.line).short} {self.text[:60]}>"


Rows = tuple[tuple[float, ...], ...]
Detail = str | int | float | bool | Rows | None


@replaced_often
class Finding(NamedTuple):
    """One binding that a rule flags, with the calls that prove it."""

    id: str
    rule: str
    level: Level
    confidence: Confidence
    trace: str
    process: ProcessRef
    namespace: int
    fd: int
    at: Location
    socket: SocketKind
    local: LocalAddress
    peer: Endpoint | None
    outcome: Outcome
    held_seconds: float | None
    """from the bind to its release; None without times or when it was never released in the
    trace"""
    calls: dict[str, CallRecord]
    """the first of each role of socket, bind, getsockname, connect, outcome, close"""
    trail: tuple[CallRecord, ...]
    """every defining call in order; repeats keep the first and the last"""
    doubts: frozenset[str] = frozenset()
    """why it is only probable: codes of warnings and unknowns"""
    proved: bool = False
    """-yy showed the connecting descriptor bound to a port: no reused number, no
    IP_BIND_ADDRESS_NO_PORT"""
    shows_no_port: bool = False
    """-yy showed the connecting descriptor without a port, although it was bound"""
    reuse: bool = False
    """SO_REUSEADDR or SO_REUSEPORT was set; the advice says that it does not help"""
    cause: str | None = None
    """a word defined by its rule: early-binds, time-wait, listener, no-ipv6 ..."""
    without_bind: str | None = None
    """ephemeral-ports-exhausted: would-fit, would-not-fit, unknown"""
    details: tuple[tuple[str, Detail], ...] = ()
    """what else its rule knows, by name: a holder's pid, a rate"""
    group: str | None = None
    """id of its Group, set at the end"""

    def __repr__(self) -> str:
        peer = "" if self.peer is None else f" -> {self.peer}"
        return (
            f"<Finding {self.at.short}: {self.level} {self.rule}, {self.process} "
            f"fd {self.fd}{peer}>"
        )

    @property
    def failing_call(self) -> CallRecord | None:
        """The last call of the proof that failed, or None."""
        return next((record for record in reversed(self.trail) if record.error is not None), None)

    def detail(self, name: str) -> Detail:
        """The value that its rule gave under this name, or None."""
        return next((value for key, value in self.details if key == name), None)

    def rows(self, name: str) -> Rows:
        """A detail that is a table, without rows where it is not known."""
        value = self.detail(name)
        return value if isinstance(value, tuple) else ()


@dataclass(frozen=True, slots=True)
class PeerCount:
    """How many findings of a group went to this peer."""

    peer: Endpoint
    count: int
    connected: int
    fds: tuple[int, ...]
    bind_lines: tuple[int, ...]
    """first bind lines, at most 8"""


@dataclass(frozen=True, slots=True)
class FailedCalls:
    """The calls of a group that failed alike, and the first of them. `call` is `connect()`, or
    `connection` if SO_ERROR reported the error later; `time` is as printed, `seconds` since the
    beginning of the trace."""

    call: str
    error: str
    count: int
    line: int
    time: str | None
    seconds: float | None

    @property
    def order(self) -> tuple[float, int]:
        """What sorts them by time, and by line where there are no times."""
        return self.seconds or 0.0, self.line


def failed_call(finding: Finding) -> tuple[FailedCalls, ...]:
    """The call of `finding` that failed, if it shows one."""
    record = finding.failing_call
    if record is None or record.error is None:
        return ()
    call = "connection" if record.errno is None else f"{record.name}()"
    return (FailedCalls(call, record.error, 1, record.line, record.time, record.seconds),)


def added(parts: Iterable[FailedCalls]) -> tuple[FailedCalls, ...]:
    """Calls that failed alike counted together, the most frequent first."""
    sums: dict[tuple[str, str], FailedCalls] = {}
    for part in parts:
        before = sums.get((part.call, part.error))
        if before is not None:
            first = min(before, part, key=lambda one: one.order)
            part = replace(first, count=before.count + part.count)
        sums[part.call, part.error] = part
    return tuple(sorted(sums.values(), key=lambda one: (-one.count, one.call, one.error)))


@dataclass(frozen=True, slots=True)
class Group:
    """Findings with one cause: the same rule, process, call site, level and confidence."""

    id: str
    fingerprint: str
    rule: str
    level: Level
    confidence: Confidence
    trace: str
    process: ProcessRef
    call_site: str | None
    """the innermost stack frame outside libc (-k), else None"""
    peers: tuple[PeerCount, ...]
    count: int
    connected: int
    failed: int
    fds: tuple[int, ...]
    first: Location
    last: Location
    message: str
    advice: str
    cause: str | None
    without_bind: str | None
    kept: Finding | Callable[[], Finding]
    """the sample, or what reads it: those of very many groups are on disk"""
    failed_calls: tuple[FailedCalls, ...] = ()
    """of a rule whose findings are calls that failed: by call and error, the most frequent first"""
    namespace: int = 0
    """the network namespace of the sample's socket"""

    @property
    def sample(self) -> Finding:
        """The finding shown as proof: the first one that connected, else the first."""
        return self.kept if isinstance(self.kept, Finding) else self.kept()

    def __repr__(self) -> str:
        return f"<Group {self.id}: {self.count} x {self.level} {self.rule}, {self.process}>"


class Process(NamedTuple):
    """One process of the trace and what its sockets did."""

    id: str
    trace: str
    tgid: int | None
    tids: tuple[int, ...]
    parent: str | None
    command: str | None
    argv: tuple[str, ...]
    argv_truncated: bool
    programs: tuple[str, ...]
    sockets: int
    tcp_connections: int
    early_bound: int
    connected: int
    failed: int
    destinations: int
    findings: dict[str, int]
    no_port: int = 0
    """of its TCP connections, those bound under IP_BIND_ADDRESS_NO_PORT"""
    address_bound: int = 0
    """of its TCP connections, those bound to a specific address or port"""
    not_told: int = 0
    """of its TCP connections, those of which the trace does not show whether they were bound"""
    argv_cut: frozenset[int] = frozenset()
    """which of `argv` are only the beginnings of words, as strace -s left them"""
    has_ended: bool = False
    """the trace shows its end"""

    def __repr__(self) -> str:
        return (
            f"<Process {self.command or '?'}[{self.tgid or '?'}]: "
            f"{counted(self.sockets, 'socket')}, {counted(self.tcp_connections, 'connection')}, "
            f"{self.early_bound:,} bound early>"
        )


class Program(NamedTuple):
    """What a process ran: an execve(2) that worked. `seconds` counts from the trace's
    beginning."""

    path: str
    argv: tuple[str, ...]
    argv_truncated: bool
    seconds: float | None
    source: str
    line: int

    def __repr__(self) -> str:
        return f"<Program {self.path[-80:]} at {Location(self.source, self.line).short}>"


class ProcessLife(NamedTuple):
    """One process of the trace: who made it, what it ran, how it ended. Times are seconds since
    the trace's beginning."""

    id: str
    trace: str
    tgid: int | None
    tids: tuple[int, ...]
    parent: str | None
    command: str | None
    programs: tuple[Program, ...]
    is_born: bool
    """the call that made it is in the trace"""
    started: float | None
    """when the call that made it began, else when it was first heard of"""
    ended: float | None
    """None if it goes on, or its end is not in the trace"""
    exit_status: int | None
    signal: str | None
    """what killed it"""
    core_dumped: bool

    def __repr__(self) -> str:
        return (
            f"<ProcessLife {self.command or '?'}[{self.tgid or '?'}]: "
            f"{counted(len(self.tids), 'thread')}, {counted(len(self.programs), 'program')}>"
        )


class SocketLife(NamedTuple):
    """One socket's life, folded when its last descriptor is closed: a row of `sockets`."""

    trace: str
    process: ProcessRef
    fd: int
    socket: SocketKind
    namespace: int
    origin: str
    binding: str
    connection: str
    outcome: Outcome
    local: LocalAddress
    peer: Endpoint | None
    opened: Location
    closed: Location | None
    seconds_open: float | None
    trail: tuple[CallRecord, ...]
    id: str = ""
    """unique in the report, and what `events` call it"""
    fds: tuple[int, ...] = ()
    """every number that it was used under"""
    processes: tuple[str, ...] = ()
    """ids of the processes that used it"""
    options: tuple[str, ...] = ()
    """those of its socket options that matter here and were on"""
    history: str = ""
    """what happened, a letter each (docs/events.md)"""
    bytes_sent: int | None = None
    bytes_received: int | None = None
    closed_first: str | None = None
    """us, peer or unknown"""
    connect_seconds: float | None = None
    """from the connect() to what showed that the connection stands"""
    opened_seconds: float | None = None
    closed_seconds: float | None = None
    verdict: tuple[str, ...] = ()
    """the rules that flag it"""

    def __repr__(self) -> str:
        peer = "" if self.peer is None else f" -> {self.peer}"
        kind = self.socket.protocol or self.socket.type or "?"
        return f"<SocketLife {self.opened.short}: {kind} {self.process} fd {self.fd}{peer}>"


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something the trace cannot tell, folded per code and process."""

    code: str
    reason: str
    count: int
    trace: str
    process: str | None
    fd: int | None
    first: Location
    last: Location

    def __repr__(self) -> str:
        return f"<Unknown {self.code} x {self.count} from {self.first.short}>"

    remedy: str = ""


_WANTS = frozenset({"pair-in-use", "no-address", "no-ipv6", "not-local"})
"""explanations of failures that lacked an address"""


class Failure(NamedTuple):
    """Socket calls that failed alike: the same process, call, error and destination (of a bind(),
    the address that was asked for)."""

    trace: str
    process: str
    call: str
    errno: str
    protocol: str | None
    """whose ports it would have used, None if it needs none"""
    address: Endpoint | None
    times: int
    first: Location
    last: Location
    explanation: str
    """why, in a code: no-port, in-use, not-local, no-ipv6, refused, timed-out ..."""

    def __repr__(self) -> str:
        to = "" if self.address is None else f" {self.address}"
        return f"<Failure {self.first.short}: {self.times:,} x {self.call}{to}: {self.errno}>"

    @property
    def lacked(self) -> bool:
        """A connection was not made, or a message not sent, for want of a local port or address.
        Which addresses there are is also asked by connect() of a UDP socket, and that may fail."""
        asks = self.call == "connect" and self.protocol == "UDP"
        return self.explanation == "no-port" or (self.explanation in _WANTS and not asks)


@dataclass(frozen=True, slots=True)
class Warning:
    """Something that the trace's own options hid, and what follows from it."""

    code: str
    trace: str
    count: int
    effect: str
    """may-miss, may-overreport, lowers-confidence"""
    message: str
    remedy: str

    def __repr__(self) -> str:
        return f"<Warning {self.code} ({self.effect}) x {self.count}: {self.message}>"


class DestinationUse(NamedTuple):
    """One destination (address, port, protocol) and the connections made to it."""

    address: str
    port: int
    protocol: str
    connections: int
    early_bound: int
    peak_concurrent: int


class ProcessUse(NamedTuple):
    """One process's part in the use of ports. `exhausted` when it met E1 or E2
    (docs/kernel.md, "What exhaustion looks like")."""

    process: str
    peak_pinned: int
    total_pinned: int
    peak_needed: int
    peak_pinned_with_time_wait: int | None = None
    peak_needed_with_time_wait: int | None = None
    exhausted: bool = False
    peak_pinned_at_address: int = 0
    """of its ports pinned on specific addresses, the most on one address"""
    most_pinned: int = 0
    """as `peak_pinned_with_time_wait`; without times, as if all had happened within 60 s, so that
    every port that this side closed first is in TIME_WAIT at once"""
    most_needed: int = 0
    """as `peak_needed_with_time_wait`, with the same assumption"""

    def __repr__(self) -> str:
        return (
            f"<ProcessUse {self.process}: at most {counted(self.peak_pinned, 'port')} pinned, "
            f"{self.peak_needed:,} needed; {self.total_pinned:,} pinned in all>"
        )


class AddressUse(NamedTuple):
    """Ports that bind() with port 0 pinned on one specific local address; each address has its
    own."""

    address: str
    peak_pinned: int
    total_pinned: int


class TimelinePoint(NamedTuple):
    """A span of the trace that begins at `at` (seconds, or calls where there are no times): its
    peaks."""

    at: float
    held: int
    """ports that bind() with port 0 and the wildcard held, whether or not a connect() followed"""
    needed: int
    """ports that would have sufficed without early binds"""
    others: int = 0
    """ports in use beside those `held`, whoever chose them, including those in TIME_WAIT (without
    times: those that may be); the most at any one time"""


class ChosenPorts(NamedTuple):
    """Local ports that the kernel was seen to choose, where they do not fit the range that is
    assumed: `different` many from `low` to `high` that show the real range, or (None) some
    that are outside of the assumed one."""

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
    """The ports of one network namespace over the trace: the JSON report's `ports`
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
    """at most so many ports were left by the sockets that were open at the busiest moment: those of
    other processes and TIME_WAIT are not in it; 0 if they surely ran out, None if they
    probably did"""
    headroom_without_bind: int | None
    """as `headroom`; None if the ports ran out and what is seen here does not explain it"""
    connections_per_second: float | None
    sustainable_as_is: float
    sustainable_without_bind_per_destination: float
    censored: int
    by_process: tuple[ProcessUse, ...]
    destinations: tuple[DestinationUse, ...]
    by_address: tuple[AddressUse, ...] = ()
    timeline: tuple[TimelinePoint, ...] = ()
    dry_after: float | None = None
    """seconds from the trace's beginning until, at its rate of closing pinned ports, none is left;
    None if that rate can go on, or without times"""
    most_pinned: int = 0
    """as in ProcessUse"""
    most_needed: int = 0
    ran_out: Confidence | None = None
    """how sure it is that a call found no port; None if none did"""
    chosen: ChosenPorts | None = None
    """what the trace shows against a range that is only assumed"""
    headroom_with_time_wait: int | None = None
    """as `headroom`, with those that were in TIME_WAIT (without times: if all happened in 60 s)"""
    headroom_without_bind_with_time_wait: int | None = None
    tw_reuse: int | None = None
    """net.ipv4.tcp_tw_reuse where the trace was taken; None where that is not known"""

    def __repr__(self) -> str:
        low, high = self.range
        return (
            f"<PortUse {low}-{high}: {counted(self.total_connections, 'connection')}, at most "
            f"{counted(self.peak_pinned, 'port')} pinned, {self.peak_needed:,} needed>"
        )

    @property
    def headroom_reason(self) -> str:
        """What the figures of `headroom` do not count, or why they are none."""
        if self.ran_out is Confidence.CERTAIN:
            return "the ports ran out: a call failed for want of one"
        if self.ran_out is not None:
            return "the ports probably ran out: a call failed as if for want of one"
        return "at most: sockets of other processes are not counted"

    @property
    def is_timed(self) -> bool:
        """The trace has times: what was in TIME_WAIT at once is known."""
        return self.peak_pinned_with_time_wait is not None

    @property
    def gain(self) -> float | None:
        """How many times the ports needed are pinned; None if none is needed."""
        return self.peak_pinned / self.peak_needed if self.peak_needed else None


class PortState(NamedTuple):
    """The ports of one network namespace at one moment, as far as the trace shows them.

    `pinned` are held by bind() with port 0, connected or not (of those on specific addresses the
    most on one address); `waiting` of those in TIME_WAIT;
    `needed` are the ports that the connections would fit in, `needed_with_time_wait` the same with
    those that wait; `used` are all ports in use, whoever has them, `used_with_time_wait` the same
    with those that wait. `size` of the range and its `source` are as in PortUse; where it is only
    assumed and the trace shows a smaller one (ChosenPorts), `size` is of that. One that the user
    gave and the trace contradicts is no better than `assumed`.
    """

    size: int
    source: str
    pinned: int = 0
    waiting: int = 0
    needed: int = 0
    needed_with_time_wait: int = 0
    used: int = 0
    used_with_time_wait: int = 0


@dataclass(frozen=True, slots=True)
class Summary:
    """What a rule may know at the end of a trace, to set level and confidence.

    `uses` maps (process id, namespace) to that process's part in the use of ports; `ranges` maps a
    namespace to the size of its port range; `hidden` holds the codes of the trace's warnings;
    `showing_ports` are the network namespaces in which -yy shows the ports of bound sockets (strace
    outside of a namespace shows inodes only).
    """

    uses: dict[tuple[str, int], ProcessUse] = field(default_factory=dict)
    ports: dict[int, PortUse] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()
    autobind_reuse: bool = False
    showing_ports: frozenset[int] = frozenset()
