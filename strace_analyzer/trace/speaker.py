"""Who speaks on a line without a pid: takes who was named, announced and ended, gives thread ids.

Without -f -o strace names nobody while it traces one task, and `[pid N]` only while it traces several:
the first task is bare until a second one is followed, and whoever is left at the end is bare again. A
bare line therefore always has exactly one possible speaker: the one that is still alive.
"""

from __future__ import annotations

from collections.abc import Callable

from strace_analyzer.trace.frames import Frame, Kind

UnderWay = Callable[[int], str | None]
"""tid -> name of the call that it is inside of, None where it is in none"""


class Speaker:
    """Follows one source. `file_tid` is the tid in the name of a -ff file, where all lines are bare."""

    NOBODY = 0
    """The tid of the first task for as long as nothing has said its number."""

    def __init__(self, file_tid: int | None = None) -> None:
        self._file_tid = file_tid
        self._alive: set[int] = set()
        self._announced: set[int] = set()
        self._leaving: set[int] = set()
        self._first: int | None = None
        self._last = self.NOBODY

    def is_new(self, tid: int) -> bool:
        """True where nobody by this number is known to be alive."""
        return tid not in self._alive

    def named(self, frame: Frame, tid: int, under_way: UnderWay) -> bool:
        """A line names `tid`. True if that is the first task, whose number nothing had said before."""
        was_bare = (
            self.NOBODY in self._alive
            and tid not in self._announced
            and self._is_the_first(frame, tid, under_way)
        )
        if was_bare:
            self._alive.discard(self.NOBODY)
            self._first = tid
        self._alive.add(tid)
        self._last = tid
        return was_bare

    def _is_the_first(self, frame: Frame, tid: int, under_way: UnderWay) -> bool:
        inside = under_way(self.NOBODY)
        if frame.kind is Kind.RESUMED:
            return inside == frame.name and under_way(tid) is None
        if frame.kind in (Kind.EXITED, Kind.KILLED, Kind.SUPERSEDED, Kind.SIGNAL, Kind.STOPPED):
            return True
        return inside is None  # a task inside of a call begins no other

    def bare(self, frame: Frame, under_way: UnderWay) -> int:
        """The tid of a line that names nobody."""
        if self._file_tid is not None:
            return self._file_tid
        alive = self._alive
        if len(alive) == 1:
            return next(iter(alive))
        if not alive:
            tid = self.NOBODY if self._first is None else self._first
        else:
            tid = self._survivor(frame, under_way)
            alive.clear()  # a bare line says that all others are gone, said or not
        if self._first is None:
            self._first = tid
        alive.add(tid)
        return tid

    def _survivor(self, frame: Frame, under_way: UnderWay) -> int:
        """The most likely of several that may be left: the ends of the others were not printed."""
        left = self._alive - self._leaving or self._alive
        if frame.kind is Kind.SUPERSEDED and frame.number is not None:
            left = left - {frame.number} or left
        if frame.kind is Kind.RESUMED:
            left = {tid for tid in left if under_way(tid) == frame.name} or left
        if self._first in left:
            return self._first
        return self._last if self._last in left else max(left)

    def attached(self, tid: int) -> None:
        """strace says that it follows `tid` from now on."""
        self._announced.add(tid)
        self._alive.add(tid)

    def cloned(self, tid: int) -> None:
        """A clone-like call returned `tid`: a child of that number may speak."""
        self._announced.add(tid)

    def leaving(self, tid: int) -> None:
        """`tid` has called exit() or exit_group()."""
        self._leaving.add(tid)

    def gone(self, tid: int) -> None:
        """`tid` has ended, or strace has let go of it."""
        self._alive.discard(tid)
        self._announced.discard(tid)
        self._leaving.discard(tid)
