"""Steps in, findings out: runs every rule over one trace, keeps what each has found up to date."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import NamedTuple

from strace_analyzer.findings import Finding, Summary
from strace_analyzer.kernel.step import Step
from strace_analyzer.rules.evidence import Context
from strace_analyzer.rules.rule import Rule
from strace_analyzer.rules.store import FindingStore


class RuleFailure(NamedTuple):
    """A rule raised: which, on which line of which source, and what."""

    rule: str
    source: str
    line: int
    error: str


_Asked = tuple[str, Callable[[Step], Iterable[Finding]]]
"""The id of a rule, and its `step`."""


class Engine:
    """All rules on one trace. `feed` every step, then `close`; `findings` then gives them judged."""

    def __init__(self, rules: Iterable[type[Rule]], context: Context) -> None:
        self.failures: list[RuleFailure] = []
        self.store = FindingStore()
        self._context = context
        self._rules = [rule(context) for rule in rules]
        self._by_id = {rule.id: rule for rule in self._rules}
        self._at_role: dict[str, tuple[_Asked, ...]] = {}
        """whom a step with this role concerns"""
        self._guard = _Guard(self.failures, context)
        self._of_socket: dict[int, set[str]] = {}

    def feed(self, step: Step) -> list[Finding]:
        """The findings that `step` made or changed."""
        changed: list[Finding] = []
        concerned = self._at_role.get(step.role)
        if concerned is None:
            concerned = self._at_role[step.role] = self._concerned(step.role)
        guard = self._guard
        guard.step = step
        rules = iter(concerned)
        asked_all = False
        while not asked_all:  # a rule that raises ends the block; the others are still to be asked
            with guard:
                for guard.rule, ask in rules:
                    for finding in ask(step):
                        changed.append(finding)
                        self.store.put(finding)
                        self._of_socket.setdefault(step.description.id, set()).add(finding.id)
                asked_all = True
        if step.now is None:
            for finding_id in self._of_socket.pop(step.description.id, ()):
                self.store.finish(finding_id)
        return changed

    def close(self) -> list[Finding]:
        """The findings that only the end of the trace completes."""
        changed: list[Finding] = []
        for rule in self._rules:
            with _Guard(self.failures, self._context, rule.id):
                for finding in rule.close():
                    changed.append(finding)
                    self.store.put(finding)
        return changed

    def judged(self, summary: Summary) -> Iterator[Finding]:
        """Every finding with its final level and confidence, in order of first sight."""
        for finding in self.store:
            judged = finding
            with _Guard(self.failures, self._context, finding.rule):
                judged = self._by_id[finding.rule].judge(finding, summary)
            yield judged

    def _concerned(self, role: str) -> tuple[_Asked, ...]:
        return tuple(
            (rule.id, rule.step) for rule in self._rules if rule.roles is None or role in rule.roles
        )


class _Guard:
    """Around a rule's own code, which may be a stranger's: an error there is noted, once a rule, and
    the analysis goes on; interrupts and exits pass."""

    def __init__(self, failures: list[RuleFailure], context: Context, rule: str = "") -> None:
        self.rule = rule
        self.step: Step | None = None
        """what the rule was looking at, None for the end of the trace"""
        self._failures = failures
        self._context = context

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if not isinstance(error, Exception):
            return False
        if all(failure.rule != self.rule for failure in self._failures):
            source, line = "", 0
            if self.step is not None:
                span = self.step.event.span
                source, line = self._context.source_name(span.source), span.first
            message = f"{type(error).__name__}: {error}"
            self._failures.append(RuleFailure(self.rule, source, line, message))
        return True
