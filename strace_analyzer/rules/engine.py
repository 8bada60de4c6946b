"""Steps in, findings out: runs every rule over one trace and keeps their findings up to date."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from typing import NamedTuple

from strace_analyzer.faults import Guard
from strace_analyzer.findings import Finding, Summary
from strace_analyzer.kernel.socket_state import Binding
from strace_analyzer.kernel.step import Step
from strace_analyzer.rules.evidence import Context, Found
from strace_analyzer.rules.rule import Rule
from strace_analyzer.rules.store import FindingStore


class RuleFailure(NamedTuple):
    """A rule raised an error: which rule, on which line of which source, and the error."""

    rule: str
    source: str
    line: int
    error: str


class Engine:
    """All rules on one trace. `feed` every step, with the rules that `asked` returns for its kind
    (a pair), then `close`; `judged` then gives the findings. `feed` returns the findings that the
    step made or changed, or drafts of them (evidence.made).

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
        self.open: dict[int, set[str]] = {}
        """by description: the findings about a socket; call `finish` once it is closed"""
        self._begin()

    def _begin(self) -> None:
        answers = self._answers()
        next(answers)
        self.feed = answers.send

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

    def _answers(self) -> Generator[list[Found], tuple[Step, tuple[Rule, ...]], None]:
        """What `feed` does; a generator, so that the guard is entered once and not at each step."""
        changed: list[Found] = []
        step, asked = yield changed
        rules = iter(asked)
        try:
            while True:
                with self._guard:
                    while True:
                        for rule in rules:
                            for found in rule.step(step):
                                changed.append(found)
                                known = self.store.put(found)
                                self.open.setdefault(step.description.id, set()).add(known)
                        step, asked = yield changed
                        changed, rules = [], iter(asked)
                self._note(rule.id, step)  # the other rules are still to be asked
        except (KeyboardInterrupt, SystemExit):
            self._begin()  # the trace up to here is still reported
            raise

    def finish(self, description: int) -> None:
        """The socket of these `open` findings is closed."""
        for finding_id in self.open.pop(description):
            self.store.finish(finding_id)

    def close(self) -> list[Finding]:
        """The findings that only the end of the trace completes."""
        changed: list[Finding] = []
        for rule in self._rules:
            with self._guard:
                for finding in rule.close():
                    changed.append(finding)
                    self.store.put(finding)
            self._note(rule.id)
        self.store.close()
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
