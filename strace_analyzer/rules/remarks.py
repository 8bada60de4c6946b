"""Takes one call of a finding's proof, gives a few words on what it shows, whatever the rule."""

from __future__ import annotations

from strace_analyzer.findings import CallRecord, Finding
from strace_analyzer.kernel.socket_state import Outcome
from strace_analyzer.plain import duration

_HOLDING_ERRORS = frozenset({"ENETUNREACH", "EACCES", "EINVAL", "EPERM"})
"""returned before the kernel touches the port, which then stays taken (docs/kernel.md)"""
_UNDER_WAY = ("EINPROGRESS", "EALREADY", "EINTR")


def remark(record: CallRecord, finding: Finding) -> str:
    """A remark beside the call, or "" if the call speaks for itself."""
    if record.injected:
        return "strace's answer, not the kernel's"
    match record.role:
        case "setsockopt":
            return _option(record, finding)
        case "bind":
            return "in use" if record.errno == "EADDRINUSE" else ""
        case "getsockname":
            return _name(record, finding)
        case "connect":
            return _connect(record, finding)
        case "outcome":
            return _outcome(record)
        case "release":
            return "the port is given back"
        case "eof":
            return "the peer closed first"
        case "reset":
            return "reset: no TIME_WAIT"
        case "close":
            return _close(finding)
    return ""


def sets_no_port(record: CallRecord) -> bool:
    """Whether a setsockopt() is about IP_BIND_ADDRESS_NO_PORT."""
    return record.option is not None and record.option.name == "IP_BIND_ADDRESS_NO_PORT"


def _option(record: CallRecord, finding: Finding) -> str:
    if not sets_no_port(record):
        return ""
    bind = finding.calls.get("bind")
    if record.errno is not None:
        return "not in force: it failed"
    if bind is not None and record.line > bind.line:
        return "too late: after bind()"
    if record.option is None or record.option.value is None:
        return "on or off: not shown"
    return "switched on" if record.option.value else "switched off"


def _name(record: CallRecord, finding: Finding) -> str:
    connect = finding.calls.get("connect")
    if connect is not None and record.line > connect.line:
        return ""
    if record.address is None:
        return ""
    port = record.address.port
    return f"port {port} is taken" if port else "no port yet"


def _connect(record: CallRecord, finding: Finding) -> str:
    if record.errno is None:
        return "connected" if record.result == 0 else ""
    if record.errno in _UNDER_WAY:
        return ""
    if record.errno == "EISCONN":
        return "connected"
    if record.errno in _HOLDING_ERRORS and "bind" in finding.calls:
        return "failed, port still taken"
    return "failed"


def _outcome(record: CallRecord) -> str:
    if record.option is not None and record.option.name == "SO_ERROR":
        return "failed: the port is given back" if record.option.value else "connected"
    return "connected" if record.errno is None else "failed"


def _close(finding: Finding) -> str:
    """The duration, and "likely" TIME_WAIT: no call shows whether the peer, perhaps the other end
    in the same trace, had closed first without its end of file being read."""
    words = [] if finding.held_seconds is None else [f"held {duration(finding.held_seconds)}"]
    roles = {record.role for record in finding.trail}
    connected = finding.outcome is Outcome.CONNECTED and finding.socket.protocol in ("TCP", "MPTCP")
    is_real = not any(record.injected for record in finding.trail if record.role == "connect")
    if connected and is_real and not roles & {"eof", "reset", "release"}:
        words.append("then likely TIME_WAIT")
    return ", ".join(words)
