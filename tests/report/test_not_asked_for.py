"""What was found, and not asked for (--rule, --since): nothing is said of the trace that is not true, and
what was asked for was looked at."""

from __future__ import annotations

import io

import pytest
from report.written import written

import strace_analyzer as sa
from strace_analyzer.report.gate import Gate, judge
from strace_analyzer.report.moment import Moment
from strace_analyzer.report.selection import Selected, Selection
from strace_analyzer.rules import catalogue

RULES = [rule.id for rule in catalogue()]
EXAMPLES = [
    pytest.param("\n".join(line.split("#!")[0].strip() for line in example.trace.strip().splitlines()),
                 id=f"{rule.id}: {example.name}")
    for rule in catalogue() for example in rule.examples
]  # fmt: skip
NOTAVAIL = """\
10:00:00 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
10:00:01 bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("192.0.2.44")}, 16) = -1 EADDRNOTAVAIL (Cannot assign requested address)
10:00:02 close(3) = 0
10:00:30 getpid() = 7
"""


def analyzed(text: str) -> sa.Analysis:
    return sa.analyze(io.BytesIO(text.encode()))


@pytest.mark.parametrize("text", EXAMPLES)
def test_a_rule_that_was_asked_for_alone_has_an_answer_where_the_whole_has_one(text: str) -> None:
    """What other rules found makes the trace neither one that hides something nor a clean one."""
    made = analyzed(text)
    whole = judge(Selected(made), Gate())
    if whole.verdict == "inconclusive" or whole.unknown or made.warnings:
        return
    for rule in RULES:
        selection = Selection(rules=frozenset({rule}))
        selected = Selected(made, selection)
        said = judge(selected, Gate())
        assert (said.verdict, said.exit_status) != ("inconclusive", 2)
        report = " ".join(written("text", made, selection).split())
        assert "does not show all" not in report
        if any(failure.lacked for failure in selected.failures):
            assert said.verdict == "findings"
            if not selected.judged:
                assert said.exit_status == 0
                assert report.startswith("nothing found of what was asked for: ")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "text",
            "nothing found of what was asked for: 1 finding of address-not-available is left out",
        ),
        ("html", "Nothing found of what was asked for"),
    ],
)
@pytest.mark.parametrize(
    "selection",
    [
        Selection(rules=frozenset({"port-taken"})),
        Selection(since=Moment(20.0)),
    ],
    ids=["rule", "since"],
)
def test_what_is_left_out_is_named(name: str, words: str, selection: Selection) -> None:
    assert words in " ".join(written(name, analyzed(NOTAVAIL), selection).split())
