"""One line per rule for notes that accompany something worse."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from strace_analyzer.findings import Group, Level
from strace_analyzer.plain import count, safe
from strace_analyzer.report.section import Section
from strace_analyzer.report.text.style import LEVELS
from strace_analyzer.rules import words

_FEW = 3


def notes(groups: Sequence[Group], section: Section) -> Iterator[Text]:
    """Yield `note: RULE-ID: 10 findings by python req.py; first on line 120`; for a few failed
    calls, what failed and why."""
    by_rule: dict[str, list[Group]] = {}
    for group in groups:
        by_rule.setdefault(group.rule, []).append(group)
    for rule, members in by_rule.items():
        if len(members) <= _FEW and section.rule(members[0]).is_failure:
            for group in members:
                case = section.case(group)
                said = safe(section.rule(group).summary(case))
                why = "".join(f". {sentence}" for sentence in section.rule(group).why(case)[:1])
                line = Text("note: ", style=LEVELS[Level.NOTE])
                line.append(f"{rule}: {said}{safe(why)}", style="not bold default")
                yield line
            continue
        names = dict.fromkeys(
            words.program(g.process.command, section.process(g)) or words.who(g.process, None)
            for g in members
        )
        total = count(sum(group.count for group in members), "finding")
        by = next(iter(names)) if len(names) == 1 else count(len(names), "program")
        line = Text("note: ", style=LEVELS[Level.NOTE])
        how = ", which failed to connect" if all(g.failed == g.count for g in members) else ""
        line.append(
            f"{rule}: {total} by {by}{how}; first on line {min(g.first.line for g in members):,}",
            style="not bold default",
        )
        yield line
