"""Who is inside of which call: takes first halves as they are printed, gives each back at its end.

A call acts on what its descriptor meant when it was entered: the kernel takes a reference to the
open file description there (fs/file.c fdget(), net/socket.c sockfd_lookup_light()) and keeps it
until the call returns, whatever other threads close or put at that number meanwhile.
"""

from __future__ import annotations

from strace_analyzer.kernel.arguments import FdArgument
from strace_analyzer.kernel.objects import Descriptor, FdTable
from strace_analyzer.trace.events import Entered, Syscall


class OpenCall:
    """A call that is under way.

    `fd` is its descriptor argument, if a note behind it shows that it is all there. `number` is the
    descriptor that it is about, `descriptor` what that stood for in `table` as the call was
    entered; both None where it has none, or where what it meant does not matter. `closing` is what
    a close() took out of the table. An `is_ignored` call can move nothing: its descriptor was no
    socket when it began. One that `moves_data` over a connection that stands is no news. Nothing
    more is awaited of one that `is_over`: what came of it was not understood, or is not traced.
    """

    __slots__ = (
        "closing", "descriptor", "fd", "half", "is_ignored", "is_over", "moves_data", "number",
        "table",
    )  # fmt: skip

    def __init__(
        self,
        half: Entered,
        fd: FdArgument | None,
        holds: FdTable | None = None,
        *,
        is_ignored: bool = False,
    ) -> None:
        """It `holds` what stands at its descriptor in this table, until it is back."""
        self.half = half
        self.fd = None if fd is None or fd.note is None else fd
        self.is_ignored = is_ignored
        self.is_over = False
        self.moves_data = False
        self.table = holds
        self.number: int | None = None
        self.descriptor: Descriptor | None = None
        self.closing: Descriptor | None = None
        if holds is not None and fd is not None:
            self.number = fd.fd
            self.descriptor = holds.slots.get(fd.fd)
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
        now = table.slots.get(number)
        if now is None or self.descriptor is None:
            return now is not self.descriptor
        return now.description is not self.descriptor.description


OpenCalls = dict[int, OpenCall]
"""The calls under way in one trace, by the task that is inside."""


def rename(calls: OpenCalls, old: int, new: int) -> None:
    """The task that was known as `old` is `new`."""
    call = calls.pop(old, None)
    if call is not None:
        calls[new] = call


def as_call(half: Entered) -> Syscall:
    """A call of which only the first half is known: its result is not."""
    return Syscall(half.tid, half.time, half.seconds, half.call, half.span)
