"""Steps of UDP sockets in, how many UDP ports of the ephemeral range are in use out: in one network
namespace, by the trace's own sockets."""

from __future__ import annotations

from collections import Counter

from strace_analyzer.kernel.destination import Family, family, local_port, specific
from strace_analyzer.kernel.objects import ThreadGroup
from strace_analyzer.kernel.socket_state import Binding, Socket
from strace_analyzer.kernel.step import Step

_Place = tuple[Family, str | None, int]
"""family, specific address (None for the wildcard), and the port if the program named it, else 0"""


class DatagramPorts:
    """Who has the ports from `low` to `high`, and how many at least that are.

    A UDP port belongs to one socket, whoever chose it (docs/kernel.md, "UDP"), but sockets bound to
    different addresses may have the same: of those, the most on any one address count. Ports that
    bind() with port 0 chose under SO_REUSEADDR or SO_REUSEPORT may be shared, and are left out.
    """

    def __init__(self, low: int, high: int) -> None:
        self._low, self._high = low, high
        self._places: dict[int, tuple[_Place, ThreadGroup]] = {}
        """by description"""
        self._taken: Counter[_Place] = Counter()
        self._by_address: dict[Family, Counter[str | None]] = {one: Counter() for one in Family}
        """ports by address, those with several sockets once"""
        self._groups: Counter[ThreadGroup] = Counter()

    def note(self, step: Step) -> bool:
        """Take in what `step` did to its socket; True if one more port may be in use."""
        id = step.description.id
        place = None if step.now is None else self._place(step.now)
        known = self._places.get(id)
        if place == (None if known is None else known[0]):
            return False
        if known is not None:
            del self._places[id]
            self._change(*known, -1)
        if place is not None:
            self._places[id] = place, step.description.group
            self._change(place, step.description.group, 1)
        return place is not None

    @property
    def used(self) -> int:
        """How many ports of the range are in use, at least."""
        by = {one: self._fewest(self._by_address[one]) for one in Family}
        return by[Family.DUAL] + max(by[Family.V4], by[Family.V6])

    @property
    def processes(self) -> int:
        """How many processes have sockets on these ports."""
        return len(self._groups)

    def _place(self, socket: Socket) -> _Place | None:
        """None if the socket has no port of the range for itself."""
        match socket.binding:
            case Binding.AUTOBOUND:
                return family(socket, None), None, 0  # chosen as if for the wildcard address
            case Binding.EPHEMERAL:
                is_shared = socket.options.reuse_address or socket.options.reuse_port
                where = family(socket, socket.local), specific(socket.local)
                return None if is_shared else (*where, 0)
            case Binding.BOUND:
                port = local_port(socket) or 0
                where = family(socket, socket.local), specific(socket.local)
                return (*where, port) if self._low <= port <= self._high else None
            case _:
                return None

    def _change(self, place: _Place, group: ThreadGroup, by: int) -> None:
        where, address, port = place
        before = self._taken[place]
        self._taken[place] = after = before + by
        if not after:
            del self._taken[place]
        if port == 0 or 0 in (before, after):
            self._by_address[where][address] += by
        self._groups[group] += by
        if not self._groups[group]:
            del self._groups[group]

    @staticmethod
    def _fewest(at: Counter[str | None]) -> int:
        most = max((ports for address, ports in at.items() if address is not None), default=0)
        return at[None] + most
