"""Whole traces with known truth: processes and threads that create, bind, connect, copy, pass on
and close sockets, with several calls at once, printed as strace prints them with various options.

The truth is recorded as it happens, according to the man pages; nothing here looks at a line.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

from kernel_model.following import ANY, FIXED, GOING_ON, NO_PORT, OURS, REFUSED, WEB
from kernel_model.naive import NaiveKernel, Process, Slot

Lines = list[str]


class EarlyBind(NamedTuple):
    """A bind to 0.0.0.0 port 0 and the connect that followed, by the lines on which they begin."""

    bind: int
    connect: int
    outcome: str


@dataclass
class State:
    """The state of a socket so far."""

    bound: int | None = None
    """the line of the bind to any address and port 0"""
    is_named: bool = False
    """bound, to any address"""
    is_used: bool = False
    """connected or connecting, refused, listening"""
    listens: bool = False
    no_port: bool = False
    is_busy: bool = False
    """a call that changes it is under way"""


Ended = tuple[int, int]
"""A call under way: its socket, and the line on which it began."""
RESULTS = (("0", "connected"), (GOING_ON, "in-progress"), (REFUSED, "failed"))
SHARES_FILES = "child_stack=0x7f01, flags=CLONE_VM|CLONE_FILES|SIGCHLD"
_WHOLE = re.compile(r"(?P<begins>(?P<name>\w+)\(.*)(?P<ends>\) = .*)")
_TOLD = re.compile(r"(?P<begins>(?P<name>accept4|recvmsg)\(\d+, )(?P<ends>.*)")
"""a whole call whose arguments strace prints when it returns"""
MESSAGE = (
    '{msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base="x", iov_len=1}], msg_iovlen=1, msg_control='
    "[{cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[%d]}], "
    "msg_controllen=24, msg_flags=0}, 0"
)
INVALID = "-1 EINVAL (Invalid argument)"


@dataclass
class Program(NaiveKernel):
    """Does what it is told, prints it, and knows which sockets were bound early."""

    states: dict[int, State] = field(default_factory=dict)
    truth: list[EarlyBind] = field(default_factory=list)
    chance: Random = field(default_factory=Random)
    halved: set[int] = field(default_factory=set)
    """tasks of which only the first half of a call was printed"""

    def say(self, tid: int, words: str) -> None:
        """Print a whole call, now and then in two halves with a line of another task in between."""
        told = _TOLD.fullmatch(words) or _WHOLE.fullmatch(words)
        if words.endswith(" <unfinished ...>"):
            self.halved.add(tid)
        elif words.startswith("<... "):
            self.halved.discard(tid)
        others = [other for _, other in self.everybody() if other not in (tid, *self.halved)]
        if told is None or not others or "<" in words or self.chance.randrange(3):
            super().say(tid, words)
            return
        super().say(tid, f"{told['begins']} <unfinished ...>")
        super().say(self.chance.choice(others), "getppid() = 1")
        super().say(tid, f"<... {told['name']} resumed>{told['ends']}")

    def state(self, process: Process, fd: int) -> State:
        return self.states.setdefault(process.table[fd].socket, State())

    def bind(self, process: Process, tid: int, choice: int) -> None:
        self._act(process, tid, choice, "bind", self._bound)

    def connect(self, process: Process, tid: int, choice: int) -> None:
        self._act(process, tid, choice, "connect", self._connected)

    def option(self, process: Process, tid: int, choice: int) -> None:
        self._act(process, tid, choice, "setsockopt", self._set)

    def listen(self, process: Process, tid: int, choice: int) -> None:
        self._act(process, tid, choice, "listen", self._listened)

    def _act(
        self,
        process: Process,
        tid: int,
        choice: int,
        name: str,
        does: Callable[[State, int, int], tuple[str, str] | None],
    ) -> None:
        """Make a call on some socket, whole or, in every third case, in two halves."""
        fd = self.pick(process, choice)
        if fd is None:
            return
        state = self.state(process, fd)
        line = len(self.lines) + 1
        done = None if state.is_busy else does(state, line, choice // 3)
        if done is None:
            return
        args, result = done
        if choice % 3:
            self.say(tid, f"{name}({fd}, {args}) = {result}")
            return
        state.is_busy = True
        self.say(tid, f"{name}({fd}, {args} <unfinished ...>")
        self.begun(process, tid, fd, f"{name} resumed>) = {result}")

    def _bound(self, state: State, line: int, choice: int) -> tuple[str, str] | None:
        if state.is_used:
            return None
        to = (ANY, ANY, ANY, OURS, FIXED)[choice % 5]
        if state.is_named:
            return to, INVALID
        state.is_named = True
        if to == ANY and not state.no_port:
            state.bound = line
        return to, "0"

    def _connected(self, state: State, line: int, choice: int) -> tuple[str, str] | None:
        if state.is_used:
            return None
        state.is_used = True
        result, outcome = RESULTS[choice % 3]
        if state.bound is not None:
            self.truth.append(EarlyBind(state.bound, line, outcome))
        return WEB, result

    def _set(self, state: State, line: int, choice: int) -> tuple[str, str] | None:
        if state.is_named or state.is_used or choice % 3:
            return "SOL_SOCKET, SO_KEEPALIVE, [1], 4", "0"
        state.no_port = True
        return NO_PORT, "0"

    def _listened(self, state: State, line: int, choice: int) -> tuple[str, str] | None:
        if state.is_used:
            return None
        state.is_used = state.listens = True
        return "128", "0"

    def accept(self, process: Process, tid: int, choice: int) -> None:
        """Accept on the first listening socket: the result is connected, and not bound early."""
        listening = [fd for fd in sorted(process.table) if self.state(process, fd).listens]
        if not listening or self.state(process, listening[0]).is_busy:
            return
        self._foreign(
            process, tid, f"accept4({listening[0]}, {WEB.replace('16', '[16]')}, 0)", None
        )

    def pass_on(self, process: Process, tid: int, choice: int) -> None:
        """Send a descriptor by SCM_RIGHTS, and receive one in another process."""
        fd = self.pick(process, choice)
        other, other_tid = self.everybody()[choice % len(self.everybody())]
        if fd is None or other_tid in self.inside:
            return
        self.say(tid, f"sendmsg(1, {MESSAGE % fd}) = 1")
        self._foreign(other, other_tid, f"recvmsg(1, {MESSAGE % self.lowest(other)})", "1")

    def _foreign(self, process: Process, tid: int, call: str, result: str | None) -> None:
        """Print a call that returns a descriptor of a socket that is not used further."""
        fd = self.lowest(process)
        process.table[fd] = Slot(self.sockets, close_on_exec=False)
        self.states[self.sockets] = State(is_named=True, is_used=True)
        self.sockets += 1
        self.say(tid, f"{call} = {result or fd}")

    def share(self, process: Process, tid: int, choice: int) -> None:
        """Create a process that shares the table: CLONE_FILES without CLONE_THREAD."""
        self.tids += 1
        self.processes.append(Process(process.table, [self.tids]))
        self.born(tid, SHARES_FILES, choice)

    def vfork(self, process: Process, tid: int, choice: int) -> None:
        """Stop the parent until the child, with a copy of the table, runs another program."""
        self.say(tid, "vfork( <unfinished ...>")
        self.tids += 1
        child = Process(
            {fd: Slot(s.socket, s.close_on_exec) for fd, s in process.table.items()}, []
        )
        child.threads.append(self.tids)
        self.processes.append(child)
        if choice % 2:
            self.close(child, self.tids, choice)
        self.execve(child, self.tids, choice)
        self.say(tid, f"<... vfork resumed>) = {self.tids}")

    def execve(self, process: Process, tid: int, choice: int) -> None:
        """Unshare the table for a process that shared it: execve(2), `the file descriptor table is
        unshared`."""
        if len(process.threads) > 1:
            return
        before = self.held()
        process.table = {fd: slot for fd, slot in process.table.items() if not slot.close_on_exec}
        self.forget(before)
        self.say(tid, 'execve("/bin/b", ["b"], 0x7ffd1 /* 9 vars */) = 0')

    def end(self, tid: int) -> None:
        self.states.setdefault(self.inside[tid].socket, State()).is_busy = False
        super().end(tid)


HAPPENINGS: tuple[Callable[[Program, Process, int, int], None], ...] = (
    *(Program.bind,) * 8,
    *(Program.connect,) * 6,
    *(Program.socket, Program.socket, Program.socket, Program.replace, Program.file),
    *(Program.option, Program.listen, Program.close, Program.close_in_halves),
    *(Program.dup, Program.dup, Program.flag, Program.close_range),
    *(Program.thread, Program.fork, Program.execve, Program.exit),
    *(Program.accept, Program.accept, Program.pass_on, Program.share, Program.vfork),
)  # fmt: skip


def program(chance: Random, happenings: int) -> Program:
    """Return a program that has run and ended, with every task as strace shows it."""
    made = Program(chance=chance)
    for _ in range(happenings):
        tasks = made.everybody()
        process, tid = chance.choice(tasks)
        if tid in made.inside:
            made.end(tid)
        else:
            chance.choice(HAPPENINGS)(made, process, tid, chance.randrange(1000))
    for tid in tuple(made.inside):
        made.end(tid)
    for _, tid in made.everybody():
        made.say(tid, "+++ exited with 0 +++")
    made.truth.sort()
    return made


# ---------------------------------------------------------------- printing


Printed = Callable[[int, int, str], str]
"""Line number, tid, text -> the line."""


def _clock(number: int) -> float:
    return 36_000 + number * 0.000_731


def _time_of_day(number: int, digits: int) -> str:
    now = _clock(number)
    hours, rest = divmod(now, 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{int(hours):02}:{int(minutes):02}:" + (
        f"{seconds:09.6f}" if digits else f"{int(seconds):02}"
    )


def _timed(said: str, number: int) -> str:
    """Add a duration (-T)."""
    ends = re.search(r"\) += (?:-?[0-9?]|0x)", said)
    return f"{said} <0.{number % 1000:06}>" if ends else said


def _new_words(said: str) -> str:
    """Print results in a column, as strace 5.x and later with -f."""
    return re.sub(r"\) = ", ")     = ", said)


def _old_words(said: str) -> str:
    """Use the names of strace 4.x."""
    return said.replace("AF_INET, SOCK", "PF_INET, SOCK").replace("IPPROTO_TCP", "IPPROTO_IP")


OPTIONS: dict[str, Printed] = {
    "-f -o": lambda number, tid, said: f"{tid} {said}",
    "-f": lambda number, tid, said: f"[pid {tid:5}] {said}",
    "-f -o -t": lambda number, tid, said: f"{tid} {_time_of_day(number, 0)} {said}",
    "-f -o -tt -T": lambda number, tid, said: (
        f"{tid} {_time_of_day(number, 6)} {_timed(said, number)}"
    ),
    "-f -tt": lambda number, tid, said: f"[pid {tid}] {_time_of_day(number, 6)} {said}",
    "-f -o -ttt": lambda number, tid, said: f"{tid} {1.7e9 + _clock(number):.6f} {said}",
    "-f -o -r": lambda number, tid, said: f"{tid}      0.000731 {said}",
    "-f -o, columns": lambda number, tid, said: f"{tid:<5} {_new_words(said)}",
    "-f -o, 4.x": lambda number, tid, said: f"{tid}  {_old_words(said)}",
}


def printed(made: Program, options: str) -> Lines:
    """Return the lines of its trace with these options."""
    say = OPTIONS[options]
    found = []
    for number, line in enumerate(made.lines, 1):
        tid, said = line.split(" ", 1)
        found.append(say(number, int(tid), said))
    return found


class Placed(NamedTuple):
    """A line of a family: the task in the name of its file, and the line number there."""

    tid: int
    line: int


def family(made: Program) -> tuple[dict[int, Lines], dict[int, Placed]]:
    """Return the family that `strace -ff -ttt -T` writes: the lines of each task's file, in which
    interrupted calls are whole, and the place there of each line of `made`."""
    files: dict[int, Lines] = {}
    begun: dict[int, int] = {}
    places: dict[int, Placed] = {}
    for number, line in enumerate(made.lines, 1):
        word, said = line.split(" ", 1)
        tid, now = int(word), 1.7e9 + _clock(number)
        lines = files.setdefault(tid, [])
        if said.startswith("<... "):
            head = lines[-1].removesuffix(" <unfinished ...>")
            lasted = now - (1.7e9 + _clock(begun[tid]))
            lines[-1] = f"{head}{said.split(' resumed>', 1)[1]} <{lasted:.6f}>"
            places[number] = places[begun[tid]]
            continue
        begun[tid] = number
        is_whole = said.endswith(("...>", "+++")) is False
        lines.append(f"{now:.6f} {said}" + (" <0.000010>" if is_whole else ""))
        places[number] = Placed(tid, len(lines))
    return files, places
