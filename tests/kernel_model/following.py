"""Run the kernel model on strace output: `follow` a trace, then inspect the result.

A step reads `bind 3: ephemeral unconnected`: role, descriptor, and the socket's two states after
it; `close 3: gone` once the last reference is gone.
"""

from __future__ import annotations

from inspect import cleandoc

import strace_analyzer as sa
from strace_analyzer.kernel import Step, Tracker
from strace_analyzer.kernel.objects import Task
from strace_analyzer.kernel.socket_state import Socket
from strace_analyzer.kernel.step import FAILED, DoubtAt
from strace_analyzer.trace.events import Foreign, Unparsed

TCP = "AF_INET, SOCK_STREAM, IPPROTO_TCP"
UDP = "AF_INET, SOCK_DGRAM, IPPROTO_UDP"
ANY = '{sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16'
"""argument of bind(): INADDR_ANY, port 0"""
OURS = '{sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("192.0.2.1")}, 16'
FIXED = '{sa_family=AF_INET, sin_port=htons(4000), sin_addr=inet_addr("0.0.0.0")}, 16'
WEB = '{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16'
"""argument of connect()"""
MAIL = '{sa_family=AF_INET, sin_port=htons(25), sin_addr=inet_addr("192.0.2.8")}, 16'
UNSPEC = r'{sa_family=AF_UNSPEC, sa_data="\0\0\0\0\0\0\0\0\0\0\0\0\0\0"}, 16'
NOWHERE = '{sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, [16]'
"""what getsockname() shows for a socket without a port"""
PORT = '{sa_family=AF_INET, sin_port=htons(40001), sin_addr=inet_addr("0.0.0.0")}, [16]'
NO_PORT = "SOL_IP, IP_BIND_ADDRESS_NO_PORT, [1], 4"
GOING_ON = "-1 EINPROGRESS (Operation now in progress)"
REFUSED = "-1 ECONNREFUSED (Connection refused)"
FORK = "child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD"
THREAD = "child_stack=0x7f1, flags=CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD"


class Followed:
    """A trace that was followed to its end (`ended`) or so far."""

    def __init__(self, trace: str, *, ended: bool, incoming: bool = True) -> None:
        self.steps: list[Step] = []
        self.doubts: list[DoubtAt] = []
        self._tracker = Tracker(incoming=incoming)
        for event in sa.parse(cleandoc(trace).splitlines()):
            assert not (isinstance(event, (Unparsed, Foreign)) and event.text), event
            self._took(self._tracker.feed(event))
        if ended:
            self._took(self._tracker.close())

    def _took(self, steps: list[Step]) -> None:
        """Record what changed sockets; calls that only failed are tested through refused.py."""
        self.steps += (step for step in steps if step.role != FAILED)
        self.doubts += self._tracker.doubts
        self._tracker.doubts.clear()

    @property
    def told(self) -> list[str]:
        """Every step in words."""
        return [in_words(step) for step in self.steps]

    @property
    def said(self) -> list[str]:
        """Like `told`, each step preceded by its thread."""
        return [f"{step.task.tid} {in_words(step)}" for step in self.steps]

    @property
    def last(self) -> Socket:
        """The socket of the last step, in its state then."""
        return self.steps[-1].socket

    @property
    def unknown(self) -> list[str]:
        """The codes of the doubts, in order."""
        return [doubt.code for doubt in self.doubts]

    @property
    def tasks(self) -> dict[int, Task]:
        """The tasks that are alive, by tid."""
        return {task.tid: task for task in self._tracker.tasks}

    def task(self, tid: int) -> Task:
        """The living task with this tid."""
        return self.tasks[tid]

    def open_fds(self, tid: int) -> list[int]:
        """Return the descriptors of `tid` that are sockets."""
        return sorted(self.task(tid).table)

    def shares_table(self, one: int, other: int) -> bool:
        """Whether two tasks have the same descriptor table."""
        return self.task(one).table is self.task(other).table

    def step_of(self, line: int) -> Step:
        """Return the last step of the call that begins on this line."""
        return [step for step in self.steps if step.event.span.first == line][-1]

    def socket_after(self, line: int) -> Socket:
        """Return the socket of `step_of(line)`."""
        return self.step_of(line).socket


def follow(trace: str, *, incoming: bool = True) -> Followed:
    """Follow the trace to its end."""
    return Followed(trace, ended=True, incoming=incoming)


def so_far(trace: str) -> Followed:
    """Follow the trace, which may continue."""
    return Followed(trace, ended=False)


def told(trace: str) -> list[str]:
    """Return the steps of the trace in words."""
    return follow(trace).told


def in_words(step: Step) -> str:
    now = step.now
    state = "gone" if now is None else f"{now.binding.value} {now.connection.value}"
    error = ""
    if step.errno is not None and step.role not in ("close", "inherited"):
        error = f" ({step.errno})"
    return f"{step.role} {step.fd}: {state}{error}"
