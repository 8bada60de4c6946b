"""The local ports that the kernel was seen to choose: takes sockets, gives what they say about the
ephemeral range.

bind() with port 0 takes a random port of the whole range (net/ipv4/inet_connection_sock.c
inet_csk_find_open_port; with SO_REUSEADDR it tries the lower half first), so if twenty of them lie
close together, the range is small.

connect() continues from the last port it used for a destination: that its ports lie close together
means nothing, but they too lie within the range.
"""

from __future__ import annotations

from strace_analyzer.findings import ChosenPorts
from strace_analyzer.kernel.socket_state import Binding, Socket
from strace_analyzer.ports.port_range import PortRange

ENOUGH = 20
"""This many randomly chosen ports show roughly where the range is."""
CLOSE = 2
"""Multiplied by their number, the span that counts as close. In the default range the chance that
20 random ports lie within a span of 40 is less than 1 in 10^50."""

_DOUBTED = ("assumed", "option")
"""Sources of a range that did not come from the machine itself."""


class Chosen:
    """The chosen ports of one network namespace. `note` each socket, then read `told`."""

    def __init__(self) -> None:
        self._at_random: set[int] = set()
        self._lowest, self._highest = 1 << 16, 0
        """of those chosen at random"""
        self._low, self._high = 1 << 16, 0

    def note(self, socket: Socket) -> bool:
        """Take in what this socket shows, and return whether that is new. Under IP_LOCAL_PORT_RANGE
        it shows only its own range."""
        port = socket.assigned_port
        if port is None or socket.options.port_range is not None:
            return False
        if socket.binding not in (Binding.EPHEMERAL, Binding.AUTOBOUND):
            return False
        is_new = not self._low <= port <= self._high
        if is_new:
            self._low, self._high = min(self._low, port), max(self._high, port)
        is_random = socket.binding is Binding.EPHEMERAL and not socket.options.reuse_address
        if is_random and port not in self._at_random:
            is_new = True
            self._at_random.add(port)
            self._lowest, self._highest = min(self._lowest, port), max(self._highest, port)
        return is_new

    def told(self, assumed: PortRange) -> ChosenPorts | None:
        """How the chosen ports contradict a range that is only assumed, or was given by the user;
        None if they fit into it."""
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
