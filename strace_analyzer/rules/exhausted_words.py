"""Takes a case of ephemeral-ports-exhausted, gives its words: what happened, who holds the ports,
what helps.

It is long because each cause has its own words.
"""

from __future__ import annotations

from collections.abc import Iterable

from strace_analyzer.findings import Confidence
from strace_analyzer.plain import count, number
from strace_analyzer.rules.remedies import BINDING, KEEPING, LISTING
from strace_analyzer.rules.words import Advice, Case, Figures

_BY_CAUSE = {
    "early-binds": (
        "sockets of this trace that are bound to port 0 hold the ports: fix those binds first."
    ),
    "time-wait": "closed connections still hold ports for 60 s: keep connections open and reuse "
    "them, or let the peer close first.",
    "one-destination": "one destination has used every port: reuse connections, spread over more "
    "addresses or ports of the destination, or widen {range}.",
    "socket-leak": "close each socket after the peer has closed.",
}
_BY_CALL = {
    "bind": "leave out the bind(), or set IP_BIND_ADDRESS_NO_PORT (Linux 4.2) before it: the port is "
    "then chosen at connect(), and destinations share it.",
    "connect": "keep connections open and reuse them. More addresses or ports of the destination "
    "help only where connections to it hold the ports; where sockets that were bound before they "
    "connected hold them, only leaving out that bind() does.",
    "listen": "bind() the listener to a port of its own, outside net.ipv4.ip_local_port_range.",
    "datagram": "use one {protocol} socket for many peers, or widen {range}: {protocol} sockets share no "
    "ports, with or without bind().",
}
"""What helps where the holder is not known."""
_KEEP = "keep connections open and reuse them: fewer ports are then needed here."
_WITHOUT = {
    "would-fit": "Without the early binds these connections would have fitted.",
    "would-not-fit": "Without the early binds these connections would not all have fitted either.",
    "unknown": "Whether the failed connections would have fitted without the early binds depends "
    "on where they were to go, which the trace does not show.",
}
_PERHAPS_NONE = (
    "Without the early binds fewer of these calls would have failed, perhaps none: that depends on "
    "where the connections were to go."
)
"""Each of them alone would have fitted, but perhaps not all together."""
_ASK = (
    "To find the holder, in the network namespace (nsenter -t {pid} -n): ss -s; ss -tanp;",
    "ss -Htan state time-wait | wc -l; conntrack -C;",
    "sysctl net.ipv4.ip_local_port_range net.ipv4.ip_local_reserved_ports.",
    "Then check again with the output of ss -tanp (--ss FILE) and the range (--port-range LO-HI).",
)
_ASK_OTHER = (
    "To find the holder, in the network namespace (nsenter -t {pid} -n): ss -s; ss {list};",
    "sysctl net.ipv4.ip_local_port_range net.ipv4.ip_local_reserved_ports.",
    "Then check again with {what}the range (--port-range LO-HI).",
)
"""for UDP and SCTP, which have no TIME_WAIT; only lists of TCP and UDP sockets can be read"""
_SHARING = ("TCP", "MPTCP", "DCCP", None)
"""protocols whose sockets share ports if connect() chooses them"""
_NEEDED = "Without the early binds these connections would have needed {needed}."
_LISTENERS = (
    "have fewer listeners whose ports the kernel chooses, bind() them to ports of their own, outside of the "
    "ephemeral range, or widen {range}."
)
_IDLE = "None of these sockets had a connection then: bind each of them only when it is needed."
_FEWER = "have fewer sockets bound at a time, or widen {range}."
_NAMED = "{named} of these sockets asked for their ports by number: take some outside of {{range}}."
_LEFT = "{left} left open after end of file: see socket-leak."
_LIMIT = (
    "The program limits itself to {ports}, {low}-{high}, by IP_LOCAL_PORT_RANGE{line}: widen that, "
    "or leave it out."
)
_WAITING = (
    "According to the list of the machine's sockets, {ports} of the range are in TIME_WAIT, where they stay for "
    "60 s after a close."
)
_BOUND = (
    "{who} has {ports} of these ports, to other destinations: connections that share ports would not "
    "be in the way, so that program probably binds before connecting: look for bind() there."
)
_ASSUMED = "The range of ports, {low}-{high}, is assumed: give the real one with --port-range."


def summary(case: Case) -> str:
    """For whom ports ran out, or nearly."""
    used = case.number("used")
    if used:
        size = case.number("range_size")
        most = "all" if used >= size else f"{used:,} of {size:,}"
        local = "local UDP ports" if _is_udp(case) else "local ports"
        return f"{local} nearly ran out for {_users(case)}: {most} in use at one time"
    return f"local ports ran out for {case.who}: {case.failures}"


def why(case: Case) -> tuple[str, ...]:
    """Who holds the ports, as far as that is known."""
    if case.number("used"):
        is_full = case.number("used") >= case.number("range_size")
        when = "For one more" if is_full else "When the last is gone"
        then = _LAST_DATAGRAM if _is_udp(case) else _LAST
        return f"Nothing has failed yet: {_standing(case)}.", then.format(when=when)
    said = ["The kernel had no local port left to give."]
    if case.cause == "another-process":
        listed = case.sample.shares("machine")
        said.append(
            f"The sockets of this trace do not fill {_range(case)}: "
            + ("the machine has more." if listed else _others(case))
        )
    elif case.number("machine_waiting"):
        said.append(_WAITING.format(ports=count(case.number("machine_waiting"), "port")))
    elif case.cause == "time-wait" and case.number("short_of_range"):
        said.append(f"The sockets of this trace do not fill {_range(case)} alone: {_others(case)}")
    if case.cause == "own-sockets":
        said.append(_own_sockets(case))
    elif case.number("after_end"):
        left = case.number("after_end")
        said.append(f"{count(left, 'socket')} of this trace were open after end of file then.")
    record = case.failing_call
    if case.group.confidence is Confidence.PROBABLE and record is not None:
        said.append(f"{record.error} may have another reason here, so this is not certain.")
    return tuple(said)


def figures(case: Case) -> Iterable[Figures]:
    """The ports taken, or who has them by the list of the machine."""
    ports, held = case.ports, case.sample.shares("machine")
    if ports is not None and ports.total_pinned < 2 and case.cause == "time-wait" and not held:
        rows = [("open at the same time", number(ports.peak_needed))]
        if ports.peak_needed_with_time_wait is not None:
            rows.append(("with 60 s of TIME_WAIT", number(ports.peak_needed_with_time_wait)))
        yield Figures(("LOCAL PORTS TAKEN", ">TO ONE DESTINATION"), tuple(rows))
    if held:
        holders = tuple((who, number(ports)) for who, ports in held)
        yield Figures(("HOLDER OF LOCAL PORTS", ">PORTS"), holders)


def advice(case: Case) -> Advice:
    """What helps against this cause; how to find the holder if it is not known."""
    group, ports, who = case.group, case.ports, ""
    pid = group.process.tgid if group.process.tgid is not None else "PID"
    known, listed = _BY_CAUSE.get(case.cause), case.sample.shares("machine")
    if listed and _failing(case) != "connect":
        known = None  # what helps whoever holds the ports is said, and who does
    are_given = 2 * case.number("held_named") < case.number("held")
    if case.cause == "own-sockets" and are_given and set(_asked(case)) <= {"bind", "listen"}:
        known = _LISTENERS
    is_near = case.number("used") > 0
    if known is None and is_near:
        known = _FEWER
        if _is_udp(case):
            known = _BY_CALL["datagram"].replace("{protocol}", "UDP")
    is_asked = known is None and case.cause != "own-sockets" and not listed
    if known is None:
        who, *sentences = _sure(case)
        holders = _holders(case)
        if case.sample.shares("machine_bound"):
            sentences = [_KEEP if one == _BY_CALL["connect"] else one for one in sentences]
        at = 0 if _failing(case) == "connect" else len(sentences)
        sentences[at:at] = holders
        if is_asked:
            protocol = case.sample.socket.protocol
            ask = _ASK if protocol in ("TCP", "MPTCP", None) else _ASK_OTHER
            listing = LISTING.get(protocol or "TCP", "-tanp")
            what = f"the output of ss {listing} (--ss FILE) and " if protocol == "UDP" else ""
            sentences += (line.format(pid=pid, list=listing, what=what) for line in ask)
    else:
        sentences = [known.replace("used every port", "these ports") if is_near else known]
    named = case.number("held_named")
    if named:
        sentences.append(_NAMED.format(named=f"{named:,}"))
    left, limit = case.number("after_end"), _limit(case)
    if left:
        sentences.append(_LEFT.format(left=f"{left:,} were"))
    widened = "net.ipv4.ip_local_port_range" if limit is None else "that range"
    sentences = [sentence.replace("{range}", widened) for sentence in sentences]
    if limit is not None:
        if who:  # the runtime's remedy follows, and the limit is no part of it
            sentences[0], who = f"{who}: {sentences[0]}", ""
        sentences.insert(0, limit)
    runtime = case.runtime
    if case.cause == "time-wait" and runtime is not None and runtime.family in KEEPING:
        sentences.append(f"{runtime.title}: {KEEPING[runtime.family]}")
    if is_near and case.number("pinned"):
        needed = case.number("needed")
        said = _NEEDED.format(needed=count(needed, "port")) if needed else _IDLE
        sentences.append(said)
    elif (
        case.cause in ("early-binds", "time-wait")
        and ports is not None
        and ports.total_pinned
        and not listed
    ):
        low, high = ports.range
        all_fit = ports.most_needed + group.count <= high - low + 1
        is_sure = all_fit or group.without_bind != "would-fit"
        sentences.append(_WITHOUT[group.without_bind or "unknown"] if is_sure else _PERHAPS_NONE)
    elif not is_asked and ports is not None and ports.range_source == "assumed":
        low, high = ports.range
        sentences.append(_ASSUMED.format(low=low, high=high))
    return Advice(who, tuple(sentences))


def _users(case: Case) -> str:
    """Who uses the ports: the process that took the last one, or the number of processes if most
    ports are not its own."""
    if _is_udp(case):
        several = case.number("processes")
        return case.who if several < 2 else f"{several:,} processes"
    uses = () if case.ports is None else case.ports.by_process
    taken = {use.process: max(use.most_pinned, use.peak_pinned, use.peak_needed) for use in uses}
    own = taken.pop(case.group.process.id, 0)
    if 2 * own >= case.number("used") or not any(taken.values()):
        return case.who
    return f"{1 + sum(number > 0 for number in taken.values()):,} processes"


def _standing(case: Case) -> str:
    """Who holds the ports of a range that is nearly full, as a clause."""
    if case.cause == "time-wait":
        waiting = f"{case.number('in_time_wait'):,} of these ports are"
        if not case.sample.detail("timed"):
            waiting = "if all of this happened within 60 s, " + waiting
        return f"{waiting} in TIME_WAIT, where they stay for 60 s after a close"
    if case.cause == "early-binds":
        return (
            f"bind() with port 0 holds {case.number('pinned'):,} of these ports, each for one "
            "socket alone"
        )
    if case.cause == "one-destination" and case.sample.peer is not None:
        return f"connections to {case.sample.peer} have these ports, one each"
    if case.cause == "socket-leak":
        left = count(case.number("after_end"), "socket")
        return f"{left} that read end of file, and are not closed, have these ports"
    if _is_udp(case):
        return "UDP sockets of this trace have these ports, one each"
    return "sockets of this trace have these ports"


def _is_udp(case: Case) -> bool:
    return case.sample.socket.protocol == "UDP"


def _own_sockets(case: Case) -> str:
    """Which sockets of the trace hold all ports, one each."""
    held, mine = case.number("held"), case.number("held_by_process")
    call = _failing(case)
    kind = "listening" if call == "listen" else case.sample.socket.protocol or "open"
    others = f", {held - mine:,} in other processes" if mine < held else ""
    fds = f" (fd {case.sample.detail('fds')})" if mine else ""
    whose = "of this process" if mine else "of other processes of this trace"
    return (
        f"{count(mine or held, f'{kind} socket')} {whose}{fds} had a port each, that no other socket "
        f"can share{others if mine else ''}: they fill the range."
    )


def _is_assumed(case: Case) -> bool:
    """Nothing told the range in force."""
    is_limited = case.number("limit_high") > 0
    return case.ports is not None and case.ports.range_source == "assumed" and not is_limited


def _range(case: Case) -> str:
    """The range that ran out, and that it is assumed where it is."""
    if case.ports is None or not _is_assumed(case):
        return "the range"
    low, high = case.ports.range
    return f"the assumed range {low}-{high}"


def _others(case: Case) -> str:
    """Why the sockets that are seen do not fill the range, as a clause."""
    smaller = "the real one may be smaller, or " if _is_assumed(case) else ""
    return f"{smaller}another process may hold the rest."


def _limit(case: Case) -> str | None:
    """How the program itself limits the range; None if it does not."""
    low, high = case.number("limit_low"), case.number("limit_high")
    if not high:
        return None
    at = (
        call.line
        for call in case.sample.trail
        if call.option is not None and call.option.name == "IP_LOCAL_PORT_RANGE"
    )
    line = next((f" (line {line:,})" for line in at), "")
    return _LIMIT.format(ports=count(high - low + 1, "port"), low=low, high=high, line=line)


_LAST = "{when}: bind() to port 0 fails EADDRINUSE, and connect() EADDRNOTAVAIL."
_LAST_DATAGRAM = (
    "{when}: bind() to port 0 fails EADDRINUSE, and connect() or the first send on a socket that is not "
    "bound EAGAIN."
)


def _failing(case: Case) -> str:
    record = case.failing_call
    return "connect" if record is None else record.name


def _holders(case: Case) -> list[str]:
    """Who holds most of the ports according to the machine's list: if the cause is not here, it is
    there. And who holds ports in the way of the failed connect() that only bind() can have
    taken."""
    bound, held = case.sample.shares("machine_bound"), case.sample.shares("machine")
    if bound:
        who, ports = bound[0]
        return [_BOUND.format(who=who, ports=number(ports))]
    if held:
        who, ports = held[0]
        then = _BY_CAUSE["time-wait"] if who.startswith("TIME-WAIT") else "look there first."
        return [f"{who} has {number(ports)} of these ports: {then}"]
    return []


def _sure(case: Case) -> tuple[str, ...]:
    """Whom the remedies address ("" if it does not matter), and those that help whoever holds the
    ports, one for each kind of call that failed."""
    calls = _asked(case)
    if len(calls) == 1:
        return _remedy(case, calls[0])
    said = []
    for call in calls:
        who, *sentences = _remedy(case, call)
        name = "UDP" if call == "datagram" else f"{call}()"
        said.append(f"{name}: {f'{who}: ' if who else ''}{' '.join(sentences)}")
    return "", *said


def _asked(case: Case) -> tuple[str, ...]:
    """The kinds of calls of the group that failed, as keys of _BY_CALL; the sample's comes
    first."""
    shares = case.sample.socket.protocol in _SHARING
    calls = [_failing(case) if shares else "datagram"]
    if shares:  # for the other findings' sockets, only the error shows what they were
        for some in case.group.failed_calls:
            call = some.call.removesuffix("()").replace("connection", "connect")
            calls.append("datagram" if some.error == "EAGAIN" else call)
    return tuple(dict.fromkeys(call if call in _BY_CALL else "connect" for call in calls))


def _remedy(case: Case, call: str) -> tuple[str, ...]:
    """Whom the remedy addresses, and the remedy for one kind of call."""
    runtime = case.runtime
    if call == "bind" and runtime is not None and runtime.family in BINDING:
        no_port = "Or set IP_BIND_ADDRESS_NO_PORT (Linux 4.2) before bind()."
        return runtime.title, *BINDING[runtime.family].sentences(runtime.major), no_port
    protocol = case.sample.socket.protocol
    said = protocol if protocol not in _SHARING and protocol is not None else "UDP"
    return "", _BY_CALL[call].replace("{protocol}", said)
