"""Takes groups, processes and the use of ports, gives what a rule needs for its sentences: who, how
often, which call."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from strace_analyzer.findings import (
    CallRecord,
    Confidence,
    Finding,
    Group,
    PortUse,
    Process,
    ProcessRef,
)
from strace_analyzer.plain import count, safe
from strace_analyzer.rules.runtimes import Runtime, recognise
from strace_analyzer.rules.scripts import is_interpreter, script_in

AS_NOT_SHOWN = "as the trace does not show which one it is"


class Case(NamedTuple):
    """What a rule puts into words: a group of its findings, their process (None if it was not
    selected), and the ports of their network namespace (None if they were not counted)."""

    group: Group
    process: Process | None = None
    ports: PortUse | None = None
    is_excerpt: bool = False
    """The findings are those of a span of time; the figures of the process are of the whole
    trace."""

    @property
    def sample(self) -> Finding:
        """The finding that is shown as the proof."""
        return self.group.sample

    @property
    def cause(self) -> str:
        """The cause that the rule gave, or ""."""
        return self.group.cause or ""

    def number(self, name: str) -> int:
        """A detail of the sample that counts something; 0 if unknown."""
        value = self.sample.detail(name)
        return value if isinstance(value, int) else 0

    @property
    def who(self) -> str:
        """`beam.smp (pid 4510)`, `process 4510`, `thread 4417`, `the traced program`."""
        return who(self.group.process, self.process)

    @property
    def runtime(self) -> Runtime | None:
        """What the program runs on, None if nothing tells."""
        return recognise(self.group.process.command, self.process)

    @property
    def times(self) -> str:
        """`, 3 times`; "" if it was once."""
        return f", {count(self.group.count, 'time')}" if self.group.count > 1 else ""

    @property
    def share(self) -> str:
        """`40 of its 40 outgoing TCP connections`, or how often if the total is unknown."""
        group, process = self.group, self.process
        if process is None or process.tcp_connections < group.count:
            text = count(group.count, "time")
        elif process.tcp_connections == 1:
            text = "its one outgoing TCP connection"
        else:
            text = f"{group.count:,} of its {process.tcp_connections:,} outgoing TCP connections"
            text += " in the whole trace" * self.is_excerpt
        probable = group.confidence is Confidence.PROBABLE
        if group.failed == group.count:
            text += " (failed)" if probable else ", which failed"
        elif group.failed:
            text += f" ({group.failed:,} failed)"
        return f"{text}, but this trace cannot prove it" if probable else text

    @property
    def failing_call(self) -> CallRecord | None:
        """The call of the sample that failed, or None."""
        return self.sample.failing_call

    @property
    def failures(self) -> str:
        """`3 bind() calls failed EADDRINUSE and 2 connect() calls failed EADDRNOTAVAIL, first at
        14:02:11.3 (line 2,204,118)`."""
        if not self.group.failed_calls:
            return count(self.group.count, "failed call")
        said = [
            f"{count(some.count, some.call if some.call == 'connection' else f'{some.call} call')}"
            f" failed {some.error}"
            for some in self.group.failed_calls
        ]
        first = min(self.group.failed_calls, key=lambda some: some.order)
        at = f"at {first.time} (line {first.line:,})" if first.time else f"on line {first.line:,}"
        return f"{' and '.join(said)}, {'first ' if self.group.count > 1 else ''}{at}"

    @property
    def local_address(self) -> str:
        """The address given to bind(): `0.0.0.0`, `[::]`."""
        given = self.sample.local.address or "its address"
        return f"[{given}]" if ":" in given else given


class Advice(NamedTuple):
    """`who` is the runtime as a title ("" if it does not matter), followed by sentences in order.
    `caution` is what to check first; the text report shows it below what the trace hides."""

    who: str
    sentences: tuple[str, ...]
    caution: str = ""

    @property
    def lines(self) -> tuple[str, ...]:
        """The sentences, each with a capital but the first after the runtime:
        `Go: leave net.Dialer.LocalAddr nil.`"""
        if not self.who or not self.sentences:
            return tuple(map(capital, self.sentences))
        return f"{self.who}: {self.sentences[0]}", *map(capital, self.sentences[1:])

    @property
    def text(self) -> str:
        """All of it as one string, for the JSON report."""
        return " ".join((*self.lines, *([self.caution] if self.caution else [])))


def capital(sentence: str) -> str:
    """The sentence with a capital, unless it begins with a name: `net.ipv4...`, `ss -tanp`,
    `worker (pid 7)`."""
    word, _, rest = sentence.partition(" ")
    is_name = not word.isalpha() or word in _COMMANDS or rest.startswith("(pid")
    return sentence if is_name else sentence[:1].upper() + sentence[1:]


_COMMANDS = ("ss", "sysctl")


class Figures(NamedTuple):
    """A table for the page of a finding. A column name that begins with `>` is right-aligned, one
    that begins with `~` may be wrapped. `remarks` come below it."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    remarks: tuple[str, ...] = ()


def program(command: str | None, process: Process | None) -> str | None:
    """`beam.smp`, `python req.py`, `java api.jar`: what a person would call the process."""
    if command is None:
        return None
    if process is None or process.command != command:
        return safe(command)
    script = script_of(command, process.argv, process.argv_cut)
    return safe(f"{command} {script}" if script else command)


def script_of(command: str, argv: Sequence[str], cut: Collection[int] = frozenset()) -> str | None:
    """The name of the script, module or class that `command` runs, if it is an interpreter.

    None if that word of `argv` is in `cut`: in `/srv/payments/wor`... the last part is not a name,
    and two scripts may begin alike.
    """
    found = script_in(command, argv, cut)
    if found is None or found[0] in cut:
        return None
    name = found[1].removesuffix("...").rpartition("/")[2]
    return name if name and " " not in name else None


def shared_by(command: str | None, process: Process | None) -> str:
    """What has the same fingerprint: `every script of python3` if the trace does not show which one
    the process runs (-s 0), `every program` if it shows no program; "" otherwise."""
    if command is None:
        return "every program"
    if not is_interpreter(command):
        return ""
    known = process is not None and process.command == command
    argv = process.argv if process is not None and known else ()
    cut = process.argv_cut if process is not None else frozenset()
    found = script_in(command, argv, cut)
    shown = len(argv) > 0 and 1 not in cut if found is None else found[0] not in cut
    return "" if shown else f"every script of {safe(command)}"


def who(ref: ProcessRef, process: Process | None) -> str:
    """`beam.smp (pid 4510)`, `process 4510`, `thread 4417`, `the traced program`."""
    name = program(ref.command, process)
    if name is not None and ref.tgid:
        return f"{name} (pid {ref.tgid})"
    if name is not None and ref.tid:
        return f"{name} (thread {ref.tid})"
    if name is not None:
        return name
    if ref.tgid:
        return f"process {ref.tgid}"
    return f"thread {ref.tid}" if ref.tid else "the traced program"
