"""What is known of the order between the files of a family without a common clock: takes events,
says whether one certainly came before another.

The order within each file is known. Between files only births and waits tell: everything that a
parent did before clone() came before anything the child does, and everything that a child did came
before the return of the wait() for it. This is a vector clock (Fidge, Mattern): each file counts
its own events, and records how many events of each other file came before.
"""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from strace_analyzer.trace.events import Event, Exited, Killed, Syscall

BIRTHS = frozenset({"clone", "clone2", "clone3", "fork", "vfork"})
WAITS = frozenset({"wait4", "waitpid", "waitid"})


class EventPlace(NamedTuple):
    """Event `number` of file `source`."""

    source: int
    number: int


class Order:
    """The order of one trace. `feed` it each event in reading order; then ask `is_known`."""

    def __init__(self) -> None:
        self._known: defaultdict[int, dict[int, int]] = defaultdict(dict)
        """by file: how many events of each file came before its next event"""
        self._born: dict[int, dict[int, int]] = {}
        """by tid: what a child inherits from its parent's knowledge, until it speaks"""
        self._files: dict[int, int] = {}
        """the file of each task that has spoken"""
        self.now = EventPlace(0, 0)

    def feed(self, event: Event) -> None:
        """`event` is the next event of its file."""
        source = event.span.source
        known = self._known[source]
        known[source] = count = known.get(source, 0) + 1
        self.now = EventPlace(source, count)
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

    def is_known(self, earlier: EventPlace) -> bool:
        """True if `earlier` certainly came before the current event."""
        return earlier.number <= self._known[self.now.source].get(earlier.source, 0)
