"""`rules`: gives the catalogue, a line for each rule."""

import sys

from strace_analyzer.cli import options


def rules(rules: options.RuleFiles = None, config: options.Config = None) -> int:
    """List the rules, with one line for each."""
    from strace_analyzer.cli.settings import rules_in_force
    from strace_analyzer.report.text.console import console, show
    from strace_analyzer.report.text.rules import catalogue_page

    show(catalogue_page(rules_in_force(rules or (), config)), console(sys.stdout))
    return 0
