"""Events in, steps out: what each event of a trace did to the sockets of the kernel."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from strace_analyzer.kernel import (
    connect_calls,
    data_calls,
    descriptor_calls,
    option_calls,
    process_calls,
    socket_calls,
)
from strace_analyzer.kernel.interest import Interest
from strace_analyzer.kernel.objects import Task
from strace_analyzer.kernel.process_calls import Handler
from strace_analyzer.kernel.seed import ExistingProcess, seed
from strace_analyzer.kernel.state import Kernel
from strace_analyzer.kernel.step import Doubt, Step
from strace_analyzer.kernel.tasks import Tasks
from strace_analyzer.trace.events import (
    Attached,
    Command,
    Entered,
    Event,
    Exited,
    Identified,
    Killed,
    Syscall,
)

CALLS: dict[str, Handler] = {
    **process_calls.CALLS,
    **descriptor_calls.CALLS,
    **socket_calls.CALLS,
    **connect_calls.CALLS,
    **option_calls.CALLS,
    **data_calls.CALLS,
}
"""Every system call that moves the model, by its name in strace."""

ENTRIES = {**process_calls.ENTRIES, **descriptor_calls.ENTRIES}
"""The calls of which already the first half matters."""

ATTEMPTS = frozenset({"connect", *ENTRIES})
"""The calls that count although strace answered them itself (-e inject=), and the kernel was never
asked: a connect() is an attempt, and what a first half began must end."""

COMPLETED = frozenset({"connect"})
"""The calls that are taken as made where the trace has only their first half."""

CLOSES = frozenset({"close", "close_range"})
"""One of them shows that closing is traced."""


def tracked_calls() -> frozenset[str]:
    """The names of the calls that a trace must show for nothing to be hidden from the model."""
    return frozenset(CALLS)


class Tracker:
    """Follows one trace. `feed` each event in order, then `close`."""

    def __init__(self, *, incoming: bool = True) -> None:
        """Without `incoming`, connections that came by accept() have no local address."""
        self._kernel = Kernel()
        self._interest = Interest(self._kernel, tracked_calls(), incoming=incoming)
        self._halves: dict[int, Entered] = {}
        """calls of COMPLETED that are under way, by task"""
        self._began = False
        self._take: dict[type[Event], Callable[[Any], None]] = {
            Syscall: self._call,
            Entered: self._entry,
            Exited: self._exit,
            Killed: self._exit,
            Attached: self._attached,
            Identified: self._identified,
            Command: self._command,
        }

    @property
    def tasks(self) -> Tasks:
        """The tasks that are alive now."""
        return self._kernel.tasks

    @property
    def interest(self) -> Interest:
        """What this tracker looks at, from one event to the next."""
        return self._interest

    @property
    def doubts(self) -> list[Doubt]:
        """What the trace has left open so far, in order; the caller may empty it."""
        return self._kernel.doubts

    def seed(self, processes: Iterable[ExistingProcess], ephemeral: tuple[int, int]) -> None:
        """Processes that run already as tracing begins, with their sockets (see kernel.seed)."""
        self._began = True
        seed(self._kernel, processes, ephemeral)

    def feed(self, event: Event) -> list[Step]:
        """What `event` did, in order; [] for an event that moves nothing here."""
        take = self._take.get(type(event))
        if take is None:
            return []
        take(event)
        return self._made()

    def close(self) -> list[Step]:
        """The end of the trace: calls that never came back are taken as far as they were seen."""
        for tid in tuple(self._halves):
            self._complete(tid)
        return self._made()

    def _made(self) -> list[Step]:
        steps = self._kernel.steps
        if steps:
            self._kernel.steps = []
            return steps
        return []

    def _call(self, call: Syscall) -> None:
        kernel, name = self._kernel, call.name
        if not self._began:
            self._began = True
            kernel.tasks.tree_is_complete = name == "execve"
        self._interest.hear(call.tid)
        if name in CLOSES:
            kernel.close_was_seen = True
        if self._interest.ignores(call):
            return
        if self._halves:
            self._halves.pop(call.tid, None)
        if call.result.injected and name not in ATTEMPTS:
            return
        CALLS[name](kernel, kernel.tasks.speaker(call.tid), call)

    def _entry(self, half: Entered) -> None:
        kernel, name = self._kernel, half.name
        self._began = True
        self._interest.hear(half.tid)
        if name in CLOSES:
            kernel.close_was_seen = True
        if self._interest.ignores_entry(half):
            return
        if name in COMPLETED:
            self._halves[half.tid] = half
        elif self._halves:
            self._halves.pop(half.tid, None)
        entry = ENTRIES.get(name)
        if entry is not None:
            entry(kernel, kernel.tasks.speaker(half.tid), half)

    def _attached(self, event: Attached) -> None:
        # the notice can stand inside of the line of the clone() that made the task
        if self._kernel.tasks.awaits_children:
            self._kernel.tasks.speaker(event.tid)

    def _identified(self, event: Identified) -> None:
        self._kernel.tasks.identify(event.tid)
        half = self._halves.pop(0, None)
        if half is not None:
            self._halves[event.tid] = half

    def _command(self, event: Command) -> None:
        group = self._kernel.tasks.speaker(event.tid).group
        if group.command is None or (event.tid == group.tgid and not group.programs):
            group.command = event.command

    def _complete(self, tid: int) -> None:
        """If `tid` is inside of a call: it was made, its result will never be known."""
        half = self._halves.pop(tid, None)
        if half is not None:
            task = self._kernel.tasks.speaker(tid)
            call = Syscall(tid, half.time, half.seconds, half.call, half.span)
            CALLS[half.name](self._kernel, task, call)

    def _exit(self, event: Exited | Killed) -> None:
        kernel = self._kernel
        self._complete(event.tid)
        task = kernel.tasks.alive(event.tid)
        if task is not None:
            self._remove(task, event)
        if isinstance(event, Exited) and event.superseded_by is not None:
            kernel.tasks.take_over(event.tid, event.superseded_by)
            half = self._halves.pop(event.superseded_by, None)
            if half is not None:
                self._halves[event.tid] = half

    def _remove(self, task: Task, event: Exited | Killed) -> None:
        kernel = self._kernel
        kernel.end_close(task, event)
        for fd, descriptor in kernel.tasks.remove(task):
            kernel.dropped(task, fd, descriptor, event)
