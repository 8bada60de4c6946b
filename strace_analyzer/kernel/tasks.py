"""Which task a line belongs to: takes thread ids, births and deaths, gives Tasks with their tables
and groups.

What makes this hard: a child can speak before the clone() that made it returns; the number that
clone() returns is the child's number in the *caller's* PID namespace, which need not be the one
strace prints (clone(2), pid_namespaces(7)); a trace taken with -p begins in the middle of the lives
of several tasks and never tells how they are related; and numbers are reused.

It is long because the ways in which a task can come to be do not come apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from strace_analyzer.kernel.objects import Descriptor, FdTable, Task, ThreadGroup


class Birth(NamedTuple):
    """What a clone-like call asks for (clone(2), CLONE_FILES, CLONE_THREAD, CLONE_NEWNET)."""

    shares_files: bool = False
    is_thread: bool = False
    new_network: bool = False


@dataclass(slots=True)
class _Cloning:
    """A clone-like call that `parent` has not returned from, and the task that is taken for its
    `child`: one that began to speak meanwhile."""

    parent: Task
    birth: Birth
    child: Task | None = None


class Tasks:
    """All live tasks, by the thread id that strace prints."""

    def __init__(self) -> None:
        self.by_tid: dict[int, Task] = {}
        """read only"""
        self.awaits_children = False
        """a clone-like call is under way, or a child has not spoken yet"""
        self._cloning: dict[int, _Cloning] = {}
        """clone-like calls that have not returned, by the caller's tid"""
        self._unspoken: dict[int, Task] = {}
        """children that their clone named and that have not spoken yet, in order"""
        self._silent: list[int] = []
        """children that were made and never spoke, as far as their numbers tell"""
        self._announced: set[int] = set()
        """tasks that strace says it follows, and that have not spoken yet"""
        self._leaving: set[int] = set()
        """those of them that strace left since the last task spoke or ended"""
        self.named: set[int] = set()
        """numbers of children that their clone named, or strace as it followed them; read only"""
        self.children_are_shown = False
        """a child has spoken: strace follows children (-f)"""
        self._strangers: Task | None = None
        """stands for the tasks of unknown kinship: they are assumed to be threads of one process"""
        self._clones_are_traced = False
        self._named: dict[int, int] = {}
        """The process numbers that were given as names, as bits: of number N bit N % 64 of N // 64.
        Every number of a long trace is here, long after its process."""
        self._again: dict[int, int] = {}
        """How often those were given that were given more than once."""
        self.namespaces = 1
        """how many network namespaces are known so far, numbered from 0"""
        self._renamed: dict[int, Task] = {}
        """tasks that were taken for a child to which clone() gave another number"""
        self.tree_is_complete = False
        """True if the trace begins with the execve() of its first task: every other task descends
        from it"""

    def __iter__(self) -> Iterator[Task]:
        return iter(tuple(self.by_tid.values()))

    def is_awaited(self, tid: int) -> bool:
        """True for a task that has not spoken yet."""
        return tid not in self.by_tid or tid in self._unspoken or tid in self._announced

    @property
    def unseen(self) -> tuple[int, ...]:
        """The children that a clone named, or that strace said it follows, and that never spoke."""
        announced = sorted(self._announced - self._leaving)
        return (*self._silent, *self._unspoken, *announced)

    @property
    def table_of_strangers(self) -> FdTable | None:
        """The table that a task of unknown kinship is assumed to have."""
        pattern = self._strangers or self._first_of_complete_tree
        return None if pattern is None else pattern.table

    @property
    def _first_of_complete_tree(self) -> Task | None:
        """The first task, if all others must descend from it but no clone is traced."""
        if self.tree_is_complete and not self._clones_are_traced:
            return next(iter(self.by_tid.values()), None)
        return None

    def new_namespace(self) -> int:
        """A number for a new network namespace."""
        self.namespaces += 1
        return self.namespaces - 1

    def speaker(self, tid: int) -> Task:
        """The task that a line with this id belongs to. A new task is matched to a pending clone,
        or taken in as one of unknown kinship."""
        if self._announced:
            self.heard_of(tid)
        task = self.by_tid.get(tid)
        if task is not None:
            if self._unspoken and self._unspoken.pop(tid, None) is not None:
                self.children_are_shown = True
                self._look_for_children()
            return task
        if tid in self._silent:
            self._silent.remove(tid)
        task = (
            self._misnamed(tid)
            or self._child_of_pending(tid)
            or self._renamed_child(tid)
            or self._stranger(tid)
        )
        self._look_for_children()
        return task

    def attached(self, tid: int) -> None:
        """strace says, after the first call, that it follows `tid` from now on: someone made that
        task. It is not seen before it speaks or ends."""
        if not self.is_awaited(tid):
            return
        if self.awaits_children:
            self.speaker(tid)
        self._announced.add(tid)
        self.named.add(tid)
        self._look_for_children()

    def heard_of(self, tid: int) -> None:
        """`tid` spoke or ended."""
        self._leaving.clear()
        if tid in self._announced:
            self._announced.remove(tid)
            self._look_for_children()

    def detached(self, tid: int) -> None:
        """strace leaves `tid`. Where that is the end of the trace, the task was followed as far as
        the trace goes."""
        if tid in self._announced:
            self._leaving.add(tid)

    def take_in(self, tgid: int, tids: Iterable[int], namespace: int) -> Task:
        """Add a process that was already running, with all its threads; returns the task that
        stands for it."""
        group, table = ThreadGroup(self._name(tgid), tgid), FdTable()
        group.tids = [tgid, *(tid for tid in tids if tid != tgid)]
        table.users = len(group.tids)
        for tid in group.tids:
            self.by_tid[tid] = Task(tid, group, table, namespace)
            self.by_tid[tid].family = self.by_tid[tgid]
        return self.by_tid[tgid]

    def entered_clone(self, parent: Task, birth: Birth) -> None:
        """`parent` is in a clone-like call: the next unknown speaker may be its child."""
        self._clones_are_traced = True
        self._cloning[parent.tid] = _Cloning(parent, birth)
        self._look_for_children()

    def cloned(self, parent: Task, tid: int, birth: Birth) -> list[tuple[int, Descriptor]]:
        """A clone-like call of `parent` returned `tid`. Returns the descriptors (fd, descriptor)
        lost by a task whose parent turned out to be another, or whose exit was not traced."""
        lost = self._cloned(parent, tid, birth)
        self._look_for_children()
        return lost

    def _cloned(self, parent: Task, tid: int, birth: Birth) -> list[tuple[int, Descriptor]]:
        self._clones_are_traced = True
        self.named.add(tid)
        cloning = self._cloning.pop(parent.tid, None)
        early = None if cloning is None else cloning.child
        if early is not None and early.tid == tid:
            early.ambiguous = False
            return []
        child = self.by_tid.get(tid)
        mistaken = self._taken_for_child(child)
        if child is not None and mistaken is not None:
            mistaken.child = None
            lost = self._adopt(parent, child, birth)
            return lost if early is None else lost + self._hand_over(early)
        lost = []
        if early is not None:
            waiting = any(other.child is None for other in self._cloning.values())
            if child is None and (not waiting or tid < parent.tid):
                if tid > parent.tid:  # hardly a number of a PID namespace that began with 1
                    self._silent.append(tid)
                return []  # the number is one of the caller's own PID namespace
            lost = self._hand_over(early)
        if child is not None and child.is_stranger:
            return lost + self._adopt(parent, child, birth)
        if child is not None:
            if tid in self._unspoken or tid in self._announced:
                self._silent.append(tid)
            lost += self.remove(child)  # its exit was not traced; the number was reused
        self._unspoken[tid] = self._born(parent, tid, birth)
        return lost

    def clone_failed(self, parent: Task) -> None:
        """A clone-like call of `parent` failed: it made no child."""
        self._cloning.pop(parent.tid, None)
        self._look_for_children()

    def remove(self, task: Task) -> list[tuple[int, Descriptor]]:
        """`task` is gone. Returns what is closed because no other task uses its table: (fd,
        descriptor)."""
        del self.by_tid[task.tid]
        self._unspoken.pop(task.tid, None)
        self._announced.discard(task.tid)
        self._cloning.pop(task.tid, None)
        self._look_for_children()
        return self.leave_table(task)

    def leave_table(self, task: Task) -> list[tuple[int, Descriptor]]:
        """Stop `task` from using its table; returns what that closed for good, as (last fd,
        descriptor)."""
        table = task.table
        table.users -= 1
        if table.users > 0:
            return []
        closed = []
        for fd in tuple(table.shown):
            table.remove(fd)
        for fd in table:
            descriptor = table.remove(fd)
            if descriptor is not None and descriptor.description.references == 0:
                closed.append((fd, descriptor))
        return closed

    def unshare_table(self, task: Task) -> None:
        """`task` gets its own copy of a shared table (unshare(2) CLONE_FILES, execve(2))."""
        if task.table.users > 1:
            copy = task.table.fork()
            self.leave_table(task)
            task.table = copy
            task.group.has_several_tables = True

    def executed(self, task: Task) -> list[Task]:
        """`task` replaced its program; returns the other threads of its process, which are dead
        (execve(2))."""
        self._leave_strangers(task)
        group = task.group
        if group.tgid is None:
            group.tgid = task.tid
        return [other for other in self if other.group is group and other is not task]

    def take_over(self, leader_tid: int, by_tid: int) -> Task | None:
        """`+++ superseded by execve in pid N +++`: thread N continues under the leader's number."""
        task = self.by_tid.pop(by_tid, None)
        if task is None:
            return None
        task.tid = leader_tid
        self.by_tid[leader_tid] = task
        return task

    def identify(self, tid: int) -> None:
        """The task that spoke without a number is `tid`."""
        task = self.by_tid.pop(0, None)
        if task is None:
            return
        task.tid = tid
        self.by_tid[tid] = task
        if 0 in self._cloning:
            self._cloning[tid] = self._cloning.pop(0)
        group = task.group
        group.tids = [tid if number == 0 else number for number in group.tids]
        if group.tgid == 0:
            group.tgid = tid

    def tell_apart(self, one: Task, other: Task) -> None:
        """Two tasks cannot share the table that they were assumed to share: separate one of them,
        preferably not the one that the strangers' process is named after."""
        strangers = [task for task in (one, other) if task.family.is_stranger]
        first = None if self._strangers is None else self._strangers.group.tids[0]
        self._separate(next((s for s in strangers if s.family.tid != first), strangers[0]))

    def _separate(self, task: Task) -> None:
        """`task` was assumed to be a thread of the strangers' process, and is not: it leaves, with
        its known threads and what they made."""
        task.group.has_several_tables = True
        assumed, table = task.table, FdTable()
        table.users = 0
        for member in self._family(task):
            assumed.users -= 1
            table.users += 1
            member.table = table
        self._leave_strangers(task)
        for fd in assumed:
            descriptor = assumed.slots.get(fd)
            if descriptor is not None and descriptor.description.maker.family is task.family:
                descriptor.description.group = task.group
                table.set(fd, descriptor)
                assumed.remove(fd)

    # how tasks come to be

    def _look_for_children(self) -> None:
        under_way = self._cloning.values()
        self.awaits_children = bool(self._unspoken or self._announced) or any(
            one.child is None for one in under_way
        )

    def _child_of_pending(self, tid: int) -> Task | None:
        waiting = [cloning for cloning in self._cloning.values() if cloning.child is None]
        if not waiting:
            return None
        self.children_are_shown = True
        chosen = waiting[0]
        chosen.child = child = self._born(chosen.parent, tid, chosen.birth)
        tables = {id(c.parent.table) if c.birth.shares_files else id(c) for c in waiting}
        child.ambiguous = len(tables) > 1
        return child

    def _taken_for_child(self, task: Task | None) -> _Cloning | None:
        """The pending call that `task` was taken to come from."""
        for cloning in self._cloning.values():
            if task is not None and cloning.child is task:
                return cloning
        return None

    def _hand_over(self, child: Task) -> list[tuple[int, Descriptor]]:
        """`child` was matched to the wrong call: match it to another pending one."""
        for cloning in self._cloning.values():
            if cloning.child is None:
                cloning.child = child
                is_alive = self.by_tid.get(child.tid) is child
                return self._adopt(cloning.parent, child, cloning.birth) if is_alive else []
        return []

    def _renamed_child(self, tid: int) -> Task | None:
        for number, child in self._unspoken.items():
            parent = child.group.parent
            plausible = self.tree_is_complete or (
                parent is not None and parent.tgid is not None and number < parent.tgid
            )
            if plausible:
                self.children_are_shown = True
                if parent is None or parent.tgid is None or number > parent.tgid:
                    self._silent.append(number)  # not from a namespace of its own: two tasks?
                del self._unspoken[number]
                del self.by_tid[number]
                child.ambiguous = any(
                    other.table is not child.table for other in self._unspoken.values()
                )
                child.tid = tid
                if child.group.tgid == number:
                    child.group.tgid = tid
                    child.group.id = self._name(tid)
                child.group.tids = [tid if t == number else t for t in child.group.tids]
                self.by_tid[tid] = child
                self._renamed[number] = child
                return child
        return None

    def _misnamed(self, tid: int) -> Task | None:
        """`tid` itself speaks, after another task was taken for it: the clone of that other task
        has not been printed yet."""
        other = self._renamed.pop(tid, None)
        if other is None or self.by_tid.get(other.tid) is not other:
            return None
        group = other.group
        group.tids = [tid if number == other.tid else number for number in group.tids]
        if group.tgid == other.tid:
            group.tgid, group.id = tid, str(tid)
        task = Task(tid, group, other.table, other.namespace)
        task.family = task if other.family is other else other.family
        self.by_tid[tid] = task
        other.group = ThreadGroup(self._name(other.tid), other.tid, group)
        other.group.tids = [other.tid]
        other.table, other.family, other.is_stranger = task.table.fork(), other, True
        return task

    def _stranger(self, tid: int) -> Task:
        pattern = self._strangers
        if pattern is None:
            pattern = self._strangers = self._first_stranger(tid)
        task = Task(tid, pattern.group, pattern.table, pattern.namespace)
        task.is_stranger = True
        task.table.users += 1
        pattern.group.tids.append(tid)
        self.by_tid[tid] = task
        return task

    def _first_stranger(self, tid: int) -> Task:
        """The task that strangers are assumed to share a process with: the first stranger or, if
        the tree is complete and no clone is traced, the first task."""
        first = self._first_of_complete_tree
        if first is not None:
            return Task(tid, first.group, first.table, first.namespace)
        stranger = Task(tid, ThreadGroup(self._name(tid), None), FdTable(), 0)
        stranger.table.users = 0
        return stranger

    def _born(self, parent: Task, tid: int, birth: Birth) -> Task:
        group = parent.group
        if not birth.is_thread:
            group = ThreadGroup(self._name(tid), tid, parent.group)
        child = Task(tid, group, *self._given(parent, birth))
        if birth.shares_files:
            child.family = parent.family
        group.tids.append(tid)
        if birth.is_thread and not birth.shares_files:
            group.has_several_tables = True
        self.by_tid[tid] = child
        return child

    def _adopt(self, parent: Task, child: Task, birth: Birth) -> list[tuple[int, Descriptor]]:
        """`child` turns out to be a child of `parent`: it gets the parent's table, plus the
        descriptors it made itself. Returns what its old table lost."""
        own = self._own_descriptors(child)
        lost = self.leave_table(child)
        child.group.tids.remove(child.tid)
        if birth.is_thread:
            child.group = parent.group
        elif child.group.tgid == child.tid:
            child.group.parent = parent.group
        else:
            child.group = ThreadGroup(self._name(child.tid), child.tid, parent.group)
        child.group.tids.append(child.tid)
        child.table, child.namespace = self._given(parent, birth)
        child.family = parent.family if birth.shares_files else child
        child.group.has_several_tables = True
        child.ambiguous = child.is_stranger = False
        for fd, descriptor in own:
            descriptor.description.group = child.group
            child.table.set(fd, descriptor)
        return lost

    def _given(self, parent: Task, birth: Birth) -> tuple[FdTable, int]:
        """The descriptor table and the network namespace of a child of `parent`."""
        table = parent.table
        if birth.shares_files:
            table.users += 1
        else:
            table = table.fork()
        return table, self.new_namespace() if birth.new_network else parent.namespace

    def _own_descriptors(self, task: Task) -> list[tuple[int, Descriptor]]:
        return [
            (fd, descriptor)
            for fd in task.table
            if (descriptor := task.table.slots.get(fd)) is not None
            and descriptor.description.maker is task
        ]

    def _leave_strangers(self, task: Task) -> None:
        """`task` and its known threads are a process of their own."""
        family = task.family
        if not family.is_stranger or self._strangers is None:
            return
        group = self._strangers.group
        members = [member for member in self._family(task) if member.group is group]
        family.is_stranger = False
        leaving = {member.tid for member in members}
        if leaving.issuperset(group.tids):
            self._strangers = None  # it was alone: the group is its own
            return
        group.tids = [tid for tid in group.tids if tid not in leaving]
        own = ThreadGroup(self._name(family.tid), None)
        for member in members:
            member.group = own
            own.tids.append(member.tid)

    def _family(self, task: Task) -> list[Task]:
        return [member for member in self if member.family is task.family]

    def _name(self, tid: int) -> str:
        page, bit = tid >> 6, 1 << (tid & 63)
        named = self._named.get(page, 0)
        if not named & bit:
            self._named[page] = named | bit
            return str(tid)
        count = self._again[tid] = self._again.get(tid, 1) + 1
        return f"{tid}#{count}"
