"""The report on a trace in which nothing was found: clean, no connections, or inconclusive."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.table import Table
from rich.text import Text

from strace_analyzer.findings import Process
from strace_analyzer.kernel.doubts import Doubt
from strace_analyzer.plain import count, number
from strace_analyzer.report.cannot_tell import weightiest
from strace_analyzer.report.gate import Judgement
from strace_analyzer.report.reach import not_made, reach
from strace_analyzer.report.section import Section
from strace_analyzer.report.text.fitting import Loss, Part
from strace_analyzer.report.text.hides import once_more
from strace_analyzer.report.text.style import DOUBT, GOOD, headline, indented, table
from strace_analyzer.report.text.unknown import doubted
from strace_analyzer.rules import words

_ROWS = 12
_FEW = (4, 1)
"""rows if there is little room"""
BLANK = Text("")
NONE_MADE = "no outgoing connection was made; those that come in take no local port"
"""Accepted connections, or ones older than the trace, are not mentioned: nothing examines them."""
NO_BIND = "Not one bind() is in this trace: with -e 'trace=!bind' it would look the same."
NOTHING_ELSE = "Nothing suggests that its options hid a call that matters here."
NOTHING_HIDDEN = "Nothing suggests that the options of this trace hid a call that matters here."


def nothing_found(section: Section, judgement: Judgement) -> Iterator[Part]:
    """Yield the verdict with its denominator, the programs, and what is or is not hidden."""
    connected = [process for process in section.processes if process.tcp_connections]
    yield Part((_verdict(section, judgement, connected), BLANK))
    if connected:
        is_sure = judgement.verdict != "inconclusive"
        tables = [
            (indented(programs(connected, section.everything, is_sure, rows)), BLANK)
            for rows in (_ROWS, *_FEW)
        ]
        losses = [Loss.MORE_PROGRAMS, Loss.FEW_PROGRAMS, Loss.PROGRAMS]
        yield Part(*tables, (), losses=losses, name="programs")
    told = {w.code for w in section.warnings if w.message == section.trace.inconclusive}
    yield doubted(section, frozenset(told))
    is_damaged = any(warning.code in (Doubt.DAMAGED, Doubt.REFUSED) for warning in section.warnings)
    if is_damaged:
        return  # strace is not the reason
    if judgement.verdict == "inconclusive" and (judgement.blind or section.warnings):
        doubt = next((doubt for doubt in Doubt if doubt in told), None)
        yield once_more(section, doubt=doubt)
    elif judgement.verdict == "clean" and not section.warnings:
        no_bind = section.trace.may_hide_bind
        said = f"{NO_BIND} {NOTHING_ELSE}" if no_bind else NOTHING_HIDDEN
        yield Part((indented(Text(said)),))


def _verdict(section: Section, judgement: Judgement, connected: Sequence[Process]) -> Text:
    total = sum(process.tcp_connections for process in connected)
    made = sum(process.connected for process in connected)
    rest = not_made(made, total, sum(process.failed for process in connected))
    by = f"by {_processes(len(connected))}"
    match judgement.verdict:
        case "clean":
            is_bound = any(process.early_bound for process in connected)
            said = "no finding of what was asked for" if is_bound else _not_bound(total)
            more = f"; {rest}" if rest else ""
            return headline(
                "clean", GOOD, f"{count(made, 'outgoing TCP connection')} {by}, {said}{more}"
            )
        case "no-connections" if not section.processes:
            return headline("no connections", GOOD, NONE_MADE)
        case "no-connections" if total:
            tried = count(total, "outgoing TCP connection")
            return headline(
                "no connections", DOUBT, f"{tried} tried {by}, {_none_made(rest, total)}"
            )
        case "no-connections":
            processes = _processes(len(section.processes))
            sockets = sum(process.sockets for process in section.processes)
            used = f"{count(sockets, 'internet socket')}, " if sockets else ""
            return headline(
                "no connections", GOOD, f"{processes}, {used}no outgoing TCP connection"
            )
        case _ if judgement.blind:
            return blind(section, "nothing can be said")
        case _:
            why = "this trace does not show all"
            if _only_lacks(section):
                why = "calls failed for want of a local port or address, and no finding says why"
            seen = f"no early bind was seen ({reach(made, total)} {by})"
            return headline("inconclusive", DOUBT, f"{seen}, but {why}")


def _only_lacks(section: Section) -> bool:
    """Whether the trace shows everything, and only a failure keeps it from being clean."""
    hides = any(warning.effect == "may-miss" for warning in section.warnings)
    return not section.unknown and not hides


def blind(section: Section, consequence: str) -> Text:
    """Return `inconclusive: ...`: this trace lacks what the verdict depends on."""
    reason = section.trace.inconclusive or weightiest(section)
    return headline("inconclusive", DOUBT, f"{reason}; {consequence}")


def _not_bound(total: int) -> str:
    return "not bound early" if total == 1 else "none bound early"


def _none_made(rest: str, total: int) -> str:
    """Say what became of the tried connections, none of which was made."""
    if rest == f"{number(total)} failed":
        return "and it failed" if total == 1 else "and all failed"
    if "failed" in rest:
        return rest
    return f"and {'it is not' if total == 1 else 'none is'} seen to have been made"


def _processes(value: int) -> str:
    return count(value, "process", "processes")


def programs(
    processes: Sequence[Process], everything: bool, is_sure: bool, most: int = _ROWS
) -> Table:
    """Return a row per program: processes, connections, and how the local port was chosen. That
    connect() chose it is only said if the trace `is_sure` to show every bind()."""
    grid = table("PROGRAM", ">PROCESSES", ">TCP CONNECTIONS", "~HOW THE LOCAL PORT WAS CHOSEN")
    by_name: dict[str, list[Process]] = {}
    for process in processes:
        name = words.program(process.command, process) or "not known"
        by_name.setdefault(name, []).append(process)
    ordered = sorted(by_name.items(), key=lambda item: -_connections(item[1]))
    shown = ordered if everything or len(ordered) <= most + 1 else ordered[:most]
    for name, members in shown:
        only = members[0]
        label = f"{name} ({only.tgid})" if len(members) == 1 and only.tgid else name
        grid.add_row(
            label, number(len(members)), number(_connections(members)), _chosen(members, is_sure)
        )
    rest = ordered[len(shown) :]
    if rest:
        grid.add_row(
            f"{len(rest):,} more programs: --all",
            number(sum(len(members) for _, members in rest)),
            number(sum(_connections(members) for _, members in rest)),
            "",
        )
    return grid


def _connections(processes: Iterable[Process]) -> int:
    return sum(process.tcp_connections for process in processes)


def _chosen(processes: Sequence[Process], is_sure: bool) -> str:
    """Format `4 by connect(); 8 bound with IP_BIND_ADDRESS_NO_PORT`."""
    not_told = sum(process.not_told for process in processes)
    no_port = sum(process.no_port for process in processes)
    address = sum(process.address_bound for process in processes)
    early = sum(process.early_bound for process in processes)
    total = _connections(processes)
    plain = total - no_port - address - early - not_told
    parts = [
        (plain, "by connect()" if is_sure else "no bind() was seen"),
        (no_port, "bound with IP_BIND_ADDRESS_NO_PORT"),
        (address, "bound to an address or port"),
        (early, "bound early"),
        (not_told, "not shown by this trace"),
    ]
    said = [(value, text) for value, text in parts if value > 0]
    if len(said) == 1:
        return said[0][1]
    return "; ".join(f"{number(value)} {text}" for value, text in said)
