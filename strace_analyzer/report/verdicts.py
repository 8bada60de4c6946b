"""The verdict on each socket: the worst finding about it, or how it got its port."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from strace_analyzer.findings import Finding, Level, SocketLife
from strace_analyzer.report.selection import Selected

_PORTS = {
    "unbound": "no local port",
    "deferred": "port chosen at connect",
    "ephemeral": "bound to port 0",
    "bound": "bound to a port of its choice",
    "autobound": "port chosen by the kernel",
}
"""by the state of its binding"""


class Verdict(NamedTuple):
    """`rule` and `level` are None if nothing was found about the socket."""

    rule: str | None
    level: Level | None
    words: str

    def __str__(self) -> str:
        return self.words


class Verdicts:
    """The findings by line."""

    def __init__(self, findings: dict[tuple[str, str, int, int], Finding]) -> None:
        self._findings = findings

    def of(self, life: SocketLife) -> Verdict:
        """Return the worst finding on one of the socket's calls."""
        places = {(life.trace, call.source, call.line, call.fd) for call in life.trail}
        found = [self._findings[place] for place in places if place in self._findings]
        if not found:
            return Verdict(None, None, _PORTS.get(life.binding, life.binding))
        worst = max(found, key=lambda finding: (finding.level, finding.rule))
        return Verdict(worst.rule, worst.level, f"{worst.level}: {worst.rule}")


def verdicts(selected: Selected) -> Verdicts:
    """Return the findings that are shown, indexed for lookups by socket."""
    found: dict[tuple[str, str, int, int], Finding] = {}
    for finding in selected.findings():
        for place in _places(finding):
            known = found.get(place)
            if known is None or finding.level > known.level:
                found[place] = finding
    return Verdicts(found)


def _places(finding: Finding) -> Iterator[tuple[str, str, int, int]]:
    """Yield where it is reported, and where its socket was created: a failed call is no part of a
    socket's life."""
    yield finding.trace, finding.at.source, finding.at.line, finding.fd
    made = finding.calls.get("socket")
    if made is not None:
        yield finding.trace, made.source, made.line, made.fd
