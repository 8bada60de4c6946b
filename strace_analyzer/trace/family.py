"""Merge the files of one `strace -ff` trace into one ordered sequence of events.

If the files share a clock (-t, -tt, -ttt), their lines are merged by time; with -T, a call that
took time returns at the time it did, after what ran meanwhile. Without a common clock, the order is
what births, waits and execve() prove: a child begins after the clone() that created it was entered,
a wait for it returns after its end, and a process taken over by a thread's execve() continues after
that thread's file has ended. The order within each file is always kept.

It is long because the two orders share what a source's records are.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import chain, islice

from strace_analyzer.faults import Guard
from strace_analyzer.trace.decode.calls import CallParser
from strace_analyzer.trace.decode.clock import DAY, Clock
from strace_analyzer.trace.decode.ending import breaks_off
from strace_analyzer.trace.decode.frames import End, Frame, FrameDecoder, Kind
from strace_analyzer.trace.decode.lines import lines
from strace_analyzer.trace.decode.marks import text_of
from strace_analyzer.trace.decode.rejoin import Rejoin
from strace_analyzer.trace.events import CLONES, Attached, Entered, Event, Span, Syscall, Unparsed
from strace_analyzer.trace.input.accounting import Accounting, blocks_of
from strace_analyzer.trace.input.content import SMALL_BLOCK, rows
from strace_analyzer.trace.input.source import SourceInput
from strace_analyzer.trace.parentage import births
from strace_analyzer.trace.unwrapped import UnwrappedInput

_BELOW = (Kind.STACK, Kind.DUMP)
_WAITS = frozenset(("wait4", "waitpid", "waitid"))


COMMON = ("epoch", "time-of-day")
"""Clocks that the files of a family share; -r counts anew in each file."""


def has_common_clock(sources: Sequence[SourceInput]) -> bool:
    """Whether times give the order between files. All files are written with the same options, so
    the first file with a time decides, by its first time."""
    for index, source in enumerate(sources):
        clock = Clock()
        frames = FrameDecoder(clock)
        block = source.first_block()
        for number, raw in enumerate(islice(rows(block), _FIRST_LINES), 1):
            with Guard():  # reported when it is read
                for line in lines(index, number, raw):
                    frames.frame(line)
            if clock.kind != "none":
                return clock.kind in COMMON
    return False


_FIRST_LINES = 20  # of a file: without a time in these it has none


class FamilyReader:
    """Reads the sources of one trace together. Iterate over it once."""

    def __init__(
        self,
        sources: Sequence[SourceInput],
        accounts: Sequence[Accounting],
        clocks: Sequence[Clock],
        calls: CallParser,
    ) -> None:
        self._sources = sources
        self._accounts = accounts
        self._clocks = clocks
        self._calls = calls
        self._rejoin = Rejoin(accounts, [source.tid for source in sources], calls)
        self._guard = Guard()
        self._by_tid = {source.tid: index for index, source in enumerate(sources)}
        self._births = births(sources, calls)
        self._unborn = list(range(len(sources)))
        """sources that have not begun, by tid"""
        self._begun: dict[int, Iterator[list[Frame]]] = {}
        self._ready: deque[int] = deque()
        """without a common clock: sources that have begun and are yet to be read"""
        self._strangers: list[int] = []
        """sources named by no clone, except the first"""

    def __iter__(self) -> Iterator[Event]:
        born = set(self._births.values())
        first, *self._strangers = [i for i in self._unborn if i not in born] or [0]
        self._begin(first)
        if self._clocks[first].kind in COMMON:
            for index in self._strangers:
                self._begin(index)
            yield from self._by_time()
        else:
            self._ready.append(first)
            yield from self._by_births()
        yield from self._rejoin.close()
        for account in self._accounts:
            account.settle()

    def _begin(self, index: int, after: float | None = None) -> None:
        """Begin a source, reading up to its first record; `after` is when its task was created."""
        self._unborn.remove(index)
        records = self._records(index)
        head = list(islice(records, 1))
        if head and after is not None:
            head[0][0] = self._on_its_day(head[0][0], after)
        self._begun[index] = chain(head, records)

    def _on_its_day(self, frame: Frame, after: float) -> Frame:
        """Return `frame` on its actual day, which a time of day does not include."""
        clock = self._clocks[frame.span.source]
        seconds = frame.seconds
        while clock.kind == "time-of-day" and seconds is not None and seconds < after - DAY / 2:
            seconds = clock.next_day()
        return frame._replace(seconds=seconds)

    def _records(self, index: int) -> Iterator[list[Frame]]:
        """Yield the frames of a source, each with the stack and the dumps below it."""
        record: list[Frame] = []
        for frame in self._frames(index):
            if record and frame.kind not in _BELOW:
                yield record
                record = []
            record.append(frame)
        if record:
            yield record

    def _frames(self, index: int) -> Iterator[Frame]:
        account, frames = self._accounts[index], FrameDecoder(self._clocks[index])
        for block in blocks_of(self._sources[index], account, SMALL_BLOCK):
            found = rows(block)
            first = account.lines + 1
            account.lines += len(found)
            for number, raw in enumerate(found, first):
                yield from self._framed(index, number, raw, frames)
        source = self._sources[index]
        if isinstance(source, UnwrappedInput):
            source.tell(account)
        if account.unended:
            account.breaks_off = breaks_off(account.unended, account.unended[-1], self._calls)

    def _framed(self, index: int, number: int, raw: bytes, frames: FrameDecoder) -> list[Frame]:
        """Return the frames of one line; an unparsed one if we fail on it."""
        with self._guard:
            return [frames.frame(line) for line in lines(index, number, raw)]
        self._accounts[index].has_failed(self._guard.fault(number))
        span = Span(index, number, number)
        return [Frame(Kind.SUSPECT, End.RESULT, None, None, None, "", raw, span)]

    def _joined(self, record: list[Frame]) -> list[Event]:
        events: list[Event] = []
        for frame in record:
            with self._guard:
                events += self._rejoin.join(frame)
            if self._guard.error is not None:
                fault = self._guard.fault(frame.span.first)
                self._accounts[frame.span.source].has_failed(fault)
                words = "a fault of strace-analyzer"
                events.append(Unparsed(text_of(frame.body), words, frame.span))
        events += self._rejoin.settle(record[0].span.source)
        return list(self._named(events))

    # ------------------------------------------------------------ with a common clock

    def _by_time(self) -> Iterator[Event]:
        returns = _Returns()
        turns: list[tuple[float, bool, int, list[Frame]]] = []
        now = 0.0

        def queue(index: int) -> None:
            """Queue the next record of `index`; one without a time directly follows the last
            one."""
            record = next(self._begun[index], None)
            if record is not None:
                seconds = now if record[0].seconds is None else record[0].seconds
                # of equal printed times, a thread's execve() comes before the end of the leader
                is_last = record[0].kind is Kind.SUPERSEDED
                heapq.heappush(turns, (seconds, is_last, index, record))

        for index in tuple(self._begun):
            queue(index)
        while turns or self._unborn:
            if not turns:  # its clone was never printed
                index = self._unborn[0]
                self._begin(index, now)
                queue(index)
                continue
            now, _, index, record = heapq.heappop(turns)
            yield from returns.due(now, index)
            child = self._births.get((index, record[0].span.first))
            if child in self._unborn:
                self._begin(child, now)
                queue(child)
            following = turns[0][0] if turns else None
            for event in self._joined(record):
                yield from returns.pass_on(event, index, following)
            queue(index)
        yield from returns.due(None, None)

    # ------------------------------------------------------------ without

    def _by_births(self) -> Iterator[Event]:
        """Parents before children, but children before the waits for them."""
        while self._ready or self._unborn:
            if not self._ready:  # its clone was never printed
                self._make_ready(self._unborn[0])
            yield from self._run(self._ready.popleft())

    def _make_ready(self, index: int) -> None:
        self._begin(index)
        self._ready.append(index)

    def _run(self, index: int) -> Iterator[Event]:
        """Yield a whole source, and before each of its records what must have come earlier."""
        for record in self._begun[index]:
            child = self._births.get((index, record[0].span.first))
            if child in self._unborn:
                self._make_ready(child)
            if record[0].kind is Kind.SUPERSEDED:
                yield from self._to_its_end(record[0].number)
            for event in self._joined(record):
                if isinstance(event, Syscall) and event.result.value:
                    if event.name in _WAITS:
                        yield from self._to_its_end(event.result.value)
                    elif event.name in CLONES and child is None:
                        self._begin_a_stranger()
                yield event

    def _named(self, events: list[Event]) -> Iterator[Event]:
        """Yield `events`, each birth whose number belongs to another PID namespace preceded by the
        child it refers to."""
        for event in events:
            if isinstance(event, Syscall) and event.name in CLONES:
                child = self._births.get((event.span.source, event.span.first))
                tid = None if child is None else self._sources[child].tid
                if tid is not None and tid != event.result.value:
                    yield _half_of(event)
                    yield Attached(tid, event.span)
            yield event

    def _to_its_end(self, tid: int | None) -> Iterator[Event]:
        index = None if tid is None else self._by_tid.get(tid)
        if index is not None and index in self._ready:
            self._ready.remove(index)
            yield from self._run(index)

    def _begin_a_stranger(self) -> None:
        """Begin the next child in order of birth: a clone returned a number of another PID
        namespace."""
        strangers = [index for index in self._strangers if index in self._unborn]
        if strangers:
            self._make_ready(strangers[0])


def _half_of(call: Syscall) -> Entered:
    """Return the first half of a call that is whole on its line."""
    return Entered(call.tid, call.time, call.seconds, call.name, call.call, call.span)


class _Returns:
    """Calls that took time (-T), held until they return; in their place the entry is given."""

    def __init__(self) -> None:
        self._held: list[tuple[float, int, Syscall]] = []

    def pass_on(self, event: Event, index: int, following: float | None) -> Iterator[Event]:
        """Yield `event` of source `index`, or only its entry if another source has a line before it
        returns."""
        if following is not None and isinstance(event, Syscall) and event.seconds is not None:
            end = event.seconds + (event.elapsed or 0.0)
            if end > following and event.entry_seen:
                heapq.heappush(self._held, (end, index, event))
                yield _half_of(event)
                return
        yield event

    def due(self, now: float | None, index: int | None) -> Iterator[Event]:
        """Yield what returned before `now`, or before source `index` continues; everything if `now`
        is None."""
        while self._held and (now is None or self._held[0][0] <= now):
            yield heapq.heappop(self._held)[2]
        mine = [held for held in self._held if held[1] == index]
        if mine:  # at most one: a task is inside one call at a time
            self._held = [held for held in self._held if held[1] != index]
            heapq.heapify(self._held)
            yield from (held[2] for held in mine)
