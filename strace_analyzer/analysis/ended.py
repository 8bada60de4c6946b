"""Takes what a trace says about children that ended, gives those that it does not show otherwise.

A filter may leave out the clone() that made a child. Its parent still reveals it: wait4() returns
its number and SIGCHLD carries it (wait(2), sigaction(2): `si_pid`, in the PID namespace of the task
that is notified).
"""

from __future__ import annotations

import re

from strace_analyzer.kernel.tasks import Tasks
from strace_analyzer.trace.events import Exited, Killed, SignalDelivered, Syscall

_CHILD = re.compile(
    r"si_code=CLD_[A-Z]+, si_pid=(?P<pid>[1-9][0-9]*)"
    r"(?: /\* (?P<outer>[1-9][0-9]*) in strace's PID NS \*/)?"
)
"""strace(1), --decode-pids=pidns, adds the second number."""


class Ended:
    """The ended children of one trace. Give it each `call` that waits, each `signal` and each
    `end`, then ask."""

    def __init__(self, tasks: Tasks) -> None:
        self._tasks = tasks
        self._gone: set[int] = set()
        """tasks whose end the trace shows"""
        self._told: dict[int, int] = {}
        """children whose end was reported -> the task to which it was reported"""
        self._is_nameless = False
        """SIGCHLD was delivered without its siginfo, as strace printed it before 4.7: which child
        ended is unknown"""

    def call(self, call: Syscall) -> None:
        """A wait4(), waitpid() or waitid() returned."""
        if call.name == "waitid":
            self._named(call.tid, call.text)
        elif (call.result.value or 0) > 0:
            self._tell(call.tid, call.result.value or 0)

    def signal(self, event: SignalDelivered) -> None:
        """A signal was delivered; only SIGCHLD matters."""
        if event.signal == "SIGCHLD":
            self._named(event.tid, event.info)
            self._is_nameless |= "si_" not in event.info and not event.stopped

    def end(self, event: Exited | Killed) -> None:
        """A task that the trace follows has ended."""
        self._gone.add(event.tid)

    def _named(self, teller: int, text: str) -> None:
        child = _CHILD.search(text)
        if child is not None:
            self._tell(teller, int(child["outer"] or child["pid"]))

    def _tell(self, teller: int, child: int) -> None:
        if not self._is_known(child):
            self._told[child] = teller

    def _is_known(self, number: int) -> bool:
        tasks = self._tasks
        return number in self._gone or number in tasks.by_tid or number in tasks.named

    @property
    def all_are_gone(self) -> bool:
        """The trace shows the end of every task of which it shows something."""
        return bool(self._gone) and self._tasks.by_tid.keys() <= self._gone

    @property
    def several_spoke(self) -> bool:
        """The trace shows something of more than one task."""
        return len(self._gone | self._tasks.by_tid.keys()) > 1

    @property
    def one_without_number(self) -> bool:
        """A child ended whose number is unknown, and the trace shows only one task."""
        return self._is_nameless and not self._told and not self.several_spoke

    @property
    def unseen(self) -> tuple[int, ...]:
        """The numbers of children that no clone named and that never spoke.

        In a PID namespace a child's number differs from the one that strace prints, and is usually
        lower than its parent's there; so each task whose end was not reported may be one of those.
        """
        told = [(child, of) for child, of in self._told.items() if not self._is_known(child)]
        tellers = set(self._told.values())
        seen = self._gone | self._tasks.by_tid.keys()
        others = len(seen - self._told.keys() - tellers)
        unseen = [child for child, of in told if child >= of]
        inner = [child for child, of in told if child < of]
        return (*unseen, *inner[others:])
