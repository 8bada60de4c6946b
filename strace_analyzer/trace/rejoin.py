"""Frames in, Events out: pieces joined into whole calls, and every line in one class.

A call can be in pieces in three ways, which may meet in one call:
- in halves: another task spoke in between, and strace marked both ends (`<unfinished ...>`, `resumed>`);
- cut: one of strace's notices, or the traced program's output, stands in the middle of the line, and
  the rest comes on a later one, without a mark, before any other record: strace marks a line that it
  leaves for another task (`printing_tcp` in its sources);
- folded, by whoever pasted it.

A line counts (Accounting) when it is known what it was; for a cut one that is when its rest has come,
or can no longer come. What all this costs is one flag per line where calls are whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from strace_analyzer.trace.accounting import Accounting
from strace_analyzer.trace.calls import CallParser
from strace_analyzer.trace.events import (
    Attached,
    Call,
    Command,
    Detached,
    Dump,
    Entered,
    Event,
    Exited,
    Foreign,
    Identified,
    Killed,
    Notice,
    SignalDelivered,
    Span,
    Syscall,
    TableRow,
    Unparsed,
)
from strace_analyzer.trace.frames import End, Frame, Frames, Kind
from strace_analyzer.trace.lines import Line
from strace_analyzer.trace.repair import around_output, two_records, without_output
from strace_analyzer.trace.speaker import Speaker

CLONES = frozenset(("clone", "clone2", "clone3", "fork", "vfork"))
"""The calls whose result is a new task."""

_EXITS = frozenset(("exit", "exit_group", "_exit"))
_WHOLE = (End.RESULT, End.LOST)
_CUT = (End.CUT, End.INTRUDED)
_WITHIN_A_CALL = (Kind.ATTACHED, Kind.DETACHED, Kind.NOTICE, Kind.DUMP)


@dataclass(slots=True)
class _Half:
    """A call that has begun."""

    tid: int
    time: str | None
    seconds: float | None
    name: str
    text: bytes
    span: Span
    entry_seen: bool = True


@dataclass(slots=True)
class _Cut:
    """A piece of a call whose rest stands on a later line, if anywhere."""

    frame: Frame
    tid: int
    seconds: float | None


@dataclass(slots=True)
class _Source:
    """What is under way in one source."""

    account: Accounting
    speaker: Speaker
    cut: _Cut | None = None
    held: Syscall | None = None
    """A call whose stack may follow."""
    stack: list[str] = field(default_factory=list)
    has_stacks: bool | None = None
    """Whether -k was given; None before the first call."""
    commands: dict[int, str] = field(default_factory=dict)


class Rejoin:
    """Joins the frames of all sources of one trace: a call may begin in one -ff file and end in another.

    `accounts` are filled, one per source; `file_tids` are the tids in the names of -ff files.
    """

    def __init__(
        self, accounts: Sequence[Accounting], file_tids: Sequence[int | None], calls: CallParser
    ) -> None:
        self._calls = calls
        self._sources = [
            _Source(account, Speaker(tid))
            for account, tid in zip(accounts, file_tids, strict=True)
        ]
        self._halves: dict[int, _Half] = {}
        self._moved: dict[int, _Half] = {}
        """execve() of a thread, by the number under which it comes back"""
        self._frames = Frames()
        self._take: dict[Kind, Callable[[_Source, Frame, float | None, list[Event]], None]] = {
            Kind.CALL: self._call,
            Kind.RESUMED: self._resumed,
            Kind.REST: self._stray_rest,
            Kind.SIGNAL: self._signal,
            Kind.STOPPED: self._signal,
            Kind.EXITED: self._end,
            Kind.KILLED: self._end,
            Kind.SUPERSEDED: self._superseded,
            Kind.ATTACHED: self._attached,
            Kind.DETACHED: self._detached,
            Kind.NOTICE: self._notice,
            Kind.TABLE: self._table,
            Kind.STACK: self._below_a_call,
            Kind.DUMP: self._below_a_call,
            Kind.SUSPECT: self._suspect,
            Kind.FOREIGN: self._foreign,
        }

    def join(self, frame: Frame, seconds: float | None) -> list[Event]:
        """What `frame`, at `seconds`, completes; often one event, [] while the rest is awaited."""
        events: list[Event] = []
        source = self._sources[frame.span.source]
        if source.held is not None:
            if frame.kind is Kind.STACK:
                source.stack.append(_text(frame.body.strip(b" >")))
                source.has_stacks = True
                source.account.frames += frame.lines
                return events
            if frame.kind is not Kind.DUMP:
                self._release(source, events)
        if source.cut is None or not self._continued(source, source.cut, frame, events):
            self._take[frame.kind](source, frame, seconds, events)
        return events

    def close(self) -> list[Event]:
        """The end of the trace: what is still under way."""
        events: list[Event] = []
        for source in self._sources:
            self._release(source, events)
            if source.cut is not None:
                self._give_up(source, source.cut, events, is_end=True)
        for half in (*self._halves.values(), *self._moved.values()):
            self._sources[half.span.source].account.half_calls += 1
        self._halves.clear()
        self._moved.clear()
        return events

    # ------------------------------------------------------------ who

    def _tid(self, source: _Source, frame: Frame, events: list[Event]) -> int:
        tid = frame.tid
        if tid is None:
            return source.speaker.bare(frame, self._under_way)
        if source.speaker.is_new(tid) and source.speaker.named(frame, tid, self._under_way):
            half = self._halves.pop(Speaker.NOBODY, None)
            if half is not None:
                half.tid = tid
                self._halves[tid] = half
            events.append(Identified(tid, frame.span))
        if frame.command is not None and source.commands.get(tid) != frame.command:
            source.commands[tid] = frame.command
            events.append(Command(tid, frame.command, frame.span))
        return tid

    def _under_way(self, tid: int) -> str | None:
        half = self._halves.get(tid)
        return None if half is None else half.name

    # ------------------------------------------------------------ calls

    def _call(
        self, source: _Source, frame: Frame, seconds: float | None, events: list[Event]
    ) -> None:
        tid = self._tid(source, frame, events)
        if frame.end in _WHOLE:
            call = self._calls.whole(frame.body)
            if call is None:
                self._strange(source, frame, tid, seconds, events)
            else:
                source.account.call_lines += frame.lines
                self._lost_half(tid)
                self._returned(source, Syscall(tid, frame.time, seconds, call, frame.span), events)
        elif frame.end in _CUT:
            source.cut = _Cut(frame, tid, seconds)
        else:
            source.account.call_lines += frame.lines
            self._lost_half(tid)
            self._enter(frame, tid, seconds, events)

    def _strange(
        self,
        source: _Source,
        frame: Frame,
        tid: int,
        seconds: float | None,
        events: list[Event],
    ) -> None:
        """A call that the grammar does not read: the program's output may be in it."""
        call = without_output(self._calls, frame.body)
        behind = None if call is not None else two_records(self._calls, frame.body)
        if behind is not None:
            call = behind[0]
        if call is None:
            source.cut = _Cut(frame, tid, seconds)
            return
        source.account.call_lines += frame.lines
        self._returned(source, Syscall(tid, frame.time, seconds, call, frame.span), events)
        if behind is not None:
            line = Line(frame.span.source, frame.span.first, behind[1], counts=0)
            events.extend(self.join(self._frames.frame(line), seconds))

    def _enter(
        self, frame: Frame, tid: int, seconds: float | None, events: list[Event]
    ) -> None:
        call = self._calls.entered(frame.body)
        events.append(Entered(tid, frame.time, seconds, call, frame.span))
        half = _Half(tid, frame.time, seconds, frame.name, frame.body, frame.span)
        if frame.end is End.MOVED and frame.number is not None:
            self._moved[frame.number] = half
        elif frame.end is not End.DETACHED:
            self._halves[tid] = half

    def _resumed(
        self, source: _Source, frame: Frame, seconds: float | None, events: list[Event]
    ) -> None:
        tid = self._tid(source, frame, events)
        if frame.end in _CUT:
            source.cut = _Cut(frame, tid, seconds)
            return
        half = self._halves.pop(tid, None) or self._moved.pop(tid, None)
        if half is not None and half.name != frame.name and "?" not in frame.name:
            self._sources[half.span.source].account.half_calls += 1
            half = None
        if frame.end in _WHOLE:
            self._complete(source, frame, tid, seconds, half, events)
            return
        source.account.call_lines += frame.lines
        if half is None:
            half = _Half(tid, frame.time, seconds, frame.name, b"", frame.span, entry_seen=False)
        half.text += frame.body
        if frame.end is End.MOVED and frame.number is not None:
            self._moved[frame.number] = half
        elif frame.end is End.UNFINISHED:
            self._halves[tid] = half

    def _complete(
        self,
        source: _Source,
        frame: Frame,
        tid: int,
        seconds: float | None,
        half: _Half | None,
        events: list[Event],
    ) -> None:
        """The second half of a call, with its result; `half` is the first one if the trace has it."""
        call: Call | None
        if half is None or not half.entry_seen:
            source.account.half_calls += 1
            body = frame.body if half is None else half.text + frame.body
            call = self._calls.resumed(frame.name, body)
            text, span, time, began, entry_seen = body, frame.span, frame.time, seconds, False
        else:
            call = self._calls.whole_halves(half.text, frame.body)
            text, time, began, entry_seen = half.text + frame.body, half.time, half.seconds, True
            span = half.span
            if span.source == frame.span.source:
                span = Span(span.source, span.first, frame.span.last)
        if call is None:
            self._unparsed(source, frame.lines, text, "the joined halves are not understood", span, events)
            return
        source.account.call_lines += frame.lines
        ended = seconds if entry_seen else None
        self._returned(
            source, Syscall(tid, time, began, call, span, (), entry_seen, ended), events
        )

    def _returned(self, source: _Source, syscall: Syscall, events: list[Event]) -> None:
        source.account.calls += 1
        name = syscall.name
        if name in CLONES and syscall.result.value is not None:
            source.speaker.cloned(syscall.result.value)
        elif name in _EXITS:
            source.speaker.leaving(syscall.tid)
        if source.has_stacks is False:
            events.append(syscall)
        else:
            self._release(source, events)
            source.held = syscall

    def _release(self, source: _Source, events: list[Event]) -> None:
        """No more of the held call's stack comes."""
        held = source.held
        if held is None:
            return
        if source.stack:
            held.stack = tuple(source.stack)
            source.stack.clear()
        elif source.has_stacks is None:
            source.has_stacks = False
        source.held = None
        events.append(held)

    def _lost_half(self, tid: int) -> None:
        """A task that begins a call is no longer inside of another one, whatever the trace lacks."""
        if self._halves:
            half = self._halves.pop(tid, None)
            if half is not None:
                self._sources[half.span.source].account.half_calls += 1

    # ------------------------------------------------------------ cut calls

    def _continued(
        self, source: _Source, cut: _Cut, frame: Frame, events: list[Event]
    ) -> bool:
        """With a call cut before it: True if `frame` was its rest, or stands within it."""
        if frame.kind is Kind.REST:
            source.cut = None
            self._rest(source, cut, frame, events)
            return True
        if frame.kind is Kind.SUSPECT:
            folded = cut.frame.body + b" " + frame.body.strip()
            if cut.frame.kind is Kind.CALL and self._calls.whole(folded) is not None:
                source.cut = None
                whole = frame._replace(body=frame.body.strip())
                self._rest(source, cut, whole, events, between=b" ")
                return True
            return False
        if frame.kind is Kind.FOREIGN or frame.kind in _WITHIN_A_CALL:
            return False
        self._give_up(source, cut, events)
        return False

    def _rest(
        self,
        source: _Source,
        cut: _Cut,
        rest: Frame,
        events: list[Event],
        between: bytes = b"",
    ) -> None:
        begun = cut.frame
        whole = begun._replace(
            end=rest.end,
            tid=cut.tid,
            body=begun.body + between + rest.body,
            span=Span(begun.span.source, begun.span.first, rest.span.last),
            number=rest.number,
            lines=begun.lines + rest.lines,
        )
        if begun.kind is Kind.CALL and rest.end in _WHOLE and self._calls.whole(whole.body) is None:
            call = without_output(self._calls, whole.body) or around_output(
                self._calls, begun.body, rest.body
            )
            if call is None:
                self._unparsed(
                    source, whole.lines, whole.body, "the call was cut", whole.span, events
                )
                return
            source.account.call_lines += whole.lines
            syscall = Syscall(cut.tid, begun.time, cut.seconds, call, whole.span)
            self._returned(source, syscall, events)
            return
        self._take[begun.kind](source, whole, cut.seconds, events)

    def _give_up(
        self, source: _Source, cut: _Cut, events: list[Event], is_end: bool = False
    ) -> None:
        """The rest of a cut call does not come."""
        source.cut = None
        frame = cut.frame
        call = self._calls.whole(frame.body) if frame.kind is Kind.CALL else None
        if call is not None:
            source.account.call_lines += frame.lines
            syscall = Syscall(cut.tid, frame.time, cut.seconds, call, frame.span)
            self._returned(source, syscall, events)
        elif frame.kind is Kind.CALL and (
            frame.end is End.INTRUDED or (is_end and frame.end is End.CUT)
        ):
            source.account.call_lines += frame.lines
            self._enter(frame, cut.tid, cut.seconds, events)
        else:
            breaks_off = frame.end in _CUT
            reason = "the call breaks off" if breaks_off else "the call is not understood"
            self._unparsed(source, frame.lines, frame.body, reason, frame.span, events)
            if frame.kind is Kind.RESUMED:
                self._lost_half(cut.tid)

    def _stray_rest(
        self, source: _Source, frame: Frame, seconds: float | None, events: list[Event]
    ) -> None:
        """The rest of a call whose beginning the trace lacks; with -z strace drops that of a clone3()."""
        call = None
        if frame.end in _WHOLE and frame.body.lstrip().startswith(b"=> {"):
            call = self._calls.resumed("clone3", frame.body)
        if call is None:
            self._unparsed(
                source, frame.lines, frame.body, "the rest of an unknown call", frame.span, events
            )
            return
        tid = self._tid(source, frame, events)
        source.account.call_lines += frame.lines
        source.account.half_calls += 1
        syscall = Syscall(tid, frame.time, seconds, call, frame.span, (), entry_seen=False)
        self._returned(source, syscall, events)

    # ------------------------------------------------------------ other records

    def _signal(
        self, source: _Source, frame: Frame, seconds: float | None, events: list[Event]
    ) -> None:
        tid = self._tid(source, frame, events)
        source.account.signals += frame.lines
        info = _text(frame.body).strip(" ,")
        stopped = frame.kind is Kind.STOPPED
        events.append(
            SignalDelivered(tid, frame.time, seconds, frame.name, info, frame.span, stopped)
        )

    def _end(
        self, source: _Source, frame: Frame, seconds: float | None, events: list[Event]
    ) -> None:
        tid = self._tid(source, frame, events)
        source.account.exits += frame.lines
        self._halves.pop(tid, None)
        source.speaker.gone(tid)
        source.commands.pop(tid, None)
        if frame.kind is Kind.EXITED:
            events.append(Exited(tid, frame.time, seconds, frame.number, None, frame.span))
        else:
            dumped = frame.number is not None
            events.append(Killed(tid, frame.time, seconds, frame.name, dumped, frame.span))

    def _superseded(
        self, source: _Source, frame: Frame, seconds: float | None, events: list[Event]
    ) -> None:
        """Thread `number` of this process called execve(): it goes on under this tid, the leader's."""
        tid = self._tid(source, frame, events)
        source.account.exits += frame.lines
        self._halves.pop(tid, None)
        if frame.number is not None:
            half = self._moved.pop(tid, None) or self._halves.pop(frame.number, None)
            if half is not None:
                self._halves[tid] = half
            source.speaker.gone(frame.number)
        events.append(Exited(tid, frame.time, seconds, None, frame.number, frame.span))

    def _attached(
        self, source: _Source, frame: Frame, seconds: float | None, events: list[Event]
    ) -> None:
        source.account.notices += frame.lines
        if frame.number is not None:
            source.speaker.attached(frame.number)
            events.append(Attached(frame.number, frame.span))

    def _detached(
        self, source: _Source, frame: Frame, seconds: float | None, events: list[Event]
    ) -> None:
        source.account.notices += frame.lines
        if frame.number is not None:
            source.speaker.gone(frame.number)
            self._halves.pop(frame.number, None)
            events.append(Detached(frame.number, frame.span))

    def _notice(
        self, source: _Source, frame: Frame, seconds: float | None, events: list[Event]
    ) -> None:
        source.account.notices += frame.lines
        events.append(Notice(frame.tid or Speaker.NOBODY, _text(frame.body), frame.span))

    def _table(
        self, source: _Source, frame: Frame, seconds: float | None, events: list[Event]
    ) -> None:
        source.account.tables += frame.lines
        events.append(TableRow(_text(frame.body), frame.span))

    def _below_a_call(
        self, source: _Source, frame: Frame, seconds: float | None, events: list[Event]
    ) -> None:
        source.account.frames += frame.lines
        if frame.kind is Kind.STACK:
            source.has_stacks = True
        events.append(Dump(_text(frame.body), frame.span))

    def _suspect(
        self, source: _Source, frame: Frame, seconds: float | None, events: list[Event]
    ) -> None:
        self._unparsed(
            source, frame.lines, frame.body, "not understood", frame.span, events
        )

    def _foreign(
        self, source: _Source, frame: Frame, seconds: float | None, events: list[Event]
    ) -> None:
        source.account.foreign += frame.lines
        events.append(Foreign(_text(frame.body), frame.span))

    def _unparsed(
        self,
        source: _Source,
        lines: int,
        text: bytes,
        reason: str,
        span: Span,
        events: list[Event],
    ) -> None:
        source.account.unparsed += lines
        events.append(Unparsed(_text(text), reason, span))


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
