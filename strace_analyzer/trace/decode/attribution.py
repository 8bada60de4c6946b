"""Fill in the tid of each frame, also if its line names no task.

Without `-f -o`, strace prints no tid while it traces one task, and `[pid N]` only while it traces
several: lines of the first task are bare until a second one is followed, and so are lines of the
last one left. So if all exits are printed, a bare line can only come from the one task that is
alive.
"""

from __future__ import annotations

from strace_analyzer.trace.decode.frames import End, Frame, Kind
from strace_analyzer.trace.decode.interrupted import Mender
from strace_analyzer.trace.decode.under_way import UnderWay
from strace_analyzer.trace.events import Command, Event, Identified

NOBODY = 0
"""The tid of the first task until a line shows its real one."""

SPEAKING = (
    *(Kind.CALL, Kind.RESUMED, Kind.SIGNAL, Kind.STOPPED),
    *(Kind.EXITED, Kind.KILLED, Kind.SUPERSEDED),
)
"""Kinds of lines that name the task they belong to, the most common first."""
_ENDS = (Kind.EXITED, Kind.KILLED)
_EXITS = (b"exit_group(", b"exit(", b"_exit(")
_AT_ANY_TIME = frozenset(
    (
        *(Kind.EXITED, Kind.KILLED, Kind.SUPERSEDED, Kind.SIGNAL, Kind.STOPPED),
        Kind.DETACHED,
    )
)
"""Kinds that may appear for a task while it is inside a call."""
_CALL, _RESUMED, _RESULT = Kind.CALL, Kind.RESUMED, End.RESULT
"""Module globals: looking up an enum member on its class is slower, and this runs for every
line."""


class Speaker:
    """Tracks the tasks of one source. `file_tid` is the tid in the name of a -ff file, whose lines
    are all bare."""

    def __init__(self, file_tid: int | None, under_way: UnderWay, mender: Mender) -> None:
        """`under_way` knows which task is inside which call, or the source's `mender` if the call
        was cut. Both must have seen all earlier frames."""
        self._file_tid = file_tid
        self._under_way = under_way
        self._mender = mender
        self.alive: set[int] = set()
        self._announced: set[int] = set()
        self._leaving: set[int] = set()
        self._first: int | None = None
        self._last = NOBODY
        self.cut = NOBODY
        """the tid whose call was cut last"""
        self._commands: dict[int, str] = {}

    @property
    def alone(self) -> int | None:
        """The task that a bare line belongs to, if that is certain; else None."""
        if self._file_tid is not None:
            return self._file_tid
        return next(iter(self.alive)) if len(self.alive) == 1 else None

    def hear(self, frame: Frame, events: list[Event]) -> Frame:
        """Return `frame` with its tid; events about the tasks themselves are appended to
        `events`."""
        kind, tid = frame.kind, frame.tid
        if tid in self.alive and (kind is _CALL or kind is _RESUMED) and frame.command is None:
            self._said(frame, tid)
            return frame
        if kind not in SPEAKING:
            if frame.kind is Kind.REST:  # has no prefix of its own
                return frame._replace(tid=self.cut)
            if frame.number is not None:
                self._follow(frame, frame.number, events)
            return frame
        if tid is None:
            tid = self._bare(frame)
            frame = frame._replace(tid=tid)
        elif tid not in self.alive and self._is_first(frame, tid):
            events.append(Identified(tid, frame.span))
        if frame.command is not None and self._commands.get(tid) != frame.command:
            self._commands[tid] = frame.command
            events.append(Command(tid, frame.command, frame.span))
        self._remember(frame, tid)
        return frame

    def cloned(self, tid: int) -> None:
        """Note that a clone-like call returned `tid`: a child with that number may appear."""
        self._announced.add(tid)

    def _follow(self, frame: Frame, tid: int, events: list[Event]) -> None:
        if frame.kind is Kind.ATTACHED:
            self._announced.add(tid)
            self.alive.add(tid)
        elif frame.kind is Kind.DETACHED:
            if self.alive == {NOBODY} and self._is_first(frame, tid):
                events.append(Identified(tid, frame.span))
            self._forget(tid)

    def _forget(self, tid: int) -> None:
        self.alive.discard(tid)
        self._announced.discard(tid)
        self._leaving.discard(tid)
        self._commands.pop(tid, None)

    def _said(self, frame: Frame, tid: int) -> None:
        """Handle a call, or a half of one."""
        if frame.end is not _RESULT:
            self.cut = tid
        if frame.kind is _CALL and frame.body.startswith(_EXITS):
            self._leaving.add(tid)

    def _remember(self, frame: Frame, tid: int) -> None:
        if frame.kind is _CALL or frame.kind is _RESUMED:
            self._said(frame, tid)
        elif frame.kind in _ENDS:
            self._forget(tid)
        elif frame.kind is Kind.SUPERSEDED and frame.number is not None:
            self._forget(frame.number)

    def _inside(self, tid: int) -> str | None:
        """Return the name of the call that `tid` is inside, or None."""
        cut = self._mender.cut
        half = cut if cut is not None and cut.tid == tid else self._under_way.halves.get(tid)
        return None if half is None else half.name

    def _is_first(self, frame: Frame, tid: int) -> bool:
        """Handle a new tid: return True if it belongs to the first task, whose number was unknown
        so far."""
        is_first = NOBODY in self.alive and tid not in self._announced
        if is_first:
            inside = self._inside(NOBODY)
            if frame.kind is Kind.RESUMED:
                is_first = inside == frame.name and self._inside(tid) is None
            elif frame.kind not in _AT_ANY_TIME:
                is_first = inside is None  # a task inside a call cannot begin another
        if is_first:
            self.alive.discard(NOBODY)
            self._first = tid
            if self.cut == NOBODY:
                self.cut = tid
        self.alive.add(tid)
        self._last = tid
        return is_first

    def _bare(self, frame: Frame) -> int:
        if self._file_tid is not None:
            return self._file_tid
        alive = self.alive
        if len(alive) == 1:
            return next(iter(alive))
        if not alive:
            tid = NOBODY if self._first is None else self._first
        else:
            tid = self._survivor(frame)
            alive.clear()  # all others are gone, whether or not their exits were printed
        if self._first is None:
            self._first = tid
        alive.add(tid)
        return tid

    def _survivor(self, frame: Frame) -> int:
        """Return the likeliest of several tasks that may be left."""
        left = self.alive - self._leaving or self.alive
        if frame.kind is Kind.SUPERSEDED and frame.number is not None:
            left = left - {frame.number} or left
        if frame.kind is Kind.RESUMED:
            left = {tid for tid in left if self._inside(tid) == frame.name} or left
        if self._first in left:
            return self._first
        return self._last if self._last in left else max(left)
