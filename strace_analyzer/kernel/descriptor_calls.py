"""Calls that create, copy and close descriptors: one function and one table row per system call."""

from __future__ import annotations

from strace_analyzer.kernel.adoption import adopt_received, guess
from strace_analyzer.kernel.arguments import (
    FdArgument,
    argument,
    fd_argument,
    pair_of_fds,
    result_fd,
    returned_fd,
)
from strace_analyzer.kernel.objects import Descriptor, Task
from strace_analyzer.kernel.state import Kernel
from strace_analyzer.kernel.system_call import SystemCall
from strace_analyzer.trace.constants import (
    CLOSE_RANGE_FLAGS,
    FCNTL_COMMANDS,
    FD_FLAGS,
    OPEN_FLAGS,
    includes,
    number,
)
from strace_analyzer.trace.events import Entered, Syscall
from strace_analyzer.trace.prefilter.watch import When
from strace_analyzer.trace.values import Name, plain


def close(kernel: Kernel, task: Task, call: Syscall, fd: FdArgument) -> None:
    """close(2) frees the number whatever its result, unless strace answered in the kernel's place
    (-e inject=): then nothing was closed."""
    kernel.close_was_seen = True
    if call.result.injected:
        kernel.undo_close(task)
        return
    if kernel.begun is not None and kernel.begun.is_closing:
        return  # the descriptor it closed is released when the call ends
    if call.result.errno == "EBADF":
        kernel.number_was_given(task, fd.fd, call)  # it was free before
        return
    kernel.find(task, fd, call)  # the note may say that the number belonged to another file
    kernel.close(task, fd.fd, call)


def close_range(kernel: Kernel, task: Task, call: Syscall) -> None:
    """close_range(2), closefrom: close all numbers from first to last, or set their close-on-exec
    flag."""
    if call.result.failed:
        return
    kernel.close_was_seen = True
    first, last = number(argument(call.args, 0)), number(argument(call.args, 1))
    flags = argument(call.args, 2)
    if first is None:
        return
    if last is None or last < 0:
        last = 2**32 - 1
    if includes(flags, "CLOSE_RANGE_UNSHARE", CLOSE_RANGE_FLAGS):
        kernel.tasks.unshare_table(task)
    only_flag = includes(flags, "CLOSE_RANGE_CLOEXEC", CLOSE_RANGE_FLAGS)
    if not only_flag:
        for fd in tuple(task.table.shown):
            if first <= fd <= last:
                task.table.remove(fd)
    for fd in task.table:
        if first <= fd <= last:
            if only_flag:
                task.table.set_close_on_exec(fd, True)
            else:
                kernel.close(task, fd, call)


def dup(kernel: Kernel, task: Task, call: Syscall, fd: FdArgument) -> None:
    """dup(2), dup2(2), dup3(2), fcntl(2) F_DUPFD: another number for the same open file
    description."""
    _duplicate(kernel, task, call, fd, close_on_exec=_dup_closes_on_exec(call))


def _dup_closes_on_exec(call: Syscall) -> bool:
    return bool(call.name == "dup3" and includes(argument(call.args, 2), "O_CLOEXEC", OPEN_FLAGS))


def _duplicate(
    kernel: Kernel, task: Task, call: Syscall, old: FdArgument, *, close_on_exec: bool
) -> None:
    new = result_fd(call)
    if new is None:
        return
    if call.name == "dup2" and old.fd == new.fd:
        return  # dup2(2): does nothing
    description = kernel.find(task, old, call) or guess(kernel, task, old)
    if call.name in ("dup2", "dup3"):
        kernel.close(task, new.fd, call)
    kernel.number_was_given(task, new.fd, call)
    if description is not None:
        task.table.set(new.fd, Descriptor(description, close_on_exec))


_COPYING: dict[int | None, bool] = {0: False, 1030: True}
"""fcntl(2) F_DUPFD, F_DUPFD_CLOEXEC -> whether execve() closes the copy"""


def fcntl(kernel: Kernel, task: Task, call: Syscall, fd: FdArgument) -> None:
    """fcntl(2): F_DUPFD, F_DUPFD_CLOEXEC and F_SETFD."""
    if call.result.failed:
        return
    match number(argument(call.args, 1), FCNTL_COMMANDS):
        case command if command in _COPYING:
            _duplicate(kernel, task, call, fd, close_on_exec=_COPYING[command])
        case 2:  # F_SETFD
            flag = includes(argument(call.args, 2), "FD_CLOEXEC", FD_FLAGS)
            task.table.set_close_on_exec(fd.fd, bool(flag))
        case _:
            return


def ioctl(kernel: Kernel, task: Task, call: Syscall, fd: FdArgument) -> None:
    """ioctl(2) FIOCLEX and FIONCLEX (include/uapi/asm-generic/ioctls.h; not listed in
    ioctl_tty(2))."""
    request = argument(call.args, 1)
    if request is None or call.result.failed:
        return
    match plain(request):
        case Name("FIOCLEX") | 0x5451:
            task.table.set_close_on_exec(fd.fd, True)
        case Name("FIONCLEX") | 0x5450:
            task.table.set_close_on_exec(fd.fd, False)
        case _:
            return


def returns_fd(kernel: Kernel, task: Task, call: Syscall) -> None:
    """Any call that returns a new descriptor: the number no longer means what it did."""
    fd = result_fd(call)
    if fd is not None:  # `= -0 ENOENT` is neither a number nor a failure
        kernel.number_was_given(task, fd.fd, call)


def pipe(kernel: Kernel, task: Task, call: Syscall) -> None:
    """pipe(2), pipe2(2): two new descriptors."""
    for fd in _pair(call):
        kernel.number_was_given(task, fd.fd, call)


def _pair(call: Syscall) -> tuple[FdArgument, ...]:
    return () if call.result.failed else pair_of_fds(argument(call.args, 0))


def received(kernel: Kernel, task: Task, call: Syscall) -> None:
    """pidfd_getfd(2): a copy of a descriptor of another process; what it refers to is unknown."""
    fd = result_fd(call)
    if fd is not None:
        kernel.number_was_given(task, fd.fd, call)
        if fd.may_be_socket:
            adopt_received(kernel, task, fd, call)


def entered_close(kernel: Kernel, task: Task, entered: Entered) -> None:
    """close() frees its number on entry: another thread can be given it before this call
    returns."""
    fd = fd_argument(argument(entered.args, 0))
    assert fd is not None  # otherwise interest.py would ignore it
    kernel.close_was_seen = True
    begun = kernel.calls[task.tid]
    begun.close(task.table, fd.fd)


GIVES_FD = (
    "bpf", "creat", "epoll_create", "epoll_create1", "eventfd", "eventfd2", "fanotify_init",
    "fsmount", "fsopen", "fspick", "inotify_init", "inotify_init1", "landlock_create_ruleset",
    "memfd_create", "memfd_secret", "mq_open", "open", "open_by_handle_at", "open_tree", "openat",
    "openat2", "perf_event_open", "pidfd_open", "signalfd", "signalfd4", "timerfd_create",
    "userfaultfd",
)  # fmt: skip
"""Calls that matter only for the new descriptor that they return. Like pipe(2), they need not be
shown: the number is free since a close() that is shown."""


def _copy(call: Syscall) -> tuple[FdArgument, ...]:
    """The descriptor returned by fcntl(2): F_DUPFD gives the lowest free number at or above its
    argument."""
    return returned_fd(call) if copies_fd(call) else ()


def copies_fd(call: Syscall | Entered) -> bool:
    """Whether an fcntl() is one that copies its descriptor, or tries to."""
    return number(argument(call.args, 1), FCNTL_COMMANDS) in _COPYING


_COPIES_OR_MARKS = frozenset({"F_DUPFD", "F_DUPFD_CLOEXEC", "F_SETFD"})
"""Commands of fcntl(2) that change the descriptor table."""


def _changes_nothing(call: Syscall) -> bool:
    """fcntl() with any other command: a reader skips it (trace/prefilter/scan.py)."""
    command = argument(call.args, 1)
    said = None if command is None else plain(command)
    return (
        isinstance(said, Name) and said.text.startswith("F_") and said.text not in _COPIES_OR_MARKS
    )


_DUP = SystemCall(on=dup, when=When.COPIED, shown_by="dup")
_FCNTL = SystemCall(
    on=fcntl, when=When.COPIED, gives=_copy, is_idle=_changes_nothing, shown_by="fcntl"
)

CALLS = {
    "close": SystemCall(
        on=close, when=When.HELD, begin=entered_close, is_attempt=True, shown_by="close"
    ),
    "close_range": SystemCall(close_range, shown_by="close"),
    "dup": _DUP._replace(gives=returned_fd),
    "dup2": _DUP,
    "dup3": _DUP,
    "fcntl": _FCNTL,
    "fcntl64": _FCNTL,
    "ioctl": SystemCall(on=ioctl, when=When.HELD, shown_by="ioctl", lean=""),
    "pidfd_getfd": SystemCall(received, gives=returned_fd, shown_by="getfd"),
    "pipe": SystemCall(pipe, gives=_pair),
    "pipe2": SystemCall(pipe, gives=_pair),
    **dict.fromkeys(GIVES_FD, SystemCall(returns_fd, when=When.GIVEN, gives=returned_fd)),
}
