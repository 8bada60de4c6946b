"""The results: findings with their proof, port usage, what is unknown, and confidence.

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
from typing import NamedTuple, cast

from strace_analyzer.kernel.destination import in_order
from strace_analyzer.kernel.option_calls import OptionCall
from strace_analyzer.kernel.socket_state import Outcome
from strace_analyzer.plain import count as counted
from strace_analyzer.records import replaced_often


class Level(IntEnum):
    """Severity: only the pattern (note), waste (warning), or proven harm (error)."""

    NOTE = 1
    WARNING = 2
    ERROR = 3

    def __str__(self) -> str:
        return self.name.lower()


class Confidence(Enum):
    """`probable` if the trace hides something that could make the finding harmless."""

    CERTAIN = "certain"
    PROBABLE = "probable"


class Location(NamedTuple):
    """A line of a source, under the name by which the user gave the source."""

    source: str
    line: int

    def __str__(self) -> str:
        return f"{self.source}:{self.line}"

    @property
    def short(self) -> str:
        """Like `str()`, without the directory."""
        return f"{self.source.rpartition('/')[2]}:{self.line}"


class Endpoint(NamedTuple):
    """An internet address and port."""

    address: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether the address is this host itself."""
        return self.address.startswith("127.") or self.address == "::1"

    @property
    def order(self) -> tuple[tuple[int, bytes], int]:
        """Sort key for numeric order: 192.0.2.9:80, 192.0.2.10:80, 192.0.2.10:443."""
        return in_order(self.address), self.port

    def __str__(self) -> str:
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{host}:{self.port}"


class ProcessRef(NamedTuple):
    """A process and thread. `id` is unique in the report; `tgid` and `command` may be unknown."""

    id: str
    tgid: int | None
    tid: int | None
    command: str | None

    def __str__(self) -> str:
        number = self.tgid if self.tgid is not None else self.tid
        return f"{self.command or 'process'}[{'?' if number is None else number}]"


class SocketKind(NamedTuple):
    """`AF_INET`, `SOCK_STREAM`, `TCP`; None if the trace does not show it."""

    domain: str | None
    type: str | None
    protocol: str | None


class LocalAddress(NamedTuple):
    """The address passed to bind(), and the port the kernel chose if the trace shows it."""

    address: str | None
    port: int | None
    assigned_port: int | None


class CallRecord(NamedTuple):
    """One call of the proof. `time` is as printed, `seconds` counts from the start of the trace.

    `address` is the internet address passed to or returned by the call, `option` the socket option
    if it is a call on one.
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
    """strace answered instead of the kernel (-e inject=)"""
    address: Endpoint | None = None
    option: OptionCall | None = None

    @property
    def error(self) -> str | None:
        """The error of the call, or the connection's error that SO_ERROR reported; None if there is
        none."""
        option = self.option
        told = option.value if option is not None and option.name == "SO_ERROR" else None
        return self.errno or (told if isinstance(told, str) and told else None)

    def __repr__(self) -> str:
        return f"<{self.role} {Location(self.source, self.line).short} {self.text[:60]}>"


Rows = tuple[tuple[float, ...], ...]
Shares = tuple[tuple[str, int], ...]
"""who has how many"""
Detail = str | int | float | bool | tuple[tuple[str | float, ...], ...] | None


@replaced_often
class Finding(NamedTuple):
    """One binding flagged by a rule, with the calls that prove it."""

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
    """from bind to release; None without times or if it was never released in the trace"""
    calls: dict[str, CallRecord]
    """the first call of each role: socket, bind, getsockname, connect, outcome, close"""
    trail: tuple[CallRecord, ...]
    """every defining call in order; of repeats, the first and the last"""
    doubts: frozenset[str] = frozenset()
    """why the finding is only probable: codes of warnings and unknowns"""
    proved: bool = False
    """-yy showed the connecting descriptor bound to a port, which rules out a reused number and
    IP_BIND_ADDRESS_NO_PORT"""
    shows_no_port: bool = False
    """-yy showed the connecting descriptor without a port although it was bound"""
    reuse: bool = False
    """SO_REUSEADDR or SO_REUSEPORT was set; the advice says that it does not help"""
    cause: str | None = None
    """a word defined by its rule: early-binds, time-wait, listener, no-ipv6 ..."""
    without_bind: str | None = None
    """only of ephemeral-ports-exhausted: would-fit, would-not-fit, unknown"""
    details: tuple[tuple[str, Detail], ...] = ()
    """further facts from the rule, by name: a holder's pid, a rate"""
    group: str | None = None
    """id of its Group, set last"""

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
        """Return the value that the rule stored under this name, or None."""
        return next((value for key, value in self.details if key == name), None)

    def rows(self, name: str) -> Rows:
        """Return a detail that is a table of numbers; empty if it is not known."""
        value = self.detail(name)
        return cast("Rows", value) if isinstance(value, tuple) else ()

    def shares(self, name: str) -> Shares:
        """Return a detail that says who has how many; empty if it is not known."""
        value = self.detail(name)
        return cast("Shares", value) if isinstance(value, tuple) else ()


@dataclass(frozen=True, slots=True)
class PeerCount:
    """Number of findings of a group that went to this peer."""

    peer: Endpoint
    count: int
    connected: int
    fds: tuple[int, ...]
    bind_lines: tuple[int, ...]
    """the first bind lines, at most 8"""


@dataclass(frozen=True, slots=True)
class FailedCalls:
    """The calls of a group that failed in the same way, and the first of them. `call` is
    `connect()`, or `connection` if SO_ERROR reported the error later. `time` is as printed,
    `seconds` counts from the start of the trace."""

    call: str
    error: str
    count: int
    line: int
    time: str | None
    seconds: float | None

    @property
    def order(self) -> tuple[float, int]:
        """Sort key: by time, then by line, which decides if there are no times."""
        return self.seconds or 0.0, self.line


def failed_call(finding: Finding) -> tuple[FailedCalls, ...]:
    """Return the call of `finding` that failed, if it shows one."""
    record = finding.failing_call
    if record is None or record.error is None:
        return ()
    call = "connection" if record.errno is None else f"{record.name}()"
    return (FailedCalls(call, record.error, 1, record.line, record.time, record.seconds),)


def added(parts: Iterable[FailedCalls]) -> tuple[FailedCalls, ...]:
    """Add up calls that failed in the same way, the most frequent first."""
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
    """Findings with one cause: same rule, process, call site, level and confidence."""

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
    """for rules whose findings are failed calls: by call and error, the most frequent first"""
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
    """number of its TCP connections bound under IP_BIND_ADDRESS_NO_PORT"""
    address_bound: int = 0
    """number of its TCP connections bound to a specific address or port"""
    not_told: int = 0
    """number of its TCP connections for which the trace does not show whether they were bound"""
    argv_cut: frozenset[int] = frozenset()
    """indices of `argv` that strace -s truncated"""
    has_ended: bool = False
    """the trace shows its end"""

    def __repr__(self) -> str:
        return (
            f"<Process {self.command or '?'}[{self.tgid or '?'}]: "
            f"{counted(self.sockets, 'socket')}, {counted(self.tcp_connections, 'connection')}, "
            f"{self.early_bound:,} bound early>"
        )


class Program(NamedTuple):
    """A program run by a process: a successful execve(2). `seconds` counts from the start of the
    trace."""

    path: str
    argv: tuple[str, ...]
    argv_truncated: bool
    seconds: float | None
    source: str
    line: int

    def __repr__(self) -> str:
        return f"<Program {self.path[-80:]} at {Location(self.source, self.line).short}>"


class ProcessLife(NamedTuple):
    """One process of the trace: who created it, what it ran, how it ended. Times are seconds since
    the start of the trace."""

    id: str
    trace: str
    tgid: int | None
    tids: tuple[int, ...]
    parent: str | None
    command: str | None
    programs: tuple[Program, ...]
    is_born: bool
    """the call that created it is in the trace"""
    started: float | None
    """when the call that created it began, or else when it was first seen"""
    ended: float | None
    """None if it is still running or its end is not in the trace"""
    exit_status: int | None
    signal: str | None
    """the signal that killed it"""
    core_dumped: bool

    def __repr__(self) -> str:
        return (
            f"<ProcessLife {self.command or '?'}[{self.tgid or '?'}]: "
            f"{counted(len(self.tids), 'thread')}, {counted(len(self.programs), 'program')}>"
        )


class SocketLife(NamedTuple):
    """The life of one socket, complete when its last descriptor is closed: a row of `sockets`."""

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
    """unique in the report; `events` uses the same id"""
    fds: tuple[int, ...] = ()
    """every descriptor number it was used under"""
    processes: tuple[str, ...] = ()
    """ids of the processes that used it"""
    options: tuple[str, ...] = ()
    """relevant socket options that were on"""
    history: str = ""
    """what happened, one letter per event (docs/events.md)"""
    bytes_sent: int | None = None
    bytes_received: int | None = None
    closed_first: str | None = None
    """us, peer or unknown"""
    connect_seconds: float | None = None
    """from connect() to the first sign that the connection is established"""
    opened_seconds: float | None = None
    closed_seconds: float | None = None
    verdict: tuple[str, ...] = ()
    """ids of the rules that flag it"""

    def __repr__(self) -> str:
        peer = "" if self.peer is None else f" -> {self.peer}"
        kind = self.socket.protocol or self.socket.type or "?"
        return f"<SocketLife {self.opened.short}: {kind} {self.process} fd {self.fd}{peer}>"


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something that the trace cannot tell, folded by code and process."""

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
"""explanations of failures caused by a missing address"""


class Failure(NamedTuple):
    """Socket calls that failed in the same way: same process, call, error and destination (for
    bind(), the requested address; for listen(), the one that was bound)."""

    trace: str
    process: str
    call: str
    errno: str
    protocol: str | None
    """whose ports it would have used; None if it needs none"""
    address: Endpoint | None
    times: int
    first: Location
    last: Location
    explanation: str
    """why, as a code: no-port, in-use, not-local, no-ipv6, refused, timed-out ..."""
    is_probe: bool = False
    """connect() of a UDP socket that only asks which addresses can be reached, as getaddrinfo(3)
    does; or to the UNIX socket of a service that libraries try in passing"""
    got_over: bool = False
    """the process connected another UDP socket to the same port"""
    path: str | None = None
    """the file of a UNIX socket, `@name` if it is an abstract one"""
    waited: float | None = None
    """unanswered: seconds from connect() to close(), the longest of these"""

    def __repr__(self) -> str:
        to = f" {self.to}" if self.to else ""
        return f"<Failure {self.first.short}: {self.times:,} x {self.call}{to}: {self.errno}>"

    @property
    def to(self) -> str:
        """Where the call was to go, or what it was to bind; "" if that is not known."""
        return self.path or "" if self.address is None else str(self.address)

    @property
    def lacked(self) -> bool:
        """Whether a connection was not made, or a message not sent, for want of a local port or
        address. connect() of a UDP socket does not count for addresses if it only asked which
        ones can be reached, or if another address served."""
        is_over = self.is_probe or self.got_over
        return self.explanation == "no-port" or (self.explanation in _WANTS and not is_over)


@dataclass(frozen=True, slots=True)
class Warning:
    """Something that the trace's own options hid, and the consequence."""

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


class PortState(NamedTuple):
    """The ports of one network namespace at one moment, as far as the trace shows them.

    `pinned` are held by bind() with port 0, connected or not (on specific addresses: the most on
    any one); `waiting` are those of them in TIME_WAIT. `needed` are the ports that would be enough
    for the connections, `used` all ports in use, whoever has them; with the suffix
    `_with_time_wait`, both include those in TIME_WAIT. `size` and `source` of the range are as in
    PortUse; if the range is only assumed and the trace shows a smaller one (ChosenPorts), `size` is
    that of the smaller one. A range that the user gave and the trace contradicts counts as
    `assumed`.
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
