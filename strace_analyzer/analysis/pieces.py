"""Which calls the trace shows only in part: takes its events, counts halves without a partner."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from strace_analyzer.kernel.catalogue import ALWAYS_MATTER
from strace_analyzer.kernel.interest import BEGINNING
from strace_analyzer.trace.events import (
    CLONES,
    Detached,
    Entered,
    Event,
    Exited,
    Identified,
    Killed,
    Syscall,
    TableRow,
    Unparsed,
)

_RESULT = re.compile(r"\)\s*= ")
"""Behind it a call's line says what it returned: it is whole, whatever else is odd about it."""
_EXITS = frozenset({"exit", "exit_group"})


class Pieces:
    """Of one trace. `feed` every event, then read.

    `began_midway` counts tasks whose first line is the end of a call; `lost` counts halves in the
    middle whose other half is missing; `broke_off` counts what was under way at the end. The latter
    two of calls that always matter to the model: others a reader may skip.
    """

    def __init__(self) -> None:
        self.began_midway = 0
        self.lost = 0
        self._known: set[int] = set()
        self._inside: dict[int, Entered] = {}
        self._is_cut = False
        self.ends_in_exits = False
        """the last line is that of a task's end"""
        self._has_ended = False
        """the last line was the end of a program"""
        self._has_table = False
        self._calls = 0
        self._take: dict[type[Event], Callable[[Any], None]] = {
            Syscall: self._call,
            Entered: self._entry,
            Exited: self._end,
            Killed: self._end,
            Detached: self._end,
            Identified: self._identified,
            Unparsed: self._cut,
            TableRow: self._table,
        }

    @property
    def broke_off(self) -> int:
        """Calls under way, and a last line that was cut, where nothing says that the trace
        ended."""
        if self._has_ended or self._has_table:
            return 0
        return self._is_cut + sum(half.name in ALWAYS_MATTER for half in self._inside.values())

    def feed(self, event: Event) -> None:
        """Note what `event` shows."""
        self._is_cut = self._has_ended = self.ends_in_exits = (
            False  # a reader gives the last line, whatever it is
        )
        take = self._take.get(type(event))
        if take is not None:
            take(event)

    def _call(self, call: Syscall) -> None:
        self._calls += 1
        tid, name = call.tid, call.name
        began = self._inside.pop(tid, None)
        if began is not None and began.span[:2] != call.span[:2]:
            self._lose(began)
        if not call.entry_seen:
            if tid in self._known:
                self.lost += name in ALWAYS_MATTER
            elif name not in CLONES and self._calls < BEGINNING:
                self.began_midway += 1  # the first line of a child can be the end of its clone
        if self._calls < BEGINNING or name in ALWAYS_MATTER:
            self._known.add(tid)  # later than in the beginning a reader shows not all that it says
        self._has_ended = name in _EXITS

    def _entry(self, half: Entered) -> None:
        tid, name = half.tid, half.name
        if tid in self._inside:
            self._lose(self._inside[tid])
        self._inside[tid] = half
        if self._calls < BEGINNING or name in ALWAYS_MATTER:
            self._known.add(tid)
        self._has_ended = name in _EXITS

    def _end(self, event: Exited | Killed | Detached) -> None:
        self.ends_in_exits = not isinstance(event, Detached)
        self._inside.pop(event.tid, None)
        self._known.discard(event.tid)
        if isinstance(event, Exited) and event.superseded_by is not None:
            self._renamed(event.superseded_by, event.tid)

    def _identified(self, event: Identified) -> None:
        self._renamed(0, event.tid)

    def _cut(self, event: Unparsed) -> None:
        self._is_cut = _RESULT.search(event.text) is None
        for tid, half in self._inside.items():
            if half.span[:2] == event.span[:2]:  # its other half came, but they are not understood
                del self._inside[tid]
                break

    def _table(self, event: TableRow) -> None:
        self._has_table = True

    def _lose(self, half: Entered) -> None:
        if half.name in ALWAYS_MATTER:
            self.lost += 1

    def _renamed(self, old: int, new: int) -> None:
        if old in self._inside:
            self._inside[new] = self._inside.pop(old)
        if old in self._known:
            self._known.discard(old)
            self._known.add(new)
