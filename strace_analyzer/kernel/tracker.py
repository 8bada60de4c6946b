"""Events in, steps out: what each event of a trace did to the sockets of the kernel.

It is long because it is also the one door through which others ask what the model holds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from strace_analyzer.kernel.adoption import note_shown
from strace_analyzer.kernel.catalogue import CALLS, CLOSES, SOCKET_CALLS
from strace_analyzer.kernel.entry_times import EntryTimes
from strace_analyzer.kernel.interest import Interest
from strace_analyzer.kernel.lost_halves import LostHalves
from strace_analyzer.kernel.objects import Descriptor, Shown, Task
from strace_analyzer.kernel.open_calls import as_call, rename
from strace_analyzer.kernel.order import Order
from strace_analyzer.kernel.refused import refused
from strace_analyzer.kernel.seed import ExistingProcess, seed
from strace_analyzer.kernel.state import Kernel
from strace_analyzer.kernel.step import DoubtAt, Step
from strace_analyzer.kernel.system_call import SystemCall
from strace_analyzer.kernel.tasks import Tasks
from strace_analyzer.kernel.unclosed import Unclosed
from strace_analyzer.machine.facts import DEFAULT_RANGE
from strace_analyzer.trace.events import (
    Attached,
    Command,
    Detached,
    Entered,
    Event,
    Exited,
    Identified,
    Killed,
    Syscall,
    Unparsed,
)
from strace_analyzer.trace.prefilter.watch import When

_ALWAYS = When.ALWAYS
_ON_HELD = (When.HELD, When.OUTGOING)
"""If the first half of such a call is ignored, its second half can change nothing either."""


class Tracker:
    """Follows one trace. `feed` each event in order, then `close`."""

    def __init__(
        self,
        *,
        incoming: bool = True,
        script: str = "",
        port_range: tuple[int, int] = DEFAULT_RANGE,
    ) -> None:
        """Without `incoming`, connections made by accept() have no local address. `script` is what
        the first process runs (`python3 bills.py`), in case its execve() does not say. `port_range`
        (low, high) is the range that the kernel chooses ports from."""
        self._kernel = Kernel()
        self._kernel.port_range = port_range
        self._kernel.started_script = script
        self._interest = Interest(self._kernel, incoming=incoming)
        self._calls = self._kernel.calls
        self._began = False
        self.injected: Counter[str] = Counter()
        """calls that change the model and that strace answered itself (-e inject=), by name"""
        self.halves = LostHalves(self._calls)
        self._entry_times: EntryTimes | None = None
        self._take: dict[type[Event], Callable[[Any], None]] = {
            Exited: self._exit,
            Killed: self._exit,
            Attached: self._attached,
            Identified: self._identified,
            Command: self._command,
            Detached: self._detached,
            Unparsed: self.halves.not_understood,
        }

    @property
    def tasks(self) -> Tasks:
        """The live tasks."""
        return self._kernel.tasks

    def closing(self) -> Iterator[tuple[Task, int, Descriptor]]:
        """What each close() that is under way closes, with its task and number: the number is free
        already, the socket is there until the call returns."""
        for task in self._kernel.tasks:
            begun = self._calls.get(task.tid)
            if begun is None or begun.descriptor is None or begun.number is None:
                continue
            if begun.is_closing:
                yield task, begun.number, begun.descriptor

    @property
    def interest(self) -> Interest:
        """What this tracker looks at; it changes from one event to the next."""
        return self._interest

    @property
    def has_unseen_copies(self) -> bool:
        """Descriptors were copied, or processes made, by calls that the trace does not show."""
        return self._kernel.has_unseen_copies

    @property
    def shows_bound_ports(self) -> frozenset[int]:
        """Network namespaces in which -yy has shown the port of a bound TCP socket."""
        return frozenset(self._kernel.shows_bound_ports)

    @property
    def shown(self) -> Mapping[tuple[int, str | None, int], Shown]:
        """Sockets that are known only by their notes: the latest for each network namespace,
        protocol and local port."""
        return self._kernel.shown

    @property
    def unclosed(self) -> Unclosed:
        """Sockets that must have been closed although no close() was shown before."""
        return self._kernel.unclosed

    @property
    def shows_close(self) -> bool:
        """The trace shows that descriptors were closed, and in which order with other calls."""
        return self._kernel.close_was_seen and self._kernel.order is None

    def may_hold_socket(self, number: int | None) -> bool:
        """True if a task has a descriptor with this number (None: any number) that may be an
        internet socket."""
        for task in self._kernel.tasks:
            numbers = task.table if number is None else (number,)
            held = [task.table.slots.get(at) for at in numbers]
            if any(one is not None and one.description.socket.is_inet for one in held):
                return True
        return False

    @property
    def doubts(self) -> list[DoubtAt]:
        """What the trace has left open so far, in order; the caller may empty it."""
        return self._kernel.doubts

    def keep_order(self) -> None:
        """The trace has several files, and no clock tells the order between them."""
        self._kernel.order = Order()

    def expect_entry_times(self) -> None:
        """The trace has several files that share a clock: see kernel.entry_times."""
        self._entry_times = EntryTimes(self._kernel.tasks)

    def seed(self, processes: Iterable[ExistingProcess], ephemeral: tuple[int, int]) -> None:
        """Add processes that were running when tracing began (see kernel.seed). If their
        descriptors are known too, nothing is guessed about the time before."""
        there = tuple(processes)
        self._began = all(process.descriptors is not None for process in there)
        seed(self._kernel, there, ephemeral)

    @property
    def steps(self) -> list[Step]:
        """The steps not yet `taken`; always the same list object."""
        return self._kernel.steps

    def listening(self, kind: type[Event], name: str | None) -> Iterator[Callable[[Any], None]]:
        """The functions to call with each event of this type, in order: what `feed` does, without
        its overhead. `name` is that of the call, if it is one or the first half of one; else
        None."""
        if self._kernel.order is not None:
            yield self._kernel.order.feed
        if self._entry_times is not None:
            order = self._entry_times.in_order
            yield lambda event: self._carry_out(order(event))
        else:
            yield from self._followers(kind, name)

    def _followers(self, kind: type[Event], name: str | None) -> Iterator[Callable[[Any], None]]:
        if kind in self._take:
            yield self._take[kind]
        if name is None:
            return
        if name in CLOSES:
            yield self._closes
        row = CALLS.get(name)
        if row is None or (kind is Entered and row.when is When.GIVEN):
            yield self._other_call
        else:
            yield partial(self._call if kind is Syscall else self._entry, row)

    def feed(self, event: Event) -> list[Step]:
        """What the next event did, in order; [] if it changed nothing here."""
        for hear in self.listening(type(event), _name(event)):
            hear(event)
        return self.taken()

    def taken(self) -> list[Step]:
        """The steps since this was last called."""
        steps = self._kernel.steps.copy()
        self._kernel.steps.clear()
        return steps

    def close(self) -> list[Step]:
        """The end of the trace: calls that never returned are followed as far as they were seen."""
        if self._entry_times is not None:
            self._carry_out(self._entry_times.rest())
        self.halves.close()
        for tid in tuple(self._calls):
            self._complete(tid, None)
        return self.taken()

    def _carry_out(self, events: Iterable[Event]) -> None:
        for event in events:
            for take in self._followers(type(event), _name(event)):
                take(event)

    def _other_call(self, call: Syscall | Entered) -> None:
        """A call, or the first half of one, of which the model follows only that it was made."""
        tid = call.tid
        if self._kernel.tasks.awaits_children or not self._interest.has_begun:
            self._hear(call.name, tid)
        if tid in self._calls:
            self._lose(tid, call)

    def _entry(self, row: SystemCall, half: Entered) -> None:
        tasks, tid = self._kernel.tasks, half.tid
        if tasks.awaits_children or not self._interest.has_begun:
            self._hear(half.name, tid)
        if tid in self._calls:
            self._lose(tid, half)
        task = tasks.by_tid.get(tid)
        table = self._interest.table(tid) if task is None else task.table
        begun = self._calls[tid] = self._interest.begun(half, row, table)
        if row.begin is not None and not begun.is_ignored:
            row.begin(self._kernel, task or tasks.speaker(tid), half)

    def _call(self, row: SystemCall, call: Syscall) -> None:
        kernel, tid = self._kernel, call.tid
        if kernel.tasks.awaits_children or not self._interest.has_begun:
            self._hear(call.name, tid)
        begun = self._calls.get(tid)
        if begun is not None and begun.half.span[:2] != call.span[:2]:
            self._lose(tid, call)
            begun = None
        if begun is None:
            self._follow(row, call)
            return
        del self._calls[tid]
        if begun.is_ignored and row.when in _ON_HELD:
            return
        if not (begun.moves_data and self._interest.is_no_news(call, begun.descriptor)):
            kernel.begun = begun
            self._follow(row, call)
            kernel.begun = None
        if begun.descriptor is not None:
            kernel.release(tid, begun, call)

    def _follow(self, row: SystemCall, call: Syscall) -> None:
        """Carry out `call`, which has returned, unless it changes nothing."""
        kernel, name, tid, result = self._kernel, call.name, call.tid, call.result
        task = kernel.tasks.by_tid.get(tid)
        table = self._interest.table(tid) if task is None else task.table
        begun = kernel.begun
        fd = row.descriptor(call, table.slots if begun is None else (begun.number,))
        is_wanted = row.when is _ALWAYS or not (
            (row.is_idle is not None and row.is_idle(call))
            or self._interest.ignores(call, table, fd, begun)
        )
        shows = fd is not None and fd.note is not None and fd.fd not in table.slots
        if shows and fd is not None and task is not None and self._interest.is_shown_by(name):
            note_shown(kernel, task, fd, call)
        if is_wanted and result.note is not None and result.injected:
            self.injected[name] += 1
            is_wanted = row.is_attempt
        if not is_wanted:
            return
        task = task or kernel.tasks.speaker(tid)
        if row.act is not None:
            row.act(kernel, task, call)
        elif row.on is not None and fd is not None:
            row.on(kernel, task, call, fd)
        if result.errno is not None and name in SOCKET_CALLS:
            refused(kernel, task, call, fd)

    def _hear(self, name: str, tid: int) -> None:
        """`tid` spoke while the trace begins, or while a child may speak for the first time; `name`
        is its call. strace starts a program with execve(); if the first call of the trace is any
        other, the trace begins in the middle of things."""
        if not self._began:
            self._began = True
            self._kernel.tasks.tree_is_complete = name == "execve"
            if name != "execve":
                self._kernel.takes_guesses = True
                self._interest.follow_copies()
        self._interest.hear(tid)

    def _closes(self, call: Syscall | Entered) -> None:
        self._kernel.close_was_seen = True

    def _lose(self, tid: int, cause: Syscall | Entered) -> None:
        """`tid` is in a call whose end is not in the trace: `cause` is another call."""
        lost = self._calls.pop(tid)
        self.halves.lose(lost)
        self._kernel.release(
            tid, lost, as_call(cause, tid) if isinstance(cause, Entered) else cause
        )

    def _attached(self, event: Attached) -> None:
        # the notice can stand inside the line of the clone() that made the task
        if self._began:  # before the first call, it is the one that strace was attached to (-p)
            self._kernel.tasks.attached(event.tid)

    def _detached(self, event: Detached) -> None:
        self.halves.detached(event)
        self._kernel.tasks.detached(event.tid)

    def _identified(self, event: Identified) -> None:
        self._kernel.tasks.identify(event.tid)
        rename(self._calls, event)

    def _command(self, event: Command) -> None:
        group = self._kernel.tasks.speaker(event.tid).group
        if group.command is None or (event.tid == group.tgid and not group.programs):
            group.command = event.command

    def _complete(self, tid: int, end: Exited | Killed | None) -> None:
        """If `tid` is in a call: the call was made, its result will never be known."""
        begun = self._calls.pop(tid, None)
        if begun is None:
            return
        kernel, row = self._kernel, CALLS[begun.half.name]
        if row.is_made and row.on is not None:
            task, call = kernel.tasks.speaker(tid), as_call(begun.half, tid)
            fd, kernel.begun = row.descriptor(call, (begun.number,)), begun
            if fd is not None:
                row.on(kernel, task, call, fd)
            kernel.begun = None
        if end is not None:
            kernel.release(tid, begun, end)

    def _exit(self, event: Exited | Killed) -> None:
        kernel = self._kernel
        self._complete(event.tid, event)
        kernel.tasks.heard_of(event.tid)
        task = kernel.tasks.by_tid.get(event.tid)
        if task is not None:
            task.group.ended_at = event.seconds
            task.group.exit_status = event.status if isinstance(event, Exited) else None
            for fd, descriptor in kernel.tasks.remove(task):
                kernel.dropped(task, fd, descriptor, event)
        if isinstance(event, Exited) and event.superseded_by is not None:
            kernel.tasks.take_over(event.tid, event.superseded_by)
            rename(self._calls, event)


def _name(event: Event) -> str | None:
    return event.name if isinstance(event, (Syscall, Entered)) else None
