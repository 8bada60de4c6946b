"""`rules`: gives the catalogue, a line for each rule."""

from __future__ import annotations

import sys


def rules() -> int:
    """List the rules: what each flags, in a line."""
    from strace_analyzer.cli.console import console, show
    from strace_analyzer.report.text.rules import catalogue_page
    from strace_analyzer.rules import catalogue

    show(catalogue_page(catalogue()), console(sys.stdout))
    return 0
