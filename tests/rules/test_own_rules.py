"""A rule that somebody else wrote gets the same page as one of ours, and disturbs none of ours."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable

import pytest
from report.printed import printed

import strace_analyzer as sa
from strace_analyzer.rules import catalogue
from strace_analyzer.rules.rule import Flagged

PAGES = [
    pytest.param(rule, example, id=f"{rule.id}: {example.name}")
    for rule in catalogue()
    for example in rule.examples
    if isinstance(example, Flagged)
]


def page(example: Flagged, rules: Iterable[type[sa.Rule]]) -> str:
    """The report, but for its fingerprint, which names the rule."""
    trace = "\n".join(example.lines).encode() + b"\n"
    made = sa.analyze(io.BytesIO(trace), rules=tuple(rules))
    return re.sub(r"\b[0-9a-f]{16}\b", "FINGERPRINT", printed(made, everything=True))


@pytest.mark.parametrize(("rule", "example"), PAGES)
def test_the_page_does_not_depend_on_whose_rule_it_is(
    rule: type[sa.Rule], example: Flagged
) -> None:
    own = type("Own", (rule,), {"id": "own-rule", "__doc__": rule.__doc__})
    assert page(example, [own]).replace("own-rule", rule.id) == page(example, [rule])


class Everything(sa.Rule):
    """Notes every connect().

    Why it matters:
        It does not.

    What to do instead:
        Nothing.
    """

    id = "everything"
    title = "connect() was called"
    roles = frozenset({"connect"})

    def step(self, step: sa.Step) -> Iterable[sa.Finding]:
        yield self.finding(step, step.socket, at="connect")


@pytest.mark.parametrize(("rule", "example"), PAGES)
def test_another_rule_changes_no_finding_of_ours(rule: type[sa.Rule], example: Flagged) -> None:
    def found(*rules: type[sa.Rule]) -> list[sa.Finding]:
        trace = "\n".join(example.lines).encode() + b"\n"
        every = sa.analyze(io.BytesIO(trace), rules=rules).findings
        return [finding._replace(group=None) for finding in every if finding.rule == rule.id]

    assert found(rule, Everything) == found(rule)


WORDS = ("summary", "why", "advice", "remark", "together", "figures", "lists_destinations")
AMISS = {
    "raises": lambda *asked: 1 // 0,
    "gives None": lambda *asked: None,
    "gives another type": lambda *asked: 7,
}
TRACE = b"""\
socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
"""


@pytest.mark.parametrize("amiss", AMISS)
@pytest.mark.parametrize("word", WORDS)
def test_words_of_a_stranger_s_rule_cost_no_report(word: str, amiss: str) -> None:
    """The page is there, its docstring speaks, and one line names the rule."""
    if (word, amiss) in (
        ("lists_destinations", "gives None"),
        ("lists_destinations", "gives another type"),
    ):
        pytest.skip("anything is true or false")
    own = type(
        "Own", (Everything,), {word: classmethod(AMISS[amiss]), "__doc__": Everything.__doc__}
    )
    made = sa.analyze(io.BytesIO(TRACE), rules=(*catalogue(), own))
    (failure,) = made.failures
    assert (failure.rule, failure.line) == ("everything", 0 if word == "together" else 3)
    assert failure.error.startswith(f"{word}(): ")
    text = printed(made, everything=True)
    assert "connect() was called" in text
    assert "binds before connecting" in text
    assert {group.rule for group in made.groups} >= {"everything", "bind-any-port-zero"}
