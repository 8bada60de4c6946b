"""A kernel small enough to be right: makes traces of random programs, and knows which bind() was
early and which connect() followed it, whatever the trace then hides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import strace_analyzer as sa

ANY = '{sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16'
_FIRST_PORT = 40000


@dataclass
class Socket:
    """An open file description. `bind` is the call that assigned its port."""

    inode: int
    namespace: int
    no_port: bool = False
    bind: int | None = None
    port: int | None = None
    is_connected: bool = False
    references: int = 1
    closed: int | None = None
    """the call after which it had no descriptor left"""


@dataclass
class Task:
    tid: int
    table: dict[int, Socket]
    namespace: int = 0


@dataclass
class Call:
    tid: int
    name: str
    text: str


@dataclass
class World:
    """What ran, call by call. `truth` are the early binds: (call of the bind, of the connect)."""

    random: Random
    annotated: bool = False
    """-yy: descriptors are annotated"""
    calls: list[Call] = field(default_factory=list)
    truth: set[tuple[int, int]] = field(default_factory=set)
    pinning: list[Socket] = field(default_factory=list)
    """those bound early and connected"""
    tasks: list[Task] = field(default_factory=lambda: [Task(100, {})])
    _inodes: int = 5000
    _tids: int = 100

    # what programs do

    def socket(self, task: Task) -> None:
        fd, new = self._new(task)
        self._tell(
            task, "socket", f"socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = {self._fd(fd, new)}"
        )

    def option(self, task: Task, value: str = "[1], 4") -> None:
        fd, one = self._pick(task, lambda one: one.bind is None and not one.is_connected)
        if one is None:
            return
        sets = "IP_BIND_ADDRESS_NO_PORT"
        self._tell(
            task, "setsockopt", f"setsockopt({self._fd(fd, one)}, SOL_IP, {sets}, {value}) = 0"
        )
        one.no_port = not value.startswith(("[0]", "NULL"))

    def bind(self, task: Task) -> None:
        fd, one = self._pick(task, lambda one: one.bind is None and not one.is_connected)
        if one is None:
            return
        self._tell(task, "bind", f"bind({self._fd(fd, one)}, {ANY}) = 0")
        one.bind = len(self.calls) - 1
        one.port = None if one.no_port else self._port()

    def getsockname(self, task: Task) -> None:
        fd, one = self._pick(task, lambda one: one.bind is not None and not one.is_connected)
        self._asks(task, fd, one)

    def getsockname_of_each(self, task: Task) -> None:
        for fd, one in task.table.items():
            self._asks(task, fd, one if one.bind is not None else None)

    def _asks(self, task: Task, fd: int, one: Socket | None) -> None:
        if one is not None:
            shown = ANY.replace("htons(0)", f"htons({one.port or 0})").removesuffix("16") + "[16]"
            self._tell(task, "getsockname", f"getsockname({self._fd(fd, one)}, {shown}) = 0")

    def connect(self, task: Task) -> None:
        fd, one = self._pick(task, lambda one: not one.is_connected)
        if one is None:
            return
        to = f'{{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.{fd}")}}, 16'
        self._tell(task, "connect", f"connect({self._fd(fd, one)}, {to}) = 0")
        one.is_connected = True
        if one.bind is not None and one.port is not None:
            self.truth.add((one.bind, len(self.calls) - 1))
            self.pinning.append(one)

    def close(self, task: Task) -> None:
        fd, one = self._pick(task)
        if one is not None:
            self._tell(task, "close", f"close({self._fd(fd, one)}) = 0")
            self._drop(task, fd)

    def dup(self, task: Task) -> None:
        fd, one = self._pick(task)
        if one is not None:
            new = _free(task)
            self._tell(task, "dup", f"dup({self._fd(fd, one)}) = {self._fd(new, one)}")
            task.table[new] = one
            one.references += 1

    def fork(self, task: Task) -> None:
        child = self.born(task)
        self._tell(task, "fork", f"fork() = {child.tid}")

    def setns(self, task: Task, known: Collection[int]) -> None:
        """Enter one of the namespaces, by a descriptor that -yy annotates."""
        to = self.random.choice(sorted(known))
        self._tell(task, "setns", f"setns(63<net:[{4026530000 + to}]>, CLONE_NEWNET) = 0")
        task.namespace = to

    def makes_ring(self, task: Task) -> None:
        self.says(task, "io_uring_setup", "io_uring_setup(8, {flags=0}) = 62")

    def says(self, task: Task, name: str, text: str) -> None:
        """Print a line that affects no socket of this world."""
        self._tell(task, name, text)

    def ring_closes(self, task: Task) -> None:
        """Close a descriptor by io_uring: prints no line."""
        fd, one = self._pick(task)
        if one is not None:
            self._drop(task, fd)

    def ring_makes(self, task: Task) -> None:
        """Create a socket by io_uring: prints no line."""
        self._new(task)

    def ring_replaces(self, task: Task) -> None:
        """Replace the socket of a number by io_uring: prints no line."""
        fd, one = self._pick(task)
        if one is not None:
            self._drop(task, fd)
            self._new(task)

    def born(self, parent: Task) -> Task:
        """Create a child with a copy of its parent's table; prints no line."""
        self._tids += 1
        child = Task(self._tids, dict(parent.table), parent.namespace)
        for one in parent.table.values():
            one.references += 1
        self.tasks.append(child)
        return child

    def with_false_options(self) -> World:
        """Return the same world with a setsockopt() line before each bind(), which the kernel never
        executed on this socket."""
        made = World(self.random, self.annotated)
        at: dict[int, int] = {}
        for number, call in enumerate(self.calls):
            if call.name == "bind":
                fd = call.text.removeprefix("bind(").partition(",")[0]
                sets = f"setsockopt({fd}, SOL_IP, IP_BIND_ADDRESS_NO_PORT, [1], 4) = 0"
                made.calls.append(Call(call.tid, "setsockopt", sets))
            at[number] = len(made.calls)
            made.calls.append(call)
        made.truth = {(at[bind], at[connect]) for bind, connect in self.truth}
        return made

    def line(self, number: int) -> str:
        """Return the text of a line of the whole trace, counted from 1."""
        return self.calls[number - 1].text

    def walk(self, steps: int, *moves: Callable[[Task], None]) -> World:
        """Make `steps` random moves, each of a random task."""
        for _ in range(steps):
            self.random.choice(moves)(self.random.choice(self.tasks))
        return self

    # what strace shows

    def lines(self, hidden: Collection[str] = ()) -> tuple[list[str], dict[int, int]]:
        """Return the trace without the calls `hidden`, and the line number of each call in it."""
        shown = [number for number, call in enumerate(self.calls) if call.name not in hidden]
        text = [f"{self.calls[number].tid} {self.calls[number].text}\n" for number in shown]
        return text, {number: line for line, number in enumerate(shown, 1)}

    def early_binds(self, hidden: Collection[str] = ()) -> set[tuple[int, int]]:
        """Return `truth` as line numbers."""
        _, at = self.lines(hidden)
        return {(at[bind], at[connect]) for bind, connect in self.truth}

    def pinned_at_once(self) -> list[int]:
        """Return the most ports pinned at one time, for each namespace that has any."""
        most: dict[int, int] = {}
        for at in range(len(self.calls)):
            held = Counter(
                one.namespace
                for one in self.pinning
                if one.bind is not None
                and one.bind <= at < (len(self.calls) if one.closed is None else one.closed)
            )
            most |= {name: max(now, most.get(name, 0)) for name, now in held.items()}
        return sorted(most.values())

    def _tell(self, task: Task, name: str, text: str) -> None:
        self.calls.append(Call(task.tid, name, text))

    def _fd(self, fd: int, one: Socket) -> str:
        if not self.annotated:
            return str(fd)
        if one.is_connected:
            return f"{fd}<TCP:[192.0.2.1:{one.port or _FIRST_PORT - 1}->192.0.2.{fd}:80]>"
        return f"{fd}<TCP:[{one.inode if one.port is None else f'0.0.0.0:{one.port}'}]>"

    def _pick(
        self, task: Task, suits: Callable[[Socket], bool] = lambda one: True
    ) -> tuple[int, Socket | None]:
        suiting = [(fd, one) for fd, one in task.table.items() if suits(one)]
        return self.random.choice(suiting) if suiting else (-1, None)

    def _new(self, task: Task) -> tuple[int, Socket]:
        self._inodes += 1
        fd = _free(task)
        task.table[fd] = Socket(self._inodes, task.namespace)
        return fd, task.table[fd]

    def _drop(self, task: Task, fd: int) -> None:
        one = task.table.pop(fd)
        one.references -= 1
        if one.references == 0:
            one.closed = len(self.calls)

    def _port(self) -> int:
        self._inodes += 1
        return _FIRST_PORT + self._inodes - 5000


def _free(task: Task) -> int:
    return next(fd for fd in range(3, 60) if fd not in task.table)


def found(analysis: sa.Analysis, *, certain: bool = False) -> set[tuple[int, int]]:
    """Return the early binds that were found: lines of bind and connect."""
    return {
        (finding.calls["bind"].line, finding.calls["connect"].line)
        for finding in analysis.findings
        if finding.rule == "bind-any-port-zero"
        and (not certain or finding.confidence is sa.Confidence.CERTAIN)
    }


def analyzed(world: World, folder: Path, hidden: Collection[str] = ()) -> sa.Analysis:
    """Analyse the trace of `world` without the calls `hidden`."""
    lines, _ = world.lines(hidden)
    path = folder / "w.strace"
    path.write_text("".join(lines))
    return sa.analyze(path)
