"""Takes the events of a -ff family in order of their times, gives them in an order in which they
can have taken effect.

Without -T a time says when a call was entered, and nothing says when it returned. A descriptor that
a call returned was allocated some time between the call's time and the next event of its task. It
is assumed to be allocated as late as possible: just before that next event, or before another
thread first uses it, because an earlier holder of the number may have to close it first.
"""

from __future__ import annotations

from collections.abc import Iterator

from strace_analyzer.kernel import process_calls
from strace_analyzer.kernel.catalogue import CALLS
from strace_analyzer.kernel.objects import FdTable
from strace_analyzer.kernel.tasks import Tasks
from strace_analyzer.trace.events import Event, Syscall


class EntryTimes:
    """The order of one trace. Call `in_order` with each event and read it to its end, carrying out
    each event as it comes; then call `rest`."""

    def __init__(self, tasks: Tasks) -> None:
        self._tasks = tasks
        self._held: dict[int, Syscall] = {}
        """calls that may not have returned yet, by task, in order of entry"""

    def in_order(self, event: Event) -> Iterator[Event]:
        """The calls that must have returned before `event`, then `event` itself unless it is
        held."""
        tid: int | None = getattr(event, "tid", None)
        if tid in self._held:
            yield self._held.pop(tid)
        if self._held and isinstance(event, Syscall):
            yield from self._before(event)
        if isinstance(event, Syscall) and self._may_be_late(event):
            self._held[event.tid] = event
        else:
            yield event

    def rest(self) -> Iterator[Event]:
        """The calls still held at the end of the trace."""
        while self._held:
            yield self._held.pop(next(iter(self._held)))

    def _may_be_late(self, call: Syscall) -> bool:
        """`call` allocates descriptors in a table that other tasks share, and its duration is not
        shown."""
        table = self._table(call.tid)
        return (
            call.duration is None and table is not None and table.users > 1 and bool(_given(call))
        )

    def _before(self, call: Syscall) -> Iterator[Event]:
        """Calls that must have returned, because `call` uses what they allocated or copies their
        table."""
        table = self._table(call.tid)
        if call.name in process_calls.CALLS:
            for tid in [tid for tid in self._held if self._table(tid) is table]:
                yield self._held.pop(tid)
            return
        row = CALLS.get(call.name)
        if row is None or table is None:
            return
        used = row.descriptor(call, table.slots)
        if used is None or used.fd in table.slots:
            return
        for tid, held in self._held.items():
            if self._table(tid) is table and used.fd in _given(held):
                yield self._held.pop(tid)
                return

    def _table(self, tid: int) -> FdTable | None:
        task = self._tasks.by_tid.get(tid)
        return None if task is None else task.table


def _given(call: Syscall) -> tuple[int, ...]:
    """The descriptors that `call` allocated."""
    row = CALLS.get(call.name)
    return () if row is None or row.gives is None else tuple(fd.fd for fd in row.gives(call))
