"""Convert frames that are not calls to events, and count their lines."""

from __future__ import annotations

from strace_analyzer.trace.decode.frames import Frame, Kind
from strace_analyzer.trace.events import (
    Attached,
    Detached,
    Dump,
    Event,
    Exited,
    Foreign,
    Killed,
    Notice,
    SignalDelivered,
    TableRow,
    Unparsed,
)
from strace_analyzer.trace.input.accounting import Accounting


def marked(frame: Frame, account: Accounting) -> Event:
    """Return the event of `frame`, and count its lines."""
    tid, time, seconds, span = frame.tid or 0, frame.time, frame.seconds, frame.span
    number = frame.number
    match frame.kind:
        case Kind.SIGNAL | Kind.STOPPED:
            account.signals += frame.lines
            info = text_of(frame.body).lstrip(" ")
            if info.startswith((",", "}")):  # `--- {si_signo=SIGCHLD, ...} (Child exited) ---`
                info = f"{{si_signo={frame.name}{info}"
            stopped = frame.kind is Kind.STOPPED
            return SignalDelivered(tid, time, seconds, frame.name, info, span, stopped)
        case Kind.EXITED:
            account.exits += frame.lines
            return Exited(tid, time, seconds, number, None, span)
        case Kind.SUPERSEDED:
            account.exits += frame.lines
            return Exited(tid, time, seconds, None, number, span)
        case Kind.KILLED:
            account.exits += frame.lines
            return Killed(tid, time, seconds, frame.name, number is not None, span)
        case Kind.ATTACHED:
            account.notices += frame.lines
            return Attached(number or 0, span)
        case Kind.DETACHED:
            account.notices += frame.lines
            return Detached(number or 0, span)
        case Kind.NOTICE:
            account.notices += frame.lines
            notice = Notice(tid, text_of(frame.body), span)
            account.quote = account.quote or notice.text
            return notice
        case Kind.TABLE:
            account.tables += frame.lines
            return TableRow(text_of(frame.body), span)
        case Kind.STACK | Kind.DUMP:
            account.frames += frame.lines
            return Dump(text_of(frame.body), span)
        case Kind.FOREIGN:
            if frame.body.startswith(_OUR_FACTS):
                account.notices += frame.lines
            else:
                account.foreign += frame.lines
            return Foreign(text_of(frame.body), span)
    return unparsed(frame, "not understood", account)


def unparsed(frame: Frame, reason: str, account: Accounting) -> Unparsed:
    """Return `frame` as a line that cannot be read, and count its lines."""
    account.unparsed += frame.lines
    return Unparsed(text_of(frame.body), reason, frame.span)


def text_of(raw: bytes) -> str:
    """Decode bytes of a trace as UTF-8, other bytes kept by surrogateescape."""
    return raw.decode("utf-8", "surrogateescape")


_OUR_FACTS = b"# strace-analyzer: "
"""Begins the lines that --save-trace and collect write at the head of a trace
(machine/facts.py)."""
