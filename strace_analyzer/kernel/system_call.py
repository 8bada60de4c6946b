"""What the model knows of one system call: a row of the tables in the *_calls files.

The dispatcher (tracker.py), what is looked at (interest.py), the prefilter and the warnings about
halves that are missing all read these rows and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from strace_analyzer.kernel.arguments import FdArgument, first_fd
from strace_analyzer.kernel.objects import Task
from strace_analyzer.kernel.state import Kernel
from strace_analyzer.trace.events import Entered, Syscall
from strace_analyzer.trace.prefilter.watch import When

Act = Callable[[Kernel, Task, Syscall], None]
ActOn = Callable[[Kernel, Task, Syscall, FdArgument], None]
Begin = Callable[[Kernel, Task, Entered], None]
Gives = Callable[[Syscall], tuple[FdArgument, ...]]


class SystemCall(NamedTuple):
    """One of `act` and `on` says what it does; `on` gets the descriptor that is its first argument,
    and is not called for a line that shows none.

    `when` it can matter at all (a call that is not ALWAYS is left out where the model can tell from
    descriptors alone that nothing moves). `begin` is what is done as the first half is read.
    `is_attempt`: it counts although strace answered in the kernel's place (-e inject=), which the
    other calls do not. `gives` says which descriptors it gave, with numbers of the kernel's choice.
    `is_made`: it is taken as made where the trace has only its first half. `is_idle` tells of a
    call that its arguments show to move nothing, whatever its descriptor.
    """

    act: Act | None = None
    on: ActOn | None = None
    when: When = When.ALWAYS
    begin: Begin | None = None
    is_attempt: bool = False
    gives: Gives | None = None
    is_made: bool = False
    is_idle: Callable[[Syscall], bool] | None = None

    def descriptor(self, call: Syscall) -> FdArgument | None:
        """The descriptor that `call` acts on; None where it has none, or shows none."""
        return None if self.on is None else first_fd(call.args)

    def do(self, kernel: Kernel, task: Task, call: Syscall, fd: FdArgument | None) -> None:
        """Move the model; `fd` is `descriptor(call)`."""
        if self.act is not None:
            self.act(kernel, task, call)
        elif self.on is not None and fd is not None:
            self.on(kernel, task, call, fd)
