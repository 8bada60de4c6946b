"""The entry point of this package: read what the user named as events, with every line counted.

Lines pass through source -> (sieve) -> lines -> frames -> rejoin. `events` pulls a whole trace
through these stages; `EventStream` is fed line by line. The sieve is used if the reader knows what
its events are for (`ModelView`): it selects the lines of a block that can matter, and the others
are only counted.

It is long because both ways, with and without a sieve, stand here side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from functools import cached_property, partial

from strace_analyzer.errors import SeveralStreamsError, TraceError
from strace_analyzer.faults import Fault, Guard
from strace_analyzer.trace.decode.attribution import NOBODY
from strace_analyzer.trace.decode.clock import Clock, ClockKind
from strace_analyzer.trace.decode.ending import breaks_off
from strace_analyzer.trace.decode.frames import End, Kind
from strace_analyzer.trace.decode.grades import judge
from strace_analyzer.trace.decode.lines import lines, plain
from strace_analyzer.trace.decode.marks import text_of
from strace_analyzer.trace.decode.stream import LineDecoder, call_parser
from strace_analyzer.trace.events import Event, Span, Unparsed
from strace_analyzer.trace.family import FamilyReader, has_common_clock
from strace_analyzer.trace.input.accounting import Accounting, blocks_of
from strace_analyzer.trace.input.content import Block, rows
from strace_analyzer.trace.input.kinds import kind_of
from strace_analyzer.trace.input.named import traces
from strace_analyzer.trace.input.source import SourceInput, TraceInput, stream_trace
from strace_analyzer.trace.input.wrapping.stage import Unwrapped, Unwrapping, named
from strace_analyzer.trace.prefilter import ahead
from strace_analyzer.trace.prefilter.ahead import ScanAhead
from strace_analyzer.trace.prefilter.scan import Scan, scanner
from strace_analyzer.trace.prefilter.sieve import EveryLineMattersError, Layout, Sieve
from strace_analyzer.trace.prefilter.watch import ModelView
from strace_analyzer.trace.unwrapped import unwrapped

__all__ = [
    "Accounting",
    "EventStream",
    "EveryLineMattersError",
    "SourceInput",
    "TraceInput",
    "TraceReader",
    "events",
    "stream_trace",
    "traces",
]


_CUT = End.CUT
_ESCAPE = 0x1B
_ROWS = 256
"""Lines read at once if all of them are."""


class EventStream:
    """Decodes the lines of one source as they come: `feed` each line, then `close`."""

    def __init__(
        self,
        name: str = "<stream>",
        tid: int | None = None,
        accounting: Accounting | None = None,
        clock: Clock | None = None,
        tell: Callable[[Unwrapped], None] | None = None,
    ) -> None:
        """`tell` is called for each line as it was read: unwrapped, and with its owner."""
        self.accounting = Accounting(name) if accounting is None else accounting
        self.clock = Clock() if clock is None else clock
        self._tid = tid
        self._tell = tell
        self._read_again = 0
        """The number of the last line that was not understood and was read again, unwrapped."""
        self._decoder = LineDecoder(
            tid,
            self.accounting,
            self.clock,
            self._has_changed,
            self._any_line,
            self._has_failed,
        )
        self._unwrapping = Unwrapping(judge(call_parser()))
        self._last = b""
        """The last record that was unwrapped."""
        self._unread = 0
        """Lines that were not understood, as far as they have been read a second time."""
        self._sieve: Sieve | None = None
        self._guard = Guard()

    def feed(self, *lines: bytes) -> list[Event]:
        """Take the next lines, with or without their ends; return the events that they
        complete."""
        first = self.accounting.lines + 1
        self.accounting.lines += len(lines)
        return self.take(first, [line.rstrip(b"\r\n") for line in lines])

    def take(self, number: int, rows: Sequence[bytes]) -> list[Event]:
        """Like `feed`, for lines that are already counted: the number of the first, and the lines.

        Raises EveryLineMattersError if they differ in form from earlier ones, and the source can be
        read again.
        """
        events: list[Event] = []
        place = 0
        while place < len(rows):
            if self._unwrapping.is_off:
                if self._tell is None:
                    place += self._decoder.take(number + place, rows[place:], events)
                    continue
                self._decoder.take(number + place, rows[place : place + 1], events)
                if self._read_again != number + place:
                    self._tell(Unwrapped(number + place, 1, rows[place], b""))
                place += 1
            else:
                with self._guard:
                    line = plain(rows[place])
                    found = self._unwrapping.feed(number + place, line)
                    if _ESCAPE in rows[place] and not self.accounting.has_colours:
                        self.accounting.has_colours = any(map(self._unwrapping.is_record, found))
                    events += self._unwrapped(found)
                if self._guard.error is not None:
                    self._has_failed(self._guard.fault(number + place), rows[place], events)
                place += 1
        return events

    def _has_failed(self, fault: Fault, line: bytes, events: list[Event]) -> None:
        """Count a line on which we failed as not understood, and record the reason."""
        self.accounting.has_failed(fault)
        span = Span(0, fault.line, fault.line)
        events.append(Unparsed(text_of(line), "a fault of strace-analyzer", span))
        if self._sieve is not None:
            self._sieve.every_line_matters("a line made the reader fail")

    def _any_line(self, number: int, line: bytes, events: list[Event]) -> bool:
        """Handle a line on the slow path. Return True if it was not understood and was read again,
        unwrapped, as all following lines must be."""
        before = self.clock.last
        found: list[Event] = []
        for part in lines(0, number, line):
            frame = self._decoder.frame(part)
            if _ESCAPE in line and frame.kind not in (Kind.FOREIGN, Kind.SUSPECT):
                self.accounting.has_colours = True
            if frame.end is _CUT and self._unwrapping.again():
                events += found
                events += self._once_more(number, line, before)
                return True
            self._decoder.join(part.text, frame, found)
        if self.accounting.unparsed != self._unread:
            found = self._reread(number, line, before, found)
        events += found
        return not self._unwrapping.is_off

    def _reread(
        self, number: int, line: bytes, before: float | None, found: list[Event]
    ) -> list[Event]:
        """Given the events `found` by line `number`, of which some line was not understood: if it
        is this one, read it again, unwrapped. `before` is the clock before the line."""
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
        """Pass a line that was already framed through the unwrapping stage."""
        if self.clock.kind == "relative":  # the clock has already added this line's difference
            self.clock.last = before
        self._read_again = number
        return self._unwrapped(self._unwrapping.feed(number, plain(line)))

    def _unwrapped(self, found: list[Unwrapped]) -> list[Event]:
        """Decode the lines decided by the unwrapping stage. Returns no events once lines of several
        traces were found."""
        if self._sieve is not None and self._unwrapping.has_found:
            self._sieve.every_line_matters("from here on lines were wrapped on their way")
        if self._tell is not None:
            for line in found:
                self._tell(line)
        if found:
            self._last = found[-1].text
        events: list[Event] = []
        if len(self._unwrapping.streams) > 1:
            return events
        for line in found:
            events += self.take_record(line)
        return events

    def take_record(self, line: Unwrapped) -> list[Event]:
        """Like `take`, for a line that is already unwrapped."""
        events: list[Event] = []
        number, counts, text, _ = line
        guard = Guard()
        with guard:
            self._decoder.take_record(number, text, events, counts)
        if guard.error is not None:
            self._has_failed(guard.fault(number), text, events)
        return events

    def _has_changed(self) -> None:
        if self._sieve is not None:
            self._sieve.every_line_matters("lines begin otherwise than they did")

    @property
    def can_be_sieved(self) -> bool:
        """Whether all lines so far have the same form, with everything about a call on its own
        line."""
        return (
            self._decoder.layout in (Layout.PIDS, Layout.BARE)
            and self._unwrapping.is_off
            and not self._decoder.has_stacks
            and self.clock.kind != "relative"
            and not self.clock.steps_back
        )

    def scanner(self, watch: ModelView, *, apart: bool = False) -> Scan:
        """Return the search for the following lines, if they `can_be_sieved`. `apart`: it is built
        in a copy of this process."""
        has_pids = self._decoder.layout is Layout.PIDS
        return scanner(
            watch.when,
            has_pids=has_pids,
            is_unfiltered=watch.is_unfiltered,
            clock=self.clock.kind,
            apart=apart,
        )

    def sieve(self, watch: ModelView, scan: Scan, *, once: bool = False) -> Sieve:
        """Return a sieve for the following lines, if they `can_be_sieved`. `once`: they cannot be
        read again."""
        self._sieve = Sieve(
            watch,
            scan,
            bare_tid=None if self._decoder.layout is Layout.PIDS else self._tid or NOBODY,
            under_way=self._decoder.under_way,
            awaits_next=self._awaits_next,
            once=once,
            clock=self.clock.kind,
        )
        return self._sieve

    def _awaits_next(self) -> bool:
        if self._decoder.is_usual and not self.clock.steps_back and self._unwrapping.is_off:
            return False
        if self._sieve is not None and (self.clock.steps_back or self._decoder.has_stacks):
            self._sieve.every_line_matters("the clock was set back, or stacks were printed")
        return self._decoder.awaits_next or not self._unwrapping.is_off

    def close(self) -> list[Event]:
        """End the input: return events for what was still under way.

        Raises SeveralStreamsError if the lines belong to several traces, TraceError if they are a
        diff of two.
        """
        stage = self._unwrapping
        was_off = stage.is_off
        events = self._unwrapped(stage.close())
        account = self.accounting
        if account.unended:
            last = plain(account.unended[-1]) if was_off else self._last
            account.breaks_off = breaks_off(account.unended, last, call_parser())
        account.was_unwrapped(stage.notes, stage.unescaped, stage.folded_results, stage.gaps)
        if self._decoder.layout is not Layout.BARE:
            self.accounting.thread = None
        if self._unwrapping.is_diff:
            raise TraceError(
                f"{self.accounting.name}: a diff of two traces, which has parts of both: give the "
                f"traces themselves (git show REVISION:FILE, or patch(1))"
            )
        streams = self._unwrapping.streams
        if len(streams) > 1:
            raise SeveralStreamsError(self.accounting.name, tuple(map(named, streams)))
        return events + self.end()

    def end(self) -> list[Event]:
        """Like `close`, for input that was already unwrapped."""
        events: list[Event] = []
        with self._guard:
            events += self._decoder.close()
        if self._guard.error is not None:
            self._has_failed(self._guard.fault(self.accounting.lines), b"", events)
        if self._sieve is None:
            self.accounting.settle()
        return events


class OneOfSeveral:
    """Like EventStream, for one trace out of a source that contains lines of several. All lines are
    read, to find out which trace each belongs to."""

    def __init__(self, source: SourceInput, accounting: Accounting, clock: Clock) -> None:
        self._account = accounting
        self._only, self._others = source.only, source.others
        self._all = EventStream(source.name, source.tid, tell=self._told)
        self._one = EventStream(source.name, source.tid, accounting, clock)
        self._events: list[Event] = []

    def take(self, number: int, rows: Sequence[bytes]) -> list[Event]:
        """As EventStream.take."""
        self._all.take(number, rows)
        return self._decided()

    def close(self) -> list[Event]:
        """As EventStream.close."""
        read = self._all.accounting
        read.unended = self._account.unended
        with suppress(SeveralStreamsError):
            self._all.close()
        self._account.breaks_off = read.breaks_off
        self._account.has_colours |= read.has_colours
        self._account.was_unwrapped(
            read.read_through, read.unescaped, read.folded_results, read.gaps
        )
        return self._decided() + self._one.end()

    def _told(self, line: Unwrapped) -> None:
        name = named(line.stream)
        if name == self._only if self._only is not None else name not in self._others:
            self._events += self._one.take_record(line)
        else:
            self._account.elsewhere += line.counts

    def _decided(self) -> list[Event]:
        events, self._events = self._events, []
        return events


class TraceReader:
    """Reads one trace. Iterate over it once; `accounting` and `clock` are filled meanwhile."""

    def __init__(
        self,
        trace: TraceInput,
        watch: ModelView | None = None,
        jobs: int = 1,
        *,
        once: bool = False,
    ) -> None:
        """With `watch`, only the lines that can matter to it are looked at, as far as that is
        certain. `jobs` is the number of processes that may be used: 1 or 2. `once`: the trace is
        never read again, whatever it turns out to be; `left_out` is then the number of lines that
        were skipped too early."""
        self.trace = trace
        self.accounting = [Accounting(source.name, source.tid) for source in trace.sources]
        self._watch = watch
        self._jobs = jobs
        self._once = once or not all(source.can_be_read_again for source in trace.sources)
        self._sieve: Sieve | None = None
        self._ahead: ScanAhead | None = None
        self._clocks = [Clock() for _ in trace.sources]

    @property
    def is_ordered(self) -> bool:
        """Whether the order of all its lines is known: it is one file, or its files share a
        clock."""
        return len(self.trace.sources) == 1 or has_common_clock(self._family)

    @cached_property
    def _family(self) -> Sequence[SourceInput]:
        """Its sources as strace printed them."""
        return unwrapped(self.trace.sources)

    @property
    def clock(self) -> ClockKind:
        """The kind of clock common to its sources; "none" if they differ."""
        kinds = {clock.kind for clock in self._clocks if clock.first is not None}
        return kinds.pop() if len(kinds) == 1 else "none"

    @property
    def seconds(self) -> float | None:
        """Seconds from the first to the last time; None without times."""
        firsts = [clock.first for clock in self._clocks if clock.first is not None]
        lasts = [clock.last for clock in self._clocks if clock.last is not None]
        return max(lasts) - min(firsts) if firsts else None

    @property
    def steps_back(self) -> int:
        """How often a printed time was earlier than the one before it, midnight aside."""
        return sum(clock.steps_back for clock in self._clocks)

    @property
    def left_out(self) -> int:
        """Number of lines skipped before one showed that they should have been read."""
        return self._sieve.left_out if self._sieve is not None and self._sieve.gives_all else 0

    def __iter__(self) -> Iterator[Event]:
        """Yield the events in order.

        Raises TraceError if a source cannot be read, or if everything is empty or not strace's
        output; EveryLineMattersError if the trace must be read again without `watch`.
        """
        for events in self.batches():
            yield from events

    def batches(self) -> Iterator[list[Event]]:
        """Like `__iter__`, in batches: the next one must be requested only after the last was
        processed."""
        if len(self.trace.sources) == 1:
            found = self._single()
        else:
            found = batched(
                FamilyReader(self._family, self.accounting, self._clocks, call_parser())
            )
        yield from found
        self._judge()

    def _single(self) -> Iterator[list[Event]]:
        source, account = self.trace.sources[0], self.accounting[0]
        clock = self._clocks[0]
        stream: EventStream | OneOfSeveral
        if source.only is not None or source.others:
            stream = OneOfSeveral(source, account, clock)
        else:
            stream = EventStream(source.name, source.tid, account, clock)
        if self._watch is None or isinstance(stream, OneOfSeveral):
            for block in blocks_of(source, account):
                yield from self._every_line(stream, block)
        else:
            yield from self._sieved(stream, source, self._watch)
        yield stream.close()

    def _every_line(
        self, stream: EventStream | OneOfSeveral, block: Block
    ) -> Iterator[list[Event]]:
        account, found = self.accounting[0], rows(block)
        for at in range(0, len(found), _ROWS):
            some = found[at : at + _ROWS]
            first = account.lines + 1
            account.lines += len(some)
            yield stream.take(first, some)

    def _sieved(
        self, stream: EventStream, source: SourceInput, watch: ModelView
    ) -> Iterator[list[Event]]:
        account = self.accounting[0]
        with ExitStack() as stack:
            for index, block in enumerate(blocks_of(source, account)):
                if self._sieve is None and watch.has_begun and stream.can_be_sieved:
                    scan = self._scan(stream, source, watch, index, stack)
                    self._sieve = stream.sieve(watch, scan, once=self._once)
                sieve = self._sieve
                if sieve is None or sieve.gives_all:
                    yield from self._every_line(stream, block)
                    continue
                if sieve.steps_aside(block):
                    if self._ahead is not None:  # it would continue with every block
                        self._ahead.close()
                        self._ahead = None
                        sieve.scan_by(stream.scanner(watch))
                    yield from self._every_line(stream, block)
                    continue
                for number, line in sieve.lines(account.lines + 1, block):
                    account.lines = number
                    yield stream.take(number, (line,))

    def _scan(
        self,
        stream: EventStream,
        source: SourceInput,
        watch: ModelView,
        index: int,
        stack: ExitStack,
    ) -> Scan:
        """Return the search from block number `index` on: here, or ahead in a separate process."""
        if self._jobs < 2 or not ahead.pays(source.size):
            return stream.scanner(watch)
        again = SourceInput(source.name, source.path, member=source.member)
        self._ahead = ScanAhead(again.blocks, index, partial(stream.scanner, watch))
        stack.callback(self._ahead.close)
        return self._ahead

    def _judge(self) -> None:
        name = self.trace.name
        if any(account.interrupted is not None for account in self.accounting):
            return  # what was not read is not judged
        if not any(account.lines for account in self.accounting):
            raise TraceError(f"{name}: empty")
        kind = kind_of(self.accounting[0].beginning)
        but = "" if kind is None else f", but {kind}"
        if any(account.looks_like_strace for account in self.accounting):
            calls = sum(a.call_lines for a in self.accounting)
            if kind and kind.outweighs(
                self.accounting[0].beginning,
                calls / max(1, sum(a.examined for a in self.accounting)),
                is_understood=any(a.is_understood for a in self.accounting),
            ):
                raise TraceError(f"{name}: not the output of strace{but}")
            return
        quote = next((account.quote for account in self.accounting if account.quote), None)
        if quote is not None:
            raise TraceError(f"{name}: no trace, only: {quote}")
        if sum(a.examined for a in self.accounting) == sum(a.lines for a in self.accounting):
            raise TraceError(f"{name}: not the output of strace{but}")


def batched(events: Iterable[Event]) -> Iterator[list[Event]]:
    """Yield each event in a list of its own, since a family's order can depend on how the last one
    was processed."""
    for event in events:
        yield [event]


def events(trace: TraceInput, accounting: list[Accounting]) -> Iterator[Event]:
    """Yield the events of `trace` in order. `accounting` gets one entry per source, filled
    meanwhile.

    Raises TraceError like TraceReader.
    """
    reader = TraceReader(trace)
    accounting[:] = reader.accounting
    yield from reader
