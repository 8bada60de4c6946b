"""Reads arguments of a call for the kernel model: descriptors, lists of descriptors, options."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from strace_analyzer.trace.annotation import SocketNote, socket_note
from strace_analyzer.trace.constants import CONTROL_TYPES, NOTHING, number
from strace_analyzer.trace.events import Syscall
from strace_analyzer.trace.values import (
    Annotated,
    Array,
    Field,
    Named,
    Struct,
    Text,
    Value,
    plain,
)


class FdArgument(NamedTuple):
    """A descriptor argument."""

    fd: int
    note: str | None
    """What -y or -yy prints after the number; None without them."""
    socket: SocketNote | None
    """The socket that the note names; None without a note, or if it names another kind of file."""
    may_be_socket: bool
    """False if the note says that it is a file, a pipe or a UNIX socket."""


@lru_cache(maxsize=1024)
def _fd(number: int, note: str | None) -> FdArgument:
    socket = None if note is None else socket_note(note)
    may_be_socket = note is None or (socket is not None and not socket.foreign)
    return FdArgument(number, note, socket, may_be_socket)


def argument(args: tuple[Value, ...], index: int) -> Value | None:
    """The argument at `index`, or None if the line does not have it."""
    return args[index] if index < len(args) else None


def fd_argument(value: Value | None) -> FdArgument | None:
    """The descriptor in `value`, or None (AT_FDCWD, a negative number, nothing printed)."""
    note = None
    while not isinstance(value, int):
        if isinstance(value, Annotated):
            value, note = value
        elif isinstance(value, Named):
            value = value.value
        else:
            return None
    return _fd(value, note) if 0 <= value < 2**31 else None


def result_fd(call: Syscall) -> FdArgument | None:
    """The descriptor that `call` returned, or None if it failed or its result is unknown."""
    result = call.result
    value = result.value
    if value is None or value < 0 or result.errno is not None:
        return None
    return _fd(value, result.annotation)


def returned_fd(call: Syscall) -> tuple[FdArgument, ...]:
    """Like `result_fd`, as a tuple of one descriptor or none."""
    fd = result_fd(call)
    return () if fd is None else (fd,)


def pair_of_fds(value: Value | None) -> tuple[FdArgument, ...]:
    """The two descriptors of pipe(2) and socketpair(2), `[3, 4]`; () if they were not decoded."""
    inner = None if value is None else plain(value)
    if not isinstance(inner, Array):
        return ()
    return tuple(fd for item in inner.items if (fd := fd_argument(item)) is not None)


def option_number(value: Value | None) -> int | None:
    """The number of an option value: `[1]`, or its bytes `"\\1\\0\\0\\0"`.

    The kernel reads the first four bytes, or only the first one if there are fewer than four
    (net/ipv4/ip_sockglue.c do_ip_setsockopt). None for a name (`[ECONNREFUSED]`), if strace shows
    only the pointer (-e raw, verbose), or if it cut the string too short (-s).
    """
    inner = None if value is None else plain(value)
    if isinstance(inner, Text):
        known = inner.value
        if len(known) >= _INT or (known and not inner.truncated):
            return int.from_bytes(known[: _INT if len(known) >= _INT else 1], "little")
    if isinstance(inner, Array) and len(inner.items) == 1:
        return number(inner.items[0], NOTHING)
    return None


_INT = 4
"""sizeof(int)"""


_SCM_MAX_FD = 253
"""include/net/scm.h: a message with more of them is refused (EINVAL)."""


def passed_fds(message: Value | None) -> tuple[FdArgument, ...]:
    """The descriptors in the SCM_RIGHTS control messages of a struct msghdr (unix(7)), in order."""
    found: list[FdArgument] = []
    _collect_rights(message, found)
    return tuple(found)


def _collect_rights(value: Value | None, found: list[FdArgument]) -> None:
    inner = None if value is None else plain(value)
    match inner:
        case Array(items):
            for item in items:
                _collect_rights(item, found)
        case Struct(fields):
            kind = inner.get("cmsg_type")
            # strace 4.x: {cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, {4}}
            if kind is not None and number(kind, CONTROL_TYPES) == CONTROL_TYPES["SCM_RIGHTS"]:
                for field in fields:
                    if field.name in ("cmsg_data", None):
                        found.extend(_fds_in(field)[:_SCM_MAX_FD])
                return
            for field in fields:
                _collect_rights(field.value, found)
        case _:
            return


def _fds_in(field: Field) -> list[FdArgument]:
    match plain(field.value):
        case Array(items):
            values = list(items)
        case Struct(fields):
            values = [member.value for member in fields]
        case _:
            return []
    return [fd for item in values if (fd := fd_argument(item)) is not None]
