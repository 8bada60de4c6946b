"""`rule`: takes a rule's id, gives its documentation with its examples; or tests a rule file on
its examples."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from strace_analyzer.cli import options


def rule(
    id: Annotated[
        str | None,
        typer.Argument(
            autocompletion=options.rule_ids,
            metavar="ID",
            help="A rule's id, as `rules` lists it.",
            show_default=False,
        ),
    ] = None,
    test: Annotated[
        Path | None,
        typer.Option(
            "--test",
            metavar="FILE|DIR",
            help="Run the rules of this file on their own examples, and show where they disagree.",
        ),
    ] = None,
    rules: options.RuleFiles = None,
    config: options.Config = None,
) -> int:
    """Show one rule's documentation and examples, or test a rule file on its examples."""
    from strace_analyzer.report.text.console import console, show

    target = console(sys.stdout)
    if test is not None:
        from strace_analyzer.analysis.examples import disagreements
        from strace_analyzer.report.text.rule_test import test_page
        from strace_analyzer.rules.load import rules_in

        results = [(item, disagreements(item)) for item in rules_in(test)]
        show(test_page(results), target)
        return 1 if any(found for _, found in results) else 0
    if id is None:
        raise typer.BadParameter(
            "give a rule's id (`strace-analyzer rules` lists them) or --test FILE"
        )
    from strace_analyzer.cli.settings import known_rules, rules_in_force
    from strace_analyzer.report.text.rules import rule_page

    every = rules_in_force(rules or (), config)
    known_rules([id], [item.id for item in every])
    show(rule_page(next(item for item in every if item.id == id)), target)
    return 0
