"""Takes a case of port-taken, gives its words: who has the port, and what to do about it.

It is long because each kind of holder has its own words.
"""

from __future__ import annotations

from collections.abc import Iterable

from strace_analyzer.machine.facts import DEFAULT_RANGE
from strace_analyzer.rules.port_conflict import NO_TIME_WAIT
from strace_analyzer.rules.remedies import LISTING
from strace_analyzer.rules.words import Advice, Case, capital


def summary(case: Case) -> str:
    """Which port is taken, and what became of the program that asked for it."""
    port = case.sample.detail("port")
    moved, instead = case.sample.detail("moved"), case.sample.detail("instead")
    if moved:
        other = f"port {instead}" if instead else "a port of the kernel's choice"
        return f"port {port} is taken, {case.who} took {other} instead: {case.failures}"
    if case.sample.detail("ended_well"):
        return f"port {port} is taken, {case.who} ended without an error: {case.failures}"
    return f"port {port} is taken, {case.who} cannot have it: {case.failures}"


def why(case: Case) -> tuple[str, ...]:
    """Who has the port, in sentences."""
    heir = _heir(case)
    said = _who_has_it(case)
    if case.sample.detail("closing"):
        said = (*said, "It was closing it at that moment: close() had begun, and had not returned.")
    if case.sample.detail("ended_well"):
        said = (*said, _SERVED)
    if not heir:
        return said
    maybe = (
        f"Or {heir} has it: it was started while the listener was open, and the trace does "
        "not show whether it inherited it (ioctl and fcntl change what execve() closes)."
    )
    return (*said, maybe)


def _who_has_it(case: Case) -> tuple[str, ...]:
    who, line = case.sample.detail("holder"), case.sample.detail("holder_line")
    fd = case.sample.detail("holder_fd")
    if _is_nobody_named(case):
        return (
            f"According to the list of the machine's sockets, {who} has it; the list does not say whose it is.",
        )
    held = _named(case, "holder")
    if not _program(case, "holder"):
        held = capital(held)
    file = case.sample.detail("holder_file")
    of_file = "" if file is None else f" of {file}"
    since = "bound on line" if case.sample.detail("holder_bound") else "since line"
    where = f", {since} {line:,}{of_file}" if isinstance(line, int) else ""
    seen = case.sample.detail("seen_line")
    if isinstance(seen, int):
        where = f", as line {seen:,}{of_file} shows"
    match case.cause:
        case "unknown" if case.sample.detail("listed") is False:
            lacks = case.sample.detail("list_lacks")
            if lacks:
                option = LISTING.get(str(lacks), "-tanp")
                return (
                    "Another socket has this port; this trace does not show whose.",
                    f"The list of the machine's sockets has no {lacks} socket: give the output of "
                    f"ss {option} (--ss FILE) as well.",
                )
            return (
                "Another socket had this port: neither this trace nor the list of the machine's "
                "sockets shows whose.",
                "It was gone when the list was made, or the list is another network namespace's, "
                "or the socket is only bound.",
            )
        case "unknown":
            return ("Another socket has this port; this trace does not show whose.",)
        case "time-wait":
            at = f" (closed on line {line:,})" if isinstance(line, int) else ""
            on = f", on line {line:,}" if isinstance(line, int) else ""
            if who is not None and not case.sample.detail("listed"):
                return (
                    f"{held} had {who} on this port, and closed it first{on}: that is probably in "
                    "TIME_WAIT, which keeps the port for 60 s.",
                )
            return (
                f"A socket that had this port before{at} has left connections in TIME_WAIT, "
                "it seems: they keep the port for 60 s.",
            )
        case "own-socket" | "own-connection" | "own-dual-stack":
            return (f"The process has the port itself: {who} on fd {fd}{where}.",)
        case "passed-socket":
            closed = f", which was closed on line {line:,}" if isinstance(line, int) else ""
            return (
                f"{held} passed {who} on this port to another process (SCM_RIGHTS){closed}.",
                f"That process probably has it still{_receiver(case)}.",
            )
        case "self-connection":
            return (f"{held} has it: {who}{where}.", _WITH_ITSELF)
        case "inherited-listener":
            return (
                f"{held} has {who} on it{where}: it inherited the descriptor and did not make it.",
            )
    others = case.sample.detail("holder_others")
    too = f" So have, with the same socket: {others}." if others else ""
    if case.sample.detail("may_be_closed"):
        too += " Or its TIME_WAIT has it, for 60 s: this trace shows no close()."
    return (f"{held} has it: {who}{where}.{too}",)


def advice(case: Case) -> Advice:
    """What helps against this holder; how to find it if it is not known."""
    port = case.sample.detail("port")
    fix, waiting = (*_FIX[case.cause], *_sharing(case)), tuple(_time_wait(case))
    is_closed = case.sample.detail("may_be_closed")
    sentences = [*waiting, *fix] if is_closed else [*fix, *waiting]
    if case.sample.detail("closing"):
        sentences.insert(0, "bind() after that close() has returned.")
    if case.sample.detail("ended_well"):
        sentences = [_NO_FIX, *(_FIX["unknown"] if case.cause == "unknown" else (_ELSE,))]
    if _is_nobody_named(case) or (_heir(case) and case.cause == "time-wait"):
        sentences += _FIX["unknown"]
    low, high = DEFAULT_RANGE if case.ports is None else case.ports.range
    is_named = case.cause == "own-connection" or case.sample.detail("holder_port") == "named"
    if isinstance(port, int) and low <= port <= high and not is_named:
        reserve = (
            f"Port {port} lies in the ephemeral range ({low}-{high}), so any outgoing "
            f"connection may get it: reserve it with sysctl "
            f"net.ipv4.ip_local_reserved_ports={port}, or take one outside of it."
        )
        is_given = case.sample.detail("holder_port") == "given"
        is_first = (case.cause in _BY_CHANCE and not is_closed) or is_given
        sentences.insert(0 if is_first else len(sentences), reserve)
    protocol = case.sample.socket.protocol or "TCP"
    words = {
        "port": port,
        "list": LISTING.get(protocol, "-tanp"),
        "unlisted": "" if protocol in LISTING else _ONLY_BOUND,
    }
    return Advice("", tuple(each.format(**words) for each in sentences))


_SERVED = (
    "The program that asked then ended with exit status 0, as a program does that leaves the port "
    "to another instance."
)
_NO_FIX = "nothing is needed if another instance of the program has the port."
_STOP = "stop the holder, or choose another port."
_ELSE = f"Else {_STOP}"
_CHOOSE = (
    "let the kernel choose the port of each connection: leave the bind() out, or bind to port 0."
)
_SAME = (
    "If the port must be the same: SO_REUSEADDR on each of the sockets before bind(), which allows "
    "that to different destinations."
)
_BY_CHANCE = frozenset({"outgoing-connection", "self-connection"})
"""holders that the kernel gave the port to"""
_WITH_ITSELF = (
    "connect() went to the socket's own address and port: nobody serves there, what is sent comes "
    "back."
)
_FIX: dict[str, tuple[str, ...]] = {
    "listener": (_STOP,),
    "bound-socket": (_STOP,),
    "outgoing-connection": ("End the connection that has the port now, or wait for its end.",),
    "self-connection": (
        "Close that connection. A client that tries again until a server is up can meet itself like "
        "this wherever the server's port is in the ephemeral range: getsockname() equals "
        "getpeername() then.",
    ),
    "passed-socket": (
        "close the socket in the process that received it, or stop that: the port is free when nobody "
        "has the socket open.",
    ),
    "inherited-listener": (
        "make the listener with SOCK_CLOEXEC (or set FD_CLOEXEC), so that execve() closes it, and "
        "close it in children that do not serve.",
        "For now: stop the child that has it.",
    ),
    "connection": (
        "End the connections that have the port, or set SO_REUSEADDR on each of the sockets, the "
        "listener too, before bind().",
    ),
    "own-socket": ("bind once: use the socket that has the port, or close it first.",),
    "own-dual-stack": (
        "set IPV6_V6ONLY on the IPv6 socket before bind(), or bind that one alone: without the option "
        "it serves IPv4 too.",
    ),
    "own-connection": (_CHOOSE, _SAME),
    "time-wait": (),
    "unknown": (
        "see who has it with: ss {list} 'sport = :{port}' (as root, in the same network namespace: "
        "nsenter -t PID -n).{unlisted}",
    ),
}
_ONLY_BOUND = (
    " ss does not list a TCP socket that is only bound: strace-analyzer holders does (Linux 6.8)."
)


def _receiver(case: Case) -> str:
    """Who received a socket that may be it: `: perhaps worker (pid 7, fd 4), which received one`;
    "" if nobody is seen to."""
    named = _named(case, "receiver") if case.sample.detail("receiver_fd") is not None else ""
    return f": perhaps {named}, which received one" if named else ""


def _heir(case: Case) -> str:
    """Who may have inherited the port: `sleep (pid 7, fd 3)`; "" if nobody."""
    return _named(case, "may_hold") if case.sample.detail("may_hold_fd") is not None else ""


def _named(case: Case, whose: str) -> str:
    """A process with its descriptor: `sleep (pid 7, fd 3)`, `process 7 (fd 3)`, `thread 7 (fd 3)`,
    `the program (fd 3)`."""
    pid, tid, fd = (case.sample.detail(f"{whose}_{what}") for what in ("pid", "tid", "fd"))
    name, number = _program(case, whose), ""
    if not name:
        name = f"process {pid}" if pid else f"thread {tid}" if tid else "the program"
    elif pid or tid:
        number = f"pid {pid}" if pid else f"thread {tid}"
    known = ", ".join(filter(None, (number, "" if fd is None else f"fd {fd}")))
    return f"{name} ({known})" if known else name


def _program(case: Case, whose: str) -> str:
    """`nginx`, `python3 sidecar.py`; "" if it is not known."""
    names = (case.sample.detail(f"{whose}_{what}") for what in ("program", "script"))
    return " ".join(str(name) for name in names if name)


def _sharing(case: Case) -> Iterable[str]:
    """What is wrong if only one of the two sockets has SO_REUSEPORT, or both have it."""
    sharer = case.sample.detail("reuse_port")
    if sharer == "both":
        yield (
            "Both sockets have SO_REUSEPORT set, which shares a port only among processes of one "
            "effective user (socket(7))."
        )
    elif sharer is not None:
        yield (
            "If they are to share the port: set SO_REUSEPORT on both sockets before bind(); only "
            f"{'this one' if sharer == 'here' else 'that which has the port'} has it set."
        )


def _is_nobody_named(case: Case) -> bool:
    """The machine's list has the holder, but not its process: it is another user's, or ss ran
    without -p."""
    is_listed = case.sample.detail("listed") and case.cause != "time-wait"
    return bool(is_listed) and not case.sample.detail("holder_pid")


def _time_wait(case: Case) -> Iterable[str]:
    """What helps against a predecessor's connections in TIME_WAIT: both servers must set
    SO_REUSEADDR (docs/kernel.md)."""
    if case.sample.socket.protocol in NO_TIME_WAIT:
        return
    calls = (call.option for call in case.sample.trail if call.option is not None)
    before = case.sample.detail("holder_port")
    if any(option.name == "SO_REUSEADDR" and option.value for option in calls):
        other = "the program that had the port before must set it too"
        if before == "given":
            other = "the socket of that connection must have it too, before its connect()"
        fix = f"SO_REUSEADDR is set here: {other}"
    elif before == "named":
        fix = "If the port must be the same: SO_REUSEADDR on each of the sockets before bind()"
    elif before == "given" and not case.sample.detail("holder_reuses"):
        fix = (
            "For now: SO_REUSEADDR on both sockets, before bind() here and before connect() on that "
            "of the connection (on one alone it does not help)"
        )
    elif before == "given":
        fix = "For now: SO_REUSEADDR before bind(), which the socket of that connection has set"
    else:
        fix = "set SO_REUSEADDR before bind(), as servers do"
    if case.sample.detail("may_be_closed"):
        yield f"{fix} (both sockets need it), or wait 60 s."
    elif case.cause == "time-wait":
        if before == "named":
            yield _CHOOSE
        yield f"{fix}, or wait 60 s."
    elif case.cause == "unknown":
        yield f"If that shows only TIME-WAIT: {fix}."
