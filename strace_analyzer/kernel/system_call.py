"""What the model knows of one system call: a row of the tables in the *_calls files.

The dispatcher (tracker.py), the selection of calls (interest.py), the prefilter and the warnings
about missing halves all read these rows and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import NamedTuple

from strace_analyzer.kernel.arguments import FdArgument, argument, fd_argument
from strace_analyzer.kernel.objects import Task
from strace_analyzer.kernel.state import Kernel
from strace_analyzer.trace.events import Entered, Syscall
from strace_analyzer.trace.prefilter.watch import When

Act = Callable[[Kernel, Task, Syscall], None]
ActOn = Callable[[Kernel, Task, Syscall, FdArgument], None]
Begin = Callable[[Kernel, Task, Entered], None]
Gives = Callable[[Syscall], tuple[FdArgument, ...]]


_FIRST = (0,)

NETWORK = "%network"
"""The class of the calls on sockets, in strace's -e."""
SOCKET_FACTS = "etsock"
"""getsockname, getsockopt and setsockopt, for --lean."""


class SystemCall(NamedTuple):
    """One row: `act` or `on` says what the call does. `on` gets the descriptor that the call acts
    on, and is not called if the line shows none. `fds` are the places of the descriptors among the
    arguments: of several, the one that the model holds is meant, or else the first. A reader looks
    only at the first argument, so a row with other `fds` must be ALWAYS.

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
    fds: tuple[int, ...] = _FIRST
    when: When = When.ALWAYS
    begin: Begin | None = None
    is_attempt: bool = False
    gives: Gives | None = None
    shown_by: str = ""
    lean: str | None = None
    is_made: bool = False
    is_idle: Callable[[Syscall], bool] | None = None

    def descriptor(
        self, call: Syscall | Entered, held: Container[int | None] = ()
    ) -> FdArgument | None:
        """The descriptor that `call` acts on, in a task whose numbers `held` are sockets; None if
        it has none or the line does not show it."""
        if self.on is None:
            return None
        args = call.args
        if self.fds is _FIRST:
            return fd_argument(args[0]) if args else None
        shown = [fd for at in self.fds if (fd := fd_argument(argument(args, at))) is not None]
        return next((fd for fd in shown if fd.fd in held), shown[0] if shown else None)

    def number(self, half: Entered, held: Container[int | None]) -> int | None:
        """The number of that descriptor, from the first half of the call."""
        if self.fds is _FIRST:
            return half.call.number
        fd = self.descriptor(half, held)
        return None if fd is None else fd.fd
