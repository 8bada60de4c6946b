"""From a step to a Finding: which process, which calls prove it, in the fields of the report.

It is long because what a rule may ask of its trace (Context) stands here too, method by method.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from strace_analyzer.findings import (
    CallRecord,
    Confidence,
    Detail,
    Endpoint,
    Finding,
    Level,
    LocalAddress,
    Location,
    ProcessRef,
    SocketKind,
)
from strace_analyzer.kernel.arguments import argument
from strace_analyzer.kernel.destination import Destination, unmapped
from strace_analyzer.kernel.doubts import Doubt
from strace_analyzer.kernel.objects import OpenFileDescription, Shown, ThreadGroup
from strace_analyzer.kernel.option_calls import told_option
from strace_analyzer.kernel.socket_state import Evidence, Socket
from strace_analyzer.kernel.step import Step
from strace_analyzer.machine import Listing
from strace_analyzer.rules.payload import without_payload
from strace_analyzer.rules.traffic import Traffic
from strace_analyzer.trace.events import Syscall
from strace_analyzer.trace.sockaddr import SocketAddress, socket_address


class Held(NamedTuple):
    """A process that has a socket open now, and its descriptor for it."""

    group: ThreadGroup
    fd: int
    description: OpenFileDescription

    @property
    def socket(self) -> Socket:
        """The socket as it is now."""
        return self.description.socket


class PortState(Protocol):
    """The ports of one network namespace as they are now, as far as the trace shows them: the
    figures change with every step.

    `pinned` are held by bind() with port 0, connected or not (on specific addresses: the most on
    any one); `waiting` are those of them in TIME_WAIT. `early` is how many sockets hold such a
    port, at whatever address, and `early_in_all` how many have held one so far. `needed` are the ports that would be enough
    for the connections, `used` all ports in use, whoever has them; with the suffix
    `_with_time_wait`, both include those in TIME_WAIT. `size` and `source` of the range are as in
    PortUse; if the range is only assumed and the trace shows a smaller one (ChosenPorts), `size` is
    that of the smaller one. A range that the user gave and the trace contradicts counts as
    `assumed`.
    """

    @property
    def size(self) -> int: ...
    @property
    def source(self) -> str: ...
    @property
    def pinned(self) -> int: ...
    @property
    def waiting(self) -> int: ...
    @property
    def early(self) -> int: ...
    @property
    def early_in_all(self) -> int: ...
    @property
    def needed(self) -> int: ...
    @property
    def needed_with_time_wait(self) -> int: ...
    @property
    def used(self) -> int: ...
    @property
    def used_with_time_wait(self) -> int: ...


class Context(Protocol):
    """What a rule can ask about the trace that it follows; `analysis` provides it."""

    trace: str
    """id of the trace, `t1`"""

    now: float | None
    """seconds of the latest step, None without times"""

    def source_name(self, source: int) -> str:
        """The name of a source of the trace, as the user gave it."""
        ...

    def since_start(self, seconds: float | None) -> float | None:
        """Seconds since the trace's beginning; None without times."""
        ...

    def port_range(self, namespace: int) -> tuple[int, int]:
        """The ephemeral range (low, high) that is assumed to be in force."""
        ...

    def limit(self, socket: Socket) -> tuple[int, int] | None:
        """The range (low, high) to which IP_LOCAL_PORT_RANGE limits `socket`, or None."""
        ...

    def gives_again(self, to: Destination) -> bool:
        """connect() to this destination reuses ports that it chose and that are in TIME_WAIT, after
        a second: to loopback by default, to any other destination with net.ipv4.tcp_tw_reuse=1."""
        ...

    def port_state(self, namespace: int) -> PortState:
        """The ports of a network namespace as they are now."""
        ...

    def held(self, namespace: int, port: int | None = None) -> Iterator[Held]:
        """Who has open sockets in a network namespace: all of them, or those with this local
        port."""
        ...

    def closing(self, namespace: int, port: int) -> Iterator[Held]:
        """Whose close() of a socket with this local port is under way: the socket is there until
        the call returns."""
        ...

    def closed_on_exec(self, namespace: int, port: int) -> Iterator[Held]:
        """Who would still have sockets with this local port if the FD_CLOEXEC flag, by which
        execve() closed them, was cleared unseen."""
        ...

    def is_running(self, group: ThreadGroup) -> bool:
        """The trace, as far as it was read, does not show the end of this process."""
        ...

    def shown(self, namespace: int, protocol: str | None, port: int) -> Shown | None:
        """A socket with this local port that is known only by a descriptor's note."""
        ...

    @property
    def traffic(self) -> Traffic:
        """The connections to each destination, up to the present step."""
        ...

    @property
    def machine(self) -> Listing | None:
        """The sockets of the traced machine, if the user gave a list of them."""
        ...


class Draft(NamedTuple):
    """What a finding of `rule` about `socket` is made of. The finding is made when it is read:
    each step of the socket changes it, and most of its states nobody reads."""

    context: Context
    rule: str
    level: Level
    step: Step
    socket: Socket
    """in its state after `step`"""
    trail: tuple[Evidence, ...]
    """the calls that prove it"""
    anchor: Evidence
    """the call at which it is reported: one of them"""
    process: ProcessRef
    ended: bool = False
    confidence: Confidence = Confidence.CERTAIN
    cause: str | None = None
    without_bind: str | None = None
    details: tuple[tuple[str, Detail], ...] = ()

    @property
    def at(self) -> Location:
        """The line of the call at which it is reported."""
        span = self.anchor.call.span
        return Location(self.context.source_name(span.source), span.first)

    @property
    def id(self) -> str:
        """The id of the finding: it stays the same however the socket changes."""
        return f"{self.context.trace}:{self.rule}:{self.at}"

    def finding(self) -> Finding:
        """Make the finding."""
        context, socket, place = self.context, self.socket, self.at
        trail = tuple([record(context, item) for item in self.trail])
        doubts = open_doubts(socket)
        return Finding(
            id=self.id,
            rule=self.rule,
            level=self.level,
            confidence=Confidence.PROBABLE if doubts else self.confidence,
            trace=context.trace,
            process=self.process,
            namespace=socket.namespace,
            fd=self.anchor.fd,
            at=place,
            socket=SocketKind(socket.domain, socket.type, socket.protocol),
            local=local_address(socket),
            peer=endpoint(socket.peer),
            outcome=socket.outcome,
            held_seconds=_held(context, trail, self.step) if self.ended else None,
            trail=trail,
            doubts=doubts,
            proved=socket.proved_pinned,
            shows_no_port=socket.shows_no_port,
            reuse=socket.options.reuse_address or socket.options.reuse_port,
            cause=self.cause,
            without_bind=self.without_bind,
            details=self.details,
        )


def proof(step: Step, socket: Socket) -> tuple[Evidence, ...]:
    """The calls that led to `socket`, and that of `step`, which may be none of them."""
    trail, event = socket.trail, step.event
    if not isinstance(event, Syscall):
        return trail
    if step.role == "close":
        closes = event.name.startswith("close")
        return (*trail, Evidence("close", event, step.fd)) if closes else trail
    begin = event.span[:2]
    if (trail and trail[-1].call is event) or any(item.call.span[:2] == begin for item in trail):
        return trail
    return (*trail, Evidence(step.role, event, step.fd))


def first(trail: tuple[Evidence, ...], role: str) -> Evidence:
    """The first call with this role (accept() makes a socket too); the last of all if there is
    none."""
    for item in trail:
        if item.role == role or (role == "socket" and item.role == "accept"):
            return item
    return trail[-1]


Found = Finding | Draft
"""What a rule gives."""


def made(found: Found) -> Finding:
    """The finding itself."""
    return found if isinstance(found, Finding) else found.finding()


def open_doubts(socket: Socket) -> frozenset[str]:
    """What could make a finding about `socket` wrong. If -yy shows the connecting descriptor as a
    TCP socket bound to a port, it does not matter how the number got there."""
    return socket.doubts - SETTLED_BY_PROOF if socket.proved_pinned else socket.doubts


SETTLED_BY_PROOF = frozenset(
    {
        Doubt.OLDER,
        Doubt.FD_REUSE,
        Doubt.KINSHIP,
        Doubt.PAIRING,
        Doubt.OPTIONS_HIDDEN,
        Doubt.IO_URING,
    }
)


def _held(context: Context, trail: tuple[CallRecord, ...], step: Step) -> float | None:
    bind = next((record for record in trail if record.role == "bind"), None)
    if bind is None or bind.seconds is None:
        return None
    end = context.since_start(step.event.seconds)
    return None if end is None else round(end - bind.seconds, 6)


def record(context: Context, item: Evidence) -> CallRecord:
    """One call of the trail as the report shows it."""
    role, call, fd = item
    source, first, last = call.span
    result = call.result
    return CallRecord(
        role=role,
        source=context.source_name(source),
        line=first,
        end_line=last,
        tid=call.tid or None,
        fd=fd,
        time=call.time,
        seconds=context.since_start(call.seconds),
        duration=call.duration,
        name=call.name,
        result=result.value,
        errno=result.errno,
        text=without_payload(call.name, call.text),
        stack=call.stack,
        injected=result.injected,
        address=endpoint(socket_address(argument(call.args, 1))) if role in _ADDRESSED else None,
        option=told_option(call),
    )


_ADDRESSED = frozenset({"bind", "connect", "getsockname"})
"""Roles of calls whose second argument is an address."""


def process_ref(context: Context, group: ThreadGroup, tid: int | None) -> ProcessRef:
    """`group` as the report names it; `tid` is the thread that made the call at which the finding
    is reported."""
    return ProcessRef(f"{context.trace}:{group.id}", group.tgid or None, tid, group.command)


def endpoint(address: SocketAddress | None) -> Endpoint | None:
    """An internet address as the report shows it, IPv4-mapped as IPv4, so that a destination has
    one spelling; None for any other."""
    if address is None or address.address is None or address.port is None:
        return None
    return Endpoint(unmapped(address.address), address.port)


def local_address(socket: Socket) -> LocalAddress:
    """The address given to bind(); for an older socket whatever is known."""
    local = socket.local
    if local is None:
        return LocalAddress(None, None, socket.assigned_port)
    return LocalAddress(local.address, local.port, socket.assigned_port)
