"""Runs a callback once a closed connection has kept its port for a minute, or for a second."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from math import inf
from typing import Any, TypeVarTuple

from strace_analyzer.kernel.time_wait import HOLD

Given = TypeVarTuple("Given")


class Holds:
    """Callbacks that are due after `wait` seconds, in order. Needs times that never go back."""

    __slots__ = ("_queue", "_wait", "due")

    def __init__(self, wait: float = HOLD) -> None:
        self._wait = wait
        self.due = inf
        """when the first of them is"""
        self._queue: deque[tuple[float, Callable[..., None], tuple[Any, ...]]] = deque()

    def hold(self, since: float, release: Callable[[*Given], None], *given: *Given) -> None:
        """Call `release` with the arguments `given` that long after `since`. (Not a closure: there
        may be a hundred thousand at once.)"""
        due = since + self._wait
        if not self._queue:
            self.due = due
        self._queue.append((due, release, given))

    def expire(self, now: float) -> None:
        """Release everything whose time is over at `now`."""
        queue = self._queue
        while queue and queue[0][0] <= now:
            _, release, given = queue.popleft()
            release(*given)
        self.due = queue[0][0] if queue else inf
