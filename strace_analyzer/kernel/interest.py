"""What the model looks at: takes a call, says whether it can move anything; most cannot.

A read() of a file, a close() of a pipe change no socket. The rules of this file are part of the
model (the tracker asks them before every call), and they are such that they can be answered from
little: the call's name, the descriptor's number and note, the number returned. So a reader of
traces can ask them too, before it has parsed the line (trace/prefilter/watch.py), and skip
what would be ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from strace_analyzer.kernel.arguments import FdArgument, argument
from strace_analyzer.kernel.catalogue import CALLS
from strace_analyzer.kernel.objects import Descriptor, FdTable
from strace_analyzer.kernel.open_calls import OpenCall
from strace_analyzer.kernel.socket_state import Connection, Origin
from strace_analyzer.kernel.state import Kernel
from strace_analyzer.trace.events import Entered, Syscall
from strace_analyzer.trace.prefilter.watch import When
from strace_analyzer.trace.values import Name, plain

BEGINNING = 500
"""Calls and halves of calls."""

_NO_TABLE = FdTable()
_NO_NUMBERS: Mapping[int, Descriptor] = {}


class Interest:
    """Of one kernel."""

    def __init__(self, kernel: Kernel, *, incoming: bool) -> None:
        """With `incoming` it is wanted what shows the address of a connection that came in: its
        listener's, so nothing depends on it here."""
        self._kernel = kernel
        self._tasks = kernel.tasks
        self._alive = kernel.tasks.alive
        self._heard = 0
        self.when = {name: row.when for name, row in CALLS.items()}
        if incoming:
            self.when["getsockname"] = When.ALWAYS

    def follow_copies(self) -> None:
        """Every copy matters: what was there before the trace may be a socket."""
        for name, when in self.when.items():
            if when is When.COPIED:
                self.when[name] = When.ALWAYS

    @property
    def awaits_children(self) -> bool:
        """A child may speak for the first time."""
        return self._tasks.awaits_children

    def is_awaited(self, tid: int) -> bool:
        """`tid` has not spoken yet, as far as is known."""
        return self._tasks.is_awaited(tid)

    @property
    def has_begun(self) -> bool:
        """The beginning of the trace, which tells who is there, is over."""
        return self._heard >= BEGINNING

    @property
    def close_was_seen(self) -> bool:
        """A descriptor is not used again unseen."""
        return self._kernel.close_was_seen

    def hear(self, tid: int) -> None:
        """`tid` has spoken. It is taken in, whatever it says, in the beginning, and while a child
        may speak for the first time."""
        self._heard += 1
        if self._heard <= BEGINNING or self._tasks.awaits_children:
            self._tasks.speaker(tid)

    def numbers(self, tid: int) -> Mapping[int, Descriptor] | None:
        """The descriptors of `tid` that are sockets, of an unknown task those it would have;
        None where that is not all there is to know."""
        task = self._alive(tid)
        table = self._tasks.table_of_strangers if task is None else task.table
        if table is None:
            return _NO_NUMBERS
        return None if table.replaced else table.slots

    def holds(self, tid: int, number: int) -> bool:
        """`number` is one of the descriptors of `tid` that are sockets."""
        table = self._table(tid)
        return table is not None and number in table.slots

    def is_quiet(self, held: Any) -> bool:
        """The connection stands: what is sent and received over it is no news."""
        description = held.description
        return description.is_guess or description.socket.connection is Connection.CONNECTED

    def is_incoming(self, held: Any) -> bool:
        """A connection that came by accept(), and stands; where closing is not traced, its local
        port may show one day that the number is another socket's."""
        socket = held.description.socket
        return (
            socket.origin is Origin.ACCEPTED
            and socket.connection is Connection.CONNECTED
            and self._kernel.close_was_seen
        )

    def ignores(self, call: Syscall, fd: FdArgument | None, begun: OpenCall | None) -> bool:
        """True where `call` on `fd`, which is in the catalogue, can move nothing. A call in two
        halves is judged by its first, which is `begun`."""
        when = self.when[call.name]
        if when is When.ALWAYS:
            return False
        table = self._table(call.tid) or _NO_TABLE
        if when is When.GIVEN:
            return not table.knows(call.result.value)
        if fd is None:
            return True
        was_ignored = begun is not None and begun.is_ignored
        held, is_known = table.get(fd.fd), table.knows(fd.fd)
        if begun is not None and begun.is_elsewhere(table, fd.fd):
            held, is_known = begun.descriptor, begun.descriptor is not None
        if when is When.OUTGOING:
            return held is not None and self.is_incoming(held)
        if when is When.COPIED:
            known = not was_ignored and fd.may_be_socket and is_known
            gives = fd.may_be_socket or call.name.startswith("dup")
            return not known and not (gives and table.knows(call.result.value))
        if was_ignored:
            return True
        if not (fd.may_be_socket and is_known):
            is_closing = begun is not None and begun.closing is not None
            return not _has_target(call) and not is_closing
        return (
            when is When.MOVED
            and held is not None
            and self.is_quiet(held)
            and (call.result.value or 0) > 0
        )

    def begun(self, half: Entered) -> OpenCall | None:
        """The call that begins with `half`, with what its descriptor means now; None where that
        is nobody's business. An ignored one can move nothing."""
        when = self.when.get(half.name)
        if when is None or when is When.GIVEN:
            return None
        fd = CALLS[half.name].descriptor(half)
        table = self._table(half.tid) or _NO_TABLE
        if when in (When.ALWAYS, When.OUTGOING):
            call = OpenCall(half)
            if fd is not None:
                call.hold(table, fd.fd)
            return call
        if fd is None or not (fd.may_be_socket and table.knows(fd.fd)):
            return OpenCall(half, is_ignored=not _has_target(half))
        call = OpenCall(half)
        if half.name != "close":
            call.hold(table, fd.fd)
        return call

    def _table(self, tid: int) -> FdTable | None:
        task = self._alive(tid)
        return task.table if task is not None else self._tasks.table_of_strangers


def _has_target(call: Syscall | Entered) -> bool:
    """A sendto() with an address: with MSG_FASTOPEN it connects."""
    target = argument(call.args, 4) if call.name == "sendto" else None
    return target is not None and not isinstance(plain(target), (Name, int))
