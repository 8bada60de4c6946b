"""Takes one call of a finding's proof, gives the few words that say what it proves."""

from __future__ import annotations

import re

from strace_analyzer.findings import CallRecord, Finding
from strace_analyzer.kernel.socket_state import Outcome
from strace_analyzer.report.plain import duration

_PORT = re.compile(r"htons\((\d+)\)")
_ERROR = re.compile(r"SO_ERROR, \[([A-Z0-9]+)")
_HOLDING_ERRORS = frozenset({"ENETUNREACH", "EACCES", "EINVAL", "EPERM"})
"""given before the kernel touches the port, which then stays taken (docs/kernel.md)"""


def remark(record: CallRecord, finding: Finding) -> str:
    """A remark beside the call, or nothing where the call speaks for itself."""
    match record.role:
        case "setsockopt":
            return _option(record, finding)
        case "bind":
            return _bind(record, finding)
        case "getsockname":
            return _name(record, finding)
        case "connect":
            return _connect(record)
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


def _option(record: CallRecord, finding: Finding) -> str:
    if "SO_REUSE" in record.text:
        return "does not help" if finding.rule.startswith("bind-") else ""
    if "IP_BIND_ADDRESS_NO_PORT" in record.text or ", 0x18," in record.text:
        bind = finding.calls.get("bind")
        if record.errno is not None:
            return "not in force: it failed"
        if bind is not None and record.line > bind.line:
            return "too late: after bind()"
        return "switched off" if "[0]" in record.text else "switched on"
    return ""


def _bind(record: CallRecord, finding: Finding) -> str:
    if record.errno == "EADDRINUSE":
        return "no port was left" if finding.rule == "ephemeral-ports-exhausted" else "in use"
    if finding.rule not in ("bind-any-port-zero", "bind-address-port-zero"):
        return ""
    if "setsockopt-hidden" in finding.doubts:
        return "IP_BIND_ADDRESS_NO_PORT: not visible"
    options = [r for r in finding.trail if r.role == "setsockopt" and r.line < record.line]
    if any("NO_PORT" in option.text or ", 0x18," in option.text for option in options):
        return "IP_BIND_ADDRESS_NO_PORT not in force"
    return "IP_BIND_ADDRESS_NO_PORT not set"


def _name(record: CallRecord, finding: Finding) -> str:
    connect = finding.calls.get("connect")
    if connect is not None and record.line > connect.line:
        return ""
    match = _PORT.search(record.text)
    if match is None:
        return ""
    return f"port {match[1]} is taken" if match[1] != "0" else "no port yet"


def _connect(record: CallRecord) -> str:
    if record.errno is None:
        return "connected" if record.result == 0 else ""
    if record.errno in ("EINPROGRESS", "EALREADY", "EINTR"):
        return ""
    if record.errno == "EISCONN":
        return "connected"
    if record.errno in ("EADDRNOTAVAIL", "EAGAIN"):
        return "no port was left"
    return "failed, port still taken" if record.errno in _HOLDING_ERRORS else "failed"


def _outcome(record: CallRecord) -> str:
    match = _ERROR.search(record.text)
    if match is not None:
        return "connected" if match[1] == "0" else "failed: the port is given back"
    return "connected" if record.errno is None else "failed"


def _close(finding: Finding) -> str:
    words = [] if finding.held_seconds is None else [f"held {duration(finding.held_seconds)}"]
    roles = {record.role for record in finding.trail}
    connected = finding.outcome is Outcome.CONNECTED and finding.socket.protocol in ("TCP", "MPTCP")
    if connected and not roles & {"eof", "reset", "release"}:
        words.append("then TIME_WAIT")
    return ", ".join(words)
