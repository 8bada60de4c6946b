"""Takes the first calls of a program, gives the descriptor that a call which the trace does not
show must have made.

The kernel gives the lowest free number (open(2)). One that was closed was given again if a call
acts on it, or if an open() passes it over. If no call that could do that is shown, a filter hid it:
`-e trace=!%network` hides every call on sockets, but not that their numbers are taken.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from strace_analyzer.kernel.arguments import argument
from strace_analyzer.trace.constants import NETWORK_CALLS
from strace_analyzer.trace.events import CLONES, EXECS, Syscall
from strace_analyzer.trace.values import descriptor_number

_MOST = 4_000
"""Calls that are looked at: a reader passes on so many of a trace without calls on sockets."""
_OPENS = frozenset({"open", "openat", "creat"})
"""Calls that surely give the lowest free number."""
_IN_MEMORY = frozenset({
    "pipe", "pipe2", "socketcall", "io_uring_setup", "io_uring_enter", "pidfd_getfd", "close_range",
})  # fmt: skip
"""Calls that can give or take numbers otherwise than by what they return; so can clone() with
CLONE_PIDFD (clone(2))."""
_LATER = frozenset({"fanotify_init", "userfaultfd", "seccomp"})
"""After these a read(), or another process, can give numbers (fanotify(7), userfaultfd(2),
seccomp_unotify(2))."""
_ON_A_NUMBER = frozenset({
    "close", "fcntl", "fcntl64", "fstat", "fstat64", "ioctl", "lseek", "read", "readv", "write",
    "writev",
})  # fmt: skip
"""Calls on an open descriptor: of others they fail with EBADF."""
_OF_TERMINALS = re.compile(r"ioctl\(\d+(?:<[^,]*)?, (?:T|FIO)")
"""Commands of ioctl() that give nothing; others may, in structures of drivers."""


class Hidden(NamedTuple):
    """The number that was given by a hidden call, and where that shows."""

    number: int
    line: int


class GivenNumbers:
    """`feed` it every call while it is `open`, in order; then read `hidden`.

    It looks at the first task, until a call on a socket is shown. Others may share its descriptors:
    what they open or close is forgotten.
    """

    def __init__(self) -> None:
        self.open = True
        self.hidden: Hidden | None = None
        """None if there is none"""
        self._tid: int | None = None
        self._calls = 0
        self._is_several = False
        """another task has spoken, or a call was interrupted: calls may have overlapped"""
        self._shows_opens = False
        self._free: set[int] = set()
        """numbers that were closed, and not given again by a call that is shown"""

    def feed(self, call: Syscall) -> None:
        """Take the next call."""
        name, result = call.name, call.result
        if self._tid is None:
            self._tid = call.tid
            self.open = name in EXECS
        self._calls += 1
        if name in NETWORK_CALLS or name in _LATER or result.injected or self._calls > _MOST:
            self.open = False
        if not self.open:
            return
        value = result.value
        is_alone = call.tid == self._tid and call.span.first == call.span.last
        self._is_several |= not is_alone
        if name in _ON_A_NUMBER:
            number = descriptor_number(argument(call.args, 0))
            if number is not None:
                self._uses(number, call, is_alone=is_alone)
        if value is None or value < 0 or name == "close":
            return
        self._shows_opens |= name in _OPENS
        if (
            name in EXECS
            or name in _IN_MEMORY
            or (name == "ioctl" and _OF_TERMINALS.match(call.text) is None)
            or (name in CLONES and "CLONE_PIDFD" in call.text)
        ):
            self._free.clear()
        elif name in _OPENS and not self._is_several:
            lowest = min(self._free, default=value)
            if lowest < value:
                self._note(lowest, call)
        self._free.discard(value)

    def _uses(self, number: int, call: Syscall, *, is_alone: bool) -> None:
        """`call` acts on this descriptor, and may close it."""
        result = call.result
        if number in self._free and is_alone and result.value is not None:
            if result.errno != "EBADF":
                self._note(number, call)
        elif call.name == "close" and is_alone and result.value == 0 and self._shows_opens:
            self._free.add(number)
        if not is_alone:
            self._free.discard(number)

    def _note(self, number: int, call: Syscall) -> None:
        self.open = False
        self.hidden = Hidden(number, call.span.first)
