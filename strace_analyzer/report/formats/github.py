"""Workflow commands of GitHub Actions: an annotation for each group.

GitHub shows ten errors and ten warnings per step, so the worst come first, preceded by what could
not be judged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TextIO

from strace_analyzer.findings import Group, Level
from strace_analyzer.plain import count, listed, safe
from strace_analyzer.report import document
from strace_analyzer.report.formats.format import Report
from strace_analyzer.report.reach import reach
from strace_analyzer.report.unsettled import unsettled

_COMMANDS = {Level.NOTE: "notice", Level.WARNING: "warning", Level.ERROR: "error"}


def write(report: Report, stream: TextIO) -> None:
    """Write the annotations, and finally the verdict as an ordinary log line."""
    stream.writelines(_blind(report))
    for reason in unsettled(report):
        stream.write(_command("error", reason, title=f"exit status {report.judgement.exit_status}"))
    for group in report.selected.groups:
        stream.write(_annotation(group, report))
    stream.writelines(_hidden(report))
    for item in report.selected.suppressed:
        name = "warning" if item.state == "expired" else "notice"
        stream.write(_command(name, str(item), title=f"suppression {item.state}"))
    judgement = report.judgement
    total = judgement.error + judgement.warning + judgement.note
    stream.write(
        f"strace-analyzer: {judgement.verdict}: {count(total, 'finding')} in "
        f"{reach(judgement.made, judgement.connections)}\n"
    )


def unreadable(reasons: Sequence[str], stream: TextIO) -> None:
    """Write an error for each reason why no trace could be read."""
    for reason in reasons:
        stream.write(_command("error", reason, title="cannot be judged"))


def _annotation(group: Group, report: Report) -> str:
    """Return an annotation on the line where the first finding of the group is bound: an error if
    the group meets the gate through its rule, else after its level."""
    made = document.group(group, report.selected)
    to = listed(str(peer.peer) for peer in group.peers)
    lines = (made["message"], f"to {to}" if to else "", made["advice"])
    is_asked_for = group.rule in report.gate.rules and report.gate.stops(group)
    return _command(
        "error" if is_asked_for else _COMMANDS[group.level],
        "\n".join(line for line in lines if line),
        file=group.first.source,
        line=str(group.first.line),
        title=f"{group.rule} ({group.confidence.value})",
    )


def _blind(report: Report) -> Iterator[str]:
    for trace in report.selected.traces:
        if trace.inconclusive is not None:
            yield _command("error", trace.inconclusive, file=trace.name, title="cannot be judged")


def _hidden(report: Report) -> Iterator[str]:
    names = {trace.id: trace.name for trace in report.selected.traces}
    for warning in report.selected.warnings:
        text = f"{warning.message}. {warning.remedy}"
        file = names.get(warning.trace, warning.trace)
        yield _command("notice", text, file=file, title=f"hidden: {warning.code}")
    for unknown in report.selected.unknown:
        yield _command(
            "notice",
            unknown.reason,
            file=unknown.first.source,
            line=str(unknown.first.line),
            title=f"unknown: {unknown.code}",
        )


def _command(name: str, text: str, **properties: str) -> str:
    """Return `::warning file=trace.txt,line=403,title=...::text`, escaped as in the Actions
    toolkit."""
    lines = "%0A".join(safe(line).replace("%", "%25") for line in text.splitlines())
    told = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{name} {told}::{lines}\n"


def _property(value: str) -> str:
    return safe(value).replace("%", "%25").replace(":", "%3A").replace(",", "%2C")
