"""Takes what to do when a closed connection has kept its port for a minute, and does it then."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from strace_analyzer.kernel.time_wait import HOLD


class Holds:
    """What to do when a minute is over, in order. Needs times that do not go back."""

    __slots__ = ("_queue",)

    def __init__(self) -> None:
        self._queue: deque[tuple[float, Callable[[], None]]] = deque()

    def hold(self, since: float, release: Callable[[], None]) -> None:
        """Call `release` when a minute has passed since `since`."""
        self._queue.append((since + HOLD, release))

    def expire(self, now: float) -> None:
        """Release all whose minute is over at `now`."""
        queue = self._queue
        while queue and queue[0][0] <= now:
            queue.popleft()[1]()
