"""The keys by which calls can be summed; None for a row in no group."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

from strace_analyzer.kernel.destination import unmapped
from strace_analyzer.report.events.row import EventRow
from strace_analyzer.report.rows import NUMBER, TEXT
from strace_analyzer.report.tally.paths import Paths

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
    """A way to group: names and types of the key's columns, and a function that returns the key of
    each row of a run, called for all of them in order."""

    columns: dict[str, str]
    begin: Callable[[], Callable[[EventRow], Key | None]]


def _syscall(row: EventRow) -> Key:
    return (row.name,)


def _process(row: EventRow) -> Key:
    return row.tgid if row.tgid is not None else row.tid, row.command


def _thread(row: EventRow) -> Key:
    return row.tid, row.tgid, row.command


class _Files:
    """The path that a call names; else the one behind its descriptor, as printed by -y or known
    from the open() that returned it."""

    def __init__(self) -> None:
        self._paths: dict[str, Paths] = {}

    def __call__(self, row: EventRow) -> Key | None:
        paths = self._paths.setdefault(row.trace, Paths())
        named = _named(row) if row.name in _WITH_PATH else None
        path = named
        if path is None and row.fd_target is None:
            path = paths.behind(row)
        elif path is None and row.fd_target is not None and row.fd_target.startswith("/"):
            path = row.fd_target
        paths.follow(row, named)
        return None if path is None else (path,)


def _named(row: EventRow) -> str | None:
    for arg in row.args:
        if isinstance(arg.value, str) and arg.text.startswith('"') and arg.value:
            return arg.value
        if isinstance(arg.value, dict) and isinstance(arg.value.get("string"), str):
            return f"{arg.value['string']}..."
    return None


def _destination(row: EventRow) -> Key | None:
    if row.peer_address is None:
        return None
    return unmapped(row.peer_address), row.peer_port


KeyName = Literal["syscall", "process", "thread", "file", "destination"]
"""values of `--by`, the default first"""

KEYS: dict[KeyName, By] = {
    "syscall": By({"syscall": TEXT}, lambda: _syscall),
    "process": By({"process": NUMBER, "command": TEXT}, lambda: _process),
    "thread": By({"thread": NUMBER, "process": NUMBER, "command": TEXT}, lambda: _thread),
    "file": By({"file": TEXT}, _Files),
    "destination": By({"address": TEXT, "port": NUMBER}, lambda: _destination),
}
