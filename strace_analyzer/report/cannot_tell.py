"""Explain why a table (sockets, ports) may be incomplete: the reasons for which `check` would call
a trace inconclusive; and the exit status of such a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from strace_analyzer.findings import Level
from strace_analyzer.kernel.doubts import Doubt
from strace_analyzer.report.elements import JsonObject
from strace_analyzer.report.gate import Judged
from strace_analyzer.report.selection import Selected

CANNOT_TELL = 2
_UNREAD = frozenset({Doubt.INTERRUPTED, Doubt.DAMAGED, Doubt.REFUSED, Doubt.OWN_FAULT})


class Reason(NamedTuple):
    """Something that a trace does not show. `code` is that of a warning or an unknown."""

    trace: str
    code: str
    reason: str
    remedy: str

    def document(self) -> JsonObject:
        """Return the element of `cannot_tell` in JSON."""
        return self._asdict()


def reasons(selected: Selected) -> tuple[Reason, ...]:
    """Return the reasons of every trace, the weightiest first; () if nothing suggests that a table
    is incomplete."""
    return tuple(reason for trace in selected.traces for reason in _of(trace.id, selected))


def not_read(selected: Selected) -> tuple[Reason, ...]:
    """Return those of the reasons why a trace was not read to its end, or not at all."""
    return tuple(reason for reason in reasons(selected) if reason.code in _UNREAD)


def exit_status(selected: Selected, found: Sequence[Reason]) -> int:
    """Return 0; 2 if a trace cannot tell, one of several could not be read, or a rule failed; 128+N
    if signal N ended the reading."""
    if selected.refused or selected.failed_rules:
        return CANNOT_TELL
    if selected.interrupted is not None:
        return 128 + selected.interrupted
    return CANNOT_TELL if found else 0


def weightiest(selected: Judged) -> str:
    """Why a trace that `check` calls inconclusive is not judged, in words; "" for another. If
    several were selected, that of the first."""
    found = (reason for trace in selected.traces for reason in _of(trace.id, selected))
    return next((reason.reason for reason in found), "")


def _of(trace: str, selected: Judged) -> Iterator[Reason]:
    is_blind = trace in selected.blind
    found = [group.level for group in selected.judged if group.trace == trace]
    if not is_blind and any(level > Level.NOTE for level in found):
        return  # as for `check`: it shows what was asked for
    told = next((t.inconclusive for t in selected.traces if t.id == trace), None)
    warnings = [
        warning
        for warning in selected.warnings
        if warning.trace == trace and (warning.effect == "may-miss" or warning.message == told)
    ]
    for warning in sorted(warnings, key=lambda warning: warning.message != told):
        yield Reason(trace, warning.code, warning.message, warning.remedy)
    if told is not None and all(warning.message != told for warning in warnings):
        yield Reason(trace, "inconclusive", told, "")
    warned = {warning.code for warning in warnings}
    codes = dict.fromkeys(item.code for item in selected.unknown if item.trace == trace)
    for code in (code for code in codes if code not in warned):
        item = next(i for i in selected.unknown if (i.trace, i.code) == (trace, code))
        yield Reason(trace, code, f"{item.reason} (first on line {item.first.line})", item.remedy)
