"""The calls of one trace that are under way: takes first halves, gives each back with its second.

There is one such table for a trace. The decoder joins halves by it and finds out by it who speaks
on a line that names nobody; the prefilter asks it whether the next line of a task is awaited.
"""

from __future__ import annotations

from collections.abc import Iterator

from strace_analyzer.trace.decode.frames import Frame


class UnderWay:
    """By task: the first frame of each call, with all that has come so far as its body."""

    def __init__(self) -> None:
        self.halves: dict[int, Frame] = {}
        """to be read; what is in `moved` comes back under another number"""
        self.moved: dict[int, Frame] = {}
        """execve() of a thread, by the number under which it comes back"""

    def __contains__(self, tid: object) -> bool:
        return tid in self.halves or tid in self.moved

    def __iter__(self) -> Iterator[int]:
        return iter((*self.halves, *self.moved))

    def pop(self, tid: int) -> Frame | None:
        """The call that `tid` is inside of is over, or lost; None where there is none."""
        return self.halves.pop(tid, None) or self.moved.pop(tid, None)

    def rename(self, old: int, new: int) -> None:
        """The task that was known as `old` is `new`."""
        half = self.halves.pop(old, None)
        if half is not None:
            self.halves[new] = half

    def clear(self) -> tuple[Frame, ...]:
        """The end of the trace: all that is left."""
        left = (*self.halves.values(), *self.moved.values())
        self.halves.clear()
        self.moved.clear()
        return left
