"""What the model looks at: takes a call, says whether it can move anything; most cannot.

A read() of a file, a close() of a pipe change no socket. The rules of this file are part of the
model (the tracker asks them before every call), and they are such that they can be answered from
little: the call's name, the descriptor's number and note, the number returned. So a reader of
traces can ask them too, before it has parsed the line (trace/watch.py), and skip what would be
ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from strace_analyzer.kernel.arguments import argument, fd_argument
from strace_analyzer.kernel.descriptor_calls import GIVES_FD
from strace_analyzer.kernel.objects import Descriptor, FdTable
from strace_analyzer.kernel.socket_state import Connection
from strace_analyzer.kernel.state import Kernel
from strace_analyzer.trace.events import Entered, Syscall
from strace_analyzer.trace.values import Name, plain


class When(Enum):
    """When a call matters."""

    ALWAYS = "always"
    HELD = "its descriptor is a socket that we know"
    COPIED = "its descriptor, or the number that it returns, is a socket that we know"
    GIVEN = "the number that it returns is one that we took for a socket"
    MOVED = "as HELD, but data on an established connection tell nothing new"


WHEN: dict[str, When] = {
    **dict.fromkeys(("close", "ioctl"), When.HELD),
    **dict.fromkeys(("dup", "dup2", "dup3", "fcntl", "fcntl64"), When.COPIED),
    **dict.fromkeys(GIVES_FD, When.GIVEN),
    **dict.fromkeys(
        ("read", "readv", "recv", "recvfrom", "write", "writev", "send", "sendto", "sendfile"),
        When.MOVED,
    ),
}
"""What is not here, and is tracked, always matters."""


BEGINNING = 500
"""Calls and halves of calls."""

_NO_TABLE = FdTable()
_NO_NUMBERS: Mapping[int, Descriptor] = {}


class Interest:
    """Of one kernel."""

    def __init__(self, kernel: Kernel, names: frozenset[str]) -> None:
        self._kernel = kernel
        self._tasks = kernel.tasks
        self._heard = 0
        self.when = {name: WHEN.get(name, When.ALWAYS) for name in names}

    @property
    def hears_everybody(self) -> bool:
        """Whoever speaks is taken in, whatever the call: in the trace's beginning, which tells
        who is there, and while a child may speak for the first time."""
        return self._heard < BEGINNING or self._tasks.awaits_children

    def hear(self, tid: int) -> None:
        """`tid` has spoken."""
        self._heard += 1
        if self.hears_everybody:
            self._tasks.speaker(tid)

    def numbers(self, tid: int) -> Mapping[int, Descriptor] | None:
        """The descriptors of `tid` that are sockets, of an unknown task those it would have;
        None where that is not all there is to know."""
        table = self._table(tid)
        if table is None:
            return _NO_NUMBERS
        return None if table.replaced else table.slots

    def ignores(self, call: Syscall) -> bool:
        """True where `call` can move nothing."""
        when = self.when.get(call.name)
        if when is When.ALWAYS:
            return False
        if when is None:
            return True
        table = self._table(call.tid) or _NO_TABLE
        if when is When.GIVEN:
            return not table.knows(call.result.value)
        fd = fd_argument(argument(call.args, 0))
        if fd is None:
            return True
        known = fd.may_be_socket and table.knows(fd.fd)
        match when:
            case When.COPIED:
                gives = fd.may_be_socket or call.name.startswith("dup")
                return not known and not (gives and table.knows(call.result.value))
            case When.MOVED:
                if not known:
                    return not _has_target(call)
                held = table.get(fd.fd)
                return held is not None and is_quiet(held) and (call.result.value or 0) > 0
            case _:
                return not known and not self._kernel.is_closing(call.tid)

    def ignores_entry(self, entered: Entered) -> bool:
        """True where the first half of a call can move nothing yet."""
        when = self.when.get(entered.name)
        if when is When.HELD and entered.name == "close":
            fd = fd_argument(argument(entered.args, 0))
            table = self._table(entered.tid) or _NO_TABLE
            return fd is None or not fd.may_be_socket or not table.knows(fd.fd)
        return when is not When.ALWAYS

    def _table(self, tid: int) -> FdTable | None:
        task = self._tasks.alive(tid)
        return task.table if task is not None else self._tasks.table_of_strangers


def is_quiet(held: Descriptor) -> bool:
    """The connection stands: what is sent and received over it is no news."""
    return held.description.socket.connection is Connection.CONNECTED


def _has_target(call: Syscall) -> bool:
    """A sendto() with an address: with MSG_FASTOPEN it connects."""
    target = argument(call.args, 4) if call.name == "sendto" else None
    return target is not None and not isinstance(plain(target), (Name, int))
