"""The front of the trace room: what the user names -> events, with every line counted.

The way is source -> (sieve) -> lines -> frames -> rejoin. `events` pulls a trace along it,
`EventStream` is pushed a line at a time; both run the same stages. A sieve stands between source
and lines where the reader is told what its events are for (`Watch`): it says which lines of a block
can matter; the others are counted and not looked at.

It is long because both ways, with and without a sieve, stand here side by side.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache

from strace_analyzer.errors import SeveralStreamsError, TraceError
from strace_analyzer.trace.decode.attribution import NOBODY, SPEAKING
from strace_analyzer.trace.decode.calls import CallParser
from strace_analyzer.trace.decode.clock import Clock, ClockKind
from strace_analyzer.trace.decode.frames import End, Frames
from strace_analyzer.trace.decode.grades import judge
from strace_analyzer.trace.decode.lines import lines, plain
from strace_analyzer.trace.decode.rejoin import Rejoin
from strace_analyzer.trace.events import Event, Notice, Unparsed
from strace_analyzer.trace.family import Family, has_common_clock
from strace_analyzer.trace.input.accounting import Accounting, blocks_of
from strace_analyzer.trace.input.content import rows
from strace_analyzer.trace.input.source import SourceInput, TraceInput, traces
from strace_analyzer.trace.input.wrapping.stage import Unwrapped, Unwrapping, named
from strace_analyzer.trace.prefilter.ahead import SMALLEST, ScanAhead, can_fork
from strace_analyzer.trace.prefilter.scan import Scan, scanner
from strace_analyzer.trace.prefilter.sieve import EveryLineMattersError, Layout, Sieve, layout_of
from strace_analyzer.trace.prefilter.watch import Watch

__all__ = [
    "Accounting",
    "EventStream",
    "EveryLineMattersError",
    "SourceInput",
    "TraceInput",
    "TraceReader",
    "events",
    "traces",
]


_CUT = End.CUT
"""To ask a class for its member, once a line, takes longer."""


@cache
def _parser() -> CallParser:
    """One per process: it learns the shapes of calls, whichever trace they stand in."""
    return CallParser("calls")


class EventStream:
    """Lines of one source in, events out, as they come: `feed` each line, then `close`."""

    def __init__(
        self,
        name: str = "<stream>",
        tid: int | None = None,
        accounting: Accounting | None = None,
        clock: Clock | None = None,
        only: str | None = None,
    ) -> None:
        self.accounting = Accounting(name) if accounting is None else accounting
        self.clock = Clock() if clock is None else clock
        self._tid = tid
        self._only = only
        self._frame = Frames(self.clock).frame
        self._rejoin = Rejoin((self.accounting,), (tid,), _parser())
        self._join = self._rejoin.join
        self._unwrapping = Unwrapping(judge(_parser()))
        self._unread = 0
        """Lines that were not understood, as far as they had a second reading."""
        self._layout: Layout | None = None
        self._sieve: Sieve | None = None

    def feed(self, line: bytes) -> list[Event]:
        """The next line, with or without its end -> the events that it completes."""
        self.accounting.lines += 1
        if not self._unwrapping.is_off:
            return self._unwrapped(self._unwrapping.feed(self.accounting.lines, plain(line)))
        number = self.accounting.lines
        before = self.clock.last
        parts = lines(0, number, line)
        frame = self._frame(parts[0])
        if frame.end is _CUT and self._unwrapping.again():
            return self._once_more(number, line, before)
        found = self._join(frame)
        for part in parts[1:]:
            found += self._join(self._frame(part))
        if self.accounting.unparsed != self._unread:
            found = self._reread(number, line, before, found)
        return found

    def _reread(
        self, number: int, line: bytes, before: float | None, found: list[Event]
    ) -> list[Event]:
        """`found` by line `number`, some line was not understood: where it is this one, what it
        says unwrapped. `before` is the clock before it."""
        account = self.accounting
        own = [
            event
            for event in found
            if isinstance(event, Unparsed) and event.span.first == event.span.last == number
        ]
        if own and self._unwrapping.again():
            account.unparsed -= len(own)
            found = [event for event in found if event not in own]
            found += self._once_more(number, line, before)
        self._unread = account.unparsed
        return found

    def _once_more(self, number: int, line: bytes, before: float | None) -> list[Event]:
        """A line that was framed already, through the stage in front."""
        if self.clock.kind == "relative":  # it has added this line's difference
            self.clock.last = before
        return self._unwrapped(self._unwrapping.feed(number, plain(line)))

    def _unwrapped(self, found: list[Unwrapped]) -> list[Event]:
        """What the stage in front has decided -> events; learns what the lines look like. None any
        more once there are lines of several traces."""
        if self._sieve is not None and self._unwrapping.has_found:
            self._sieve.every_line_matters("from here on lines were wrapped on their way")
        events: list[Event] = []
        if self._only is None and len(self._unwrapping.streams) > 1:
            return events
        for number, counts, text, stream in found:
            if self._only not in (None, named(stream)):
                continue
            for part in lines(0, number, text, counts):
                frame = self._frame(part)
                if frame.kind in SPEAKING:
                    self._look_at(layout_of(part.text, frame.tid))
                events += self._join(frame)
        return events

    def look(self, number: int, line: bytes) -> list[Event]:
        """As `feed`, for a line that is already counted; learns what the lines look like.

        Raises EveryLineMattersError where they do not look as before, and can be read again.
        """
        if not self._unwrapping.is_off:
            return self._unwrapped(self._unwrapping.feed(number, plain(line)))
        before = self.clock.last
        found: list[Event] = []
        for part in lines(0, number, line):
            frame = self._frame(part)
            if frame.end is _CUT and self._unwrapping.again():
                return found + self._once_more(number, line, before)
            if frame.kind in SPEAKING:
                self._look_at(layout_of(part.text, frame.tid))
            found += self._join(frame)
        if self.accounting.unparsed != self._unread:
            found = self._reread(number, line, before, found)
        return found

    def _look_at(self, layout: Layout) -> None:
        if layout is not self._layout:
            if self._sieve is not None:
                self._sieve.every_line_matters("lines begin otherwise than they did")
            self._layout = layout if self._layout is None else Layout.MIXED

    @property
    def can_be_sieved(self) -> bool:
        """So far the lines look alike, and what is said of each stands on it."""
        return (
            self._layout in (Layout.PIDS, Layout.BARE)
            and self._unwrapping.is_off
            and not self._rejoin.has_stacks
            and self.clock.kind != "relative"
            and not self.clock.steps_back
        )

    def scanner(self, watch: Watch) -> Scan:
        """The search for the lines that follow, if they `can_be_sieved`."""
        has_pids = self._layout is Layout.PIDS
        return scanner(watch.when, has_pids=has_pids, is_unfiltered=watch.is_unfiltered)

    def sieve(self, watch: Watch, scan: Scan, *, once: bool = False) -> Sieve:
        """A sieve for the lines that follow, if they `can_be_sieved`; `once` they are read."""
        self._sieve = Sieve(
            watch,
            scan,
            bare_tid=None if self._layout is Layout.PIDS else self._tid or NOBODY,
            inside=self._rejoin.inside,
            awaits_next=self._awaits_next,
            once=once,
            has_hours=self.clock.kind == "time-of-day",
        )
        return self._sieve

    def _awaits_next(self) -> bool:
        if self._sieve is not None and (self.clock.steps_back or self._rejoin.has_stacks):
            self._sieve.every_line_matters("the clock was set back, or stacks were printed")
        return self._rejoin.awaits_next or not self._unwrapping.is_off

    def close(self) -> list[Event]:
        """The end of the input: what was still under way.

        Raises SeveralStreamsError where it was that of several traces.
        """
        events = self._unwrapped(self._unwrapping.close())
        self.accounting.read_through = self._unwrapping.notes
        self.accounting.unescaped = self._unwrapping.unescaped
        streams = self._unwrapping.streams
        if self._only is None and len(streams) > 1:
            raise SeveralStreamsError(self.accounting.name, tuple(map(named, streams)))
        return events + self._rejoin.close()


class TraceReader:
    """Reads one trace. Iterate over it once; `accounting` and `clock` are filled meanwhile."""

    def __init__(
        self,
        trace: TraceInput,
        watch: Watch | None = None,
        jobs: int = 1,
        *,
        once: bool = False,
    ) -> None:
        """With `watch` only those lines are looked at that can matter to it, where that is sure.
        `jobs` is how many processes may do that: 2, or 1. `once`: the trace is not read again,
        whatever it turns out to be; how many lines were left out too soon is in `left_out`."""
        self.trace = trace
        self.accounting = [Accounting(source.name) for source in trace.sources]
        self._watch = watch
        self._jobs = jobs
        self._once = once or not all(source.can_be_read_again for source in trace.sources)
        self._sieve: Sieve | None = None
        self._clocks = [Clock() for _ in trace.sources]
        self._quote: str | None = None

    @property
    def is_ordered(self) -> bool:
        """The order of all its lines is known: it is one file, or its files share a clock."""
        return len(self.trace.sources) == 1 or has_common_clock(self.trace.sources)

    @property
    def clock(self) -> ClockKind:
        """The kind of clock of the trace: that of its sources, where they agree."""
        kinds = {clock.kind for clock in self._clocks if clock.first is not None}
        return kinds.pop() if len(kinds) == 1 else "none"

    @property
    def seconds(self) -> float | None:
        """From the first time to the last; None without times."""
        firsts = [clock.first for clock in self._clocks if clock.first is not None]
        lasts = [clock.last for clock in self._clocks if clock.last is not None]
        return max(lasts) - min(firsts) if firsts else None

    @property
    def steps_back(self) -> int:
        """How often a printed time was earlier than the one before it, midnight apart."""
        return sum(clock.steps_back for clock in self._clocks)

    @property
    def left_out(self) -> int:
        """How many lines were not looked at before one showed that they should have been."""
        return self._sieve.left_out if self._sieve is not None and self._sieve.gives_all else 0

    def __iter__(self) -> Iterator[Event]:
        """The events in order.

        Raises TraceError where a source cannot be read, or the whole is empty or no strace output;
        EveryLineMattersError where the trace is to be read again without `watch`.
        """
        if len(self.trace.sources) == 1:
            found = self._single()
        else:
            found = iter(Family(self.trace.sources, self.accounting, self._clocks, _parser()))
        for event in found:
            if self._quote is None and isinstance(event, Notice):
                self._quote = event.text
            yield event
        self._judge()

    def _single(self) -> Iterator[Event]:
        source, account = self.trace.sources[0], self.accounting[0]
        stream = EventStream(source.name, source.tid, account, self._clocks[0], source.only)
        if self._watch is None:
            for block in blocks_of(source, account):
                for line in rows(block):
                    yield from stream.feed(line)
        else:
            yield from self._sieved(stream, source, self._watch)
        yield from stream.close()

    def _sieved(self, stream: EventStream, source: SourceInput, watch: Watch) -> Iterator[Event]:
        account = self.accounting[0]
        with ExitStack() as stack:
            for index, block in enumerate(blocks_of(source, account)):
                if self._sieve is None and watch.has_begun and stream.can_be_sieved:
                    scan = self._scan(stream, source, watch, index, stack)
                    self._sieve = stream.sieve(watch, scan, once=self._once)
                first, sieve = account.lines + 1, self._sieve
                found = (
                    enumerate(rows(block), first)
                    if sieve is None or sieve.gives_all
                    else sieve.lines(first, block)
                )
                for number, line in found:
                    account.lines = number
                    yield from stream.look(number, line)

    def _scan(
        self,
        stream: EventStream,
        source: SourceInput,
        watch: Watch,
        index: int,
        stack: ExitStack,
    ) -> Scan:
        """The search from block number `index` on: here, or ahead in a process of its own."""
        if self._jobs < 2 or source.size < SMALLEST or not can_fork():
            return stream.scanner(watch)
        again = SourceInput(source.name, source.path, member=source.member)
        ahead = ScanAhead(lambda: again.blocks(), index, lambda: stream.scanner(watch))
        stack.callback(ahead.close)
        return ahead

    def _judge(self) -> None:
        name = self.trace.name
        if not any(account.lines for account in self.accounting):
            raise TraceError(f"{name}: empty")
        if any(account.looks_like_strace for account in self.accounting):
            return
        if self._quote is not None:
            raise TraceError(f"{name}: no trace, only: {self._quote}")
        if sum(a.examined for a in self.accounting) == sum(a.lines for a in self.accounting):
            raise TraceError(f"{name}: not the output of strace")


def events(trace: TraceInput, accounting: list[Accounting]) -> Iterator[Event]:
    """The events of `trace` in order; `accounting` gets one entry per source, filled meanwhile.

    Raises TraceError as TraceReader does.
    """
    reader = TraceReader(trace)
    accounting[:] = reader.accounting
    yield from reader
