"""Findings in, one Group per cause out: same rule, process, call site, level and confidence, and
the detail by which the rule separates its findings (Rule.apart)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256

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
from strace_analyzer.rules.rule import Rule, sections

LINES_SHOWN = 8
"""How many bind lines are kept for each peer of a group."""

Key = tuple[object, ...]


def group_key(finding: Finding) -> Key:
    """What all findings of one group have in common."""
    return (
        finding.rule,
        finding.trace,
        finding.process.id,
        call_site(finding),
        finding.level,
        finding.confidence,
        finding.cause,
        finding.without_bind,
        finding.outcome is Outcome.FAILED,
    )


def call_site(finding: Finding) -> str | None:
    """The program's innermost own frame in the stack of the defining call (-k); None without
    frames."""
    call = finding.calls.get("bind") or finding.calls.get("connect")
    if call is None or not call.stack:
        return None
    for frame in call.stack:
        library = frame.lstrip("> ").split("(", 1)[0].rsplit("/", 1)[-1]
        if not library.startswith(("libc.", "libc-", "libpthread", "ld-linux", "ld-musl")):
            return frame.lstrip("> ").strip()
    return call.stack[0].lstrip("> ").strip()


@dataclass
class _Peer:
    count: int = 0
    connected: int = 0
    fds: dict[int, None] = field(default_factory=dict)
    lines: list[int] = field(default_factory=list)


@dataclass
class _Collected:
    id: str
    first: Finding
    sample: Finding
    last: Location
    count: int = 0
    connected: int = 0
    failed: int = 0
    fds: dict[int, None] = field(default_factory=dict)
    peers: dict[Endpoint, _Peer] = field(default_factory=dict)
    failed_calls: dict[tuple[str, str], FailedCalls] = field(default_factory=dict)


class Groups:
    """Collects findings that have their final level; memory grows only with causes and peers."""

    def __init__(self, rules: Iterable[type[Rule]] = ()) -> None:
        self._collected: dict[Key, _Collected] = {}
        self._rules = {rule.id: rule for rule in rules}

    def id_of(self, finding: Finding) -> str:
        """The id of the group that `finding` belongs to; it must have been added."""
        return self._collected[self._key(finding)].id

    def _key(self, finding: Finding) -> Key:
        rule = self._rules.get(finding.rule)
        apart = None if rule is None or rule.apart is None else finding.detail(rule.apart)
        return (*group_key(finding), apart)

    def add(self, finding: Finding) -> None:
        """Count `finding` in its group."""
        key = self._key(finding)
        group = self._collected.get(key)
        if group is None:
            name = f"g{len(self._collected) + 1}"
            group = self._collected[key] = _Collected(name, finding, finding, finding.at)
        group.count += 1
        group.last = finding.at
        if group.sample.outcome is not Outcome.CONNECTED and finding.outcome is Outcome.CONNECTED:
            group.sample = finding
        group.connected += finding.outcome is Outcome.CONNECTED
        group.failed += finding.outcome is Outcome.FAILED
        group.fds[finding.fd] = None
        rule = self._rules.get(finding.rule)
        if rule is not None and rule.is_failure:
            for one in failed_call(finding):
                known = group.failed_calls.get((one.call, one.error))
                both = [one] if known is None else [known, one]
                group.failed_calls[one.call, one.error] = added(both)[0]
        if finding.peer is not None:
            peer = group.peers.setdefault(finding.peer, _Peer())
            peer.count += 1
            peer.connected += finding.outcome is Outcome.CONNECTED
            peer.fds[finding.fd] = None
            if len(peer.lines) < LINES_SHOWN:
                peer.lines.append(finding.at.line)

    def all(self) -> tuple[Group, ...]:
        """The groups: worst level first, then most findings, then in order of first sight."""
        groups = [
            _finished(group, self._rules.get(group.first.rule))
            for group in self._collected.values()
        ]
        return tuple(sorted(groups, key=lambda group: (-group.level, -group.count)))


def _finished(group: _Collected, rule: type[Rule] | None) -> Group:
    first = group.first
    peers = sorted(group.peers.items(), key=lambda item: (-item[1].count, item[0].order))
    site = call_site(first)
    return Group(
        id=group.id,
        fingerprint=fingerprint(first, site, first.process.command),
        rule=first.rule,
        level=first.level,
        confidence=first.confidence,
        trace=first.trace,
        process=first.process,
        call_site=site,
        peers=tuple(
            PeerCount(peer, seen.count, seen.connected, tuple(seen.fds), tuple(seen.lines))
            for peer, seen in peers
        ),
        count=group.count,
        connected=group.connected,
        failed=group.failed,
        fds=tuple(sorted(group.fds)),
        first=first.at,
        last=group.last,
        message="" if rule is None else rule.title,
        advice="" if rule is None else _advice(rule),
        cause=first.cause,
        without_bind=first.without_bind,
        sample=group.sample,
        failed_calls=added(group.failed_calls.values()),
    )


def fingerprint(finding: Finding, site: str | None, program: str | None) -> str:
    """A hash that stays the same from run to run, of the rule, the program (with its script if it
    is an interpreter), the call site, the address family and the cause; no pid, line, time or port.
    """
    said = f"{finding.rule}|{program}|{site}|{finding.socket.domain}|{finding.cause}"
    return sha256(said.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _advice(rule: type[Rule]) -> str:
    """The section `What to do instead` of the rule's documentation, on one line."""
    return " ".join(dict(sections(rule)).get("What to do instead", "").split())
