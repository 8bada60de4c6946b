"""Steps in, the moment at which the range of ports was fullest out, namespace by namespace: before
anything fails."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from strace_analyzer.kernel.destination import space
from strace_analyzer.kernel.socket_state import Connection
from strace_analyzer.kernel.step import Step
from strace_analyzer.rules.evidence import Context

NEARLY_FULL, FULL = 0.8, 0.95
"""Shares of the range in force: a warning, an error."""


class Fullest(NamedTuple):
    """`used` of `size` local ports were in use towards one destination after `step`, some of them
    `waiting` in TIME_WAIT. `is_assumed` says that nobody told the range."""

    step: Step
    used: int
    waiting: int
    size: int
    is_assumed: bool

    @property
    def share(self) -> float:
        """Of the range."""
        return self.used / self.size


class Fullness:
    """Of the ports that connect() chose; those that bind() pinned are the early binds' story."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._fullest: dict[int, Fullest] = {}
        self._dry: set[int] = set()

    def note(self, step: Step) -> None:
        """A connect() that has found a port."""
        now = step.now
        if step.role != "connect" or now is None or space(now) != "TCP":
            return
        if now.connection not in (Connection.CONNECTED, Connection.CONNECTING):
            return
        state = self._context.port_state(now.namespace)
        used = state.needed_with_time_wait
        if used < NEARLY_FULL * state.size or state.pinned + state.waiting >= used:
            return
        known = self._fullest.get(now.namespace)
        if known is None or used > known.used:
            waiting = used - state.needed
            assumed = state.source == "assumed"
            self._fullest[now.namespace] = Fullest(step, used, waiting, state.size, assumed)

    def ran_dry(self, namespace: int) -> None:
        """Ports have run out there: nothing is left to be warned of."""
        self._dry.add(namespace)

    def close(self) -> Iterator[Fullest]:
        """The fullest moments of the namespaces in which nothing failed."""
        for namespace, fullest in self._fullest.items():
            if namespace not in self._dry:
                yield fullest
