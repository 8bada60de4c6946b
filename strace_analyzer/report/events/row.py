"""What a row of `events` holds: the columns of docs/events.md, as Python values."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]

TYPES = (
    "syscall", "signal", "exit", "killed", "attached", "detached", "notice", "table", "dump",
    "unparsed", "foreign",
)  # fmt: skip
"""The kinds of rows; `table` is a line of -c or -C, `dump` one of -e read or -e write."""


EPOCH_FROM = 1e8
"""smaller numbers are no seconds since 1970 that strace could have seen"""


Addresses = tuple[str | None, int | None, str | None, int | None]
"""local address and port, address and port of the peer"""


class Argument(NamedTuple):
    """One argument of a call."""

    name: str | None
    """as strace -N prints it, or in clone() and the like; None where none is printed"""
    text: str
    """strace's own words, without the name: `AF_INET`, `[16]`, `"GET / HTTP/1.1"...`"""
    value: Json
    """the same as data (docs/events.md, "Values")"""
    json: str
    """name, text and value as one JSON object"""
    fd: int | None = None
    """the descriptor that it is, if it is used as one"""
    target: str | None = None
    """what -y or -yy print behind it, escapes decoded"""
    ends: Addresses | None = None
    """where the target is a bound socket (-yy): its addresses"""


class StackFrame(NamedTuple):
    """One frame of -k: `/usr/lib/libc.so.6(connect+0x14) [0x1027f4]`."""

    binary: str
    function: str | None
    offset: int | None
    """bytes from the function's beginning"""
    address: str | None
    """as printed, `0x1027f4`"""

    def __str__(self) -> str:
        """As strace prints it."""
        offset = "" if self.offset is None else f"+{self.offset:#x}"
        function = f"({self.function or ''}{offset})" if self.function or offset else ""
        return self.binary + function + (f" [{self.address}]" if self.address else "")


class EventRow(NamedTuple):
    """One event. None is unknown, or not of this kind of event."""

    type: str
    trace: str
    """id of its trace, `t1`"""
    source: str
    """the file, as the user named it"""
    line: int
    """1-based, where the event begins"""
    end_line: int
    """where it ends; the same line but for a call in halves"""
    tid: int | None
    tgid: int | None
    command: str | None
    """base name of the program that ran as the event began; with `argv` its whole command line"""
    seconds: float | None
    """since the first time of the trace"""
    at: float | None
    """the same as the trace counts: since 1970 (-ttt), midnight (-t, -tt) or its beginning (-r)"""
    duration: float | None
    """seconds in the call (-T)"""
    name: str | None
    """of the system call or signal"""
    args: tuple[Argument, ...]
    ret: int | None
    ret_text: str | None
    """as printed behind the equals sign, without the duration"""
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
    """the event as printed, halves joined, without what stands before its name"""

    @property
    def time(self) -> datetime | None:
        """When it began, to the microsecond; None unless the trace has times since 1970."""
        if self.at is None or self.at < EPOCH_FROM:
            return None
        return datetime.fromtimestamp(self.at, UTC)
