"""Split a selection by trace: nothing is ever summed across traces."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from strace_analyzer.analysis import TraceResult
from strace_analyzer.findings import Failure, Group, PortUse, Process, Unknown, Warning
from strace_analyzer.report.selection import Selected
from strace_analyzer.rules import Rule
from strace_analyzer.rules.words import Case


class Section(NamedTuple):
    """One trace's part of the report. `judged` groups count for the verdict, `groups` are shown."""

    trace: TraceResult
    judged: tuple[Group, ...]
    groups: tuple[Group, ...]
    processes: tuple[Process, ...]
    by_id: dict[str, Process]
    unknown: tuple[Unknown, ...]
    failures: tuple[Failure, ...]
    warnings: tuple[Warning, ...]
    left_out: int
    """findings known from a baseline"""
    suppressed_findings: int
    """suppressed findings"""
    unasked_of: Mapping[str, int]
    """by rule: findings of other rules or times than those asked for"""
    width: int
    everything: bool
    """--all: nothing is shortened"""
    rules: dict[str, type[Rule]]
    """by id; they provide the texts of their findings"""
    is_excerpt: bool
    """The findings are those of a span of time; the figures of processes are of the whole trace."""
    is_redacted: bool
    """--redact: words of a program may be tokens"""

    @property
    def unasked(self) -> int:
        """Findings of other rules or times than those asked for."""
        return sum(self.unasked_of.values())

    @property
    def traces(self) -> tuple[TraceResult, ...]:
        """This trace, as a tuple."""
        return (self.trace,)

    @property
    def blind(self) -> frozenset[str]:
        """The id of the trace if it could not be judged."""
        return frozenset() if self.trace.inconclusive is None else frozenset({self.trace.id})

    @property
    def failed_rules(self) -> bool:
        """Always False: the exit status is decided for all traces together."""
        return False

    @property
    def refused(self) -> tuple[str, ...]:
        """Always empty, like failed_rules."""
        return ()

    @property
    def interrupted(self) -> int | None:
        """Always None, like failed_rules."""
        return None

    def rule(self, group: Group) -> type[Rule]:
        """Return the rule that found the group."""
        return self.rules[group.rule]

    def case(self, group: Group) -> Case:
        """Return what the rule needs to describe the group."""
        return Case(group, self.process(group), self.ports(group), self.is_excerpt)

    def process(self, group: Group) -> Process | None:
        """Return the process of `group`; None if unknown."""
        return self.by_id.get(group.process.id)

    def ports(self, group: Group) -> PortUse | None:
        """Return the port usage in the network namespace of the group's sockets."""
        return next((use for use in self.trace.ports if use.namespace == group.namespace), None)


def sections(selected: Selected, width: int, everything: bool) -> Iterator[Section]:
    """Yield one section for each trace, in the order given."""
    for trace in selected.traces:
        yield Section(
            trace=trace,
            judged=tuple(g for g in selected.judged if g.trace == trace.id),
            groups=tuple(g for g in selected.groups if g.trace == trace.id),
            processes=tuple(p for p in selected.processes if p.trace == trace.id),
            by_id={p.id: p for p in selected.processes if p.trace == trace.id},
            unknown=tuple(u for u in selected.unknown if u.trace == trace.id),
            failures=tuple(f for f in selected.failures if f.trace == trace.id),
            warnings=tuple(w for w in selected.warnings if w.trace == trace.id),
            left_out=selected.left_out_of[trace.id],
            suppressed_findings=sum(
                group.count
                for item in selected.suppressed
                for group in item.groups
                if group.trace == trace.id
            ),
            unasked_of=selected.unasked_of[trace.id],
            width=width,
            everything=everything,
            rules=selected.rules,
            is_excerpt=selected.selection.by_time,
            is_redacted=selected.selection.redaction is not None,
        )
