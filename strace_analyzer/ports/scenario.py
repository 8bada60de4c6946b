"""One way the program could have been written, played through a model of the kernel with a given
port range.

Takes the Steps of one port space of one namespace, and says for each whether the kernel could have
served it. A refused socket holds nothing from then on, although the trace continues with it.
"""

from __future__ import annotations

from enum import Enum

from strace_analyzer.exhaustion import bind_address
from strace_analyzer.kernel.destination import family, space, specific
from strace_analyzer.kernel.socket_state import Binding, Socket
from strace_analyzer.kernel.step import Step
from strace_analyzer.kernel.time_wait import leaves_time_wait
from strace_analyzer.kernel.transitions import ConnectResult, connect_result
from strace_analyzer.ports.claim import (
    Claim,
    Owned,
    Shared,
    claim,
    is_up,
    owned,
    pins,
    shared,
)
from strace_analyzer.ports.concurrency import Sources
from strace_analyzer.ports.port_range import PortRange, narrowed
from strace_analyzer.ports.port_table import PortTable
from strace_analyzer.ports.time_wait import Holds
from strace_analyzer.trace.events import Syscall


class Variation(Enum):
    """What is different from the trace. UDP is the same in all three: the kernel never shares UDP
    ports."""

    AS_IS = "as is"
    NO_EARLY_BIND = "without early binds"
    """bind() to the wildcard and port 0 is left out; bind() to a specific address stays"""
    NO_PORT = "with IP_BIND_ADDRESS_NO_PORT"
    """the option is set before every bind() with port 0"""


_NO_PORT_ERRORS = frozenset({"EADDRINUSE", "EADDRNOTAVAIL", "EAGAIN"})


class Scenario:
    """`time_wait` keeps ports in TIME_WAIT for a minute after a close; it needs times."""

    def __init__(
        self, low: int, high: int, change: Variation, time_wait: bool, autobind_reuse: bool = False
    ) -> None:
        self.change = change
        self.time_wait = time_wait
        self.peak = 0
        """the most ports of the range in use at once"""
        self.served = 0
        """claims that the kernel could serve"""
        self.connected = 0
        """how many of these are connections"""
        self.refused = 0
        self._autobind_reuse = autobind_reuse
        self._sources = Sources()
        self._whole = PortRange(low, high, "option")
        self._tables: dict[PortRange, PortTable] = {}
        """one for each range that sockets asked for; overlaps are ignored, which counts the
        fewest"""
        self._claims: dict[int, tuple[PortTable, Claim]] = {}
        self._refused: set[int] = set()
        self._holds = Holds()

    def step(self, step: Step, seconds: float | None) -> bool:
        """Play one step; False if the kernel would have had no port for it."""
        if seconds is not None:
            self._holds.expire(seconds)
        socket, now = step.socket.id, step.now
        wanted = None if now is None else self.wanted(now)
        if socket in self._refused:
            if wanted is None:  # it gave up or is closed: a later attempt is a new one
                self._refused.discard(socket)
            return True
        attempt = None if socket in self._claims else self._attempt(step)
        if attempt is not None:
            return self._count(self._table(step.socket).fits(attempt))
        return self._move(step, wanted, seconds)

    def wanted(self, socket: Socket) -> Claim | None:
        """What the socket would claim under this scenario's change."""
        if space(socket) != "TCP" or not pins(socket, self._autobind_reuse):
            return claim(socket, self._autobind_reuse)
        address = specific(socket.local)
        keeps = self.change is Variation.AS_IS
        if keeps or (self.change is Variation.NO_EARLY_BIND and address is not None):
            return owned(socket, self._autobind_reuse)
        return shared(socket, address) if is_up(socket) else None

    def _move(self, step: Step, wanted: Claim | None, seconds: float | None) -> bool:
        socket = step.socket.id
        table, held = self._claims.get(socket) or (self._table(step.socket), None)
        if wanted != held:
            if held is not None:
                self._learn(held, wanted)
                del self._claims[socket]
                self._give_back(step, table, held, seconds if wanted is None else None)
            if wanted is not None:
                asks = held is None or type(held) is not type(wanted)
                if asks and not self._count(table.fits(wanted)):
                    self._refused.add(socket)
                    return False
                table.change(wanted, 1)
                self._claims[socket] = table, wanted
                self.peak = max(self.peak, table.used)
        was_up = step.was is not None and is_up(step.was)
        self.connected += step.now is not None and is_up(step.now) and not was_up
        return True

    def _give_back(self, step: Step, table: PortTable, held: Claim, seconds: float | None) -> None:
        waits = (
            self.time_wait
            and step.was is not None
            and step.space == "TCP"
            and leaves_time_wait(step.was, step.now)
        )
        if waits and seconds is not None:
            self._holds.hold(seconds, table.change, held, -1)
        else:
            table.change(held, -1)

    def _attempt(self, step: Step) -> Claim | None:
        """The claim of a call that failed for lack of a port, or that held a port only while it
        ran. Not `step.dry`: that is whether the trace's own range was exhausted."""
        socket, errno = step.socket, step.errno
        if errno is None or step.role not in ("bind", "connect", "listen", "send"):
            return None
        if step.role == "bind":
            return self._attempted_bind(step)
        unbound = socket.binding in (Binding.UNBOUND, Binding.DEFERRED)
        if not unbound or not isinstance(step.event, Syscall):
            return None
        if step.role == "connect" and step.space == "TCP":
            refused = connect_result(errno, step.event.duration) is ConnectResult.REFUSED
            return shared(socket, specific(socket.local)) if refused else None
        return owned(socket) if errno in _NO_PORT_ERRORS else None

    def _attempted_bind(self, step: Step) -> Claim | None:
        asked, socket = bind_address(step), step.socket
        if step.errno != "EADDRINUSE" or asked is None or asked.port != 0:
            return None
        early = step.space == "TCP" and (
            self.change is Variation.NO_PORT
            or (self.change is Variation.NO_EARLY_BIND and specific(asked) is None)
        )
        if early:
            return None  # it would have gone on to a connect() that the trace does not show
        reusable = owned(socket, self._autobind_reuse).reusable
        return Owned(family(socket, asked), specific(asked), reusable=reusable)

    def _count(self, fits: bool) -> bool:
        if fits:
            self.served += 1
        else:
            self.refused += 1
        return fits

    def _learn(self, held: Claim, wanted: Claim | None) -> None:
        """getsockname() showed the address that the route gave."""
        if not isinstance(held, Shared) or not isinstance(wanted, Shared) or held.local is not None:
            return
        if wanted.local is not None and self._sources.learn(wanted.destination, wanted.local):
            for table in self._tables.values():
                table.learned(wanted.destination)

    def _table(self, socket: Socket) -> PortTable:
        wanted = narrowed(self._whole, socket.options.port_range)
        table = self._tables.get(wanted)
        if table is None:
            table = self._tables[wanted] = PortTable(wanted.low, wanted.high, self._sources)
        return table
