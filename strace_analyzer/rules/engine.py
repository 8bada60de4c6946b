"""Steps in, findings out: runs every rule over one trace and keeps their findings up to date."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from strace_analyzer.faults import Guard
from strace_analyzer.findings import Finding, Summary
from strace_analyzer.kernel.socket_state import Binding
from strace_analyzer.kernel.step import Step
from strace_analyzer.rules.evidence import Context
from strace_analyzer.rules.rule import Rule
from strace_analyzer.rules.store import FindingStore


class RuleFailure(NamedTuple):
    """A rule raised an error: which rule, on which line of which source, and the error."""

    rule: str
    source: str
    line: int
    error: str


class Engine:
    """All rules on one trace. `feed` every step, with the rules that `asked` returns for its kind,
    then `close`; `judged` then gives the findings.

    A rule may come from a user: an error in it is recorded, once per rule, and the analysis goes
    on.
    """

    def __init__(self, rules: Iterable[type[Rule]], context: Context) -> None:
        self.failures: list[RuleFailure] = []
        self.store = FindingStore()
        self._context = context
        self._rules = [rule(context) for rule in rules]
        self._by_id = {rule.id: rule for rule in self._rules}
        self._guard = Guard(passes=())
        self._of_socket: dict[int, set[str]] = {}

    def asked(self, role: str, binding: Binding | None, came_in: bool) -> tuple[Rule, ...]:
        """The rules that want steps with this role, of sockets with this previous binding, made by
        accept() or not."""
        return tuple(
            rule
            for rule in self._rules
            if (rule.roles is None or role in rule.roles)
            and (rule.bindings is None or binding in rule.bindings)
            and (rule.incoming or not came_in)
        )

    def feed(self, step: Step, asked: tuple[Rule, ...]) -> list[Finding]:
        """The findings that `step` made or changed."""
        changed: list[Finding] = []
        rules = iter(asked)
        while True:
            with self._guard:
                for rule in rules:
                    for finding in rule.step(step):
                        changed.append(finding)
                        self.store.put(finding)
                        self._of_socket.setdefault(step.description.id, set()).add(finding.id)
                break
            self._note(rule.id, step)  # the other rules are still to be asked
        if step.now is None and step.description.id in self._of_socket:
            for finding_id in self._of_socket.pop(step.description.id):
                self.store.finish(finding_id)
        return changed

    def close(self) -> list[Finding]:
        """The findings that only the end of the trace completes."""
        changed: list[Finding] = []
        for rule in self._rules:
            with self._guard:
                for finding in rule.close():
                    changed.append(finding)
                    self.store.put(finding)
            self._note(rule.id)
        return changed

    def judged(self, summary: Summary) -> Iterator[Finding]:
        """Every finding with its final level and confidence, in order of first sight."""
        for finding in self.store:
            yield self._judged(finding, summary)

    def judged_again(self, number: int, summary: Summary) -> Finding:
        """The `number`th of them."""
        return self._judged(self.store[number], summary)

    def _judged(self, finding: Finding, summary: Summary) -> Finding:
        judged = finding
        with self._guard:
            judged = self._by_id[finding.rule].judge(finding, summary)
        self._note(finding.rule)
        return judged

    def _note(self, rule: str, step: Step | None = None) -> None:
        """`rule` was called, for `step` or at the end: record an error if it raised one."""
        if self._guard.error is None or any(failure.rule == rule for failure in self.failures):
            return
        source, line = "", 0
        if step is not None:
            span = step.event.span
            source, line = self._context.source_name(span.source), span.first
        self.failures.append(RuleFailure(rule, source, line, self._guard.raised))
