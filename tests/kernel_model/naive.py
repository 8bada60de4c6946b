"""A kernel of descriptor tables, as simple as possible: it assigns the lowest free number, as the
real one does, and writes the trace that strace would print."""

from __future__ import annotations

from dataclasses import dataclass, field

from kernel_model.following import FORK, NOWHERE, REFUSED, TCP, THREAD, WEB

FIRST = 100


@dataclass
class Slot:
    socket: int
    close_on_exec: bool


@dataclass
class Process:
    """Tasks that share one table and are one thread group."""

    table: dict[int, Slot]
    threads: list[int]


@dataclass
class Inside:
    """A call that began on `line`, about `socket`, and ends with the text `rest`."""

    socket: int
    line: int
    rest: str


@dataclass
class NaiveKernel:
    """Does what it is told and prints it."""

    processes: list[Process] = field(default_factory=lambda: [Process({}, [FIRST])])
    lines: list[str] = field(
        default_factory=lambda: [f'{FIRST} execve("/bin/a", ["a"], 0x7ffd1 /* 9 vars */) = 0']
    )
    sockets: int = 0
    tids: int = FIRST
    gone: list[tuple[int, int]] = field(default_factory=list)
    """sockets that were closed for good: (line on which the call begins, socket)"""
    inside: dict[int, Inside] = field(default_factory=dict)
    """tasks that are inside a call"""
    acted_on: list[tuple[int, int]] = field(default_factory=list)
    """(line on which the call begins, the socket that it was about)"""

    def everybody(self) -> list[tuple[Process, int]]:
        return [(process, tid) for process in self.processes for tid in process.threads]

    def held(self) -> set[int]:
        """Return the sockets held by descriptors and by calls under way."""
        slots = {slot.socket for process in self.processes for slot in process.table.values()}
        return slots | {call.socket for call in self.inside.values()}

    def say(self, tid: int, words: str) -> None:
        self.lines.append(f"{tid} {words}")

    def forget(self, before: set[int], line: int | None = None) -> None:
        """Record that sockets held `before` and no longer are gone, by the call printed next."""
        line = line or len(self.lines) + 1
        self.gone += [(line, socket) for socket in sorted(before - self.held())]

    def lowest(self, process: Process, floor: int = 3) -> int:
        return next(fd for fd in range(floor, 1000) if fd not in process.table)

    # possible events: each takes the process and thread that cause it, and a number to choose by

    def socket(self, process: Process, tid: int, choice: int) -> None:
        fd = self.lowest(process)
        close_on_exec = choice % 3 == 0
        kind = TCP.replace("STREAM", "STREAM|SOCK_CLOEXEC") if close_on_exec else TCP
        process.table[fd] = Slot(self.sockets, close_on_exec)
        self.sockets += 1
        self.say(tid, f"socket({kind}) = {fd}")

    def file(self, process: Process, tid: int, choice: int) -> None:
        """Open and close a file: the number is used for something else in between."""
        fd = self.lowest(process)
        self.say(tid, f'openat(AT_FDCWD, "/etc/hosts", O_RDONLY) = {fd}')
        self.say(tid, f"close({fd}) = 0")

    def pick(self, process: Process, choice: int) -> int | None:
        numbers = sorted(process.table)
        return numbers[choice % len(numbers)] if numbers else None

    def close(self, process: Process, tid: int, choice: int) -> None:
        fd = self.pick(process, choice)
        if fd is None:
            self.say(tid, "close(3) = -1 EBADF (Bad file descriptor)")
            return
        before = self.held()
        del process.table[fd]
        self.forget(before)
        self.say(tid, f"close({fd}) = 0")

    def replace(self, process: Process, tid: int, choice: int) -> None:
        """Close a number, and assign it at once to another socket."""
        self.close(process, tid, choice)
        self.socket(process, tid, choice)

    def close_in_halves(self, process: Process, tid: int, choice: int) -> None:
        """Close in two halves: another thread gets the number before the close returns."""
        fd = self.pick(process, choice)
        other = process.threads[choice % len(process.threads)]
        if fd is None or other == tid or other in self.inside:
            return
        before = self.held()
        del process.table[fd]
        self.say(tid, f"close({fd} <unfinished ...>")
        entered = len(self.lines)
        self.socket(process, other, choice)
        self.forget(before, entered)
        self.say(tid, "<... close resumed>) = 0")

    def begin(self, process: Process, tid: int, choice: int) -> None:
        """Begin a call, which concerns the socket that its number means now."""
        fd = self.pick(process, choice)
        if fd is None:
            return
        name, args, rest = CALLS[choice % len(CALLS)]
        self.say(tid, f"{name}({fd}, {args} <unfinished ...>")
        self.begun(process, tid, fd, f"{name} resumed>{rest}")

    def begun(self, process: Process, tid: int, fd: int, rest: str) -> None:
        """Record that the call just printed is under way, and ends with the text `rest`."""
        self.inside[tid] = Inside(process.table[fd].socket, len(self.lines), rest)

    def end(self, tid: int) -> None:
        call = self.inside[tid]
        before = self.held()
        del self.inside[tid]
        self.acted_on.append((call.line, call.socket))
        self.forget(before, call.line)
        self.say(tid, f"<... {call.rest}")

    def dup(self, process: Process, tid: int, choice: int) -> None:
        fd = self.pick(process, choice)
        if fd is None:
            return
        slot = process.table[fd]
        match choice % 4:
            case 0:
                new, close_on_exec = self.lowest(process), False
                self.say(tid, f"dup({fd}) = {new}")
            case 1:
                new, close_on_exec = self.lowest(process, 8), True
                self.say(tid, f"fcntl({fd}, F_DUPFD_CLOEXEC, 8) = {new}")
            case 2:
                new = 3 + choice % 7
                close_on_exec = slot.close_on_exec if new == fd else False
                before = self.held()
                process.table[new] = Slot(slot.socket, close_on_exec)
                self.forget(before)
                self.say(tid, f"dup2({fd}, {new}) = {new}")
            case _:
                new, close_on_exec = self.lowest(process), True
                self.say(tid, f"dup3({fd}, {new}, O_CLOEXEC) = {new}")
        process.table[new] = Slot(slot.socket, close_on_exec)

    def flag(self, process: Process, tid: int, choice: int) -> None:
        fd = self.pick(process, choice)
        if fd is not None:
            process.table[fd].close_on_exec = choice % 2 == 0
            flags = "FD_CLOEXEC" if choice % 2 == 0 else "0"
            self.say(tid, f"fcntl({fd}, F_SETFD, {flags}) = 0")

    def close_range(self, process: Process, tid: int, choice: int) -> None:
        first, last = 3 + choice % 4, 5 + choice % 5
        before = self.held()
        for fd in range(first, last + 1):
            process.table.pop(fd, None)
        self.forget(before)
        self.say(tid, f"close_range({first}, {last}, 0) = 0")

    def thread(self, process: Process, tid: int, choice: int) -> None:
        self.tids += 1
        process.threads.append(self.tids)
        self.born(tid, THREAD, choice)

    def fork(self, process: Process, tid: int, choice: int) -> None:
        self.tids += 1
        copy = {fd: Slot(slot.socket, slot.close_on_exec) for fd, slot in process.table.items()}
        self.processes.append(Process(copy, [self.tids]))
        self.born(tid, FORK, choice)

    def born(self, tid: int, flags: str, choice: int) -> None:
        child = self.tids
        if choice % 2:
            self.say(tid, f"clone({flags}) = {child}")
        else:  # the child has a line first
            self.say(tid, f"clone({flags} <unfinished ...>")
            self.say(child, f"gettid() = {child}")
            self.say(tid, f"<... clone resumed>) = {child}")

    def execve(self, process: Process, tid: int, choice: int) -> None:
        if len(process.threads) > 1:
            return
        before = self.held()
        kept = {fd: slot for fd, slot in process.table.items() if not slot.close_on_exec}
        process.table.clear()
        process.table.update(kept)
        self.forget(before)
        self.say(tid, 'execve("/bin/b", ["b"], 0x7ffd1 /* 9 vars */) = 0')

    def exit(self, process: Process, tid: int, choice: int) -> None:
        if len(self.everybody()) == 1:
            return
        before = self.held()
        process.threads.remove(tid)
        if not process.threads:
            self.processes.remove(process)
        self.forget(before)
        self.say(tid, "+++ exited with 0 +++")


CALLS = (
    ("setsockopt", "SOL_SOCKET, SO_REUSEADDR, [1], 4", ") = 0"),
    ("connect", WEB, f") = {REFUSED}"),
    ("getsockname", "", f"{NOWHERE}) = 0"),
    ("getsockopt", "SOL_SOCKET, SO_ERROR,", "[0], [4]) = 0"),
    (
        "recvfrom",
        "",
        "0x7f0, 4, 0, NULL, NULL) = -1 ENOTCONN (Transport endpoint is not connected)",
    ),
)
"""Name, and its text at the beginning and at the end: calls that take any socket."""
STEPPING = ("setsockopt", "connect", "getsockname")
"""Those that the model reports as a step."""
