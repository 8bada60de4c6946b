"""The results: findings with their proof, port usage, what is unknown, and confidence.

These types pass from the packages that judge (`rules`, `ports`) to the one that reports. The JSON
report (docs/report-schema.json) has the same fields under the same names. Types with a field
`count`, which tuples have as a method, or with a mutable default are dataclasses; the others are
tuples, which are created faster.
"""

from strace_analyzer.findings.finding import Detail, Finding, Rows, Shares
from strace_analyzer.findings.group import FailedCalls, Group, PeerCount, added, failed_call
from strace_analyzer.findings.lives import Process, ProcessLife, Program, SocketLife
from strace_analyzer.findings.port_use import (
    AddressUse,
    ChosenPorts,
    DestinationUse,
    PortUse,
    ProcessUse,
    Summary,
    TimelinePoint,
)
from strace_analyzer.findings.proof import (
    CallRecord,
    Confidence,
    Endpoint,
    Level,
    LocalAddress,
    Location,
    ProcessRef,
    SocketKind,
)
from strace_analyzer.findings.unknown import Failure, Unknown, Warning

__all__ = [
    "AddressUse",
    "CallRecord",
    "ChosenPorts",
    "Confidence",
    "DestinationUse",
    "Detail",
    "Endpoint",
    "FailedCalls",
    "Failure",
    "Finding",
    "Group",
    "Level",
    "LocalAddress",
    "Location",
    "PeerCount",
    "PortUse",
    "Process",
    "ProcessLife",
    "ProcessRef",
    "ProcessUse",
    "Program",
    "Rows",
    "Shares",
    "SocketKind",
    "SocketLife",
    "Summary",
    "TimelinePoint",
    "Unknown",
    "Warning",
    "added",
    "failed_call",
]
