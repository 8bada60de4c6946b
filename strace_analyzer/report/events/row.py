"""The columns of a row of `events` (docs/events.md), as Python values."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]

TYPES = (
    "syscall", "signal", "exit", "killed", "attached", "detached", "notice", "table", "dump",
    "unparsed", "foreign",
)  # fmt: skip
"""Kinds of rows; `table` is a line of -c or -C, `dump` one of -e read or -e write."""


EPOCH_FROM = 1e8
"""smaller numbers cannot be seconds since 1970 that strace has seen"""


Addresses = tuple[str | None, int | None, str | None, int | None]
"""local address and port, peer address and port"""


class Argument(NamedTuple):
    """One argument of a call."""

    name: str | None
    """as printed by strace -N, or in clone() and the like; None if none is printed"""
    text: str
    """as printed by strace, without the name: `AF_INET`, `[16]`, `"GET / HTTP/1.1"...`"""
    value: Json
    """the same as data (docs/events.md, "Values")"""
    json: str
    """name, text and value as one JSON object"""
    fd: int | None = None
    """the descriptor number, if it is used as a descriptor"""
    target: str | None = None
    """what -y or -yy print after it, escapes decoded"""
    ends: Addresses | None = None
    """the addresses of the target, if that is a bound socket (-yy)"""


class StackFrame(NamedTuple):
    """One frame of -k: `/usr/lib/libc.so.6(connect+0x14) [0x1027f4]`."""

    binary: str
    function: str | None
    offset: int | None
    """bytes from the beginning of the function"""
    address: str | None
    """as printed, `0x1027f4`"""

    def __str__(self) -> str:
        """Return the frame as strace prints it."""
        offset = "" if self.offset is None else f"+{self.offset:#x}"
        function = f"({self.function or ''}{offset})" if self.function or offset else ""
        return self.binary + function + (f" [{self.address}]" if self.address else "")


class EventRow(NamedTuple):
    """One event. None means unknown, or not applicable to this kind of event."""

    type: str
    trace: str
    """id of its trace, `t1`"""
    source: str
    """the file as named by the user"""
    line: int
    """1-based line on which the event begins"""
    end_line: int
    """line on which it ends; differs only for a call in halves"""
    tid: int | None
    tgid: int | None
    command: str | None
    """base name of the program that was running when the event began; with `argv` its command
    line"""
    seconds: float | None
    """since the first time in the trace"""
    at: float | None
    """the same by the trace's clock: since 1970 (-ttt), midnight (-t, -tt) or its beginning (-r)"""
    duration: float | None
    """seconds in the call (-T)"""
    name: str | None
    """of the system call or signal"""
    args: tuple[Argument, ...]
    ret: int | None
    ret_text: str | None
    """as printed after the equals sign, without the duration"""
    errno: str | None
    fd: int | None
    """the call's first descriptor argument"""
    fd_target: str | None
    socket: str | None
    """key into the table `sockets`"""
    local_address: str | None
    local_port: int | None
    peer_address: str | None
    peer_port: int | None
    stack: tuple[StackFrame, ...] | None
    raw: str | None
    """the event as printed, halves joined, without anything before its name"""

    @property
    def time(self) -> datetime | None:
        """When it began, to the microsecond; None unless the trace has times since 1970."""
        if self.at is None or self.at < EPOCH_FROM:
            return None
        return datetime.fromtimestamp(self.at, UTC)
