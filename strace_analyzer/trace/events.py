"""The events of a trace: the interface between `trace` and `kernel`.

Every line of a trace ends up in some event. `tid` is the thread id that strace printed, in strace's
PID namespace; 0 is the one task whose id the trace never prints. `time` is the time as printed
(None without -t, -tt, -ttt or -r); `seconds` is the same as a number that never decreases within a
trace (since the epoch or midnight of the first day, or the sum of -r), None without times.

It is long because it is one list of types, without logic.
"""

from __future__ import annotations

from typing import Final, NamedTuple, Protocol

from strace_analyzer.trace.values import Value, descriptor_number


class Span(NamedTuple):
    """A position: the index of the source in its trace, and 1-based physical line numbers."""

    source: int
    first: int
    last: int


class Result(NamedTuple):
    """What follows the equals sign of a call."""

    value: int | None
    """The number returned; None for `= ?` and if no result was printed."""
    errno: str | None = None
    """`ECONNREFUSED`, also `ERESTARTSYS` of `= ? ERESTARTSYS (...)`."""
    note: str | None = None
    """The text in parentheses: `Connection refused`, `flags FD_CLOEXEC`, `INJECTED`; several groups
    are joined by `) (` as printed. `<unavailable>` is kept as `unavailable`."""
    annotation: str | None = None
    """What -y or -yy print after a returned descriptor, escapes decoded: `TCP:[1234]`."""
    comment: str | None = None
    """`7 in strace's PID NS` of `= 2 /* 7 in strace's PID NS */`."""

    @property
    def failed(self) -> bool:
        """True if the call returned an error (`-1 ENOENT`, or `? ERESTART...`)."""
        return self.errno is not None

    @property
    def injected(self) -> bool:
        """True if strace answered instead of the kernel (strace(1), -e inject=: error, retval): the
        call was never made."""
        if self.note is None or "INJECTED" not in self.note:
            return False
        return any(
            group == "INJECTED" or (group.startswith("INJECTED:") and "retval" in group)
            for group in self.note.split(") (")
        )


CLONES = frozenset(("clone", "clone2", "clone3", "fork", "vfork"))
"""Calls whose result is a new task."""
EXECS = frozenset(("execve", "execveat"))
"""Calls after which the process runs another program."""
EXITS = frozenset(("exit_group", "exit", "_exit"))
"""Calls after which the task prints nothing more."""
WRITES = frozenset(("write", "writev"))
"""Calls whose own output a terminal may show inside them, and whose last argument is a number."""


class Call(Protocol):
    """One parsed call, as `calls.py` makes it. Decoded on demand, since most calls never are."""

    @property
    def name(self) -> str: ...
    @property
    def args(self) -> tuple[Value, ...]: ...
    @property
    def first(self) -> Value | None: ...
    @property
    def number(self) -> int | None: ...
    @property
    def result(self) -> Result: ...
    @property
    def duration(self) -> float | None: ...
    @property
    def text(self) -> str: ...


class KnownCall(NamedTuple):
    """A call as plain values."""

    name: str
    args: tuple[Value, ...]
    result: Result
    duration: float | None
    text: str

    @property
    def first(self) -> Value | None:
        """The first argument; None if there is none."""
        return self.args[0] if self.args else None

    @property
    def number(self) -> int | None:
        """The first argument as the number of a descriptor; None if it is none."""
        return descriptor_number(self.first)


class Syscall:
    """A complete call, with its halves joined: what was asked and what was returned.

    `args` are typed values in order. `duration` is in seconds (-T), or None. `text` is the call as
    printed, halves joined, without anything before its name. `stack` holds the frames of -k,
    innermost first. `entry_seen` is False for a resumed half whose beginning is not in the trace:
    its `args` are only those printed on the resumed line. `ended` is the clock when a call in two
    halves was resumed, as `seconds` is when it began; None for a call on one line.

    Nothing is assigned once it is made: its attributes are Final, and type checkers refuse it.
    Python itself does not. As a named tuple, which the other events are, it takes 0.2 us longer to
    make, and every ten looks at an attribute take 0.2 us longer; there is one for each line.
    """

    __slots__ = (
        "_args", "call", "ended", "entry_seen", "name", "result", "seconds", "span", "stack",
        "tid", "time",
    )  # fmt: skip

    def __init__(
        self,
        tid: int,
        time: str | None,
        seconds: float | None,
        call: Call,
        span: Span,
        stack: tuple[str, ...] = (),
        entry_seen: bool = True,
        ended: float | None = None,
    ) -> None:
        self.tid: Final = tid
        self.time: Final = time
        self.seconds: Final = seconds
        self.call: Final = call
        self.name: Final = call.name
        self.result: Final = call.result
        self._args: tuple[Value, ...] | None = None
        self.span: Final = span
        self.stack: Final = stack
        self.entry_seen: Final = entry_seen
        self.ended: Final = ended

    @property
    def args(self) -> tuple[Value, ...]:
        # decoded on first access: nobody looks at those of most calls
        args = self._args
        if args is None:
            args = self._args = self.call.args
        return args

    @property
    def duration(self) -> float | None:
        return self.call.duration

    @property
    def elapsed(self) -> float | None:
        """Seconds from entry to return: `duration`, else between the times of its halves, else
        None."""
        if self.duration is not None:
            return self.duration
        if self.ended is not None and self.seconds is not None:
            return self.ended - self.seconds
        return None

    @property
    def text(self) -> str:
        return self.call.text

    def with_stack(self, stack: tuple[str, ...]) -> Syscall:
        """Return the same call with the frames of -k, which are printed below it."""
        place = (self.tid, self.time, self.seconds, self.call, self.span)
        return Syscall(*place, stack, self.entry_seen, self.ended)

    def __repr__(self) -> str:
        return f"Syscall({self.tid}, {self.text!r}, {self.span})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Syscall) and self.__reduce__() == other.__reduce__()

    def __hash__(self) -> int:
        return hash((self.tid, self.span))

    def __reduce__(self) -> tuple[type[Syscall], tuple[object, ...]]:
        """Pickle plain values: decode what is not decoded yet."""
        call = KnownCall(self.name, self.args, self.result, self.duration, self.text)
        place = (self.tid, self.time, self.seconds, call, self.span)
        return Syscall, (*place, self.stack, self.entry_seen, self.ended)


class Entered(NamedTuple):
    """The first half of a call, `name(args <unfinished ...>`: the call has begun, others run
    meanwhile.

    The complete call follows as a Syscall when it is resumed; if it never is, this is all there is.
    `args` are the arguments printed so far, decoded on every access, which is rare.
    """

    tid: int
    time: str | None
    seconds: float | None
    name: str
    call: Call
    span: Span

    @property
    def args(self) -> tuple[Value, ...]:
        return self.call.args

    def __repr__(self) -> str:
        return f"Entered({self.tid}, {self.call.text!r}, {self.span})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Entered) and self.__reduce__() == other.__reduce__()

    def __hash__(self) -> int:
        return hash((self.tid, self.span))

    def __reduce__(self) -> tuple[type[Entered], tuple[object, ...]]:
        """Pickle plain values: decode what is not decoded yet."""
        call = self.call
        plain = KnownCall(call.name, call.args, call.result, call.duration, call.text)
        return Entered, (self.tid, self.time, self.seconds, self.name, plain, self.span)


class SignalDelivered(NamedTuple):
    """`--- SIGCHLD {...} ---`, and `--- stopped by SIGSTOP ---` with `stopped` True."""

    tid: int
    time: str | None
    seconds: float | None
    signal: str
    info: str
    span: Span
    stopped: bool = False


class Exited(NamedTuple):
    """`+++ exited with 0 +++`, or `+++ superseded by execve in pid N +++` (`status` is then
    None)."""

    tid: int
    time: str | None
    seconds: float | None
    status: int | None
    superseded_by: int | None
    span: Span


class Killed(NamedTuple):
    """`+++ killed by SIGKILL +++`; `core_dumped` if it says so."""

    tid: int
    time: str | None
    seconds: float | None
    signal: str
    core_dumped: bool
    span: Span


class Attached(NamedTuple):
    """`strace: Process 4711 attached`: strace follows this task, `tid`, from now on."""

    tid: int
    span: Span


class Detached(NamedTuple):
    """`strace: Process 4711 detached`, or `<detached ...>` after the call that it was in."""

    tid: int
    span: Span


class Identified(NamedTuple):
    """The first task, whose lines without a pid were given as tid 0, turns out to be `tid`.

    Without `-f -o`, strace prints no pid until it follows a second task. Everything reported for
    task 0 so far belongs to `tid`, and no more follows for task 0.
    """

    tid: int
    span: Span


class Command(NamedTuple):
    """-Y printed `command` (the kernel's comm, 15 bytes) after `tid`, for the first time or
    changed."""

    tid: int
    command: str
    span: Span


class Notice(NamedTuple):
    """Any other message of strace itself: `strace: attach: ptrace(...)`, `[ Process PID=1 runs in
    ... ]`."""

    tid: int
    text: str
    span: Span


class TableRow(NamedTuple):
    """A line of the table that -c or -C prints at the end."""

    text: str
    span: Span


class Dump(NamedTuple):
    """A line that belongs to the call above it: an I/O dump (-e read, -e write) or a lone stack
    frame."""

    text: str
    span: Span


class Unparsed(NamedTuple):
    """A line that looks like strace's but that the grammar does not accept; counted, never
    dropped."""

    text: str
    reason: str
    span: Span


class Foreign(NamedTuple):
    """A line that is not strace's: the traced program's output, a shell prompt, prose."""

    text: str
    span: Span


Event = (
    Syscall
    | Entered
    | SignalDelivered
    | Exited
    | Killed
    | Attached
    | Detached
    | Identified
    | Command
    | Notice
    | TableRow
    | Dump
    | Unparsed
    | Foreign
)
