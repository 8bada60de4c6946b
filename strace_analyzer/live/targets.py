"""Which processes are meant: takes process ids, the roots of process trees, names of programs and
control groups, gives the processes to attach to; and those below them that are not traced."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from itertools import chain
from typing import NamedTuple

from strace_analyzer.live.refusals import TracingError, check_process
from strace_analyzer.live.running import Running, running

_CGROUPS = "/sys/fs/cgroup"
_CONTAINER = re.compile(r"[0-9a-f]{12,64}")
"""the id of a container, or its beginning, as docker, podman and crictl print it"""


class Targets(NamedTuple):
    """What the user asked for, each part by itself; a process that is meant twice counts once."""

    pids: Sequence[int] = ()
    trees: Sequence[int] = ()
    """processes with all their descendants"""
    names: Sequence[str] = ()
    """of programs; * and ? as in the shell"""
    cgroups: Sequence[str] = ()
    """paths of control groups with all below them, or ids of containers"""

    @property
    def exact(self) -> frozenset[int]:
        """What was asked for by its number; of the rest one may end before it is traced."""
        return frozenset((*self.pids, *self.trees))

    def processes(self) -> tuple[int, ...]:
        """Those that are there now, a parent before its children. Raises TracingError if one of
        the parts means no process, or one that cannot be traced."""
        table = ProcessTable()
        found = [check_process(pid) for pid in self.pids]
        for root in self.trees:
            top = check_process(root)
            below = (pid for pid in table.descendants([top]) if table.can_be_traced(pid))
            found += [top, *(pid for pid in below if pid not in table.ours())]
        for name in self.names:
            found += _some(table.named(name), f"--name {name}: no such process runs here")
        for group in self.cgroups:
            found += _some(table.in_cgroup(group), f"--cgroup {group}: no process is in it")
        return tuple(dict.fromkeys(found))


class Untraced(NamedTuple):
    """A process below one that is traced, which is not traced itself."""

    pid: int
    command: str
    root: int
    """the traced process that it descends from"""


def untraced(processes: Sequence[int], tracer: int) -> tuple[Untraced, ...]:
    """What descends from `processes` and is not traced by `tracer`, a process id. Kernel threads
    and what has ended are none of it, nor are we, the tracer, and what waits for us, such as sudo.
    """
    table = ProcessTable()
    traced = {*processes, *table.ours(), tracer}
    found = []
    for root in processes:
        for pid in table.descendants([root]):
            one = table.of(pid)
            if pid in traced or one is None or one.tracer == tracer or not one.argv:
                continue
            traced.add(pid)
            found.append(Untraced(pid, one.name, root))
    return tuple(found)


def not_traced(apart: Sequence[Untraced]) -> str:
    """`nginx (2 processes: 12, 13), below pid 11, ran already and are not traced: attach --tree
    11`."""
    by_name: dict[str, list[int]] = {}
    for one in apart:
        by_name.setdefault(one.command, []).append(one.pid)
    roots = [str(root) for root in dict.fromkeys(one.root for one in apart)]
    runs = "ran already and is not traced" if len(apart) == 1 else "ran already and are not traced"
    return f"{_by_name(by_name)}, below pid {', '.join(roots)}, {runs}: attach {trees(apart)}"


def trees(apart: Sequence[Untraced]) -> str:
    """The options of `attach` that would trace them: `--tree 11 --tree 27`."""
    return " ".join(f"--tree {root}" for root in dict.fromkeys(one.root for one in apart))


class ProcessTable:
    """The processes that ran when it was made."""

    def __init__(self) -> None:
        self._all = {one.pid: one for one in running()}
        self._children: dict[int, list[int]] = {}
        for one in self._all.values():
            self._children.setdefault(one.parent, []).append(one.pid)

    def of(self, pid: int) -> Running | None:
        """What is known of `pid`."""
        return self._all.get(pid)

    def can_be_traced(self, pid: int) -> bool:
        """It is neither this process, nor a zombie, nor traced already: these are left out where a
        whole set of processes was asked for."""
        one = self._all[pid]
        return pid != os.getpid() and not one.tracer and bool(one.argv)

    def descendants(self, pids: Iterable[int]) -> Iterator[int]:
        """All below `pids`, parents first."""
        for child in sorted(chain.from_iterable(self._children.get(pid, ()) for pid in pids)):
            yield child
            yield from self.descendants([child])

    def ours(self) -> frozenset[int]:
        """This process and its ancestors."""
        return frozenset({os.getpid(), *self._ancestors(os.getpid())})

    def named(self, name: str) -> list[int]:
        """The processes whose program has this name: as ps -C shows it, or its file's, or that of
        the script which an interpreter runs."""
        return [
            one.pid
            for one in self._ordered()
            if any(fnmatchcase(called, name) for called in one.names)
        ]

    def in_cgroup(self, group: str) -> list[int]:
        """The processes in the control group of this path, with all groups below it; or in the
        container with this id."""
        return [one.pid for one in self._ordered() if any(belongs(at, group) for at in one.cgroups)]

    def _ordered(self) -> Iterator[Running]:
        ours = self.ours()  # such as sudo, by our name
        return (
            self._all[pid]
            for pid in self.descendants([0])
            if pid not in ours and self.can_be_traced(pid)
        )

    def _ancestors(self, pid: int) -> Iterator[int]:
        while (one := self._all.get(pid)) is not None:
            yield one.parent
            pid = one.parent


def belongs(at: tuple[str, str], asked: str) -> bool:
    """Whether a process at `at`, controllers and path (proc_pid_cgroup(5)), is in the group that
    was asked for or below it. The path may begin with /sys/fs/cgroup, and then with the directory
    of a controller (cgroups(7), version 1); or it is the id of a container."""
    controllers, here = at
    path = "/" + asked.removeprefix(_CGROUPS).strip("/")
    names = controllers.removeprefix("name=").split(",")
    starts = ("", *(f"/{name}" for name in names if name and asked.startswith(_CGROUPS)))
    if any(f"{start}{here}/".startswith(f"{path.rstrip('/')}/") for start in starts):
        return True
    if not _CONTAINER.fullmatch(asked):
        return False
    parts = (part.rpartition("-")[2] for part in here.split("/"))
    return any(part.startswith(asked) for part in parts)


def _some(found: list[int], otherwise: str) -> list[int]:
    if not found:
        raise TracingError(otherwise)
    return found


def described(processes: Sequence[int]) -> str:
    """`nginx (pid 11), nginx (4 processes: 12, 13, 14, 15)`, by program."""
    table = ProcessTable()
    by_name: dict[str, list[int]] = {}
    for pid in processes:
        one = table.of(pid)
        by_name.setdefault("a process" if one is None else one.name, []).append(pid)
    return _by_name(by_name)


def _by_name(by_name: dict[str, list[int]], limit: int = 4) -> str:
    parts = []
    for name, pids in by_name.items():
        shown = ", ".join(map(str, pids[:limit])) + (", ..." if len(pids) > limit else "")
        many = f"{len(pids):,} processes: " if len(pids) > 1 else "pid "
        parts.append(f"{name} ({many}{shown})")
    shown_parts = parts[:limit]
    if len(parts) > limit:
        shown_parts.append(f"{len(parts) - limit} more programs")
    return ", ".join(shown_parts)
