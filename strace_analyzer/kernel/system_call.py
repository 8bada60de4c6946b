"""What the model knows of one system call: a row of the tables in the *_calls files.

The dispatcher (tracker.py), the selection of calls (interest.py), the prefilter and the warnings
about missing halves all read these rows and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from strace_analyzer.kernel.arguments import FdArgument, fd_argument
from strace_analyzer.kernel.objects import Task
from strace_analyzer.kernel.state import Kernel
from strace_analyzer.trace.events import Entered, Syscall
from strace_analyzer.trace.prefilter.watch import When

Act = Callable[[Kernel, Task, Syscall], None]
ActOn = Callable[[Kernel, Task, Syscall, FdArgument], None]
Begin = Callable[[Kernel, Task, Entered], None]
Gives = Callable[[Syscall], tuple[FdArgument, ...]]


NETWORK = "%network"
"""The class of the calls on sockets, in strace's -e."""
SOCKET_FACTS = "etsock"
"""getsockname, getsockopt and setsockopt, for --lean."""


class SystemCall(NamedTuple):
    """One row: `act` or `on` says what the call does. `on` gets the descriptor in the first
    argument, and is not called if the line shows none.

    `when` says when the call can matter at all: a call that is not ALWAYS is skipped if the
    descriptors alone show that nothing changes. `begin` runs when the first half is read.
    `is_attempt`: the call counts even if strace answered in the kernel's place (-e inject=); others
    do not. `gives` returns the descriptors that the call allocated, with numbers chosen by the
    kernel. `shown_by` is what our `strace -e` asks for to see the call: a class (`%network`) or a
    regular expression that means this call and no frequent other one, as short as it can be, since
    the line is pasted; "" if the call need not be seen. `lean` is the same for --lean; None: the
    same. `is_made`: the call is taken as made if the trace has only its first half. `is_idle` is
    true for a call whose arguments show that it changes nothing, whatever its descriptor.
    """

    act: Act | None = None
    on: ActOn | None = None
    when: When = When.ALWAYS
    begin: Begin | None = None
    is_attempt: bool = False
    gives: Gives | None = None
    shown_by: str = ""
    lean: str | None = None
    is_made: bool = False
    is_idle: Callable[[Syscall], bool] | None = None

    def descriptor(self, call: Syscall) -> FdArgument | None:
        """The descriptor that `call` acts on; None if it has none or the line does not show it."""
        return fd_argument(call.args[0]) if self.on is not None and call.args else None
