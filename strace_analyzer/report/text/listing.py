"""The list of findings for `--all`, one line each; nothing is collected, however many there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from strace_analyzer.findings import Confidence, Finding
from strace_analyzer.kernel.socket_state import Outcome
from strace_analyzer.plain import duration, safe
from strace_analyzer.report.text.style import laid_out

_OUTCOMES = {
    Outcome.CONNECTED: "connected",
    Outcome.IN_PROGRESS: "in progress",
    Outcome.FAILED: "failed",
    Outcome.NONE: "-",
}
_HEADINGS = ("LEVEL", "PROCESS", "BIND", "CONNECT", "FD", "HELD", "DESTINATION", "OUTCOME")
_HEAD = ((0, (0, 8)), (1, (9, 29)))
_ON_ONE = (
    *_HEAD, (2, (38, 30)), (3, (47, 39)), (4, (52, 48)), (6, (54, 79)), (7, (80, 91)),
    (5, (100, 92)),
)  # fmt: skip
_CALLS = ((2, (37, 30)), (3, (45, 38)), (4, (50, 46)), (5, (60, 52)))
_LAYOUTS = (
    (_ON_ONE,),
    ((*_HEAD, *_CALLS), ((6, (9, 46)), (7, (47, 60)))),
    (_HEAD, _CALLS, ((6, (9, 60)),), ((7, (9, 60)),)),
)
"""On one line; on two if the page is narrow; on four if names and addresses are long."""


def listing(findings: Iterable[Finding], width: int) -> Iterator[str]:
    """Yield a heading, then a line per finding, or two on a narrow page. Columns are fixed, since
    the widest value is not known in advance."""
    yield from _row(_HEADINGS, width)
    for finding in findings:
        yield from _row(_cells(finding), width)


def _row(cells: Sequence[str], width: int) -> list[str]:
    return [safe(line) for line in laid_out(cells, _LAYOUTS, width)]


def _cells(finding: Finding) -> Sequence[str]:
    process = finding.process
    number = process.tgid if process.tgid is not None else process.tid
    bind, connect = finding.calls.get("bind"), finding.calls.get("connect")
    return (
        f"{finding.level}{'?' if finding.confidence is Confidence.PROBABLE else ''}",
        f"{process.command or '-'}[{number or '?'}]",
        str(bind.line if bind else finding.at.line),
        str(connect.line) if connect else "-",
        str(finding.fd),
        "-" if finding.held_seconds is None else duration(finding.held_seconds),
        str(finding.peer or "-"),
        _OUTCOMES[finding.outcome],
    )
