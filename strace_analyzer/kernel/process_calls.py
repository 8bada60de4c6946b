"""Calls that create, change and end processes: one function and one table row per system call."""

from __future__ import annotations

import re
from os.path import basename

from strace_analyzer.alike import one_of
from strace_analyzer.kernel.arguments import argument, fd_argument, result_fd
from strace_analyzer.kernel.doubts import Doubt
from strace_analyzer.kernel.objects import Task
from strace_analyzer.kernel.state import Kernel
from strace_analyzer.kernel.system_call import SystemCall
from strace_analyzer.kernel.tasks import Birth
from strace_analyzer.trace.constants import CLONE_FLAGS, includes, number
from strace_analyzer.trace.events import Entered, Syscall
from strace_analyzer.trace.values import (
    Array,
    Change,
    Elided,
    Name,
    Named,
    Struct,
    Text,
    Value,
    plain,
)


def clone(kernel: Kernel, task: Task, call: Syscall) -> None:
    """clone(2), clone3(2): the child shares or copies what the flags say."""
    _born(kernel, task, call, _birth(call.args))


def fork(kernel: Kernel, task: Task, call: Syscall) -> None:
    """fork(2), vfork(2): both copy the descriptor table."""
    _born(kernel, task, call, Birth())


def _born(kernel: Kernel, task: Task, call: Syscall, birth: Birth) -> None:
    child = call.result.value
    if call.result.failed or child is None or child <= 0:
        kernel.tasks.clone_failed(task)
        return
    tid = _in_strace_namespace(call.result.comment) or child
    for fd, descriptor in kernel.tasks.cloned(task, tid, birth):
        kernel.dropped(task, fd, descriptor, call)


_TID = re.compile("[0-9]{1,10}(?= )")


def _in_strace_namespace(comment: str | None) -> int | None:
    """`7 in strace's PID NS` (--pidns-translation) -> 7."""
    first = _TID.match(comment or "")
    return int(first[0]) if first else None


def _birth(args: tuple[Value, ...]) -> Birth:
    flags = _clone_flags(args)
    return Birth(
        shares_files=includes(flags, "CLONE_FILES", CLONE_FLAGS) or False,
        is_thread=includes(flags, "CLONE_THREAD", CLONE_FLAGS) or False,
        new_network=includes(flags, "CLONE_NEWNET", CLONE_FLAGS) or False,
    )


def _clone_flags(args: tuple[Value, ...]) -> Value | None:
    """The flags in `clone(child_stack=NULL, flags=...)`, `clone3({flags=...}, 88)` and
    `clone(0x11, NULL)` (-X raw)."""
    for item in args:
        match item:
            case Named("flags", flags):
                return flags
            case _:
                # clone3() writes parent_tid back: `{flags=...} => {parent_tid=[5]}`
                inner = plain(item.before if isinstance(item, Change) else item)
                if isinstance(inner, Struct) and (inside := inner.get("flags")) is not None:
                    return inside
    return argument(args, 0)


def entered_clone(kernel: Kernel, task: Task, entered: Entered) -> None:
    """The call has not returned yet, but the child may already speak."""
    birth = Birth() if entered.name.endswith("fork") else _birth(entered.args)
    kernel.tasks.entered_clone(task, birth)


def execve(kernel: Kernel, task: Task, call: Syscall) -> None:
    """execve(2), execveat(2): a new program; other threads are gone, close-on-exec descriptors are
    closed."""
    if call.result.failed or call.result.value is None:
        return
    for other in kernel.tasks.executed(task):
        for fd, descriptor in kernel.tasks.remove(other):
            kernel.dropped(other, fd, descriptor, call)
    kernel.tasks.unshare_table(task)
    task.table.has_ring = False  # a ring is close-on-exec, and part of the memory that is gone
    args = call.args[1:] if call.name == "execveat" else call.args
    _name_program(task, args)
    if kernel.started is None:
        kernel.started = task.group
    command, _, script = kernel.started_script.partition(" ")
    group = task.group
    if script and group is kernel.started and group.command == command and group.argv_cut:
        group.argv, group.argv_cut = (command, script), frozenset()
    kernel.drop_close_on_exec(task, call)


def _name_program(task: Task, args: tuple[Value, ...]) -> None:
    path, argv = argument(args, 0), argument(args, 1)
    program = None if path is None else plain(path)
    group = task.group
    if isinstance(program, Text):
        name = one_of(program.value.decode("utf-8", "surrogateescape"))
        group.programs.append(name)
        group.command = one_of(basename(name) or name)
    words = None if argv is None else plain(argv)
    if isinstance(words, Array):
        texts = [inner for item in words.items if isinstance(inner := plain(item), Text)]
        group.argv = one_of(tuple(text.value.decode("utf-8", "surrogateescape") for text in texts))
        group.argv_cut = one_of(frozenset(at for at, text in enumerate(texts) if text.truncated))
        group.argv_truncated = bool(group.argv_cut) or any(
            isinstance(item, Elided) for item in words.items
        )


def unshare(kernel: Kernel, task: Task, call: Syscall) -> None:
    """unshare(2): a descriptor table or a network namespace of its own."""
    if call.result.failed:
        return
    flags = argument(call.args, 0)
    if includes(flags, "CLONE_FILES", CLONE_FLAGS):
        kernel.tasks.unshare_table(task)
    if includes(flags, "CLONE_NEWNET", CLONE_FLAGS):
        kernel.unshared.add(task.namespace)
        task.namespace = kernel.tasks.new_namespace()


def setns(kernel: Kernel, task: Task, call: Syscall) -> None:
    """setns(2): enter the network namespace that the descriptor refers to.

    nstype 0 allows any kind of namespace; it is then taken for a network only if a note (-y) says
    so.
    """
    if call.result.failed:
        return
    fd, kind = fd_argument(argument(call.args, 0)), argument(call.args, 1)
    note = fd.note if fd is not None else None
    names_network = note is not None and (note.startswith("net:[") or note.endswith("/ns/net"))
    if includes(kind, "CLONE_NEWNET", CLONE_FLAGS) or (names_network and _is_zero(kind)):
        task.namespace = kernel.entered_network(task, note)


def _is_zero(value: Value | None) -> bool:
    return number(value) == 0 or value == Name("0")


def io_uring(kernel: Kernel, task: Task, call: Syscall) -> None:
    """io_uring_setup(2): from now on this process can make calls that strace does not see."""
    if not call.result.failed:
        task.table.has_ring = True
        kernel.doubt(Doubt.IO_URING, task, None, call)
    fd = result_fd(call)
    if fd is not None:
        kernel.number_was_given(task, fd.fd, call)


_PROCESS = "%process"
"""The class of the calls on processes, in strace's -e."""
_CLONE = SystemCall(clone, begin=entered_clone, is_attempt=True, shown_by=_PROCESS)
_FORK = SystemCall(fork, begin=entered_clone, is_attempt=True, shown_by=_PROCESS)
_EXECVE = SystemCall(execve, shown_by=_PROCESS)

CALLS = {
    "clone": _CLONE,
    "clone2": _CLONE,
    "clone3": _CLONE,
    "execve": _EXECVE,
    "execveat": _EXECVE,
    "fork": _FORK,
    "io_uring_setup": SystemCall(io_uring, shown_by="uring_s"),
    "setns": SystemCall(setns, shown_by="setns"),
    "unshare": SystemCall(unshare, shown_by="unshare"),
    "vfork": _FORK,
}
