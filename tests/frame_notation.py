"""Events as short readable lines: the right-hand side of tests/corpus/frame_*.txt.

`call 12 @2-4 close(3) = 0`: task, lines, text. Rare attributes follow in square brackets: the time
and its seconds, `tail` for a resumed half alone, when it ended, the stack.
"""

from __future__ import annotations

from strace_analyzer.trace import events
from strace_analyzer.trace.events import Event


def notation(event: Event) -> str:
    """Return one line for one event."""
    words = _words(event)
    remarks = _remarks(event)
    return f"{words} [{'; '.join(remarks)}]" if remarks else words


def _words(event: Event) -> str:
    at = _at(event.span)
    match event:
        case events.Syscall():
            return f"call {event.tid} {at} {' '.join(event.text.split())}"
        case events.Entered():
            return f"entered {event.tid} {at} {event.name}/{len(event.args)}"
        case events.SignalDelivered(stopped=True):
            return f"stopped {event.tid} {at} {event.signal}"
        case events.SignalDelivered():
            return f"signal {event.tid} {at} {event.signal} {event.info}".rstrip()
        case events.Exited(superseded_by=None):
            return f"exited {event.tid} {at} {event.status}"
        case events.Exited():
            return f"superseded {event.tid} {at} by {event.superseded_by}"
        case events.Killed():
            return f"killed {event.tid} {at} {event.signal}"
        case events.Attached() | events.Detached() | events.Identified():
            return f"{type(event).__name__.lower()} {event.tid} {at}"
        case events.Command():
            return f"command {event.tid} {at} {event.command}"
        case events.Notice() | events.TableRow() | events.Dump() | events.Foreign():
            return f"{type(event).__name__.lower()} {at} {event.text}".rstrip()
        case events.Unparsed():
            return f"unparsed {at} {event.reason}: {event.text}"
    raise AssertionError(event)


def _remarks(event: Event) -> list[str]:
    remarks = []
    if getattr(event, "time", None) is not None:
        remarks.append(f"{event.time} = {event.seconds:g} s")
    if isinstance(event, events.Killed) and event.core_dumped:
        remarks.append("core dumped")
    if isinstance(event, events.Syscall):
        if not event.entry_seen:
            remarks.append("tail")
        if event.ended is not None:
            remarks.append(f"ended {event.ended:g} s")
        remarks += [f"stack {frame}" for frame in event.stack]
    return remarks


def _at(span: events.Span) -> str:
    return f"@{span.first}" if span.first == span.last else f"@{span.first}-{span.last}"
