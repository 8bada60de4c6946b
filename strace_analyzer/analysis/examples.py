"""Runs a rule on its own examples: takes the rule, gives the lines that disagree."""

from __future__ import annotations

from dataclasses import dataclass

from strace_analyzer.analysis.analyze import Analyzer
from strace_analyzer.analysis.settings import Settings
from strace_analyzer.rules import Flagged, Rule
from strace_analyzer.rules.rule import Example


@dataclass(frozen=True, slots=True)
class Disagreement:
    """An example on which the rule fails. `lines` are its lines of strace output."""

    rule: str
    example: str
    missing: tuple[int, ...]
    """marked lines without a finding"""
    unexpected: tuple[int, ...]
    """lines with a finding that are not marked"""
    error: str | None
    """what the rule raised, or what is wrong with the example itself"""
    lines: tuple[str, ...]


def disagreements(rule: type[Rule]) -> list[Disagreement]:
    """Every example of `rule` that does not come out as marked."""
    return [
        found for example in rule.examples if (found := disagreement(rule, example)) is not None
    ]


def disagreement(rule: type[Rule], example: Example) -> Disagreement | None:
    """How the result of `example` differs from its marks; None if it does not."""
    wanted = set(example.flagged_lines)
    error = None
    if isinstance(example, Flagged) != bool(wanted):
        error = "a Flagged example marks at least one line with #!, a Clean one none"
    analyzer = Analyzer(
        f"{rule.id} example", Settings(rules=(rule,), port_range=example.port_range)
    )
    for line in example.lines:
        analyzer.feed(line)
    analysis = analyzer.close()
    found = {finding.at.line for finding in analysis.findings}
    unread = sum(source.unparsed + source.foreign for source in analysis.traces[0].sources)
    if unread:
        error = f"{unread} of its lines are not strace output"
    for failure in analysis.failures:
        error = f"line {failure.line}: {failure.error}"
    if found == wanted and error is None:
        return None
    return Disagreement(
        rule.id,
        example.name,
        tuple(sorted(wanted - found)),
        tuple(sorted(found - wanted)),
        error,
        tuple(example.lines),
    )
