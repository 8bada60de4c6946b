"""Steps in, the traffic to each destination out: connections whose port connect() chose, open or in
TIME_WAIT."""

from __future__ import annotations

from collections import deque

from strace_analyzer.kernel.destination import Destination, destination
from strace_analyzer.kernel.objects import ThreadGroup
from strace_analyzer.kernel.socket_state import Binding, Connection
from strace_analyzer.kernel.step import Step
from strace_analyzer.kernel.time_wait import HOLD, leaves_time_wait

_UP = (Connection.CONNECTED, Connection.CONNECTING)
_OWN_PORT = (Binding.EPHEMERAL, Binding.BOUND)


class Route:
    """What went from one network namespace to one destination. Times are those of the trace."""

    def __init__(self) -> None:
        self.made = 0
        self.open = 0
        self.most_open = 0
        self.closed = 0
        self.closed_by_us = 0
        """how many of them went to TIME_WAIT on this side"""
        self.refused = 0
        """connect() calls that found no port"""
        self.began: float | None = None
        self.ended: float | None = None
        self.life = 0.0
        """the sum of the seconds that connections were open, for those with a time at both ends"""
        self.lives = 0
        self.peak = 0
        """the most ports held at one time, open or in TIME_WAIT; without times all closed ones
        count"""
        self.first_closed: Step | None = None
        self.groups: set[ThreadGroup] = set()
        self._waiting: deque[float] = deque()

    def held(self, now: float | None) -> int:
        """How many local ports the connections to this destination hold at this moment."""
        while self._waiting and now is not None and self._waiting[0] <= now - HOLD:
            self._waiting.popleft()
        return self.open + (self.closed_by_us if now is None else len(self._waiting))

    def _begin(self, step: Step) -> None:
        now = step.event.seconds
        self.made += 1
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        self.began = now if self.began is None else self.began
        self.groups.add(step.description.group)
        self.peak = max(self.peak, self.held(now))

    def _end(self, step: Step, since: float | None) -> None:
        now, was = step.event.seconds, step.was
        self.open -= 1
        self.closed += 1
        if since is not None and now is not None:
            self.life += now - since
            self.lives += 1
            self.ended = now
        if was is not None and leaves_time_wait(was, step.now):
            self.closed_by_us += 1
            self.first_closed = self.first_closed or step
            if now is not None:
                self._waiting.append(now)


class Traffic:
    """The traffic of one trace. Give it every step with one of `roles` and `bindings`. Grows with
    the destinations, the open connections, and those in TIME_WAIT."""

    roles = frozenset({"close", "connect", "outcome", "release", "reset"})
    bindings = frozenset({Binding.UNBOUND, Binding.DEFERRED, Binding.AUTOBOUND})
    """of the socket before the step: connect() will choose its port, or has chosen it"""

    def __init__(self) -> None:
        self.routes: dict[tuple[int, Destination], Route] = {}
        self.began: Route | None = None
        """the route on which the latest step began a connection; None if it began none"""
        self._open: dict[int, tuple[Route, float | None]] = {}

    def step(self, step: Step) -> None:
        """Account for one step."""
        self.began = self._route(step)

    def _route(self, step: Step) -> Route | None:
        """The route on which `step` begins a connection, None for any other step."""
        now, id = step.now, step.description.id
        known = self._open.get(id)
        if known is not None:
            if now is None or now.connection not in _UP:
                ending, since = self._open.pop(id)
                ending._end(step, since)
            return None
        was = step.was
        if step.role != "connect" or was is None or now is None or step.space != "TCP":
            return None
        to = destination(now.peer)
        if to is None or was.binding in _OWN_PORT:
            return None
        key = now.namespace, to
        route = self.routes.get(key)
        if route is None:
            route = self.routes[key] = Route()
        route.refused += step.errno == "EADDRNOTAVAIL"
        if now.connection not in _UP:
            return None
        route._begin(step)
        self._open[id] = route, step.event.seconds
        return route
