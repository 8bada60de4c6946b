"""Combine groups into causes: what several processes of one program do wrong in the same place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from strace_analyzer.findings import Confidence, Endpoint, Group, Level, PeerCount, added
from strace_analyzer.plain import count
from strace_analyzer.report import proof
from strace_analyzer.report.places import Places, places
from strace_analyzer.report.section import Section, sections
from strace_analyzer.report.selection import Selected
from strace_analyzer.rules import words


@dataclass(frozen=True, slots=True)
class SharedCause:
    """Groups with one cause: the same rule, level, program, call site and Rule.apart.

    Confidence does not separate them: getsockname() may prove only one of many connections made in
    one loop, and the others do not have another cause.
    """

    program: str
    groups: tuple[Group, ...]

    @property
    def by_process(self) -> list[Group]:
        """One group per process, those with the most findings first."""
        members: dict[str, list[Group]] = {}
        for group in self.groups:
            members.setdefault(group.process.id, []).append(group)
        return sorted((_as_one(some) for some in members.values()), key=lambda one: -one.count)

    @property
    def head(self) -> Group:
        """The process with the most findings, which represents all."""
        return self.by_process[0]

    @property
    def doubtful(self) -> Group | None:
        """The group of `head`'s process that is only probable, or None."""
        process = self.head.process.id
        return next((g for g in self.groups if _is_probable(g) and g.process.id == process), None)

    @property
    def count(self) -> int:
        """Number of findings."""
        return sum(group.count for group in self.groups)

    @property
    def probable(self) -> int:
        """How many of `count` are only probable."""
        return sum(group.count for group in self.groups if _is_probable(group))

    @property
    def processes(self) -> int:
        """Number of processes with such findings."""
        return len({group.process.id for group in self.groups})

    @property
    def peers(self) -> Counter[Endpoint]:
        """Addresses and ports the connections went to, with counts."""
        times: Counter[Endpoint] = Counter()
        for peer in (peer for group in self.groups for peer in group.peers):
            times[peer.peer] += peer.count
        return times

    @property
    def destinations(self) -> int:
        """Number of addresses and ports they went to."""
        return len(self.peers)

    def extent(self, things: str) -> str:
        """Format `640 processes, 181,204 connections to 6 destinations`; `things` says what a
        finding is."""
        words_ = [count(self.count, things)]
        if self.processes > 1:
            words_.insert(0, count(self.processes, "process", "processes"))
        to = f" to {count(self.destinations, 'destination')}" if self.destinations else ""
        some = f" ({self.probable:,} probable)" if 0 < self.probable < self.count else ""
        return ", ".join(words_) + to + some

    def worst(self, limit: int | None = 3) -> str:
        """Format the processes with the most findings: `pid 8123 (1,204), 8127 (1,198), ... 637
        more: --all`."""
        ordered = self.by_process
        shown = ordered[:limit]
        pids = ", ".join(f"{g.process.tgid or g.process.tid} ({g.count:,})" for g in shown)
        rest = len(ordered) - len(shown)
        return f"pid {pids}" + (f", ... {rest:,} more: --all" if rest else "")

    def fingerprints(self) -> list[str]:
        """The distinct fingerprints of its groups, as a suppression file lists them."""
        return list(dict.fromkeys(group.fingerprint for group in self.groups))

    def shared_by(self, section: Section) -> str:
        """`the same for every script of python3, as the trace does not show which one it is`: what
        has its fingerprints besides; "" for nothing."""
        found = {words.shared_by(g.process.command, section.process(g)) for g in self.groups} - {""}
        if not found:
            return ""
        return f"the same for {' and '.join(sorted(found))}, {words.AS_NOT_SHOWN}"

    def message(self, section: Section) -> str:
        """Return the rule's summary; for several processes, the program and the number of
        findings."""
        rule = section.rule(self.head)
        if self.processes > 1:
            return f"{self.program}: {self.extent(rule.things)}"
        return rule.summary(section.case(self.head))

    def places(self, section: Section, most: int | None = None) -> Places:
        """Return the table of its processes' destinations, the most frequent first, at most `most`
        or one more; without descriptors and lines if they are of several processes, without rows if
        its rule lists no destinations."""
        rule, head = section.rule(self.head), self.head
        if not rule.lists_destinations(section.case(head)):
            return places(replace(head, peers=()), rule, most)
        if self.processes == 1:
            return places(head, rule, most)
        found = places(_as_one(self.groups), rule, most)
        columns = 1 + found.numbers
        return found._replace(
            headings=found.headings[:columns], rows=tuple(row[:columns] for row in found.rows)
        )

    def proof(self, section: Section) -> str:
        """Format where the calls shown are: `trace.txt, thread 4519 (of 20), first of 40`."""
        return f"{proof.source(self.head)}{proof.which(self.head, section)}"


def together(found: Sequence[SharedCause], section: Section) -> str:
    """Return one sentence for several causes: the first failure; else the leading rule's summary of
    all its findings, or the number of findings of several rules or of a span of time."""
    worst = found[0].head
    if section.rule(worst).is_failure:
        return section.rule(worst).summary(section.case(worst))
    leading = [cause for cause in found if section.rule(cause.head).leads]
    processes = {group.process.id for cause in leading or found for group in cause.groups}
    findings = sum(cause.count for cause in leading or found)
    total = sum(process.tcp_connections for process in section.processes)
    if section.is_excerpt or (not leading and len({cause.head.rule for cause in found}) > 1):
        made = count(findings, "finding")
        return f"{made} in {count(len(processes), 'process', 'processes')}"
    return section.rule((leading or found)[0].head).together(len(processes), findings, total)


def causes(groups: Sequence[Group], section: Section) -> list[SharedCause]:
    """Return the groups by program and cause, the worst first: error, warning, note."""
    folded: dict[tuple[object, ...], list[Group]] = {}
    names: dict[tuple[object, ...], str] = {}
    for group in groups:
        name = words.program(group.process.command, section.process(group))
        name = name or words.who(group.process, None)
        key = (group.rule, group.level, name, group.call_site, group.cause, _apart(group, section))
        folded.setdefault(key, []).append(group)
        names[key] = name
    found = [SharedCause(names[key], tuple(members)) for key, members in folded.items()]
    return sorted(found, key=lambda cause: _order(cause, section))


def every_cause(
    selected: Selected, groups: Sequence[Group] | None = None
) -> list[tuple[SharedCause, Section]]:
    """Return the causes of all traces (of `groups` only, if given), the worst first, each with its
    trace's section of the report."""
    found = [
        (cause, section)
        for section in sections(selected, 0, False)
        for cause in causes(
            section.groups
            if groups is None
            else [group for group in groups if group.trace == section.trace.id],
            section,
        )
    ]
    return sorted(found, key=lambda item: -item[0].head.level)


def by_level(found: Iterable[SharedCause]) -> dict[Level, int]:
    """Count the causes of each level, the worst first: what every report for people calls `1 error,
    2 notes`, however many findings they have."""
    counts = Counter(cause.head.level for cause in found)
    return {level: counts[level] for level in reversed(Level)}


def levels(found: Iterable[SharedCause]) -> str:
    """Format `1 error, 2 notes`; "" if nothing was found."""
    counts = by_level(found).items()
    return ", ".join(count(value, str(level)) for level, value in counts if value)


def _order(cause: SharedCause, section: Section) -> tuple[int, bool, int]:
    """Sort key: failures come before what made them fail."""
    return (-cause.head.level, not section.rule(cause.head).is_failure, -cause.count)


def _apart(group: Group, section: Section) -> object:
    """The detail by which the rule keeps findings apart (Rule.apart): the port that its sentences
    name."""
    apart = section.rule(group).apart
    return None if apart is None else group.sample.detail(apart)


def _is_probable(group: Group) -> bool:
    return group.confidence is Confidence.PROBABLE


def _as_one(groups: Sequence[Group]) -> Group:
    """Merge groups of one cause; a certain finding is shown as proof if there is one."""
    if len(groups) == 1:
        return groups[0]
    peers: dict[Endpoint, PeerCount] = {}
    for part in (peer for group in groups for peer in group.peers):
        peers[part.peer] = _added(peers[part.peer], part) if part.peer in peers else part
    return replace(
        min(groups, key=lambda group: (_is_probable(group), not group.connected)),
        peers=tuple(sorted(peers.values(), key=lambda peer: (-peer.count, peer.peer.order))),
        count=sum(group.count for group in groups),
        connected=sum(group.connected for group in groups),
        failed=sum(group.failed for group in groups),
        fds=tuple(sorted({fd for group in groups for fd in group.fds})),
        first=min((group.first for group in groups), key=lambda at: at.line),
        failed_calls=added(part for group in groups for part in group.failed_calls),
    )


def _added(one: PeerCount, other: PeerCount) -> PeerCount:
    return PeerCount(
        one.peer,
        one.count + other.count,
        one.connected + other.connected,
        tuple(sorted({*one.fds, *other.fds})),
        tuple(sorted({*one.bind_lines, *other.bind_lines})),
    )
