"""Takes steps; for a call that found no port, gives who held the ports, and whether the same
connections would have fitted without the early binds."""

from __future__ import annotations

from strace_analyzer.findings import Detail
from strace_analyzer.kernel.objects import ThreadGroup
from strace_analyzer.kernel.socket_state import Binding, Connection, Origin, Socket
from strace_analyzer.kernel.step import Step
from strace_analyzer.plain import ranges
from strace_analyzer.rules.evidence import Context, PortState
from strace_analyzer.rules.listed_holders import OF_A_RANGE, ListedHolders
from strace_analyzer.rules.waste import NEARLY_ALL

FEW_OPEN = 0.1
"""If open connections hold no more than this share of the ports, those in TIME_WAIT are to
blame."""


LEFT = 3
"""This many sockets left open are a leak."""


class Holders:
    """Who holds the ports of each network namespace of a trace."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self._listed = ListedHolders(context)
        self._shown: dict[int, tuple[int, int]] = {}
        """by namespace: the lowest and highest port that the kernel was seen to choose"""
        self._alone: dict[tuple[int, str | None], dict[int, tuple[ThreadGroup, int]]] = {}
        """by namespace and port space: open sockets that do not share their port, with their
        process and descriptor. The key is the description if the kernel chose the port, or the
        negative port number if the program asked for one within the range"""
        self._after_end: dict[int, set[int]] = {}
        """by namespace: open TCP sockets on which end of file was read"""

    def note(self, step: Step) -> None:
        """Take in whether the socket has its port alone and whether its connection is over, and
        what it shows about the ports that the kernel chooses."""
        socket, now, id = step.socket, step.now, step.description.id
        key = socket.namespace, step.space
        known = self._alone.get(key)
        alone = None if now is None else self._alone_as(now, step.space, id)
        if alone is not None:
            if known is None:
                known = self._alone[key] = {}
            known[alone] = step.description.group, step.fd
        elif known and known.pop(id, None) is None:
            was = step.was
            if was is not None and was.binding is Binding.BOUND:
                known.pop(self._alone_as(was, step.space, id) or id, None)
        ended = self._after_end.get(socket.namespace)
        if step.role == "eof" and now is not None and step.space == "TCP":
            self._after_end.setdefault(socket.namespace, set()).add(id)
        elif ended and (now is None or step.role == "connect"):
            ended.discard(id)
        port = socket.assigned_port
        if port is not None and socket.binding in (Binding.EPHEMERAL, Binding.AUTOBOUND):
            low, high = self._shown.get(socket.namespace, (port, port))
            self._shown[socket.namespace] = (min(low, port), max(high, port))

    def _alone_as(self, socket: Socket, space: str | None, id: int) -> int | None:
        """The key in _alone of a socket whose port no other socket can have; None if it has no such
        port. For TCP, ports chosen by bind() with port 0 are counted elsewhere, and those of
        connect() are shared."""
        if socket.binding is Binding.BOUND and socket.origin is not Origin.ACCEPTED:
            port = None if socket.local is None else socket.local.port
            low, high = self.context.port_range(socket.namespace)
            return -port if port and low <= port <= high else None
        if space == "TCP":
            is_given = socket.binding in (Binding.AUTOBOUND, Binding.EPHEMERAL)
            return id if is_given and socket.connection is Connection.LISTENING else None
        if socket.binding is Binding.EPHEMERAL:
            # bind() may give several such sockets one port (docs/kernel.md, "UDP")
            return None if socket.options.reuse_address or socket.options.reuse_port else id
        return id if socket.binding is Binding.AUTOBOUND else None

    def of(self, step: Step) -> tuple[str, str, tuple[tuple[str, Detail], ...]]:
        """What held the ports, whether the same connections would have fitted without the binds,
        and what is known about the holders."""
        cause, without_bind = self._cause(step)
        if cause not in ("another-process", "unknown"):
            return cause, without_bind, self._details(step, cause)
        listed = self._listed.of(step)
        if listed.waiting:
            cause = "time-wait"
        return cause, without_bind, (*listed.details(), *self._details(step, ""))

    def _details(self, step: Step, cause: str) -> tuple[tuple[str, Detail], ...]:
        """What the trace shows of the holders that it names by `cause`, and the range to which the
        program limits itself."""
        namespace = step.socket.namespace
        found: list[tuple[str, Detail]] = list(self.limit(step.socket))
        if cause == "time-wait" and self._is_short(step):
            found.append(("short_of_range", True))
        if cause == "own-sockets":
            alone = self._alone[namespace, step.space]
            mine = [fd for group, fd in alone.values() if group is step.description.group]
            named = sum(key < 0 for key in alone)
            found += [("held_named", named)] if named else []
            found += [("held", len(alone)), ("held_by_process", len(mine)), ("fds", ranges(mine))]
        left = self.left_open(namespace)
        if left:
            found.append(("after_end", left))
        return tuple(found)

    def limit(self, socket: Socket) -> tuple[tuple[str, Detail], ...]:
        """The range to which IP_LOCAL_PORT_RANGE limits `socket`; empty if it does not."""
        limit = self.context.limit(socket)
        return () if limit is None else (("limit_low", limit[0]), ("limit_high", limit[1]))

    def left_open(self, namespace: int) -> int:
        """How many TCP sockets are open after end of file, if they fill half of the range;
        otherwise 0."""
        left = len(self._after_end.get(namespace, ()))
        return left if fills_half(left, self.context.port_state(namespace).size) else 0

    def _cause(self, step: Step) -> tuple[str, str]:
        """The first two of `of`, by what the trace shows."""
        socket = step.socket
        alone = len(self._alone.get((socket.namespace, step.space), ()))
        limit = self.context.limit(socket)
        if step.space != "TCP":
            low, high = limit or self.context.port_range(socket.namespace)
            fills = alone >= NEARLY_ALL * (high - low + 1)
            # UDP sockets share no ports, with or without bind()
            return "own-sockets" if fills else "unknown", "would-not-fit"
        state = self.context.port_state(socket.namespace)
        size = self._size(socket.namespace, state)
        if limit is not None:
            size = min(size, limit[1] - limit[0] + 1)
        size = usable(size)
        nearly_all = NEARLY_ALL * size
        if state.pinned and state.pinned + state.needed >= nearly_all:
            return "early-binds", _fits(state.needed, size, step)
        if state.waiting and state.pinned + state.waiting + state.needed >= nearly_all:
            return "time-wait", _fits(state.needed_with_time_wait, size, step)
        is_most = 2 * alone >= state.used or state.needed < nearly_all
        if alone and is_most and state.used >= nearly_all:
            return "own-sockets", "would-not-fit"
        if state.used >= nearly_all and 2 * state.early > state.used:
            # bound to an address, not connected
            return "early-binds", _fits(state.needed, size, step)
        if state.needed >= nearly_all:
            leaks = self.left_open(socket.namespace) > 0
            return "socket-leak" if leaks else "one-destination", "would-not-fit"
        if state.needed_with_time_wait >= nearly_all:
            return "time-wait", "would-not-fit"
        own = max(state.needed, state.needed_with_time_wait)
        if state.source == "assumed" and own >= OF_A_RANGE:
            # a range smaller than the assumed one would explain it too
            if step.role in ("bind", "connect") and state.needed <= FEW_OPEN * own:
                return "time-wait", "would-not-fit"
            return "unknown", "unknown"
        is_asking = step.role in ("bind", "connect")
        if is_asking and 2 * own >= size and state.needed <= FEW_OPEN * own:
            return "time-wait", "would-not-fit"
        if not state.early_in_all:
            return "another-process", "unknown"
        return "unknown", "unknown"

    def _is_short(self, step: Step) -> bool:
        """What the trace shows does not fill the range, which is known."""
        state = self.context.port_state(step.socket.namespace)
        shown = max(state.pinned + state.waiting + state.needed, state.needed_with_time_wait)
        return state.source != "assumed" and shown < NEARLY_ALL * state.size

    def _size(self, namespace: int, state: PortState) -> int:
        """The size of the range. If it is only assumed, and the ports that the kernel was seen to
        choose are so dense that the range must be smaller, the span of these ports."""
        if state.source == "assumed" and namespace in self._shown:
            low, high = self._shown[namespace]
            span = high - low + 1
            if state.pinned + state.waiting + state.needed >= NEARLY_ALL * span and span > 1:
                return span
        return state.size


def usable(size: int) -> int:
    """How many ports of a range of `size` one call tries for TCP: an even number (docs/kernel.md,
    "The search for a port")."""
    return size - size % 2 if size > 1 else size


def fills_half(left: int, size: int) -> bool:
    """True if `left` sockets, open after end of file, explain why `size` ports ran out."""
    return left >= LEFT and 2 * left >= size


def _fits(needed: int, size: int, step: Step) -> str:
    """Whether one more connection would have fitted. A bind() that failed does not tell its
    destination: perhaps one whose ports are all in use, perhaps another."""
    if needed < size:
        return "would-fit"
    return "would-not-fit" if step.role == "connect" else "unknown"
