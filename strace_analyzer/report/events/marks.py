"""Row contents for events that are not calls."""

from __future__ import annotations

from typing import NamedTuple

from strace_analyzer.report.events.arguments import Arguments
from strace_analyzer.report.events.row import Argument
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
    Span,
    Syscall,
    TableRow,
    Unparsed,
)
from strace_analyzer.trace.reader import EventStream
from strace_analyzer.trace.values import Value


class Mark(NamedTuple):
    """The columns filled by such an event; `tid` is None if it names no thread."""

    type: str
    tid: int | None
    seconds: float | None
    span: Span
    name: str | None = None
    args: tuple[Argument, ...] = ()
    ret: int | None = None
    ret_text: str | None = None
    raw: str | None = None
    keeps_raw: bool = False
    """the event consists only of its text"""


def mark(event: Event, arguments: Arguments) -> Mark | None:
    """Return the mark of `event`; None if it has no line of its own: a thread's number or name that
    became known."""
    match event:
        case SignalDelivered(tid, _, seconds, name, info, span, stopped):
            how = "stopped" if stopped else None
            args = _siginfo(info, arguments)
            return Mark("signal", tid, seconds, span, name, args, ret_text=how, raw=info)
        case Exited(tid, _, seconds, status, by, span):
            how = str(status) if by is None else f"superseded by execve in pid {by}"
            return Mark("exit", tid, seconds, span, ret=status, ret_text=how)
        case Killed(tid, _, seconds, name, dumped, span):
            return Mark(
                "killed", tid, seconds, span, name, ret_text="core dumped" if dumped else None
            )
        case Attached(tid, span):
            return Mark("attached", tid, None, span)
        case Detached(tid, span):
            return Mark("detached", tid, None, span)
        case Notice(tid, text, span):
            return Mark("notice", tid, None, span, raw=text, keeps_raw=True)
        case TableRow(text, span):
            return Mark("table", None, None, span, raw=text, keeps_raw=True)
        case Dump(text, span):
            return Mark("dump", None, None, span, raw=text, keeps_raw=True)
        case Unparsed(text, _, span):
            return Mark("unparsed", None, None, span, raw=text, keeps_raw=True)
        case Foreign(text, span):
            return Mark("foreign", None, None, span, raw=text, keeps_raw=True)
        case _:
            return None


def _siginfo(info: str, arguments: Arguments) -> tuple[Argument, ...]:
    """Return the siginfo of a signal as its only argument."""
    if not info:
        return ()

    def decoded() -> tuple[Value, ...]:
        stream = EventStream("siginfo")
        found = stream.feed(f"siginfo({info}) = 0".encode("utf-8", "surrogateescape"))
        calls = [event for event in found + stream.close() if isinstance(event, Syscall)]
        return calls[0].args if calls else ()

    return arguments.of([info], decoded)
