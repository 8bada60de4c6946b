"""Takes groups and processes, gives the words for them: who, what the rule found, and why it
matters.

Two sentences of reason at most; the whole of it is `strace-analyzer rule ID`.
"""

from __future__ import annotations

import re

from strace_analyzer.findings import CallRecord, Confidence, Group, Process, ProcessRef
from strace_analyzer.kernel.socket_state import Outcome
from strace_analyzer.report.plain import count, safe

_INTERPRETER = re.compile(r"(python|pypy|ruby|perl|node|nodejs|java|bash|sh|dash|php)[\d.]*")
_TAKES_A_VALUE = frozenset(
    {"-cp", "-classpath", "--class-path", "-W", "-X", "-r", "-I", "-e", "-c"}
)


def program(command: str | None, process: Process | None) -> str | None:
    """`beam.smp`, `python req.py`, `java api.jar`: what a person would call the process."""
    if command is None:
        return None
    if process is None or process.command != command or not _INTERPRETER.fullmatch(command):
        return safe(command)
    script = _script(process.argv[1:])
    return safe(f"{command} {script}" if script else command)


def _script(arguments: tuple[str, ...]) -> str | None:
    """The script, module or class that an interpreter runs; None for `-c` and `-e` programs."""
    skip = False
    for at, argument in enumerate(arguments):
        if skip:
            skip = False
        elif argument in ("-c", "-e", "-eval"):
            return None
        elif argument in ("-m", "-jar"):
            return arguments[at + 1].rpartition("/")[2] if at + 1 < len(arguments) else None
        elif argument in _TAKES_A_VALUE:
            skip = True
        elif not argument.startswith("-"):
            name = argument.removesuffix("...").rpartition("/")[2]
            return name if name and " " not in name else None
    return None


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


def address(group: Group) -> str:
    """What bind() was given: `0.0.0.0`, `[::]`."""
    given = group.sample.local.address or "its address"
    return f"[{given}]" if ":" in given else given


def what(group: Group, process: Process | None) -> str:
    """The finding in one line, without the level: who does what, how often, of how many."""
    name = who(group.process, process)
    match group.rule:
        case "bind-any-port-zero":
            return f"{name} binds before connecting: {_share(group, process)}"
        case "bind-address-port-zero":
            to = address(group)
            return f"{name} binds to {to} port 0 before connecting: {_share(group, process)}"
        case "ephemeral-ports-exhausted":
            return f"local ports ran out for {name}: {_exhaustion(group)}"
        case "udp-shared-port":
            sockets = count(group.count, "UDP socket")
            return f"{name} binds {sockets} to port 0 with SO_REUSEADDR: they may share one port"
        case "fixed-source-port":
            times = count(group.count, "time")
            return f"{name} connects from a fixed port inside the ephemeral range, {times}"
        case "bound-unused":
            ports = count(group.count, "port")
            return f"{name} holds {ports} bound to port 0 without connecting or listening"
    times = f", {count(group.count, 'time')}" if group.count > 1 else ""
    return f"{name}: {safe(group.message)}{times}"


def _share(group: Group, process: Process | None) -> str:
    """`40 of its 40 outgoing TCP connections`, or how often where the whole is not known."""
    if process is None or process.tcp_connections < group.count:
        text = count(group.count, "time")
    elif process.tcp_connections == 1:
        text = "its one outgoing TCP connection"
    else:
        text = f"{group.count:,} of its {process.tcp_connections:,} outgoing TCP connections"
    probable = group.confidence is Confidence.PROBABLE
    if group.failed == group.count:
        text += " (failed)" if probable else ", which failed"
    elif group.failed:
        text += f" ({group.failed:,} failed)"
    return f"{text}, but this trace cannot prove it" if probable else text


def _exhaustion(group: Group) -> str:
    """`212 bind() calls failed EADDRINUSE, first at 14:02:11.3 (line 2,204,118)`."""
    record = failing_call(group)
    if record is None:
        return count(group.count, "failed call")
    first = (
        f"at {record.time} (line {record.line:,})" if record.time else f"on line {record.line:,}"
    )
    calls = count(group.count, f"{record.name}() call")
    return f"{calls} failed {record.errno}, {'first ' if group.count > 1 else ''}{first}"


def failing_call(group: Group) -> CallRecord | None:
    """The call of the sample that failed, or None."""
    return next((r for r in reversed(group.sample.trail) if r.errno is not None), None)


def why(group: Group) -> tuple[str, ...]:
    """At most two sentences on why it matters."""
    match group.rule:
        case "bind-any-port-zero":
            return (
                f"bind() to {address(group)} port 0 takes a local port away from every destination "
                "and every process.",
                "Without it the kernel lets connections to different destinations share ports.",
            )
        case "bind-address-port-zero":
            return (
                f"bind() to {address(group)} port 0 takes a port of that address away from every "
                "destination.",
                "With IP_BIND_ADDRESS_NO_PORT connections to different destinations share ports.",
            )
        case "ephemeral-ports-exhausted":
            return _ran_out(group)
        case "udp-shared-port":
            return (
                "With SO_REUSEADDR the kernel may give the same port to several of these sockets;",
                "then only one of them receives what is sent to it.",
            )
        case "fixed-source-port":
            return (
                "Any connection may have been given that port before: then this one fails "
                "EADDRINUSE.",
            )
        case "bound-unused":
            return ("While it is held, nobody else can be given that port.",)
    return ()


def _ran_out(group: Group) -> tuple[str, ...]:
    """What the failure means, and why it may be another one where it is only probable."""
    reason = "The kernel found no local port to give: the program could not go on."
    record = failing_call(group)
    if group.confidence is not Confidence.PROBABLE or record is None:
        return (reason,)
    return (reason, f"{record.errno} may have another reason here, so this is not certain.")


def outcome(value: Outcome) -> str:
    """One word for a table."""
    return {
        Outcome.CONNECTED: "connected",
        Outcome.IN_PROGRESS: "in progress",
        Outcome.FAILED: "failed",
        Outcome.NONE: "-",
    }[value]
