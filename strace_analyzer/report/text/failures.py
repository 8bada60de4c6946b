"""The paragraph about socket calls that failed: counts and reasons."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from strace_analyzer.analysis.refused_options import OF_OPTIONS
from strace_analyzer.findings import Failure
from strace_analyzer.plain import number, safe
from strace_analyzer.report.meaning import meaning
from strace_analyzer.report.section import Section
from strace_analyzer.report.text.style import FAINT, HEADING, indented, table

ROWS, FEW = 8, 2
"""rows with enough and with little room"""
_PROBES = frozenset({"unreachable", "no-ipv6", "no-address"})
"""what a resolver's UDP connect() fails for routinely; shown with --all only"""
_ASIDE = {
    "getpeername": frozenset({"ENOTCONN"}),
    "getsockopt": frozenset({"EINVAL", "ENOENT", "ENOPROTOOPT", "ENOTCONN", "EOPNOTSUPP"}),
    "sendfile": frozenset({"EINVAL"}),
    "sendfile64": frozenset({"EINVAL"}),
    "shutdown": frozenset({"ENOTCONN"}),
}
"""Errors that healthy programs encounter in passing, as with most options of setsockopt(); shown
with --all only."""


def failures(section: Section, most: int = ROWS) -> Iterator[RenderableType]:
    """Yield the failed calls, at most `most` rows, the most frequent first; nothing if none
    failed."""
    rows = _folded(section.failures, everything=section.everything)
    if not rows:
        return
    grid = table("CALL", "ERROR", ">TIMES", "~TO", "~WHICH MEANS")
    shown = rows if section.everything or len(rows) <= most + 1 else rows[:most]
    for row in shown:
        to = safe(row.to) or "-"
        grid.add_row(f"{row.call}()", row.errno, number(row.times), to, meaning(row))
    if len(shown) < len(rows):
        rest = rows[len(shown) :]
        more = number(sum(row.times for row in rest))
        grid.add_row(f"{len(rest):,} more: --all", "", more, "", "", style=FAINT)
    yield Text("Failures", style=HEADING)
    yield indented(grid)
    yield Text("")


def _folded(failures: Sequence[Failure], *, everything: bool) -> list[Failure]:
    """Return those of the same call, error, destination and explanation as one, over all processes,
    the most frequent first; without `everything` none that healthy programs encounter."""
    folded: dict[tuple[str, str, str, str], Failure] = {}
    for one in failures:
        if one.is_probe:
            is_aside = one.path is not None or one.explanation in _PROBES
        elif one.call == "setsockopt":
            is_aside = one.explanation not in OF_OPTIONS
        else:
            is_aside = one.errno in _ASIDE.get(one.call, ())
        if is_aside and not everything:
            continue
        key = one.call, one.errno, one.to, one.explanation
        same = folded.get(key)
        if same is not None:
            waited = max(filter(None, (same.waited, one.waited)), default=None)
            one = one._replace(times=same.times + one.times, waited=waited)
        folded[key] = one
    return sorted(folded.values(), key=lambda row: -row.times)
