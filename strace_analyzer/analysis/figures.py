"""The findings of one group, one after another -> its figures, and which finding is its sample."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace

from strace_analyzer.alike import one_of, with_one
from strace_analyzer.findings import (
    Endpoint,
    FailedCalls,
    Finding,
    Group,
    Location,
    PeerCount,
    added,
    failed_call,
)
from strace_analyzer.kernel.socket_state import Outcome

LINES_SHOWN = 8
"""How many bind lines are kept for each peer of a group."""


@dataclass(slots=True)
class _Peer:
    count: int = 0
    connected: int = 0
    fds: Collection[int] = frozenset()
    lines: list[int] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class FindingCounts:
    """Counts findings; memory grows with their destinations only."""

    has_failed_calls: bool
    """its findings are failed calls, to be counted by call and error"""
    count: int = 0
    connected: int = 0
    failed: int = 0
    first: Location | None = None
    last: Location | None = None
    namespace: int = 0
    """of the sample's socket"""
    fds: Collection[int] = frozenset()
    peers: dict[Endpoint, _Peer] = field(default_factory=dict)
    failed_calls: dict[tuple[str, str], FailedCalls] | None = None

    def add(self, finding: Finding) -> bool:
        """Count `finding`; return whether it is a better sample than those before: the first that
        connected is the best, else the first."""
        connected = finding.outcome is Outcome.CONNECTED
        is_better = not self.count or (connected and not self.connected)
        if is_better:
            self.namespace = finding.namespace
        if self.first is None:
            self.first = finding.at._replace(source=one_of(finding.at.source))
        self.count += 1
        self.connected += connected
        self.failed += finding.outcome is Outcome.FAILED
        self.last = finding.at
        self.fds = with_one(self.fds, finding.fd)
        if self.has_failed_calls:
            calls = self.failed_calls = self.failed_calls or {}
            for one in failed_call(finding):
                known = calls.get((one.call, one.error))
                both = [one] if known is None else [known, one]
                calls[one.call, one.error] = added(both)[0]
        if finding.peer is not None:
            peer = self.peers.get(finding.peer)
            if peer is None:
                peer = self.peers[one_of(finding.peer)] = _Peer()
            peer.count += 1
            peer.connected += connected
            peer.fds = with_one(peer.fds, finding.fd)
            if len(peer.lines) < LINES_SHOWN:
                peer.lines.append(finding.at.line)
        return is_better

    def applied(self, group: Group, kept: Finding | Callable[[], Finding]) -> Group:
        """Return `group` with these figures and this sample. At least one finding was counted."""
        assert self.first is not None
        assert self.last is not None
        peers = sorted(self.peers.items(), key=lambda item: (-item[1].count, item[0].order))
        return replace(
            group,
            peers=tuple(
                PeerCount(
                    peer,
                    seen.count,
                    seen.connected,
                    one_of(tuple(sorted(seen.fds))),
                    tuple(seen.lines),
                )
                for peer, seen in peers
            ),
            count=self.count,
            connected=self.connected,
            failed=self.failed,
            fds=one_of(tuple(sorted(self.fds))),
            first=self.first,
            last=self.last,
            kept=kept,
            namespace=self.namespace,
            failed_calls=added((self.failed_calls or {}).values()),
        )
