"""Which local ports the kernel was seen to choose: takes sockets, gives what they say of the range.

bind() with port 0 takes one at random out of the whole range (net/ipv4/inet_connection_sock.c
inet_csk_find_open_port; with SO_REUSEADDR out of its lower half first), so twenty of them that lie
close together show that the range is a small one.
connect() goes on from its last one for a destination: how close its ports lie shows nothing, but
that they are in the range is true of them too.
"""

from __future__ import annotations

from strace_analyzer.findings import ChosenPorts
from strace_analyzer.kernel.socket_state import Binding, Socket
from strace_analyzer.ports.port_range import PortRange

ENOUGH = 20
"""So many ports chosen at random show about where the range is."""
CLOSE = 2
"""Times their number: out of the usual range 20 ports all lie within 40 less than once in 10^50."""

_DOUBTED = ("assumed", "option")
"""Sources of a range that the machine did not tell."""


class Chosen:
    """Of one network namespace. `note` each socket, then `told`."""

    def __init__(self) -> None:
        self._at_random: set[int] = set()
        self._lowest, self._highest = 1 << 16, 0
        """of those chosen at random"""
        self._low, self._high = 1 << 16, 0

    def note(self, socket: Socket) -> None:
        """What this socket shows; one under IP_LOCAL_PORT_RANGE shows only its own range."""
        port = socket.assigned_port
        if port is None or socket.options.port_range is not None:
            return
        if socket.binding is Binding.EPHEMERAL:
            if not socket.options.reuse_address:
                self._at_random.add(port)
                self._lowest, self._highest = min(self._lowest, port), max(self._highest, port)
        elif socket.binding is not Binding.AUTOBOUND:
            return
        self._low, self._high = min(self._low, port), max(self._high, port)

    def told(self, assumed: PortRange) -> ChosenPorts | None:
        """What they say against a range that is only assumed, or that the user gave; None where
        they fit into it."""
        if assumed.source not in _DOUBTED or self._high == 0:
            return None
        outside = self._low < assumed.low or self._high > assumed.high
        if assumed.source == "assumed" and len(self._at_random) >= ENOUGH:
            low, high = self._lowest, self._highest
            if high - low < CLOSE * len(self._at_random):
                return ChosenPorts(len(self._at_random), low, high, shows_range=True)
        if outside:
            return ChosenPorts(None, self._low, self._high, shows_range=False)
        return None
