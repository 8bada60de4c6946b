"""Which calls the trace shows only in part: takes its events, counts halves whose other half is
missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from strace_analyzer.analysis.spelling import RESULT
from strace_analyzer.kernel.catalogue import ALWAYS_MATTER
from strace_analyzer.kernel.interest import BEGINNING
from strace_analyzer.kernel.open_calls import rename
from strace_analyzer.kernel.tracker import Tracker
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

_CALLS = (Syscall, Entered)
_MANY = 3
_EXITS = frozenset({"exit", "exit_group"})


class Pieces:
    """The incomplete calls of one trace. Give it the events that it is `listening` to, set `last`,
    then read.

    `began_midway` counts tasks whose first line is the end of a call; `lost` counts halves in the
    middle whose other half is missing; `broke_off` counts calls under way at the end. The last two
    count only calls that always matter to the model, since a reader may skip others. The `tracker`,
    which takes the same events, knows which task is in which call.
    """

    def __init__(self, tracker: Tracker) -> None:
        self.began_midway = 0
        self._halves = tracker.halves
        self._second_halves = 0
        """second halves without a first half, of tasks that had spoken before"""
        self._known: dict[int, None] = {}
        """tasks that have spoken"""
        self.last: Event | None = None
        """set by the owner: a reader passes on the last line, whatever it is"""
        self.cut_ends = 0
        """sources whose last line was cut"""
        self._has_table = False
        self._calls = 0
        self.begun: dict[str, None] = {}
        """names of calls that began before the first one ended, in order"""
        self._detached = False
        self._take: dict[type[Event], Callable[[Any], None]] = {
            Syscall: self._call,
            Entered: self._entry,
            Exited: self._end,
            Killed: self._end,
            Detached: self._end,
            Identified: partial(rename, self._known),
            TableRow: self._table,
        }

    @property
    def lost(self) -> int:
        """Halves of either kind."""
        return self._halves.lost + self._second_halves

    @property
    def broke_off(self) -> int:
        """Calls under way, plus a last line that was cut, unless something says that the trace
        ended."""
        last = self.last
        if self._exits or self._has_table:
            return self.cut_ends
        is_cut = isinstance(last, Unparsed) and RESULT.search(last.text) is None
        broke_off = self._halves.broke_off - len(self.unseen_after_execve) * self.ends_in_exits
        return max(is_cut + broke_off, self.cut_ends)

    @property
    def let_go(self) -> tuple[int, ...]:
        """Tasks that strace certainly let go at their execve() and followed no more."""
        return () if isinstance(self.last, Detached) else tuple(self._halves.let_go)

    @property
    def unseen_after_execve(self) -> tuple[int, ...]:
        """Tasks of which nothing is seen after they began an execve(), for whatever reason: strace
        detached as it ended, or the trace goes on to the end of the others."""
        if isinstance(self.last, Detached):
            return tuple(self._halves.let_go)
        return tuple(self._halves.in_execve) if self.ends_in_exits else ()

    @property
    def _exits(self) -> bool:
        return isinstance(self.last, (Syscall, Entered)) and self.last.name in _EXITS

    @property
    def has_ended(self) -> bool:
        """The last line is the end of what strace had to say."""
        return self._exits or self._has_table or isinstance(self.last, (Exited, Killed, Detached))

    @property
    def ends_in_exits(self) -> bool:
        """The last line is a task's end."""
        return isinstance(self.last, (Exited, Killed))

    def listening(self, event: Event) -> Iterator[Callable[[Any], None]]:
        """The functions to call with events like this one. After the beginning a reader no longer
        shows everything, so only calls that always matter count."""
        has_begun = self._calls >= BEGINNING
        if has_begun and isinstance(event, _CALLS) and event.name not in ALWAYS_MATTER:
            return
        if type(event) in self._take:
            yield self._take[type(event)]

    def _call(self, call: Syscall) -> None:
        self._calls += 1
        tid, name = call.tid, call.name
        if not call.entry_seen:
            if tid in self._known:
                self._second_halves += name in ALWAYS_MATTER
            elif name not in CLONES and self._calls < BEGINNING:
                self.began_midway += 1  # the first line of a child can be the end of its clone()
        if self._calls < BEGINNING or name in ALWAYS_MATTER:
            self._known[tid] = None

    @property
    def none_ended(self) -> str:
        """What to say about a trace in which calls began and none ended:
        `this trace shows no call that came to its end: connect() was under way as strace detached`.
        """
        names = [f"{name}()" for name in self.begun]
        calls = " and ".join(names) if len(names) < _MANY else f"{names[0]} and others"
        were = "was" if len(names) == 1 else "were"
        when = "as strace detached" if self._detached else "at its end"
        return f"this trace shows no call that came to its end: {calls} {were} under way {when}"

    def _entry(self, half: Entered) -> None:
        if not self._calls:
            self.begun[half.name] = None
        if self._calls < BEGINNING or half.name in ALWAYS_MATTER:
            self._known[half.tid] = None

    def _end(self, event: Exited | Killed | Detached) -> None:
        self._known.pop(event.tid, None)
        self._detached = self._detached or isinstance(event, Detached)
        if isinstance(event, Exited):
            rename(self._known, event)

    def _table(self, event: TableRow) -> None:
        self._has_table = True
