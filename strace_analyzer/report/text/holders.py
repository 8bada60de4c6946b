"""The page of who holds the local ports of a namespace now: how many are left, and a line per
program, state and destination."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from strace_analyzer.machine.sockets import UNSEEN
from strace_analyzer.plain import count, safe
from strace_analyzer.report.holders import Holding, NamespaceNow, Unasked
from strace_analyzer.report.text.style import BAD, FAINT, GOOD, headline, table

_SHOWN = 20
_LONGEST_PROCESS = 38
"""characters of a name with its pids: all of it stands beside the other columns in 80. A name has
15 bytes (proc_pid_comm(5)) that may have to be escaped, and a script"""
_SHORTEST_NAME = 12
"""characters of a name that are shown however many pids stand behind it"""
_NAMED = 3
"""processes named per kind; the others are counted"""
_WHERE = "~DESTINATION"
_NEARLY = 0.8
"""fraction of the range from which on new connections may soon be refused"""


def page(found: NamespaceNow, *, everything: bool) -> Iterator[RenderableType]:
    """Yield a line with what is left, then those who hold most."""
    low, high = found.port_range
    size = high - low + 1 - found.reserved
    style = BAD if found.held >= _NEARLY * size else GOOD
    reserved = f", {found.reserved:,} reserved" if found.reserved else ""
    yield headline(
        f"{found.free:,} of {size:,} ports free",
        style,
        f"range {low}-{high}, {found.held:,} held by TCP sockets{reserved}",
    )
    yield Text("")
    if not found.holdings:
        yield Text("no socket has a local port")
        return
    counting = [one for one in found.holdings if one.ports]
    if counting:
        yield from _listed(counting, everything, ">PORTS", ">SOCKETS", "STATE", "PROCESS", _WHERE)
    else:
        yield Text(f"no socket has a port of {low}-{high}")
    outside = [one for one in found.holdings if not one.ports]
    if outside:
        yield Text("")
        reserved = ", or reserved in it" if found.reserved else ""
        yield Text(f"Outside the range{reserved}: these take none of its ports", style=FAINT)
        yield from _listed(outside, everything, ">SOCKETS", "STATE", "PROCESS", _WHERE)
    if found.unasked:
        may_own = any(one.command == UNSEEN for one in found.holdings)
        yield _not_asked(found.unasked, by_root=found.by_root, may_own=may_own)


def _listed(
    holdings: Sequence[Holding], everything: bool, *columns: str
) -> Iterator[RenderableType]:
    grid = table(*columns)
    shown = holdings if everything else holdings[:_SHOWN]
    for one in shown:
        cells = (f"{one.ports:,}", f"{one.sockets:,}", _state(one), _process(one), _peer(one))
        grid.add_row(*cells[-len(columns) :])
    yield grid
    if len(holdings) > len(shown):
        left = count(len(holdings) - len(shown), "more line")
        yield Text(f"and {left}: --all", style=FAINT)


def _not_asked(unasked: Sequence[Unasked], *, by_root: bool, may_own: bool) -> Text:
    """Say whose sockets are not visible, and who could see them: root, unless root is asking
    (ptrace(2), PTRACE_MODE_READ: another user namespace, a security module); and whether they
    `may_own` sockets whose owner is not known."""
    named = ", ".join(f"{safe(one.command)}[{one.pid}]" for one in unasked[:_NAMED])
    more = f" and {len(unasked) - _NAMED:,} more" if len(unasked) > _NAMED else ""
    who = "root sees them"
    if by_root:
        who = "a user namespace or a security module keeps even root from it"
    theirs = " Sockets marked (unknown) may be theirs." if may_own else ""
    return Text(f"Not readable: {named}{more} ({who}).{theirs}")


def _state(one: Holding) -> str:
    return one.state if one.protocol == "TCP" else f"{one.protocol} {one.state}"


def _peer(one: Holding) -> str:
    if one.peer is not None:
        return safe(str(one.peer))
    if one.incoming is None:
        return "-" if one.local is None else f"port {one.local}"
    return f"port {one.incoming}" if one.state == "LISTEN" else f"incoming, on port {one.incoming}"


def _process(one: Holding) -> str:
    """Return `name[1, 2 and 7 more]`; a long name is cut rather than the pids."""
    name = safe(one.command if one.script is None else f"{one.command} {one.script}")
    pids = ""
    for named in range(_NAMED, 0, -1):
        pids = _pids(one.pids, named)
        if min(len(name), _SHORTEST_NAME) + len(pids) <= _LONGEST_PROCESS:
            break
    room = max(_LONGEST_PROCESS - len(pids), _SHORTEST_NAME)
    return (name if len(name) <= room else f"{name[: room - 3]}...") + pids


def _pids(pids: Sequence[int], named: int) -> str:
    if not pids:
        return ""
    more = f" and {len(pids) - named:,} more" if len(pids) > named else ""
    return f"[{', '.join(map(str, pids[:named]))}{more}]"
