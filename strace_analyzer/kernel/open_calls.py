"""Who is inside of which call: takes first halves as they are printed, gives each back at its end.

A call acts on what its descriptor meant when it was entered: the kernel takes a reference to the
open file description there (fs/file.c fdget(), net/socket.c sockfd_lookup_light()) and keeps it
until the call returns, whatever other threads close or put at that number meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator

from strace_analyzer.kernel.objects import Descriptor, FdTable
from strace_analyzer.trace.events import Entered, Syscall


class OpenCall:
    """A call that is under way.

    `number` is its descriptor argument, `descriptor` what that stood for in `table` as the call
    was entered; both None where it has none, or where what it meant does not matter. `closing` is
    what a close() took out of the table. An `is_ignored` call can move nothing: its descriptor was
    no socket when it began.
    """

    __slots__ = ("closing", "descriptor", "half", "is_ignored", "number", "table")

    def __init__(self, half: Entered, *, is_ignored: bool = False) -> None:
        self.half = half
        self.is_ignored = is_ignored
        self.number: int | None = None
        self.descriptor: Descriptor | None = None
        self.table: FdTable | None = None
        self.closing: Descriptor | None = None

    def hold(self, table: FdTable, number: int) -> None:
        """The call is about `number` of `table`: what stands there is kept until it is back."""
        self.number, self.table = number, table
        self.descriptor = table.get(number)
        if self.descriptor is not None:
            self.descriptor.description.references += 1

    def close(self, table: FdTable, number: int) -> None:
        """The call is a close(): the number is free now, the socket is closed when it is back."""
        self.number = number
        self.closing = table.remove(number)
        if self.closing is not None:
            self.closing.description.references += 1

    def is_elsewhere(self, table: FdTable, number: int) -> bool:
        """`number` of `table`, which this call is about, stands for something else by now."""
        if number != self.number or table is not self.table:
            return False
        now = table.get(number)
        if now is None or self.descriptor is None:
            return now is not self.descriptor
        return now.description is not self.descriptor.description


class OpenCalls:
    """The calls under way in one trace, by the task that is inside."""

    def __init__(self) -> None:
        self._inside: dict[int, OpenCall] = {}

    def __iter__(self) -> Iterator[int]:
        return iter(tuple(self._inside))

    def get(self, tid: int) -> OpenCall | None:
        """The call that `tid` is inside of, or None."""
        return self._inside.get(tid)

    def begin(self, tid: int, call: OpenCall) -> None:
        """`tid` entered `call`; one that it was inside of must have ended before."""
        self._inside[tid] = call

    def end(self, tid: int) -> OpenCall | None:
        """The call that `tid` was inside of is over; None where it was inside of none."""
        return self._inside.pop(tid, None)

    def rename(self, old: int, new: int) -> None:
        """The task that was known as `old` is `new`."""
        call = self._inside.pop(old, None)
        if call is not None:
            self._inside[new] = call


def as_call(half: Entered) -> Syscall:
    """A call of which only the first half is known: its result is not."""
    return Syscall(half.tid, half.time, half.seconds, half.call, half.span)
