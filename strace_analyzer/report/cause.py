"""Identify a finding across traces: by rule, program, kind of local address and destination; never
by pid, descriptor or line, which change from run to run."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any, NamedTuple

from strace_analyzer.findings import Finding


class Cause(NamedTuple):
    """What two findings have in common."""

    rule: str
    program: str
    """base name; `?` if the trace does not show it"""
    local: str
    """any, loopback, specific, none"""
    destination: str
    """`192.0.2.7 port 80`, or `-`"""


def of_finding(finding: Finding) -> Cause:
    """Return the cause of a finding."""
    peer = finding.peer
    return Cause(
        finding.rule,
        _program(finding.process.command),
        _kind(finding.local.address),
        "-" if peer is None else _destination(peer.address, peer.port),
    )


def of_document(finding: Mapping[str, Any]) -> Cause:
    """Return the cause of a finding in a JSON report. Raises KeyError or TypeError if it is not
    one."""
    peer = finding["peer"]
    return Cause(
        finding["rule"],
        _program(finding["process"]["command"]),
        _kind(finding["local"]["address"]),
        "-" if peer is None else _destination(peer["address"], peer["port"]),
    )


def _program(command: str | None) -> str:
    return "?" if command is None else command.rpartition("/")[2]


def _destination(address: str, port: int) -> str:
    return f"{address} port {port}"


def _kind(address: str | None) -> str:
    if address is None:
        return "none"
    try:
        known = ip_address(address)
    except ValueError:
        return "specific"
    if known.is_unspecified:
        return "any"
    return "loopback" if known.is_loopback else "specific"
