"""Takes findings one by one, gives one line each for `--all`: nothing is collected, however many
there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from strace_analyzer.findings import Confidence, Finding
from strace_analyzer.kernel.socket_state import Outcome
from strace_analyzer.plain import duration, safe

_OUTCOMES = {
    Outcome.CONNECTED: "connected",
    Outcome.IN_PROGRESS: "in progress",
    Outcome.FAILED: "failed",
    Outcome.NONE: "-",
}
_COLUMNS = "{:<8} {:<20} {:>8} {:>8} {:>4}  {:<25} {:<11} {}"


def listing(findings: Iterable[Finding]) -> Iterator[str]:
    """A heading, then a line per finding; fixed columns, since nobody knows the widest to come."""
    yield _COLUMNS.format(
        "LEVEL", "PROCESS", "BIND", "CONNECT", "FD", "DESTINATION", "OUTCOME", "HELD"
    ).rstrip()
    for finding in findings:
        yield _line(finding)


def _line(finding: Finding) -> str:
    process = finding.process
    number = process.tgid if process.tgid is not None else process.tid
    level = f"{finding.level}{'?' if finding.confidence is Confidence.PROBABLE else ''}"
    bind, connect = finding.calls.get("bind"), finding.calls.get("connect")
    return safe(
        _COLUMNS.format(
            level,
            f"{process.command or '-'}[{number or '?'}]",
            bind.line if bind else finding.at.line,
            connect.line if connect else "-",
            finding.fd,
            str(finding.peer or "-"),
            _OUTCOMES[finding.outcome],
            "-" if finding.held_seconds is None else duration(finding.held_seconds),
        ).rstrip()
    )
