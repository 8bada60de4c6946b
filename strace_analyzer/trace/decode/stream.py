"""Decode the lines of one source into events.

It is long because both ways through stand here.

A line that matches a known pattern, belongs to a known task, and comes while nothing unusual is
going on, becomes an event at once (`_whole_call`, `_first_half`, `_second_half`). All other lines
take the slow path, lines -> frames -> rejoin, which is authoritative; the fast path repeats its
decisions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

from strace_analyzer.faults import Fault, Guard
from strace_analyzer.trace.decode.attribution import SPEAKING
from strace_analyzer.trace.decode.calls import CallParser, ParsedCall
from strace_analyzer.trace.decode.clock import Clock
from strace_analyzer.trace.decode.frames import End, Frame, FrameDecoder, Kind, to_tid
from strace_analyzer.trace.decode.halves import joined
from strace_analyzer.trace.decode.lines import lines
from strace_analyzer.trace.decode.marks import text_of
from strace_analyzer.trace.decode.memo import Remembered
from strace_analyzer.trace.decode.patterns import Patterns
from strace_analyzer.trace.decode.rejoin import Rejoin
from strace_analyzer.trace.decode.repair import BegunCall
from strace_analyzer.trace.events import CLONES, EXITS, Entered, Event, Span, Syscall
from strace_analyzer.trace.input.accounting import Accounting
from strace_analyzer.trace.prefilter.sieve import Layout, layout_of

_ESCAPE = 0x1B
_PARENTHESIS = 0x29
_CALL, _RESULT = Kind.CALL, End.RESULT
_OTHERS_SPEAK = CLONES | EXITS
_new = tuple.__new__
_name = Remembered(text_of).__getitem__


@cache
def call_parser() -> CallParser:
    """One per process: it learns the shapes of calls, whatever trace they come from."""
    return CallParser("calls")


@cache
def _patterns() -> Patterns:
    """One per process, too."""
    return Patterns()


class LineDecoder:
    """Decodes one source: `take` its lines in order, then `close`."""

    def __init__(
        self,
        tid: int | None,
        accounting: Accounting,
        clock: Clock,
        has_changed: Callable[[], None],
        any_line: Callable[[int, bytes, list[Event]], bool],
        has_failed: Callable[[Fault, bytes, list[Event]], None],
    ) -> None:
        """`tid` is the one in the name of a -ff file. `has_changed` is called when lines begin
        differently from those before. `any_line` handles a line on the slow path, and returns True
        if later lines must not be passed here. `has_failed` is called for a line that could not be
        read because of a bug of ours."""
        self.layout: Layout | None = None
        """common to all records so far"""
        self._has_changed = has_changed
        self._any_line = any_line
        self._has_failed = has_failed
        self._guard = Guard()
        self._account = accounting
        self._seconds = clock.seconds
        self._frames = FrameDecoder(clock)
        self.frame = self._frames.frame
        self._calls = call_parser()
        self._rejoin = Rejoin((accounting,), (tid,), self._calls)
        (source,) = self._rejoin.sources
        self._speaker, self._mender, self._stacks = source.speaker, source.mender, source.stacks
        self._alive = self._speaker.alive
        self.under_way = self._rejoin.under_way
        """the calls whose first half was read"""
        self._halves = self.under_way.halves
        self._patterns = _patterns()
        self._by_name = self._patterns.by_name
        self._first_halves = self._patterns.first_halves
        self._second_halves = self._patterns.second_halves
        self._alone: int | None = None
        self.is_usual = False
        """nothing is expected of the next line except its own content"""

    def take(self, number: int, rows: Sequence[bytes], events: list[Event]) -> int:
        """Decode the next lines, the first of which has this number; append completed events to
        `events`. Return how many lines were taken."""
        taken = -1
        while taken < len(rows):
            with self._guard:
                for taken in range(taken + 1, len(rows)):  # noqa: B020
                    raw = rows[taken]
                    if self.is_usual and _ESCAPE not in raw:
                        if raw.endswith(b"...>"):
                            if self._first_half(number + taken, raw, events):
                                continue
                        elif (
                            b" resumed>" in raw and self._second_half(number + taken, raw, events)
                        ) or self._whole_call(number + taken, raw, events):
                            continue
                    if self._any_line(number + taken, raw, events):
                        return taken + 1
                return len(rows)
            self._has_failed(self._guard.fault(number + taken), rows[taken], events)
        return len(rows)

    # ------------------------------------------------------------ fast path

    def _whole_call(self, number: int, raw: bytes, events: list[Event]) -> bool:
        """Decode a call on one line. Return False if it is none, or must take the slow path."""
        at = raw.find(b"(")
        known = self._by_name.get(raw[raw.rfind(b" ", 0, at) + 1 : at])
        if known is None:
            return False
        pattern = known[0]
        match = pattern[0](raw)
        if match is None:
            for place in range(1, len(known)):
                pattern = known[place]
                match = pattern[0](raw)
                if match is not None:  # move patterns that match often to the front
                    known[place - 1], known[place] = pattern, known[place - 1]
                    break
            else:
                return False
        _, tid_group, time_group, to_time, layout, name, parts, body = pattern
        tid = to_tid(match[tid_group]) if tid_group else self._alone
        if (tid_group and tid not in self._alive) or tid is None or tid in self._halves:
            return False
        if raw[-1] == _PARENTHESIS and b"Process " in raw:  # perhaps a notice
            return False
        if layout is not self.layout:
            self._is_laid_out(layout)
        time = seconds = None
        if time_group:
            time = to_time(match[time_group])
            seconds = self._seconds(time)
        call = _new(ParsedCall, (name, parts, match, body, None, None))
        events.append(Syscall(tid, time, seconds, call, _new(Span, (0, number, number))))
        account = self._account
        account.call_lines += 1
        account.calls += 1
        return True

    def _first_half(self, number: int, raw: bytes, events: list[Event]) -> bool:
        """Decode `name(args <unfinished ...>`. Return False if it is none, or must take the slow
        path."""
        for prefix in self._first_halves:
            match = prefix[0].fullmatch(raw)
            if match is not None:
                break
        else:
            return False
        _, _, _, tid_group, time_group, to_time, _, body_group = prefix
        tid = to_tid(match[tid_group]) if tid_group else self._alone
        body = match[body_group]
        name = _name(body[: body.index(b"(")])
        if (tid_group and tid not in self._alive) or tid is None or tid in self._halves:
            return False
        if name in _OTHERS_SPEAK:
            return False
        time = seconds = None
        if time_group:
            time = to_time(match[time_group])
            seconds = self._seconds(time)
        call = _new(BegunCall, (self._calls, name, body))
        half = _new(Entered, (tid, time, seconds, name, call, _new(Span, (0, number, number))))
        self._halves[tid] = half
        self._speaker.cut = tid
        self._account.call_lines += 1
        events.append(half)
        return True

    def _second_half(self, number: int, raw: bytes, events: list[Event]) -> bool:
        """Decode `<... name resumed>rest`. Return False if it is none, or must take the slow
        path."""
        for prefix in self._second_halves:
            match = prefix[0].fullmatch(raw)
            if match is not None:
                break
        else:
            return False
        _, _, _, tid_group, time_group, to_time, name_group, body = prefix
        tid = to_tid(match[tid_group]) if tid_group else self._alone
        half = None if tid is None else self._halves.get(tid)
        if tid is None or half is None or (tid_group and tid not in self._alive):
            return False
        _, time, seconds, name, begun, (_, first, _) = half
        key = match[name_group]
        if type(begun) is not BegunCall or name != _name(key) or name in _OTHERS_SPEAK:
            return False
        reading = self._calls.known(key, joined(begun.begun, match[body]))
        if reading is None:
            return False
        shape, groups = reading
        ended = self._seconds(to_time(match[time_group])) if time_group else None
        del self._halves[tid]
        account = self._account
        account.call_lines += 1
        account.calls += 1
        call = _new(ParsedCall, (name, shape.parts, groups, 0, None, None))
        span = _new(Span, (0, first, number))
        events.append(Syscall(tid, time, seconds, call, span, (), True, ended))
        return True

    # ------------------------------------------------------------ slow path

    def take_record(self, number: int, raw: bytes, events: list[Event], counts: int = 1) -> None:
        """Decode any line; or a folded record: its text, and the number of lines it spans."""
        for part in lines(0, number, raw, counts):
            self.join(part.text, self.frame(part), events)

    def join(self, text: bytes, frame: Frame, events: list[Event]) -> None:
        """Process a frame of the last line; append completed events to `events`."""
        if frame.kind in SPEAKING:
            layout = layout_of(text, frame.tid)
            if layout is not self.layout:
                self._is_laid_out(layout)
        found = self._rejoin.join(frame)
        events += found
        shape = self._frames.shape
        if shape is not None:
            self._patterns.seen(shape)
            if frame.kind is _CALL and frame.end is _RESULT and found:
                call = found[-1].call if isinstance(found[-1], Syscall) else None
                if isinstance(call, ParsedCall) and call.shape is not None:
                    name = frame.body[: frame.body.find(b"(")]
                    self._patterns.met(shape, call.shape, text, name)
        self.is_usual = not (self.awaits_next or self._stacks.may_come or self._frames.in_table)
        self._alone = self._speaker.alone

    def _is_laid_out(self, layout: Layout) -> None:
        self.layout = layout if self.layout is None else Layout.MIXED
        self._has_changed()

    def close(self) -> list[Event]:
        """End the input: return events for what was still under way."""
        return self._rejoin.close()

    # ------------------------------------------------------------ for the sieve

    @property
    def awaits_next(self) -> bool:
        """Whether the next line adds to the last one."""
        return self._mender.cut is not None or self._stacks.held is not None

    @property
    def has_stacks(self) -> bool:
        """Whether stacks are, or may be, printed below the calls."""
        return self._stacks.may_come
