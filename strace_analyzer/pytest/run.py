"""One run of pytest under strace: takes its tests one after the other, gives each what was found
while it ran."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple, Protocol, cast

import pytest

from strace_analyzer.analysis import Settings
from strace_analyzer.errors import ConfigurationError, StraceAnalyzerError
from strace_analyzer.findings import Group
from strace_analyzer.live.own import OwnTrace, StartingPoint, traced_here
from strace_analyzer.live.watch import Watch
from strace_analyzer.machine.facts import of_this_machine
from strace_analyzer.plain import count, listed
from strace_analyzer.report.brief import brief
from strace_analyzer.report.gate import Gate, judge, parse_gate
from strace_analyzer.report.selection import Selected
from strace_analyzer.rules import Rule, catalogue
from strace_analyzer.rules.load import installed_rules, together

TITLE = "strace-analyzer"


class Writer(Protocol):
    """What pytest gives to write lines with."""

    def line(self, text: str) -> None: ...


class Found(NamedTuple):
    """What was found in one test. `fails` where it is at the gate."""

    test: str
    selected: Selected
    connections: int
    fails: bool
    is_judged: bool

    @property
    def doubts(self) -> list[str]:
        """What its trace does not show."""
        told = [item.message for item in self.selected.warnings]
        return told + [item.reason for item in self.selected.unknown]

    def lines(self, groups: Sequence[Group]) -> str:
        """`groups` in a few lines each."""
        return "\n\n".join(
            "\n".join((*brief(group, self.selected, places=False), f"Rule: {group.rule}"))
            for group in groups
        )


class Crash(NamedTuple):
    """What the short summary says of a test that failed."""

    message: str


class FailureReason:
    """Why a test fails, as pytest shows it: whole where it fails, in one line in the summary."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.reprcrash = Crash(text.partition("\n")[0])

    def __str__(self) -> str:
        return self.text

    def toterminal(self, writer: Writer) -> None:
        """The whole text."""
        for line in self.text.splitlines():
            writer.line(line)


class TracedRun:
    """Hooks of pytest, while it is traced."""

    def __init__(self, trace: OwnTrace, stack: ExitStack, gate: Gate, rules: Rules) -> None:
        self._trace = trace
        self._stack = stack
        self._gate = gate
        facts = of_this_machine()
        self._settings = Settings(
            rules=rules,
            host_range=facts.port_range,
            autobind_reuse=facts.autobind_reuse,
            tw_reuse=facts.tw_reuse,
            nothing_hidden=True,
        )
        self._began: StartingPoint | None = None
        self._found: dict[str, Found] = {}

    @classmethod
    def begun(cls, gate: Sequence[str]) -> TracedRun:
        """Trace this process from now on. Raises pytest.UsageError if it cannot be traced, or
        the gate is none."""
        rules = together(catalogue(), installed_rules())
        stack = ExitStack()
        try:
            asked = parse_gate(gate, [rule.id for rule in rules])
            return cls(stack.enter_context(traced_here()), stack, asked, rules)
        except ConfigurationError as error:
            raise pytest.UsageError(f"--strace-analyzer-{str(error).lstrip('-')}") from error
        except StraceAnalyzerError as error:
            raise pytest.UsageError(f"--strace-analyzer: {error}") from error

    def end(self) -> None:
        """Trace no more."""
        self._stack.close()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self) -> Generator[None, object, object]:
        """What is done from here on is the test's."""
        with _or_exit():
            self._began = self._trace.begin()
        return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """The report of a phase, which fails where a finding of the test is at the gate and was not
        told before."""
        report = yield
        if report.when == "setup" and report.passed:
            return report
        before = self._found.get(item.nodeid)
        found = self._found[item.nodeid] = self._look(item.nodeid)
        told = {group.fingerprint for group in before.selected.groups} if before else set()
        new = [group for group in found.selected.groups if group.fingerprint not in told]
        fails_now = found.fails and not (before is not None and before.fails)
        text = found.lines(new or found.selected.groups) or "the trace of it cannot show all"
        if report.passed and fails_now:
            report.outcome = "failed"
            report.longrepr = cast("Any", FailureReason(f"{TITLE}: {text}"))
        elif new:
            report.sections.append((TITLE, text))
        return report

    def _look(self, test: str) -> Found:
        """What was found since the test began."""
        assert self._began is not None
        with _or_exit():
            trace = self._trace.since(self._began, "<strace>")
        watch = Watch(trace, self._settings, existing=self._began.existing, may_be_empty=True)
        for _ in watch.findings():
            pass
        selected = Selected(watch.analysis())
        judgement = judge(selected, self._gate)
        fails = self._gate.fails(selected)
        return Found(test, selected, judgement.made, fails, judgement.verdict != "inconclusive")

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """The tests in which something was found, and how many there were."""
        write = terminalreporter.write_line
        terminalreporter.section(TITLE)
        for found in self._found.values():
            for group in found.selected.groups:
                write(f"{found.test}: {group.level}: {group.rule}{_where(group)}")
            if not found.is_judged:
                why = listed(found.doubts) or "its trace does not show all"
                write(f"{found.test}: cannot be judged: {why}")
        clean = sum(found.is_judged and not found.selected.groups for found in self._found.values())
        made = sum(found.connections for found in self._found.values())
        write(
            f"{count(len(self._found), 'test')} traced, nothing found in {clean:,} of them; "
            f"{count(made, 'outgoing TCP connection')}"
        )


@contextmanager
def _or_exit() -> Iterator[None]:
    """Where tests are no longer traced, none is run: that it found nothing would be no news."""
    try:
        yield
    except StraceAnalyzerError as error:
        pytest.exit(f"{TITLE}: {error}", returncode=pytest.ExitCode.INTERNAL_ERROR)


def _where(group: Group) -> str:
    """`, 3 findings, to 192.0.2.7:80`."""
    to = listed(str(peer.peer) for peer in group.peers)
    return f", {count(group.count, 'finding')}" + (f", to {to}" if to else "")


Rules = tuple[type[Rule], ...]
