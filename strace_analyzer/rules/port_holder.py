"""Takes steps; for a call that found a port taken, gives who has it: from the trace, the machine's
list, or what was closed before.

It is long because a holder may be told by any of them, each with its own details.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from strace_analyzer.exhaustion import bind_address
from strace_analyzer.findings import Endpoint
from strace_analyzer.kernel.destination import (
    destination,
    local_port,
    space,
    space_held,
    specific,
)
from strace_analyzer.kernel.doubts import Doubt
from strace_analyzer.kernel.objects import Shown, ThreadGroup
from strace_analyzer.kernel.socket_state import TCP, Binding, Connection, Origin, Socket
from strace_analyzer.kernel.step import Step
from strace_analyzer.kernel.time_wait import HOLD, leaves_time_wait
from strace_analyzer.rules.evidence import Context, Held, endpoint
from strace_analyzer.rules.port_conflict import (
    NO_TIME_WAIT,
    conflicts,
    is_dual_stack,
    sharer,
)
from strace_analyzer.rules.words import script_of
from strace_analyzer.trace.sockaddr import SocketAddress

Details = tuple[tuple[str, str | int | None], ...]
"""what is known about a holder, for the details of a finding"""


class _Gone(NamedTuple):
    """A socket that had the port before, in its state when it was closed (without its trail): on
    which line, when, and whose."""

    socket: Socket
    line: int
    seconds: float | None
    group: ThreadGroup

    def has_port_from(self, socket: Socket, asked: SocketAddress | None, now: float | None) -> bool:
        """Whether what the socket left in TIME_WAIT can explain why `socket` does not get the port
        at `asked`, at time `now`. It cannot if both have SO_REUSEADDR (docs/kernel.md)."""
        if now is not None and self.seconds is not None and now - self.seconds > HOLD:
            return False
        share = self.socket.options.reuse_address and socket.options.reuse_address
        return not share and conflicts(self.socket, socket, asked)

    def details(self) -> Iterator[tuple[str, str | int | None]]:
        """Who it was, for the details of a finding."""
        yield "holder_line", self.line
        socket = self.socket
        if socket.connection is Connection.LISTENING:
            return
        to = destination(socket.peer)
        yield "holder", _what(socket)
        yield "holder_peer", None if to is None else str(Endpoint(to.address, to.port))
        yield from _process("holder", self.group)
        yield "holder_reuses", socket.options.reuse_address
        named = socket.binding is Binding.BOUND
        accepted = socket.origin is Origin.ACCEPTED
        yield "holder_port", "accepted" if accepted else "named" if named else "given"


class PortHolders:
    """Who has the ports that calls of one trace found taken."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self._gone: dict[tuple[int, str | None, int], _Gone] = {}
        """by namespace, protocol and port: the last socket that had it"""
        self._passed: dict[tuple[int, str | None, int], _Gone] = {}
        """the same: the last one that was passed to another process (SCM_RIGHTS), and closed here"""

    def of(self, step: Step, port: int) -> tuple[str, tuple[tuple[str, str | int | None], ...]]:
        """The cause, and the holder: looked for in the trace first, then in the machine's list,
        then in the past."""
        socket = step.socket
        asked = bind_address(step) or socket.local
        closing = tuple(self.context.closing(socket.namespace, port))
        held = [
            one
            for one in (*self.context.held(socket.namespace, port), *closing)
            if one.description is not step.description
            and space_held(one.socket) == step.space
            and conflicts(one.socket, socket, asked)
        ]
        shown = self.shown(step, port)
        if shown is not None and shown.is_gone:
            shown = None
        if held:
            one = min(
                held, key=lambda one: (not _is_own(one, step), not _is_maker(one), *_weight(one))
            )
            if shown is None or one.socket.origin is not Origin.ACCEPTED:
                return _kind(one, held, step, asked), (
                    *_who(one, step, self.context),
                    *((("closing", True),) if one in closing else ()),
                    *sharer(one.socket, socket),
                )
        if shown is not None:
            return by_note(shown)
        machine, protocol = self.context.machine, step.space
        for row in machine.at(port, protocol) if machine is not None and protocol else ():
            owner = row.owners[0] if row.owners else None
            details = (
                ("holder", row.what),
                ("holder_program", owner.command if owner else None),
                *([("holder_script", owner.script)] if owner and owner.script else ()),
                ("holder_pid", owner.pid if owner else None),
                ("holder_fd", owner.fd if owner else None),
                ("holder_others", ", ".join(map(str, row.owners[1:])) or None),
                ("listed", True),
            )
            return _BY_STATE.get(row.state, "outgoing-connection"), details
        passed = self._passed.get((socket.namespace, step.space, port))
        if passed is not None and conflicts(passed.socket, socket, asked):
            return "passed-socket", tuple(self._passed_to(passed))
        gone = self._gone.get((socket.namespace, step.space, port))
        if gone is not None and gone.has_port_from(socket, asked, step.event.seconds):
            return "time-wait", tuple(gone.details())
        if machine is None or not machine.is_answer:
            return "unknown", ()
        lacks = protocol if protocol and machine.lacks(protocol) else None
        return "unknown", (("listed", False), ("list_lacks", lacks))

    def shown(self, step: Step, port: int) -> Shown | None:
        """Who has the port according to a descriptor's note, at an address that conflicts."""
        socket = step.socket
        shown = self.context.shown(socket.namespace, step.space, port)
        if shown is None or shown.socket.local is None or shown.socket.domain is None:
            return None
        local = SocketAddress(shown.socket.domain, *shown.socket.local)
        one = socket._replace(domain=local.family, local=local)
        asked = bind_address(step) or socket.local
        return shown if conflicts(one, socket, asked) else None

    def may_have_inherited(self, step: Step, port: int) -> Iterator[tuple[str, str | int | None]]:
        """Who has a listener on the port if execve() did not close its descriptor after all."""
        socket = step.socket
        asked = bind_address(step) or socket.local
        for one in self.context.closed_on_exec(socket.namespace, port):
            if space(one.socket) == step.space and conflicts(one.socket, socket, asked):
                yield from _process("may_hold", one.group)
                yield "may_hold_fd", one.fd
                return

    def named_later(self, step: Step, port: int, shown: Step) -> tuple[str, Details] | None:
        """Like `of`, for a `step` whose holder only the later step `shown` tells: getsockname() of
        a socket for which the kernel had chosen this port before. None if it was not."""
        one = Held(shown.description.group, shown.fd, shown.description)
        socket, asked = step.socket, bind_address(step) or step.socket.local
        made = next(filter(None, map(one.socket.evidence, _MADE)), None)
        if made is None or made.call.span.first >= step.event.span.first:
            return None
        if one.description is step.description or not conflicts(one.socket, socket, asked):
            return None
        return _kind(one, [one], step, asked), _who(one, step, self.context)

    def _passed_to(self, passed: _Gone) -> Iterator[tuple[str, str | int | None]]:
        """Who passed the socket on and, if one is seen, who received one that may be it."""
        yield "holder", _what(passed.socket)
        yield from _process("holder", passed.group)
        yield "holder_line", passed.line
        for one in self.context.held(passed.socket.namespace):
            if one.socket.origin is Origin.RECEIVED and local_port(one.socket) is None:
                yield from _process("receiver", one.group)
                yield "receiver_fd", one.fd
                return

    def note_close(self, step: Step) -> None:
        """Remember what can have the port still: a socket that was passed to another process, or
        what a listener or a connection leaves in TIME_WAIT."""
        was = step.was
        if was is None:
            return
        if Doubt.PASSED in was.doubts:
            self._note_passed(step, was)
        port = was.assigned_port if was.local is None else was.local.port or was.assigned_port
        if not port or was.protocol in NO_TIME_WAIT:
            return
        is_bound = was.binding is Binding.BOUND and was.origin is not Origin.ACCEPTED
        listens = was.connection is Connection.LISTENING and is_bound
        is_up = was.connection is Connection.CONNECTED or is_bound
        if listens or (is_up and leaves_time_wait(was, None)):
            self._gone[was.namespace, space_held(was), port] = _gone(step, step.task.group, was)

    def _note_passed(self, step: Step, was: Socket) -> None:
        port = local_port(was)
        if port and was.origin is not Origin.ACCEPTED:
            gone = _gone(step, step.description.group, was)
            self._passed[was.namespace, space_held(was), port] = gone


def _gone(step: Step, group: ThreadGroup, was: Socket) -> _Gone:
    event = step.event
    return _Gone(was._replace(trail=()), event.span.first, event.seconds, group)


def _process(whose: str, group: ThreadGroup) -> Iterator[tuple[str, str | int | None]]:
    """Its program, script and pid (its first thread where the trace shows no pid), as details of a
    finding whose names begin with `whose`."""
    yield f"{whose}_program", group.command
    if group.command is not None:
        script = script_of(group.command, group.argv, group.argv_cut)
        if script is not None:
            yield f"{whose}_script", script
    yield f"{whose}_pid", group.tgid
    if not group.tgid and group.tids and group.tids[0]:
        yield f"{whose}_tid", group.tids[0]


_BY_STATE = {"LISTEN": "listener", "UNCONN": "bound-socket", "TIME-WAIT": "time-wait"}
"""what a state in the machine's list says about the holder; all other states are connections"""


def _weight(one: Held) -> tuple[bool, bool]:
    """Sort key: listeners first, and of the processes that have one its maker first."""
    listens = one.socket.connection is Connection.LISTENING
    return not listens, one.group is not one.description.group


def _is_own(one: Held, step: Step) -> bool:
    """The process that asks made the socket and has it. False if it may be another process's,
    because nothing tells how the two are related."""
    return (
        one.group is step.task.group
        and _is_maker(one)
        and not step.task.shares_by_assumption(one.description.maker)
    )


def _is_maker(one: Held) -> bool:
    """True unless the process inherited a copy."""
    return one.group is one.description.group


def _kind(one: Held, all_held: list[Held], step: Step, asked: SocketAddress | None) -> str:
    """What the holder is, in a word."""
    description = one.description
    if one.socket.origin is Origin.ACCEPTED:
        return "connection"
    if _is_with_itself(one.socket):
        return "self-connection"
    if _is_own(one, step):
        is_up = one.socket.connection in (Connection.CONNECTED, Connection.CONNECTING)
        is_named = one.socket.binding is Binding.BOUND and is_up
        if is_named or not is_up:
            if is_named:
                return "own-connection"
            both = is_dual_stack(one.socket, step.socket, asked)
            return "own-dual-stack" if both else "own-socket"
        return "outgoing-connection"  # connect() chose its port: nobody meant to have it
    if one.socket.connection is Connection.LISTENING:
        same = (item for item in all_held if item.description is description)
        is_kept = any(item.group is description.group for item in same)
        return "listener" if is_kept else "inherited-listener"
    if one.socket.connection in (Connection.CONNECTED, Connection.CONNECTING):
        return "outgoing-connection"
    return "bound-socket"


def _who(one: Held, step: Step, context: Context) -> tuple[tuple[str, str | int | None], ...]:
    """The holder, for the details of a finding: since which line, or on which it is first seen, and
    in which file if that differs from the finding's."""
    socket = one.socket
    made = next(filter(None, map(socket.evidence, _MADE)), None)
    first = made or next(iter(socket.trail), None)
    span = None if first is None else first.call.span
    line = None if span is None else span.first
    what = _what(socket)
    found: tuple[tuple[str, str | int | None], ...] = (
        ("holder", what),
        *_process("holder", one.group),
        ("holder_fd", one.fd),
        ("seen_line" if made is None and line is not None else "holder_line", line),
    )
    if _is_with_itself(socket) and socket.binding is Binding.BOUND:
        found += (("holder_port", "named"),)
    if what == _LISTENER and socket.evidence("bind"):
        found += (("holder_bound", True),)  # the line is its bind()'s, before it was a listener
    if span is not None and span.source != step.event.span.source:
        found += (("holder_file", context.source_name(span.source)),)
    return found


_LISTENER = "a listener"
_MADE = ("bind", "connect", "listen", "accept", "socket")
"""what gave a socket its port, in the order in which they are tried"""


def by_note(shown: Shown) -> tuple[str, tuple[tuple[str, str | int | None], ...]]:
    """The cause, and the holder, like `_holder`."""
    peer = shown.socket.peer
    if shown.listens:
        cause, what = "listener", "a listener"
    elif peer is None:
        cause, what = "bound-socket", "a socket that is bound to it"
    else:
        cause, what = "connection", f"a connection with {Endpoint(*peer)}"
    return cause, (
        ("holder", what),
        *_process("holder", shown.group),
        ("holder_fd", shown.fd),
        ("seen_line", shown.line),
    )


def _what(socket: Socket) -> str:
    if socket.connection is Connection.LISTENING:
        return _LISTENER
    if _is_with_itself(socket):
        return "a connection with itself"
    if socket.connection in (Connection.CONNECTED, Connection.CONNECTING):
        peer, came = socket.peer, socket.origin is Origin.ACCEPTED
        if peer is None or peer.address is None:
            return "a connection that came in" if came else "an outgoing connection"
        what = "a connection from" if came else "the local end of an outgoing connection to"
        return f"{what} {endpoint(peer) or peer.address}"
    return "a bound socket"


def _is_with_itself(socket: Socket) -> bool:
    """connect() went to the socket's own address and port, which makes a connection (RFC 9293, 3.5,
    simultaneous open): either both were named, or the kernel chose the port that was asked for."""
    to = destination(socket.peer)
    is_up = socket.connection in (Connection.CONNECTED, Connection.CONNECTING)
    if to is None or not is_up or socket.origin is Origin.ACCEPTED or socket.protocol not in TCP:
        return False
    own = specific(socket.local)
    is_here = own == to.address or (own is None and to.is_loopback)
    return is_here and local_port(socket) == to.port
