"""The calls of a trace that are under way: stores first halves, and returns each with its second.

There is one such table per trace. The decoder uses it to join halves and to attribute lines that
name no task; the prefilter asks it whether the next line of a task is awaited.
"""

from __future__ import annotations

from collections.abc import Iterator

from strace_analyzer.trace.events import Entered


class UnderWay:
    """By task: the event of the first half of each call, whose `call` is everything so far, a
    BegunCall or a RestOfCall."""

    def __init__(self) -> None:
        self.halves: dict[int, Entered] = {}
        """Read-only for others; calls in `moved` resume under another tid."""
        self.moved: dict[int, Entered] = {}
        """execve() of a thread, by the tid under which it resumes."""

    def __contains__(self, tid: object) -> bool:
        return tid in self.halves or tid in self.moved

    def __iter__(self) -> Iterator[int]:
        return iter((*self.halves, *self.moved))

    def pop(self, tid: int) -> Entered | None:
        """Remove and return the call that `tid` is inside, which is over or lost; None if there is
        none."""
        return self.halves.pop(tid, None) or self.moved.pop(tid, None)

    def rename(self, old: int, new: int) -> None:
        """Task `old` turned out to be `new`."""
        half = self.halves.pop(old, None)
        if half is not None:
            self.halves[new] = half

    def clear(self) -> tuple[Entered, ...]:
        """End the trace: remove and return all that is left."""
        left = (*self.halves.values(), *self.moved.values())
        self.halves.clear()
        self.moved.clear()
        return left
