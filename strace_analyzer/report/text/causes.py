"""Takes groups, gives causes: what several processes of one program do wrong in the same place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from strace_analyzer.findings import Endpoint, Group
from strace_analyzer.report import words
from strace_analyzer.report.text.section import Section


@dataclass(frozen=True, slots=True)
class Cause:
    """Groups with one cause: the same rule, level, confidence, program and call site."""

    program: str
    groups: tuple[Group, ...]

    @property
    def head(self) -> Group:
        """The group with the most findings stands for all."""
        return max(self.groups, key=lambda group: group.count)

    @property
    def count(self) -> int:
        return sum(group.count for group in self.groups)

    @property
    def processes(self) -> int:
        return len({group.process.id for group in self.groups})

    @property
    def destinations(self) -> int:
        peers: set[Endpoint] = {peer.peer for group in self.groups for peer in group.peers}
        return len(peers)


def causes(groups: Sequence[Group], section: Section) -> list[Cause]:
    """Groups by program and cause, the worst first: error, warning, note."""
    folded: dict[tuple[object, ...], list[Group]] = {}
    names: dict[tuple[object, ...], str] = {}
    for group in groups:
        name = words.program(group.process.command, section.process(group))
        name = name or words.who(group.process, None)
        key = (group.rule, group.level, group.confidence, name, group.call_site, group.cause)
        folded.setdefault(key, []).append(group)
        names[key] = name
    found = [Cause(names[key], tuple(members)) for key, members in folded.items()]
    return sorted(found, key=lambda cause: _order(cause.head, cause.count))


def _order(head: Group, count: int) -> tuple[int, bool, int]:
    """What failed comes before what made it fail."""
    return (-head.level, head.rule != "ephemeral-ports-exhausted", -count)
