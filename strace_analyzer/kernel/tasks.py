"""Which task speaks: takes thread ids, births and deaths, gives Tasks with their tables and
groups.

What makes this hard: a child can speak before the clone() that made it returns; the number that
clone() returns is the child's number in the *caller's* PID namespace, which need not be the one
strace prints (clone(2), pid_namespaces(7)); a trace taken with -p begins in the middle of the
lives of several tasks whose kinship it never tells; and numbers are used again.

It is long because the ways in which a task can come to be do not come apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from strace_analyzer.kernel.objects import Descriptor, FdTable, Task, ThreadGroup


class Birth(NamedTuple):
    """What a clone-like call asks for (clone(2), CLONE_FILES, CLONE_THREAD, CLONE_NEWNET)."""

    shares_files: bool = False
    is_thread: bool = False
    new_network: bool = False
    new_pids: bool = False


class Tasks:
    """All tasks that are alive, by the thread id that strace prints."""

    def __init__(self) -> None:
        self._alive: dict[int, Task] = {}
        self._pending: dict[int, tuple[Task, Birth]] = {}
        """clone-like calls that were entered and made no known child yet, by the caller's tid"""
        self._early: dict[int, int] = {}
        """children that spoke before their clone returned: the caller's tid -> the child's"""
        self._unspoken: dict[int, Task] = {}
        """children that their clone named and that have not spoken yet, in order"""
        self._strangers: Task | None = None
        """stands for the tasks of unknown kinship: they are taken for threads of one process"""
        self._names: dict[str, int] = {}
        self._namespaces = 1
        self.tree_is_complete = False
        """True when the trace begins with the execve of its first task: every other task is its
        child"""

    def __iter__(self) -> Iterator[Task]:
        return iter(tuple(self._alive.values()))

    @property
    def awaits_children(self) -> bool:
        """A clone-like call is under way, or a child has not spoken yet."""
        return bool(self._pending or self._unspoken)

    @property
    def table_of_strangers(self) -> FdTable | None:
        """The table that a task of unknown kinship is taken to have."""
        return None if self._strangers is None else self._strangers.table

    def alive(self, tid: int) -> Task | None:
        """The task with this id, without making one."""
        return self._alive.get(tid)

    def new_namespace(self) -> int:
        """A number for a network namespace that nobody has had before."""
        self._namespaces += 1
        return self._namespaces - 1

    def speaker(self, tid: int) -> Task:
        """The task that a line with this id belongs to; made, paired or taken in where it is
        new."""
        task = self._alive.get(tid)
        if task is not None:
            if self._unspoken:
                self._unspoken.pop(tid, None)
            return task
        return self._child_of_pending(tid) or self._renamed_child(tid) or self._stranger(tid)

    def take_in(self, tgid: int, tids: Iterable[int], namespace: int) -> Task:
        """A process that runs already, with all its threads; gives the task that stands for it."""
        group, table = ThreadGroup(self._name(tgid), tgid), FdTable()
        group.tids = [tgid, *(tid for tid in tids if tid != tgid)]
        table.users = len(group.tids)
        for tid in group.tids:
            self._alive[tid] = Task(tid, group, table, namespace)
        return self._alive[tgid]

    def entered_clone(self, parent: Task, birth: Birth) -> None:
        """`parent` is inside a clone-like call: the next unknown speaker may be its child."""
        self._pending[parent.tid] = (parent, birth)

    def cloned(self, parent: Task, tid: int, birth: Birth) -> Task:
        """A clone-like call of `parent` returned `tid`; gives the child."""
        self._pending.pop(parent.tid, None)
        early = self._early.pop(parent.tid, None)
        child = self._alive.get(tid)
        if early is not None and early != tid:
            if child is None:  # the number is one of the caller's own PID namespace
                return self._alive.get(early) or self._born(parent, tid, birth)
            self._exchange(early, tid, parent)
            return child
        if child is not None and early == tid:
            child.ambiguous = False
            return child
        if child is not None and self._is_stranger(child):
            self._adopt(parent, child, birth)
            return child
        if child is not None:
            self.remove(child)  # its exit was not traced; the number is used again
        child = self._born(parent, tid, birth)
        self._unspoken[tid] = child
        return child

    def clone_failed(self, parent: Task) -> None:
        """A clone-like call of `parent` gave an error: it made no child."""
        self._pending.pop(parent.tid, None)
        self._early.pop(parent.tid, None)

    def remove(self, task: Task) -> list[tuple[int, Descriptor]]:
        """`task` is gone. What its table held is closed if no other task uses it: (fd,
        descriptor)."""
        if self._alive.get(task.tid) is task:
            del self._alive[task.tid]
        self._unspoken.pop(task.tid, None)
        self._pending.pop(task.tid, None)
        return self.leave_table(task)

    def leave_table(self, task: Task) -> list[tuple[int, Descriptor]]:
        """Drop `task`'s use of its table; what that closed for good, as (last fd, descriptor)."""
        table = task.table
        table.users -= 1
        if table.users > 0:
            return []
        closed = []
        for fd in table:
            descriptor = table.remove(fd)
            if descriptor is not None and descriptor.description.references == 0:
                closed.append((fd, descriptor))
        return closed

    def executed(self, task: Task) -> list[Task]:
        """`task` replaced its program: the other threads of its process are dead (execve(2))."""
        self._leave_strangers(task)
        group = task.group
        if group.tgid is None:
            group.tgid = task.tid
        return [other for other in self if other.group is group and other is not task]

    def take_over(self, leader_tid: int, by_tid: int) -> Task | None:
        """`+++ superseded by execve in pid N +++`: thread N goes on under the leader's number."""
        task = self._alive.pop(by_tid, None)
        if task is None:
            return None
        task.tid = leader_tid
        self._alive[leader_tid] = task
        return task

    def identify(self, tid: int) -> None:
        """The task that spoke without a number is `tid`."""
        task = self._alive.pop(0, None)
        if task is None:
            return
        task.tid = tid
        self._alive[tid] = task
        if 0 in self._pending:
            self._pending[tid] = self._pending.pop(0)
        if 0 in self._early:
            self._early[tid] = self._early.pop(0)
        group = task.group
        group.tids = [tid if number == 0 else number for number in group.tids]
        if group.tgid == 0:
            group.tgid = tid

    def separate(self, task: Task) -> None:
        """`task` was taken for a thread of the strangers' process, and the trace shows it is
        not."""
        if self._strangers is not None and task.table is self._strangers.table:
            own = self._own_descriptors(task)
            task.table.users -= 1
            task.table = FdTable()
            for fd, descriptor in own:
                task.table.set(fd, descriptor)
            self._leave_strangers(task)

    def is_assumed_thread(self, task: Task) -> bool:
        """True where `task` shares a table only because nothing is known about it."""
        return (
            self._strangers is not None
            and task.table is self._strangers.table
            and self._is_stranger(task)
            and task.table.users > 1
        )

    # how tasks come to be

    def _child_of_pending(self, tid: int) -> Task | None:
        if not self._pending:
            return None
        parent_tid, (parent, birth) = next(iter(self._pending.items()))
        tables = {id(p.table) if b.shares_files else id(p) for p, b in self._pending.values()}
        del self._pending[parent_tid]
        child = self._born(parent, tid, birth)
        child.ambiguous = len(tables) > 1
        self._early[parent_tid] = tid
        return child

    def _renamed_child(self, tid: int) -> Task | None:
        for number, child in self._unspoken.items():
            parent = child.group.parent
            plausible = self.tree_is_complete or (
                parent is not None and parent.tgid is not None and number < parent.tgid
            )
            if plausible:
                del self._unspoken[number]
                del self._alive[number]
                child.ambiguous = len({id(other.table) for other in self._unspoken.values()}) > 0
                child.tid = tid
                if child.group.tgid == number:
                    child.group.tgid = tid
                    child.group.id = self._name(tid)
                child.group.tids = [tid if t == number else t for t in child.group.tids]
                self._alive[tid] = child
                return child
        return None

    def _stranger(self, tid: int) -> Task:
        if self._strangers is None:
            group = ThreadGroup(self._name(tid), None)
            self._strangers = Task(tid, group, FdTable(), 0)
            self._strangers.table.users = 0
        pattern = self._strangers
        task = Task(tid, pattern.group, pattern.table, pattern.namespace)
        task.table.users += 1
        pattern.group.tids.append(tid)
        self._alive[tid] = task
        return task

    def _born(self, parent: Task, tid: int, birth: Birth) -> Task:
        group = parent.group
        if not birth.is_thread:
            group = ThreadGroup(self._name(tid), tid, parent.group)
        table = parent.table
        if birth.shares_files:
            table.users += 1
        else:
            table = table.fork()
        namespace = self.new_namespace() if birth.new_network else parent.namespace
        child = Task(tid, group, table, namespace)
        group.tids.append(tid)
        self._alive[tid] = child
        return child

    def _adopt(self, parent: Task, child: Task, birth: Birth) -> None:
        """A stranger turns out to be `parent`'s child: it gets the parent's table and what it
        made."""
        own = self._own_descriptors(child)
        self.leave_table(child)
        if child.tid in child.group.tids:
            child.group.tids.remove(child.tid)
        born = self._born(parent, child.tid, birth)
        child.group, child.table, child.namespace = born.group, born.table, born.namespace
        child.ambiguous = False
        self._alive[child.tid] = child
        for fd, descriptor in own:
            if child.table.get(fd) != descriptor:
                child.table.set(fd, descriptor)

    def _exchange(self, first: int, second: int, parent: Task) -> None:
        """`first` was taken for `parent`'s child, and `second` is: they are each other's
        siblings."""
        one, two = self._alive.get(first), self._alive.get(second)
        if one is None or two is None or one.table is two.table:
            return
        one.table, two.table = two.table, one.table
        one.group.parent, two.group.parent = two.group.parent, one.group.parent
        one.namespace, two.namespace = two.namespace, parent.namespace
        for caller, child in self._early.items():
            if child == second:
                self._early[caller] = first
        one.ambiguous = two.ambiguous = True

    def _own_descriptors(self, task: Task) -> list[tuple[int, Descriptor]]:
        return [
            (fd, descriptor)
            for fd in task.table
            if (descriptor := task.table.get(fd)) is not None
            and descriptor.description.maker == task.tid
        ]

    def _is_stranger(self, task: Task) -> bool:
        return self._strangers is not None and task.group is self._strangers.group

    def _leave_strangers(self, task: Task) -> None:
        pattern = self._strangers
        if pattern is None or task.group is not pattern.group:
            return
        if len(pattern.group.tids) == 1:
            self._strangers = None  # it was alone: the group is its own
            return
        pattern.group.tids.remove(task.tid)
        task.group = ThreadGroup(self._name(task.tid), None)
        task.group.tids.append(task.tid)

    def _name(self, tid: int) -> str:
        name = str(tid)
        count = self._names[name] = self._names.get(name, 0) + 1
        return name if count == 1 else f"{name}#{count}"
