"""The proof of a group in words: where its calls are, and what each shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from strace_analyzer.findings import CallRecord, Group
from strace_analyzer.plain import safe
from strace_analyzer.report.section import Section

_NOT_KEPT = "the trace, which is not kept (--save-trace FILE)"
"""for `run` and `attach`"""


class ProofCall(NamedTuple):
    """One call: its line (`trace.7:403` if the calls are in several files), its thread (`[4519]` if
    several threads made them, else ""), and what it shows. All is safe to print but `call`."""

    call: CallRecord
    place: str
    thread: str
    remark: str

    @property
    def tells(self) -> bool:
        """Whether it is one of the two calls that matter most."""
        return self.call.role in ("bind", "connect")


def calls(group: Group) -> Sequence[CallRecord]:
    """Return the calls of the finding that stands for the group."""
    return group.sample.trail or tuple(group.sample.calls.values())


def shown(some: Sequence[CallRecord], group: Group, section: Section) -> list[ProofCall]:
    """Return `some` of the group's calls as a report shows them."""
    rule = section.rule(group)
    several_tids = len({call.tid for call in some}) > 1
    several_sources = len({call.source for call in some}) > 1
    return [
        ProofCall(
            call,
            f"{safe(call.source)}:{call.line}" if several_sources else str(call.line),
            f"[{call.tid}]" if several_tids else "",
            safe(rule.remark(call, group.sample)),
        )
        for call in some
    ]


def source(group: Group) -> str:
    """Return the file of the calls; safe to print."""
    named = group.sample.at.source
    return _NOT_KEPT if named == "<strace>" else safe(named)


def which(group: Group, section: Section) -> str:
    """Return thread and finding: `, thread 4519 (of 20), first of 40`."""
    tids = {call.tid for call in calls(group)}
    process = section.process(group)
    threads = len(process.tids) if process is not None else 1
    words = ""
    if len(tids) == 1 and (tid := tids.pop()) and (threads > 1 or tid != group.process.tgid):
        words += f", thread {tid}" + (f" (of {threads})" if threads > 1 else "")
    return words + _which_finding(group)


def _which_finding(group: Group) -> str:
    """Return `, first of 40`; "" if there is only one."""
    if group.count == 1:
        return ""
    is_first = group.sample.at == group.first
    return f", {'first' if is_first else 'one'} of {group.count:,}"
