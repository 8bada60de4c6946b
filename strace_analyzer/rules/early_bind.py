"""What two rules share: the pattern (a port taken by bind(), then an outgoing connect() on the same
socket) and the remarks beside its calls."""

from __future__ import annotations

from strace_analyzer.findings import CallRecord, Finding
from strace_analyzer.kernel.doubts import Doubt
from strace_analyzer.kernel.socket_state import Binding, Connection
from strace_analyzer.kernel.step import Step
from strace_analyzer.rules.evidence import Draft
from strace_analyzer.rules.remarks import remark, sets_no_port
from strace_analyzer.rules.rule import Rule
from strace_analyzer.rules.words import Advice, Case

ALONE = ("SCTP",)
"""The protocols whose sockets share no ports, with or without bind() (docs/kernel.md)."""

PINNED = frozenset({Binding.EPHEMERAL})
"""The bindings of a socket whose steps can be part of the pattern."""


def early_bind_findings(rule: Rule, step: Step, *, wildcard: bool) -> tuple[Draft, ...]:
    """The finding of `rule` if `step` is a connect(), or changes the outcome of one, of a socket
    with an early bind: to the wildcard address, or without `wildcard` to a specific one; the
    binding's last step ends the finding."""
    was, now = step.was, step.now
    if was is None or was.connection is Connection.LISTENING:
        return ()
    if was.connects == 0:
        connects = step.role == "connect" and now is not None and now.peer is not None
        if not connects:
            return ()
    elif was.peer is None:
        return ()
    address = was.early_address
    if address is None or address.is_wildcard is not wildcard:
        return ()
    ended = now is None or now.binding is not Binding.EPHEMERAL
    at = "bind" if was.evidence("bind") is not None else "connect"  # a bind before the trace
    return (rule.draft(step, step.socket, at=at, ended=ended),)


SHARES_NONE = Advice(
    "",
    (
        "to leave the bind() out saves no port, nor does IP_BIND_ADDRESS_NO_PORT: use one SCTP socket "
        "(SOCK_SEQPACKET) for many peers.",
    ),
)
"""What to do with a socket of ALONE."""


def why_it_shares_none(case: Case) -> tuple[str, ...]:
    """What a bind() of a socket of ALONE costs."""
    return (
        f"bind() to {case.local_address} port 0 takes a local port, and connect() without it takes one "
        "as well: SCTP sockets share none, by the kernel's sources (not measured).",
    )


def early_bind_remark(record: CallRecord, finding: Finding) -> str:
    """What a call of the proof says about the early bind."""
    if record.option is not None and record.option.name in ("SO_REUSEADDR", "SO_REUSEPORT"):
        return "does not help"
    if record.role != "bind" or record.errno is not None:
        return remark(record, finding)
    if Doubt.OPTIONS_HIDDEN in finding.doubts:
        return "IP_BIND_ADDRESS_NO_PORT: not visible"
    options = (r for r in finding.trail if r.role == "setsockopt" and r.line < record.line)
    return f"IP_BIND_ADDRESS_NO_PORT not {'in force' if any(map(sets_no_port, options)) else 'set'}"
