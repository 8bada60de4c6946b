"""Lines of a trace in, what is said of it out."""

from __future__ import annotations

from collections.abc import Sequence

import strace_analyzer as sa
from strace_analyzer.report.gate import judge, parse_gate
from strace_analyzer.report.selection import Selected


def said(lines: Sequence[str]) -> tuple[str, str | None]:
    """Return the verdict, and the first reason why there is none."""
    analyzer = sa.Analyzer()
    for line in lines:
        analyzer.feed(line)
    analysis = analyzer.close()
    verdict = judge(Selected(analysis), parse_gate((), ())).verdict
    return verdict, analysis.traces[0].inconclusive
