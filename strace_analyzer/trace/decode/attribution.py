"""Frames in, the same frames out with the tid of who speaks, also where the line names nobody.

Without `-f -o` strace names nobody while it traces one task, and `[pid N]` only while it traces
several: the first task is bare until a second one is followed, and whoever is left at the end is
bare again. So a bare line has one possible speaker, the one that is alive, where all ends are
printed.
"""

from __future__ import annotations

from strace_analyzer.trace.decode.frames import End, Frame, Kind
from strace_analyzer.trace.decode.interrupted import Mender
from strace_analyzer.trace.decode.under_way import UnderWay
from strace_analyzer.trace.events import Command, Event, Identified

NOBODY = 0
"""The tid of the first task for as long as nothing has said its number."""

SPEAKING = (
    *(Kind.CALL, Kind.RESUMED, Kind.SIGNAL, Kind.STOPPED),
    *(Kind.EXITED, Kind.KILLED, Kind.SUPERSEDED),
)
"""Kinds of lines that name who speaks, the usual ones first."""
_ENDS = (Kind.EXITED, Kind.KILLED)
_EXITS = (b"exit_group(", b"exit(", b"_exit(")
_AT_ANY_TIME = frozenset(
    (
        *(Kind.EXITED, Kind.KILLED, Kind.SUPERSEDED, Kind.SIGNAL, Kind.STOPPED),
        Kind.DETACHED,
    )
)
"""What may be said of a task that is inside of a call."""
_CALL, _RESUMED, _RESULT = Kind.CALL, Kind.RESUMED, End.RESULT
"""To ask a class for its member, once a line, takes longer."""


class Speaker:
    """Follows one source. `file_tid` is the tid in the name of a -ff file: all lines are bare."""

    def __init__(self, file_tid: int | None, under_way: UnderWay, mender: Mender) -> None:
        """Who is inside of which call is known to `under_way`, or to the `mender` of this source
        where the call was cut: both have taken all frames up to the last one that is heard."""
        self._file_tid = file_tid
        self._under_way = under_way
        self._mender = mender
        self.alive: set[int] = set()
        self._announced: set[int] = set()
        self._leaving: set[int] = set()
        self._first: int | None = None
        self._last = NOBODY
        self.cut = NOBODY
        """whose call was cut last"""
        self._commands: dict[int, str] = {}

    @property
    def alone(self) -> int | None:
        """Who speaks on a line that names nobody, where that is certain."""
        if self._file_tid is not None:
            return self._file_tid
        return next(iter(self.alive)) if len(self.alive) == 1 else None

    def hear(self, frame: Frame, events: list[Event]) -> Frame:
        """`frame` with its tid; what it tells about the speakers themselves goes to `events`."""
        kind, tid = frame.kind, frame.tid
        if tid in self.alive and (kind is _CALL or kind is _RESUMED) and frame.command is None:
            self._said(frame, tid)
            return frame
        if kind not in SPEAKING:
            if frame.kind is Kind.REST:  # never has a prefix of its own
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
        """A clone-like call returned `tid`: a child of that number may speak."""
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
        """A call, or a half of one."""
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
        """The name of the call that `tid` is inside of; None where it is inside of none."""
        cut = self._mender.cut
        half = cut if cut is not None and cut.tid == tid else self._under_way.halves.get(tid)
        return None if half is None else half.name

    def _is_first(self, frame: Frame, tid: int) -> bool:
        """A new number: True if it is that of the first task, which nothing had said before."""
        is_first = NOBODY in self.alive and tid not in self._announced
        if is_first:
            inside = self._inside(NOBODY)
            if frame.kind is Kind.RESUMED:
                is_first = inside == frame.name and self._inside(tid) is None
            elif frame.kind not in _AT_ANY_TIME:
                is_first = inside is None  # a task inside of a call begins no other
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
            alive.clear()  # all others are gone, whether their ends were printed or not
        if self._first is None:
            self._first = tid
        alive.add(tid)
        return tid

    def _survivor(self, frame: Frame) -> int:
        """The likeliest of several that may be left."""
        left = self.alive - self._leaving or self.alive
        if frame.kind is Kind.SUPERSEDED and frame.number is not None:
            left = left - {frame.number} or left
        if frame.kind is Kind.RESUMED:
            left = {tid for tid in left if self._inside(tid) == frame.name} or left
        if self._first in left:
            return self._first
        return self._last if self._last in left else max(left)
