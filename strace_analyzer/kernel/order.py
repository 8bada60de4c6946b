"""What is known of the order between the files of a family without a common clock: takes events,
says whether one came before another.

Each file's own order is known. Between files only births and waits tell: all that a parent did
before a clone() came before what the child does, and all that a child did came before the return of
the wait() for it. That is a vector clock (Fidge, Mattern): each file counts its own events, and
knows of each other file how many of its events came before.
"""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from strace_analyzer.trace.events import Event, Exited, Killed, Syscall

BIRTHS = frozenset({"clone", "clone2", "clone3", "fork", "vfork"})
WAITS = frozenset({"wait4", "waitpid", "waitid"})


class Moment(NamedTuple):
    """The event `number` of the file `source`."""

    source: int
    number: int


class Order:
    """Of one trace. `feed` each event, as the reader gives them; then `before` tells."""

    def __init__(self) -> None:
        self._known: defaultdict[int, dict[int, int]] = defaultdict(dict)
        """by file: of each file how many of its events came before what it does next"""
        self._born: dict[int, dict[int, int]] = {}
        """what a child knows from its parent, by tid, until it speaks"""
        self._files: dict[int, int] = {}
        """the file of each task that has spoken"""
        self.now = Moment(0, 0)

    def feed(self, event: Event) -> None:
        """`event` is the next one that its file tells."""
        source = event.span.source
        known = self._known[source]
        known[source] = count = known.get(source, 0) + 1
        self.now = Moment(source, count)
        tid = getattr(event, "tid", 0)
        if tid not in self._files:
            self._files[tid] = source
            self._learn(source, self._born.pop(tid, {}))
        if isinstance(event, Syscall) and event.result.value:
            child = event.result.value
            if event.name in BIRTHS:
                if child in self._files:
                    self._learn(self._files[child], known)
                else:
                    self._born[child] = dict(known)
            elif event.name in WAITS and child in self._files:
                self._learn(source, self._known[self._files[child]])
        elif isinstance(event, (Exited, Killed)):
            self._files.setdefault(tid, source)

    def _learn(self, source: int, known: dict[int, int]) -> None:
        mine = self._known[source]
        for other, count in known.items():
            if count > mine.get(other, 0):
                mine[other] = count

    def is_known(self, earlier: Moment) -> bool:
        """True where `earlier` certainly came before what is told now."""
        return earlier.number <= self._known[self.now.source].get(earlier.source, 0)
