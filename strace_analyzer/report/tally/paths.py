"""Track the path behind each descriptor without -y: the one that open() or a similar call returned
it for.

A number that something else may have taken is forgotten: calls on it are in no group.
"""

from __future__ import annotations

from strace_analyzer.report.events.row import EventRow
from strace_analyzer.trace.events import EXECS

OPENS = frozenset({"open", "openat", "openat2", "creat"})
_COPIES = frozenset({"dup", "dup2", "dup3"})
_FORKS = frozenset({"fork", "vfork", "clone", "clone2", "clone3"})
_GIVES_PAIRS = frozenset({"pipe", "pipe2", "socketpair", "recvmsg", "recvmmsg"})
"""calls that create descriptors but do not return them"""


class Paths:
    """The descriptors of every process of one trace."""

    def __init__(self) -> None:
        self._open: dict[int | None, dict[int, tuple[str, bool]]] = {}
        """by process: descriptor -> its path, and whether execve(2) closes it"""

    def behind(self, row: EventRow) -> str | None:
        """Return the path of the descriptor that `row` is about; call it before `follow`."""
        if row.fd is None:
            return None
        known = self._open.get(_process(row), {}).get(row.fd)
        return None if known is None else known[0]

    def follow(self, row: EventRow, path: str | None) -> None:
        """Apply `row` to its process's descriptors; `path` is the one that it names."""
        if row.name == "exit_group":  # the number may be reused
            self._open.pop(_process(row), None)
            return
        mine = self._open.setdefault(_process(row), {})
        if row.errno is not None:
            return
        if row.name == "close" and row.fd is not None:
            mine.pop(row.fd, None)
        elif row.name in ("close_range", "unshare"):
            mine.clear()
        elif row.name in _GIVES_PAIRS:
            self._forget_numbers(mine, row)
        elif row.name in EXECS:
            for fd in [fd for fd, (_, closes) in mine.items() if closes]:
                del mine[fd]
        elif row.ret is None:
            return
        elif row.name in OPENS and path is not None:
            mine[row.ret] = path, any("O_CLOEXEC" in arg.text for arg in row.args)
        elif row.name in _COPIES or (row.name == "fcntl" and _is(row, "F_DUPFD")):
            self._copy(mine, row)
        elif row.name in _FORKS:
            self._fork(mine, row)
        elif row.name in _RETURNS:
            mine.pop(row.ret, None)

    @staticmethod
    def _copy(mine: dict[int, tuple[str, bool]], row: EventRow) -> None:
        assert row.ret is not None
        old = None if row.fd is None else mine.get(row.fd)
        mine.pop(row.ret, None)
        if old is not None:
            mine[row.ret] = old[0], any("CLOEXEC" in arg.text for arg in row.args)

    def _fork(self, mine: dict[int, tuple[str, bool]], row: EventRow) -> None:
        """Copy the descriptors to a child. One that shares the table (CLONE_FILES) is only followed
        if it is a thread, whose rows belong to its process."""
        if row.ret and not _is(row, "CLONE_FILES"):
            self._open.setdefault(row.ret, dict(mine))

    @staticmethod
    def _forget_numbers(mine: dict[int, tuple[str, bool]], row: EventRow) -> None:
        """Forget the numbers that the call may have filled in: `pipe([3, 4])`."""
        text = " ".join(arg.text for arg in row.args)
        for fd in [fd for fd in mine if str(fd) in text]:
            del mine[fd]


_MAKERS = """
socket accept accept4 eventfd eventfd2 epoll_create epoll_create1 timerfd_create signalfd
signalfd4 inotify_init inotify_init1 memfd_create memfd_secret pidfd_open pidfd_getfd
io_uring_setup userfaultfd perf_event_open fanotify_init bpf open_tree fsopen fsmount
mq_open open_by_handle_at
"""
_RETURNS = frozenset(_MAKERS.split())
"""Other calls that return a new descriptor."""


def _process(row: EventRow) -> int | None:
    return row.tgid if row.tgid is not None else row.tid


def _is(row: EventRow, word: str) -> bool:
    return any(word in arg.text for arg in row.args)
