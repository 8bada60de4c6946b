"""`rule`: takes a rule's id, gives its documentation with its examples."""

from __future__ import annotations

import sys
from typing import Annotated

import typer


def rule(
    id: Annotated[str, typer.Argument(metavar="ID", help="A rule's id, as `rules` lists it.")],
) -> int:
    """Show one rule's documentation: what it flags, why, what to do instead, when it is fine; examples."""
    from strace_analyzer.cli.console import console, show
    from strace_analyzer.cli.settings import known_rules
    from strace_analyzer.report.text.rules import rule_page
    from strace_analyzer.rules import catalogue

    every = catalogue()
    known_rules([id], [item.id for item in every])
    show(rule_page(next(item for item in every if item.id == id)), console(sys.stdout))
    return 0
