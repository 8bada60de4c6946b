"""Takes a group of findings and its process, gives what to do about it, in words for its runtime.

The remedies and where they were tried are in docs/kernel.md and RULES.md.
"""

from __future__ import annotations

from typing import NamedTuple

from strace_analyzer.findings import Confidence, Group, PortUse, Process
from strace_analyzer.report.remedies import REMEDIES, Remedy
from strace_analyzer.report.runtimes import Runtime, recognise

_GENERIC = Remedy(
    "remove the bind(): connect() chooses address and port by itself.",
    "Where the API demands a local address: set IP_BIND_ADDRESS_NO_PORT (Linux 4.2) before bind().",
)
_ADDRESS = (
    "set IP_BIND_ADDRESS_NO_PORT (Linux 4.2) before bind(): the address stays, the port is "
    "chosen at "
    "connect() and shared between destinations."
)
_EXHAUSTED = {
    "early-binds": (
        "sockets of this trace that are bound to port 0 hold the ports: fix those binds first."
    ),
    "time-wait": "closed connections still hold ports for 60 s: let the peer close first, reuse "
    "connections, or leave out the bind() so that destinations share ports.",
    "one-destination": "one destination has used every port: reuse connections, spread over more "
    "addresses or ports of the destination, or widen net.ipv4.ip_local_port_range.",
    "another-process": (
        "another process may hold the ports. Find it with: nsenter -t {pid} -n ss -tanp"
    ),
    "unknown": "see who holds the ports with: nsenter -t {pid} -n ss -tanp",
}
_WITHOUT = {
    "would-fit": "Without the early binds these connections would have fitted.",
    "would-not-fit": "Without the early binds these connections would not all have fitted either.",
    "unknown": "Whether the failed connections would have fitted without the early binds depends "
    "on where they were to go, which the trace does not show.",
}
_BINDS_MATTER = ("early-binds", "time-wait")
_ASSUMED = "The range of ports, {low}-{high}, is assumed: give the real one with --port-range."


class Advice(NamedTuple):
    """`who` is the runtime as a title (empty where it is not known), then sentences in order.
    `caution` is what to see to first, which the text report shows under what the trace hides."""

    who: str
    sentences: tuple[str, ...]
    caution: str = ""

    @property
    def text(self) -> str:
        """All of it as one string, for the JSON report."""
        prefix = f"{self.who}: " if self.who else ""
        return prefix + " ".join((*self.sentences, *([self.caution] if self.caution else [])))


def advise(group: Group, process: Process | None, ports: PortUse | None = None) -> Advice:
    """What to do about `group`; `process` is its process, None where it was not selected, and
    `ports` the use of ports in its network namespace, None where it was not computed."""
    runtime = recognise(group.process.command, process)
    match group.rule:
        case "bind-any-port-zero":
            return _any_port_zero(group, runtime)
        case "bind-address-port-zero":
            return _address_port_zero(runtime)
        case "ephemeral-ports-exhausted":
            return _exhausted(group, ports)
        case "udp-shared-port":
            return Advice(
                "",
                (
                    "leave out SO_REUSEADDR before bind() to port 0: every socket then gets a"
                    " port of its own.",
                ),
            )
        case "fixed-source-port":
            return Advice(
                "",
                (
                    "leave out the source port, or take one outside net.ipv4.ip_local_port_range, "
                    "or reserve it in net.ipv4.ip_local_reserved_ports.",
                ),
            )
        case "bound-unused":
            return Advice(
                "", ("bind only when the port is needed: until the close nobody else can use it.",)
            )
    return Advice("", (group.advice,) if group.advice else ())


def _any_port_zero(group: Group, runtime: Runtime | None) -> Advice:
    remedy = REMEDIES.get(runtime.family) if runtime is not None else None
    sentences = list((remedy or _GENERIC).sentences(runtime.major if runtime else None))
    sample = group.sample
    if sample.reuse:
        at = next(
            (r for r in sample.trail if r.role == "setsockopt" and "SO_REUSE" in r.text), None
        )
        name = "SO_REUSEPORT" if at is not None and "SO_REUSEPORT" in at.text else "SO_REUSEADDR"
        where = (
            f", which is set here (line {at.line})," if at is not None else ", which is set here,"
        )
        sentences.append(f"{name}{where} does not help.")
    unseen = group.confidence is Confidence.PROBABLE and "setsockopt-hidden" in sample.doubts
    return Advice(
        runtime.title if runtime is not None else "",
        tuple(sentences),
        "First see whether IP_BIND_ADDRESS_NO_PORT is set: this trace cannot show it."
        if unseen
        else "",
    )


def _address_port_zero(runtime: Runtime | None) -> Advice:
    who = runtime.title if runtime is not None else ""
    if runtime is not None and runtime.family == "beam":
        return Advice(
            who,
            ("add {raw,0,24,<<1:32/native>>} to the socket options, before {ip,...}.", _ADDRESS),
        )
    if runtime is not None and runtime.family in ("curl", "nginx", "haproxy", "squid", "envoy"):
        return Advice(
            who, ("upgrade: recent versions set IP_BIND_ADDRESS_NO_PORT themselves.", _ADDRESS)
        )
    return Advice(who, (_ADDRESS,))


def _exhausted(group: Group, ports: PortUse | None) -> Advice:
    pid = group.process.tgid if group.process.tgid is not None else "PID"
    sentences = [_EXHAUSTED[group.cause or "unknown"].format(pid=pid)]
    if group.cause in _BINDS_MATTER:
        sentences.append(_WITHOUT[group.without_bind or "unknown"])
    elif ports is not None and ports.range_source == "assumed":
        low, high = ports.range
        sentences.append(_ASSUMED.format(low=low, high=high))
    return Advice("", tuple(sentences))
