"""Every example of every rule: findings of that rule exactly on the marked lines."""

import pytest

from strace_analyzer.analysis.examples import disagreement
from strace_analyzer.rules import Clean, Flagged, Rule, catalogue
from strace_analyzer.rules.rule import HEADINGS, Example, sections

CASES = [
    pytest.param(rule, example, id=f"{rule.id}: {example.name}")
    for rule in catalogue()
    for example in rule.examples
]


@pytest.mark.parametrize(("rule", "example"), CASES)
def test_example_comes_out_as_marked(rule: type[Rule], example: Example) -> None:
    assert disagreement(rule, example) is None


@pytest.mark.parametrize("rule", catalogue(), ids=lambda rule: rule.id)
def test_documentation_has_its_five_sections(rule: type[Rule]) -> None:
    assert tuple(heading for heading, _ in sections(rule)) == HEADINGS
    assert all(text for _, text in sections(rule))


@pytest.mark.parametrize("rule", catalogue(), ids=lambda rule: rule.id)
def test_rule_shows_what_it_flags_and_what_it_does_not(rule: type[Rule]) -> None:
    assert sum(isinstance(example, Flagged) for example in rule.examples) >= 2
    assert sum(isinstance(example, Clean) for example in rule.examples) >= 3


def test_file_name_is_the_id() -> None:
    modules = {rule.id: rule.__module__.rsplit(".", 1)[-1] for rule in catalogue()}
    assert modules == {rule: rule.replace("-", "_") for rule in modules}
