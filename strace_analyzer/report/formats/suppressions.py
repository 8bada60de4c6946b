"""A suppression file with an entry for each group, for which a person must write the reason.

Until then, it is not a valid suppression file: --suppressions refuses an entry without a reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TextIO

from strace_analyzer.findings import Group
from strace_analyzer.plain import listed, safe
from strace_analyzer.report import document
from strace_analyzer.report.cannot_tell import reasons
from strace_analyzer.report.formats.format import Report
from strace_analyzer.report.suppression import TABLE
from strace_analyzer.rules.words import AS_NOT_SHOWN, shared_by


def write(report: Report, stream: TextIO) -> None:
    """Write each entry once, with a comment that says what it is about."""
    verdict = report.judgement.verdict
    stream.write(f"# strace-analyzer: {verdict}. Give a reason to what is to be suppressed,\n")
    stream.write("# leave out the rest; `expires = 2027-06-30` ends a suppression.\n")
    for reason in reasons(report.selected):
        stream.write(f"# Findings may be missing: {safe(reason.reason)}\n")
    seen: set[str] = set()
    for group in report.selected.groups:
        if group.fingerprint not in seen:
            seen.add(group.fingerprint)
            stream.writelines(_entry(group, report))
    stream.writelines(f"\n# {safe(str(item))}\n" for item in report.selected.suppressed)


def _entry(group: Group, report: Report) -> Iterator[str]:
    made = document.group(group, report.selected)
    to = listed(str(peer.peer) for peer in group.peers)
    yield f"\n# {group.level}: {safe(made['message'])}\n"
    yield f"# {group.rule}, first at {safe(str(group.first))}{f', to {safe(to)}' if to else ''}\n"
    shared = shared_by(
        group.process.command, report.selected.process(group.trace, group.process.id)
    )
    if shared:
        yield f"# This fits {shared}, {AS_NOT_SHOWN}.\n"
    yield f'[[{TABLE}]]\nfingerprint = "{group.fingerprint}"\nreason = ""\n'
