"""Decides which calls the model looks at: takes a call, says whether it can change anything. Most
cannot.

A read() of a file or a close() of a pipe changes no socket. These rules are part of the model (the
tracker applies them before every call), and they need little: the call's name, the descriptor's
number and note, and the number returned. So a reader can apply them before it has parsed the line
(trace/prefilter/watch.py), and skip what would be ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from strace_analyzer.kernel.arguments import FdArgument, argument, fd_argument
from strace_analyzer.kernel.catalogue import CALLS
from strace_analyzer.kernel.notes import is_accepted
from strace_analyzer.kernel.objects import Descriptor, FdTable, Shown
from strace_analyzer.kernel.open_calls import OpenCall
from strace_analyzer.kernel.socket_state import Connection, Ending, Origin
from strace_analyzer.kernel.state import Kernel
from strace_analyzer.kernel.system_call import SystemCall
from strace_analyzer.trace.events import Entered, Syscall
from strace_analyzer.trace.prefilter.watch import When
from strace_analyzer.trace.values import Name, plain

BEGINNING = 500
"""How many calls and halves of calls count as the beginning of a trace."""

_NO_TABLE = FdTable()
_ALWAYS, _GIVEN, _OUTGOING = When.ALWAYS, When.GIVEN, When.OUTGOING
_COPIED, _MOVED = When.COPIED, When.MOVED
"""Module constants, because looking up an enum member for every call is slower."""


class Interest:
    """Says which calls matter to one kernel."""

    def __init__(self, kernel: Kernel, *, incoming: bool) -> None:
        """`incoming` keeps the calls that show the local address of an accepted connection: it is
        the listener's, so nothing here depends on it."""
        self._kernel = kernel
        self._tasks = kernel.tasks
        self._heard = 0
        self.has_begun = False
        """the beginning of the trace, which shows which tasks there are, is over"""
        self.when = {name: row.when for name, row in CALLS.items()}
        if incoming:
            self.when["getsockname"] = When.ALWAYS

    def follow_copies(self) -> None:
        """Every copy matters from now on: what existed before the trace may be a socket."""
        for name, when in self.when.items():
            if when is When.COPIED:
                self.when[name] = When.ALWAYS

    @property
    def awaits_children(self) -> bool:
        """A child may speak for the first time."""
        return self._tasks.awaits_children

    def is_awaited(self, tid: int) -> bool:
        """`tid` has not spoken yet, as far as we know."""
        return self._tasks.is_awaited(tid)

    @property
    def close_was_seen(self) -> bool:
        """A close() was seen, so a descriptor cannot be reused unseen."""
        return self._kernel.close_was_seen

    def hear(self, tid: int) -> None:
        """`tid` has spoken, at the beginning or while a child may speak for the first time: its
        task is registered, whatever the line says."""
        self._heard += 1
        self.has_begun = self._heard >= BEGINNING
        self._tasks.speaker(tid)

    def table(self, tid: int) -> FdTable:
        """The descriptor table of `tid`; for an unknown task, the table that it would have."""
        task = self._tasks.by_tid.get(tid)
        table = self._tasks.table_of_strangers if task is None else task.table
        return _NO_TABLE if table is None else table

    def numbers(self, tid: int) -> Mapping[int, Descriptor] | None:
        """The descriptors of `tid` that are sockets (for an unknown task, those that it would
        have); None if they are not enough to decide by."""
        table = self.table(tid)
        return None if table.replaced else table.slots

    def holds(self, tid: int, number: int) -> bool:
        """`number` is one of the descriptors of `tid` that are sockets."""
        table = self.table(tid)
        return number in table.slots or number in table.shown

    @property
    def has_shown(self) -> bool:
        """Some sockets are known only by their notes."""
        return bool(self._kernel.shown)

    def shown(self, tid: int) -> Mapping[int, Shown] | None:
        """The sockets of `tid` that are known only by their notes; None if it has not spoken
        yet."""
        task = self._tasks.by_tid.get(tid)
        return None if task is None else task.table.shown

    def is_shown_by(self, name: str) -> bool:
        """Calls with this name reveal, by their note, a socket that is not known yet."""
        return self.when[name] in (_MOVED, _ALWAYS, _OUTGOING)

    def is_quiet(self, held: Any) -> bool:
        """The connection is established, and the peer has not ended its half: data sent and
        received over it are no news."""
        description = held.description
        if description.is_guess:
            return True
        socket = description.socket
        return socket.connection is Connection.CONNECTED and socket.ending is Ending.OPEN

    def is_no_news(self, call: Syscall, held: Descriptor | None) -> bool:
        """`call`, which moves data over `held`, moved some, and `held` is quiet."""
        return held is not None and (call.result.value or 0) > 0 and self.is_quiet(held)

    def is_incoming(self, held: Any) -> bool:
        """An established connection made by accept(). Only if closing is traced: otherwise its
        local port may later show that the number belongs to another socket."""
        socket = held.description.socket
        return (
            socket.origin is Origin.ACCEPTED
            and socket.connection is Connection.CONNECTED
            and self._kernel.close_was_seen
        )

    def _came_in(self, held: Descriptor, fd: FdArgument | None) -> bool:
        """Like `is_incoming`, or the note of `fd` shows the connection that accept() made again."""
        shows = None if fd is None else fd.socket
        if shows is not None and is_accepted(held.description.socket, shows):
            return True
        return self.is_incoming(held)

    def ignores(
        self, call: Syscall, table: FdTable, fd: FdArgument | None, begun: OpenCall | None
    ) -> bool:
        """True if `call` on `fd` of `table` can change nothing; the call must be in the catalogue.
        A call in two halves is judged by its first half, `begun`."""
        when = self.when[call.name]
        if when is _ALWAYS:
            return False
        if when is _GIVEN:
            return not table.may_be_socket(call.result.value)
        if fd is None:
            return True
        was_ignored = begun is not None and begun.is_ignored
        held = table.slots.get(fd.fd)
        is_known = held is not None or fd.fd in table.replaced
        if begun is not None and begun.descriptor is not held and begun.is_elsewhere(table, fd.fd):
            held = begun.descriptor
            is_known = held is not None
        if when is _OUTGOING:
            return held is not None and self._came_in(held, fd)
        if when is _COPIED:
            known = not was_ignored and fd.may_be_socket and is_known
            gives = fd.may_be_socket or call.name.startswith("dup")
            return not known and not (gives and table.may_be_socket(call.result.value))
        if was_ignored:
            return True
        if not (fd.may_be_socket and is_known):
            is_closing = begun is not None and begun.is_closing
            if call.name == "close" and fd.fd in table.shown:
                return False
            return not _has_target(call) and not is_closing
        return when is _MOVED and self.is_no_news(call, held)

    def begun(self, half: Entered, row: SystemCall, table: FdTable) -> OpenCall:
        """The call `row` that begins with `half` in a task that has `table`, with what its
        descriptor means now. An ignored call can change nothing."""
        if row.on is None:
            return OpenCall(half)
        number = row.number(half, table.slots)
        held = None if number is None else table.slots.get(number)
        when = self.when[half.name]
        if held is not None and when is _MOVED:
            return OpenCall(half, number, table, held, True)
        if (
            when is _OUTGOING
            and held is not None
            and self._came_in(held, fd_argument(half.call.first))
        ):
            return OpenCall(half, is_ignored=True)
        if when is _ALWAYS or when is _OUTGOING:
            return OpenCall(half, number, table, held)
        is_known = held is not None or number in table.replaced
        fd = fd_argument(half.call.first) if is_known else None
        if fd is None or not fd.may_be_socket:
            closes = half.name == "close" and number in table.shown
            return OpenCall(half, is_ignored=not closes and not _has_target(half))
        if half.name == "close":
            return OpenCall(half)  # its `begin` takes the descriptor
        return OpenCall(half, number, table, held)


def _has_target(call: Syscall | Entered) -> bool:
    """A sendto() with an address: with MSG_FASTOPEN it connects."""
    target = argument(call.args, 4) if call.name == "sendto" else None
    return target is not None and not isinstance(plain(target), (Name, int))
