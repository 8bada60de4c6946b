"""Convert frames to events: join the halves of calls per task, and count every line in one class.

A line is counted (Accounting) once its kind is known, half a call once it is parsed. The file is
long because all of it works on one table, the halves that are under way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from strace_analyzer.trace.decode.attribution import NOBODY, Speaker
from strace_analyzer.trace.decode.calls import CallParser
from strace_analyzer.trace.decode.frames import End, Frame, Kind
from strace_analyzer.trace.decode.interrupted import CUT, Mender
from strace_analyzer.trace.decode.marks import marked, unparsed
from strace_analyzer.trace.decode.repair import (
    BegunCall,
    CutCall,
    RestOfCall,
    around_output,
    behind_output,
    has_output,
    records_behind,
    two_records,
    without_output,
)
from strace_analyzer.trace.decode.stacks import Stacks
from strace_analyzer.trace.decode.under_way import UnderWay
from strace_analyzer.trace.events import (
    CLONES,
    WRITES,
    Call,
    Detached,
    Entered,
    Event,
    Identified,
    Span,
    Syscall,
)
from strace_analyzer.trace.input.accounting import Accounting

_WHOLE = (End.RESULT, End.LOST)
_CALL, _RESUMED, _STACK = Kind.CALL, Kind.RESUMED, Kind.STACK
"""Module globals: looking up an enum member on its class is slower, and this runs for every
line."""
_new = tuple.__new__


@dataclass(slots=True)
class Source:
    """The pending state of one source."""

    account: Accounting
    speaker: Speaker
    mender: Mender
    stacks: Stacks = field(default_factory=Stacks)


class Rejoin:
    """Joins the frames of all sources of a trace: a call may begin in one file and end in another.

    `accounts` has one entry per source and is filled; `file_tids` are the tids in the names of -ff
    files.
    """

    def __init__(
        self, accounts: Sequence[Accounting], file_tids: Sequence[int | None], calls: CallParser
    ) -> None:
        self._calls = calls
        self.under_way = UnderWay()
        self.sources = [
            Source(account, Speaker(tid, self.under_way, mender), mender)
            for account, tid in zip(accounts, file_tids, strict=True)
            for mender in (Mender(calls),)
        ]
        self._halves = self.under_way.halves
        self._behind: list[Frame] = []
        """records that follow another one on the same line; they come next"""

    def join(self, frame: Frame) -> list[Event]:
        """Return the events completed by `frame`: often one, none while the rest of a call is
        awaited."""
        events: list[Event] = []
        self._join(frame, events)
        while self._behind:
            self._join(self._behind.pop(), events)
        return events

    def _join(self, frame: Frame, events: list[Event]) -> None:
        source = self.sources[frame.span.source]
        stacks, mender = source.stacks, source.mender
        if (stacks.held is not None or frame.kind is _STACK) and stacks.take(frame, events):
            source.account.frames += frame.lines
            return
        before = len(events)
        heard = source.speaker.hear(frame, events)
        if len(events) > before:
            self._identify(source, events[before:])
        if mender.cut is None and heard.end not in CUT:
            self._take(source, heard, events)
        else:
            for whole in mender.mend(heard):
                self._take(source, whole, events)

    def settle(self, source: int) -> list[Event]:
        """Release the held call of `source`, if any: no stack follows it."""
        events: list[Event] = []
        self.sources[source].stacks.release(events)
        return events

    def close(self) -> list[Event]:
        """End the trace: return events for what is still under way."""
        events: list[Event] = []
        for source in self.sources:
            source.stacks.release(events)
            for cut in source.mender.close():
                self._take(source, cut, events)
            source.stacks.release(events)
        for half in self.under_way.clear():
            self._count_half(half)
        return events

    def _identify(self, source: Source, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, Identified):
                source.mender.identified(event.tid)
                self.under_way.rename(NOBODY, event.tid)

    def _take(self, source: Source, frame: Frame, events: list[Event]) -> None:
        kind = frame.kind
        if kind is _CALL:
            self._call(source, frame, events)
        elif kind is _RESUMED:
            self._resumed(source, frame, events)
        elif kind is Kind.REST:
            self._stray_rest(source, frame, events)
        else:
            self._mark(source, frame, events)

    def _mark(self, source: Source, frame: Frame, events: list[Event]) -> None:
        events.append(marked(frame, source.account))
        match frame.kind:
            case Kind.EXITED | Kind.KILLED:
                self._halves.pop(frame.tid or NOBODY, None)
            case Kind.DETACHED if frame.number is not None:
                self._halves.pop(frame.number, None)
            case Kind.SUPERSEDED if frame.number is not None:
                # thread `number` called execve() and continues under this tid, the leader's
                leader = frame.tid or NOBODY
                moved = self.under_way.moved.pop(leader, None) or self._halves.pop(
                    frame.number, None
                )
                self._halves.pop(leader, None)
                if moved is not None:
                    self._halves[leader] = moved

    # ------------------------------------------------------------ whole calls, and first halves

    def _call(self, source: Source, frame: Frame, events: list[Event]) -> None:
        end = frame.end
        if end in _WHOLE:
            call: Call | None = self._calls.whole(frame.body)
            if call is None:
                self._garbled(source, frame, events)
                return
            if call.name in WRITES and has_output(call):
                call = without_output(self._calls, frame.body) or call
            self._returned(source, frame, call, events)
        elif end in CUT:
            self._cut_short(source, frame, events)
        else:
            self._entered(source, frame, events)

    def _returned(self, source: Source, frame: Frame, call: Call, events: list[Event]) -> None:
        _, _, tid, time, seconds, _, _, span, _, _, lines, _ = frame
        tid = tid or NOBODY
        if tid in self._halves:
            self._drop_half(tid)
        source.account.call_lines += lines
        self._give(source, Syscall(tid, time, seconds, call, span), events)

    def _entered(self, source: Source, frame: Frame, events: list[Event]) -> None:
        _, end, tid, time, seconds, name, body, span, _, _, lines, seam = frame
        tid = tid or NOBODY
        if tid in self._halves:
            self._drop_half(tid)
        source.account.call_lines += lines
        call = (CutCall if seam else BegunCall)(self._calls, name, body)
        half = Entered(tid, time, seconds, name, call, span)
        events.append(half)
        if end is End.DETACHED:
            events.append(Detached(tid, span))
        self._keep(half, frame)

    def _garbled(self, source: Source, frame: Frame, events: list[Event]) -> None:
        """Handle a call that the grammar does not accept: the traced program's output may be inside
        it."""
        call = without_output(self._calls, frame.body)
        if call is None and frame.seam:
            head, rest = frame.body[: frame.seam], frame.body[frame.seam :]
            call = around_output(self._calls, head, rest)
        if call is not None:
            self._returned(source, frame, call, events)
            return
        two = two_records(self._calls, frame.body)
        if two is None and self._is_behind_output(source, frame, events):
            return
        if two is None:
            events.append(unparsed(frame, "the call is not understood", source.account))
            return
        call, behind = two
        self._returned(source, frame, call, events)
        records = list(records_behind(self._calls, behind, frame.span))
        self._behind += [one._replace(seconds=frame.seconds) for one in reversed(records)]

    def _is_behind_output(self, source: Source, frame: Frame, events: list[Event]) -> bool:
        """Handle a call that follows output of the traced program which itself looks like a call,
        `f(x) = y bind(3, ...`. Return whether there was one."""
        for behind in behind_output(frame):
            call = self._calls.whole(behind.body)
            if call is not None:
                heard = behind if behind.tid is None else source.speaker.hear(behind, events)
                self._returned(source, heard._replace(tid=heard.tid or frame.tid), call, events)
                return True
        return False

    def _cut_short(self, source: Source, frame: Frame, events: list[Event]) -> None:
        """Handle a cut call whose rest did not come."""
        call = self._calls.whole(frame.body)
        if call is not None:  # pasted without its result
            self._returned(source, frame, call, events)
        elif frame.end is End.INTRUDED:
            self._entered(source, frame, events)
        else:
            events.append(unparsed(frame, "the call breaks off", source.account))

    def _give(self, source: Source, syscall: Syscall, events: list[Event]) -> None:
        source.account.calls += 1
        if syscall.name in CLONES and syscall.result.value is not None:
            source.speaker.cloned(syscall.result.value)
        if source.stacks.may_come:
            source.stacks.give(syscall, events)
        else:
            events.append(syscall)

    # ------------------------------------------------------------ second halves

    def _resumed(self, source: Source, frame: Frame, events: list[Event]) -> None:
        tid, end = frame.tid or NOBODY, frame.end
        half = self.under_way.pop(tid)
        if half is not None and half.name != frame.name and "?" not in frame.name:
            self._count_half(half)
            half = None
        if end in _WHOLE:
            self._complete(source, frame, half, events)
        elif end in CUT:
            events.append(unparsed(_with_name(frame), "the call breaks off", source.account))
            if half is not None:
                self._count_half(half)
        else:
            source.account.call_lines += frame.lines
            if half is not None:
                call = _begun(half)
                half = half._replace(call=call._replace(begun=call.begun + frame.body))
            else:
                begun = f"{frame.name}(".encode("utf-8", "surrogateescape")
                call = BegunCall(self._calls, frame.name, begun)
                half = Entered(tid, frame.time, frame.seconds, frame.name, call, frame.span)
                events.append(half)
                half = half._replace(call=RestOfCall(self._calls, frame.name, frame.body))
            self._keep(half, frame)

    def _complete(
        self, source: Source, frame: Frame, half: Entered | None, events: list[Event]
    ) -> None:
        """Handle the second half of a call, with its result; `half` is the first one if the trace
        has it."""
        _, _, tid, _, ended, name, rest, (index, _, last), _, _, lines, _ = frame
        if half is None:
            self._orphan(source, frame, self._calls.resumed(name, rest), events)
            return
        begun = _begun(half)
        call = begun.completed(rest)
        if isinstance(begun, RestOfCall):
            self._orphan(source, frame, call, events)
            return
        span = half.span
        if index == span.source:
            span = _new(Span, (index, span.first, last))
        if call is None:
            joined = frame._replace(body=begun.begun + rest, span=span)
            events.append(unparsed(joined, "the joined halves are not understood", source.account))
            return
        source.account.call_lines += lines
        syscall = Syscall(tid or NOBODY, half.time, half.seconds, call, span, (), True, ended)
        self._give(source, syscall, events)

    def _stray_rest(self, source: Source, frame: Frame, events: list[Event]) -> None:
        """Handle the rest of a call whose beginning is missing; with -z, strace drops that of a
        clone3()."""
        call = None
        if frame.end in _WHOLE and frame.body.lstrip().startswith(b"=> {"):
            call = self._calls.resumed("clone3", frame.body)
        self._orphan(source, frame, call, events)

    def _orphan(self, source: Source, frame: Frame, call: Call | None, events: list[Event]) -> None:
        if call is None:
            known = _with_name(frame) if frame.kind is _RESUMED else frame
            events.append(unparsed(known, "the rest of an unknown call", source.account))
            return
        source.account.call_lines += frame.lines
        source.account.half_calls += 1
        syscall = Syscall(
            frame.tid or NOBODY, frame.time, frame.seconds, call, frame.span, entry_seen=False
        )
        self._give(source, syscall, events)

    # ------------------------------------------------------------ halves

    def _keep(self, half: Entered, frame: Frame) -> None:
        """Store `half` where `frame` says it continues: under this tid, under another, or
        nowhere."""
        if frame.end is End.MOVED and frame.number is not None:
            self.under_way.moved[frame.number] = half
        elif frame.end is not End.DETACHED:
            self._halves[frame.tid or NOBODY] = half

    def _drop_half(self, tid: int) -> None:
        """Drop the open half of a task that begins another call: a task is inside only one at a
        time, so the trace lacks something."""
        half = self._halves.pop(tid, None)
        if half is not None:
            self._count_half(half)

    def _count_half(self, half: Entered) -> None:
        self.sources[half.span.source].account.half_calls += 1


def _begun(half: Entered) -> BegunCall:
    """Return what is known of a call that is under way."""
    assert isinstance(half.call, BegunCall)
    return half.call


def _with_name(frame: Frame) -> Frame:
    """Return the second half of a call as on its line, with the name."""
    name = frame.name.encode("utf-8", "surrogateescape")
    return frame._replace(body=b"<... %b resumed>%b" % (name, frame.body))
