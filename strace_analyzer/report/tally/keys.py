"""What calls can be summed by: a row in, the key of its group out, None where it is in none."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from strace_analyzer.report.events.row import EventRow
from strace_analyzer.report.rows import NUMBER, TEXT

Key = tuple[object, ...]

_PATHS = """
access acct chdir chmod chown chown32 chroot creat execve execveat faccessat faccessat2 fchmodat
fchownat getxattr lchown lgetxattr link linkat llistxattr listxattr lstat lstat64 mkdir mkdirat
mknod mknodat mount newfstatat open openat openat2 readlink readlinkat removexattr rename
renameat renameat2 rmdir setxattr stat stat64 statfs statfs64 statx swapoff swapon symlink
symlinkat truncate truncate64 umount umount2 unlink unlinkat uselib utime utimensat utimes
"""
_WITH_PATH = frozenset(_PATHS.split())
"""Calls whose first string is a path."""


class By(NamedTuple):
    """A way to sum: the names of the key's columns, their types, and the key of a row."""

    columns: dict[str, str]
    key: Callable[[EventRow], Key | None]


def _syscall(row: EventRow) -> Key:
    return (row.name,)


def _process(row: EventRow) -> Key:
    return row.tgid if row.tgid is not None else row.tid, row.command


def _thread(row: EventRow) -> Key:
    return row.tid, row.tgid, row.command


def _file(row: EventRow) -> Key | None:
    """The path behind the descriptor (strace -y), or the one that the call names."""
    if row.name in _WITH_PATH:
        for arg in row.args:
            if isinstance(arg.value, str) and arg.text.startswith('"') and arg.value:
                return (arg.value,)
            if isinstance(arg.value, dict) and isinstance(arg.value.get("string"), str):
                return (f"{arg.value['string']}...",)
    if row.fd is not None and row.fd_target is not None and row.fd_target.startswith("/"):
        return (row.fd_target,)
    return None


def _destination(row: EventRow) -> Key | None:
    if row.peer_address is None:
        return None
    return row.peer_address, row.peer_port


KEYS = {
    "syscall": By({"syscall": TEXT}, _syscall),
    "process": By({"process": NUMBER, "command": TEXT}, _process),
    "thread": By({"thread": NUMBER, "process": NUMBER, "command": TEXT}, _thread),
    "file": By({"file": TEXT}, _file),
    "destination": By({"address": TEXT, "port": NUMBER}, _destination),
}
