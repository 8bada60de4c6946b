"""The call that each task is in: takes first halves as they are printed, gives each back when the
call ends.

A call acts on what its descriptor meant on entry: the kernel takes a reference to the open file
description (fs/file.c fdget(), net/socket.c sockfd_lookup_light()) and keeps it until the call
returns, even if other threads close or replace that number meanwhile.
"""

from __future__ import annotations

from typing import TypeVar

from strace_analyzer.kernel.objects import Descriptor, FdTable
from strace_analyzer.trace.events import Entered, Exited, Identified, Syscall

T = TypeVar("T")


class OpenCall:
    """A call that is under way.

    `number` is the descriptor that the call acts on, and `descriptor` its entry in `table` on
    entry, which it holds until it returns; both are None if it has none or its meaning does not
    matter. If the call `is_closing`, it has removed `descriptor` from the table. A call that
    `is_ignored` can change nothing: its descriptor was not a socket when it began. A call that
    `moves_data` over an established connection is no news. Nothing more is expected of a call that
    `is_over`: its outcome was not understood, or is not traced.
    """

    __slots__ = (
        "descriptor", "half", "is_closing", "is_ignored", "is_over", "moves_data", "number",
        "table",
    )  # fmt: skip

    def __init__(
        self,
        half: Entered,
        number: int | None = None,
        table: FdTable | None = None,
        descriptor: Descriptor | None = None,
        moves_data: bool = False,
        is_ignored: bool = False,
    ) -> None:
        """The call acts on `number` of `table`, which means `descriptor`."""
        self.half = half
        self.number = number
        self.table = table
        self.descriptor = descriptor
        self.moves_data = moves_data
        self.is_ignored = is_ignored
        self.is_closing = self.is_over = False
        if descriptor is not None:
            descriptor.description.references += 1

    def close(self, table: FdTable, number: int) -> None:
        """The call is a close(): the number is free now, the socket is closed when the call
        returns."""
        self.number = number
        self.descriptor = table.remove(number)
        if self.descriptor is not None:
            self.is_closing = True
            self.descriptor.description.references += 1

    def is_elsewhere(self, table: FdTable, number: int) -> bool:
        """`number` of `table` is what this call acts on, and means something else by now."""
        if number != self.number or table is not self.table:
            return False
        now = table.slots.get(number)
        if now is None or self.descriptor is None:
            return now is not self.descriptor
        return now.description is not self.descriptor.description


OpenCalls = dict[int, OpenCall]
"""The calls under way in one trace, by the task that is in them."""


def rename(by_task: dict[int, T], event: Identified | Exited) -> None:
    """Where `event` says that a task has another number from now on, change it in `by_task`: the
    task is still in its call. The order stays, which is that in which the calls began."""
    old = 0 if isinstance(event, Identified) else event.superseded_by
    if old is not None and old in by_task:
        items = [(event.tid if tid == old else tid, of_task) for tid, of_task in by_task.items()]
        by_task.clear()
        by_task.update(items)


def as_call(half: Entered, tid: int) -> Syscall:
    """A call of which only the first half is known; its result is unknown. `tid` is its task, which
    may have got another number since."""
    return Syscall(tid, half.time, half.seconds, half.call, half.span)
