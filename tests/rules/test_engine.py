"""The engine: rules that raise, and findings that are kept, replaced, spilled."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import strace_analyzer as sa
from strace_analyzer.analysis import Settings
from strace_analyzer.findings import Summary
from strace_analyzer.kernel.doubts import Doubt
from strace_analyzer.rules import Rule
from strace_analyzer.rules.bind_any_port_zero import BindAnyPortZero
from strace_analyzer.rules.evidence import Draft
from strace_analyzer.rules.packed import packed, unpacked
from strace_analyzer.rules.store import FindingStore

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
TRACE = """\
socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
close(3) = 0
socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
"""


class Failing(Rule):
    """Finds every bind, and raises where `fails` says so."""

    id = "failing"
    title = "raises"
    fails = ""

    def step(self, step: sa.Step) -> Iterable[sa.Finding]:
        if step.role == "bind":
            yield self.finding(step, step.socket)
        if step.role == self.fails:
            raise LookupError(f"at {step.role}")

    def close(self) -> Iterable[sa.Finding]:
        if self.fails == "end":
            raise LookupError("at the end")
        return ()

    def judge(self, finding: sa.Finding, summary: Summary) -> sa.Finding:
        if self.fails == "judgement":
            raise LookupError("at the judgement")
        return finding._replace(level=sa.Level.ERROR)


def analysed(*rules: type[Rule]) -> sa.Analysis:
    analyzer = sa.Analyzer("trace", Settings(rules=rules))
    for line in TRACE.splitlines():
        analyzer.feed(line)
    return analyzer.close()


def failing(where: str) -> type[Rule]:
    return type("Fails", (Failing,), {"fails": where})


@pytest.mark.parametrize(
    ("where", "line", "error", "levels"),
    [
        ("socket", 1, "LookupError: at socket", ["error", "error"]),
        ("bind", 2, "LookupError: at bind", ["error", "error"]),
        ("connect", 3, "LookupError: at connect", ["error", "error"]),
        ("end", 0, "LookupError: at the end", ["error", "error"]),
        ("judgement", 0, "LookupError: at the judgement", ["note", "note"]),
    ],
)
def test_a_rule_that_raises_is_noted_once_and_keeps_what_it_found(
    where: str, line: int, error: str, levels: list[str]
) -> None:
    analysis = analysed(failing(where), BindAnyPortZero)
    (failure,) = analysis.failures
    assert (failure.rule, failure.line, failure.error) == ("failing", line, error)
    assert failure.source == ("trace" if line else "")
    found = [str(f.level) for f in analysis.findings if f.rule == "failing"]
    assert found == levels
    assert len([f for f in analysis.findings if f.rule == "bind-any-port-zero"]) == 2
    assert [(u.code, u.count) for u in analysis.unknown] == [("rule-failed", 1)]


@pytest.mark.parametrize(
    ("roles", "seen"),
    [
        (None, ["socket", "bind", "connect", "close", "socket", "bind", "connect"]),
        (frozenset({"bind", "close"}), ["bind", "close", "bind"]),
        (frozenset[str](), []),
    ],
)
def test_a_rule_gets_the_steps_whose_roles_it_names(
    roles: frozenset[str] | None, seen: list[str]
) -> None:
    got: list[str] = []

    class Listening(Failing):
        def step(self, step: sa.Step) -> Iterable[sa.Finding]:
            got.append(step.role)
            return ()

    Listening.roles = roles
    analysed(Listening)
    assert got == seen


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_is_no_failure_of_the_rule(stop: type[BaseException]) -> None:
    class Interrupted(Failing):
        def step(self, step: sa.Step) -> Iterable[sa.Finding]:
            raise stop

    with pytest.raises(stop):
        analysed(Interrupted)


def test_after_an_interrupt_what_was_found_and_what_follows_is_reported() -> None:
    class Interrupted(Failing):
        def step(self, step: sa.Step) -> Iterable[sa.Finding]:
            if step.role == "connect":
                raise KeyboardInterrupt
            return super().step(step)

    analyzer = sa.Analyzer("trace", Settings(rules=(Interrupted,)))
    interrupts = 0
    for line in TRACE.splitlines():
        try:
            analyzer.feed(line)
        except KeyboardInterrupt:
            interrupts += 1
    analysis = analyzer.close()
    assert (interrupts, len(list(analysis.findings)), analysis.failures) == (2, 2, ())


def test_a_rule_without_step_cannot_be_made() -> None:
    class Silent(Rule):
        id = "silent"
        title = "says nothing"

    with pytest.raises(TypeError):
        analysed(Silent)


def test_a_finding_that_is_found_again_is_the_same_one_anew() -> None:
    analyzer = sa.Analyzer("trace", Settings(rules=(BindAnyPortZero,)))
    changes = [
        [(finding.id, finding.held_seconds is None) for finding in analyzer.feed(line)]
        for line in TRACE.splitlines()
    ]
    assert [len(change) for change in changes] == [0, 0, 1, 1, 0, 0, 1]
    assert changes[2][0][0] == changes[3][0][0] != changes[6][0][0]
    assert len(list(analyzer.close().findings)) == 2


def test_a_finding_is_made_once_if_nobody_follows_the_trace(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[sa.Finding] = []
    make = Draft.finding

    def noted(draft: Draft) -> sa.Finding:
        made.append(make(draft))
        return made[-1]

    monkeypatch.setattr(Draft, "finding", noted)
    found = sa.analyze(TRACE.splitlines(), rules=(BindAnyPortZero,)).findings
    assert len(list(found)) == len(made) == 2


def test_a_draft_keeps_the_name_that_the_program_had_then() -> None:
    execve = 'execve("/bin/second", ["second"], 0x7ffd1 /* 3 vars */) = 0'
    lines = [execve.replace("second", "first"), *TRACE.splitlines()[:3], execve]
    (found,) = sa.analyze(lines, rules=(BindAnyPortZero,)).findings
    assert found.process.command == "first"


def finding(number: int) -> sa.Finding:
    (first, _) = analysed(BindAnyPortZero).findings
    return first._replace(id=f"f{number}")


def test_finished_findings_beyond_the_limit_come_back_from_disk_in_order() -> None:
    store = FindingStore(in_memory=2)
    for number in range(6):
        store.put(finding(number))
    for number in (5, 0, 3, 1):
        store.finish(f"f{number}")
    store.put(finding(4)._replace(fd=99))
    store.finish("f1")
    store.finish("never seen")
    assert len(store) == 6
    for _ in range(2):
        assert [item.id for item in store] == ["f0", "f1", "f2", "f3", "f4", "f5"]
    assert [item.fd for item in store] == [3, 3, 3, 3, 99, 3]
    store.put(finding(6))
    store.finish("f6")
    assert [item.id for item in store][-2:] == ["f5", "f6"]


class Odd:
    """A detail of a kind that only its rule knows."""


def test_a_detail_that_is_no_plain_value_stays_in_memory() -> None:
    store = FindingStore(in_memory=0)
    odd: Any = Odd()
    store.put(finding(0)._replace(details=odd))
    store.put(finding(1))
    store.put(finding(0)._replace(details=odd, fd=9))
    assert [(item.fd, item.details) for item in store] == [(9, odd), (3, ())]
    store.put(finding(0))
    assert [(item.fd, item.details) for item in store] == [(3, ()), (3, ())]


class Share(NamedTuple):
    """A row of a rule's table."""

    who: str
    times: int


@pytest.mark.parametrize(
    "value", [[1, 2], {1: "a"}, frozenset({"a"}), (Share("a", 2),), Doubt.OLDER], ids=repr
)
def test_a_detail_is_of_the_same_type_however_many_findings_there_are(value: Any) -> None:
    store = FindingStore(in_memory=0)
    store.put(finding(0)._replace(details=(("which", value),)))
    store.finish("f0")
    again = store[0].detail("which")
    assert again == value
    assert kinds(again) == kinds(value)


def kinds(value: object) -> list[type]:
    """The types of a value and of all that it consists of; a set has no order that could come
    back."""
    inner = sorted(value) if isinstance(value, frozenset) else value
    inner = inner if isinstance(inner, (tuple, list)) else ()
    return [type(value), *(kind for part in inner for kind in kinds(part))]


@pytest.mark.parametrize("sample", sorted(SAMPLES.glob("*.strace")), ids=lambda path: path.stem)
def test_all_that_a_finding_consists_of_comes_back(sample: Path) -> None:
    found = list(sa.analyze(sample).findings)
    doubts = frozenset({Doubt.OLDER, "a rule's own"})
    found += [one._replace(doubts=doubts, details=(("n", ((1.5, "a"),)),)) for one in found[:1]]
    for one in found:
        again = unpacked(packed(one))
        assert again == one
        assert kinds(again) == kinds(one)


@pytest.mark.parametrize("in_memory", [0, 1, 2, 3, 100])
def test_what_is_beyond_the_limit_may_still_change(in_memory: int) -> None:
    store = FindingStore(in_memory)
    for number in range(5):
        store.put(finding(number))
    assert [item.fd for item in store] == [3] * 5
    for number in (4, 0, 2):
        store.put(finding(number)._replace(fd=10 + number))
    store.finish("f2")
    store.put(finding(3)._replace(fd=13))
    store.finish("f4")
    store.put(finding(5))
    assert [(item.id, item.fd) for item in store] == [
        ("f0", 10), ("f1", 3), ("f2", 12), ("f3", 13), ("f4", 14), ("f5", 3)
    ]  # fmt: skip
    assert len(store) == 6
