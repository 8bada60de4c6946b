"""The files of one `strace -ff` trace in, the events of all of them in one order out.

Where the files share a clock (-t, -tt, -ttt) their lines are merged by time; with -T a call that lasted
comes back at the time it did, others having run meanwhile. Without a common clock the order is what
births, waits and execve() prove: a child begins after the clone() that made it was entered, a wait for
it returns after its end, and a process that a thread's execve() took over goes on after that thread's
file has ended. Each file's own order is always kept.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice

from strace_analyzer.trace.accounting import Accounting
from strace_analyzer.trace.calls import CallParser
from strace_analyzer.trace.clock import DAY, Clock
from strace_analyzer.trace.events import Entered, Event, Syscall
from strace_analyzer.trace.frames import Frame, Frames, Kind
from strace_analyzer.trace.lines import lines
from strace_analyzer.trace.rejoin import CLONES, Rejoin
from strace_analyzer.trace.source import Block, SourceInput

Sieve = Callable[[Block], Iterable[tuple[int, bytes]]]
_Timed = tuple[Frame, float | None]

_BIRTHS = (b"clone", b"fork(")
_WAITS = frozenset(("wait4", "waitpid", "waitid"))


class Family:
    """Reads the sources of one trace together. Iterate over it once."""

    def __init__(
        self,
        sources: Sequence[SourceInput],
        accounts: Sequence[Accounting],
        clocks: Sequence[Clock],
        calls: CallParser,
        sieve: Sieve,
    ) -> None:
        self._sources = sources
        self._accounts = accounts
        self._clocks = clocks
        self._calls = calls
        self._sieve = sieve
        self._rejoin = Rejoin(accounts, [source.tid for source in sources], calls)
        self._by_tid = {source.tid: index for index, source in enumerate(sources)}
        self._births: dict[tuple[int, int], int] = {}
        """(source, line) of a clone-like call -> the source of the child that it made"""
        self._unborn = list(range(len(sources)))
        """sources that have not begun, by tid"""

    def __iter__(self) -> Iterator[Event]:
        self._find_births()
        born = set(self._births.values())
        roots = [index for index in self._unborn if index not in born] or [0]
        begun = {roots[0]: self._begin(roots[0], None)}
        if self._clocks[roots[0]].kind in ("epoch", "time-of-day"):
            begun |= {index: self._begin(index, None) for index in roots[1:]}
            yield from self._by_time(begun)
        else:
            yield from self._by_births(begun, deque(roots[1:]))
        yield from self._rejoin.close()

    def _find_births(self) -> None:
        """Read ahead for the calls that make children: a child's file must not begin before them."""
        for index, source in enumerate(self._sources):
            frames = Frames()
            for block in source.blocks():
                if any(name in block.data for name in _BIRTHS):
                    for number, raw in block.lines():
                        if any(name in raw for name in _BIRTHS):
                            self._find_birth(frames.frame(lines(index, number, raw)[0]))

    def _find_birth(self, frame: Frame) -> None:
        call = self._calls.whole(frame.body) if frame.kind is Kind.CALL else None
        if call is not None and call.name in CLONES:
            child = self._by_tid.get(call.result.value)
            if child is not None and child != frame.span.source:
                self._births[frame.span.source, frame.span.first] = child

    def _begin(self, index: int, after: float | None) -> Iterator[_Timed]:
        """The frames of a source that begins now. Read up to the first, so that its clock is known."""
        self._unborn.remove(index)
        frames = self._frames(index)
        head = list(islice(frames, 1))
        clock = self._clocks[index]
        if head and after is not None and clock.kind == "time-of-day":
            frame, seconds = head[0]
            while seconds is not None and seconds < after - DAY / 2:  # it began on a later day
                seconds = clock.next_day()
            head = [(frame, seconds)]
        return chain(head, frames)

    def _frames(self, index: int) -> Iterator[_Timed]:
        account, clock, frames = self._accounts[index], self._clocks[index], Frames()
        for block in self._sources[index].blocks():
            account.lines += block.size
            for number, raw in self._sieve(block):
                for line in lines(index, number, raw):
                    frame = frames.frame(line)
                    yield frame, clock.seconds(frame.time)

    # ------------------------------------------------------------ with a common clock

    def _by_time(self, begun: dict[int, Iterator[_Timed]]) -> Iterator[Event]:
        returns = _Returns()
        turns: list[tuple[float, bool, int, Frame]] = []
        now = 0.0

        def queue(index: int) -> None:
            """The next frame of `index` gets its turn; one without a time follows the one before it."""
            following = next(begun[index], None)
            if following is not None:
                frame, seconds = following
                is_last = frame.kind is Kind.SUPERSEDED  # of its moment: the thread's execve() is first
                heapq.heappush(turns, (now if seconds is None else seconds, is_last, index, frame))

        for index in tuple(begun):
            queue(index)
        while turns or self._unborn:
            if not turns:  # its clone was never printed
                begun[self._unborn[0]] = self._begin(self._unborn[0], now)
                queue(max(begun))
                continue
            now, _, index, frame = heapq.heappop(turns)
            yield from returns.due(now, index)
            queue(index)
            following = turns[0][0] if turns else now
            for event in self._rejoin.join(frame, None if frame.time is None else now):
                yield from returns.pass_on(event, index, following)
            child = self._births.get((index, frame.span.first))
            if child in self._unborn:
                begun[child] = self._begin(child, now)
                queue(child)
        yield from returns.due(None, None)

    # ------------------------------------------------------------ without

    def _by_births(
        self, begun: dict[int, Iterator[_Timed]], strangers: deque[int]
    ) -> Iterator[Event]:
        """Parents before children, children before the waits for them."""
        ready = deque(begun)
        while ready or self._unborn:
            if not ready:
                begun[self._unborn[0]] = self._begin(self._unborn[0], None)
                ready.append(self._unborn[0])
            yield from self._run(ready.popleft(), begun, ready, strangers)

    def _run(
        self,
        index: int,
        begun: dict[int, Iterator[_Timed]],
        ready: deque[int],
        strangers: deque[int],
    ) -> Iterator[Event]:
        """All of a source from where it is, and before that of others which it shows to be earlier."""

        def begin(child: int) -> None:
            begun[child] = self._begin(child, None)
            ready.append(child)

        def until_end_of(tid: int | None) -> Iterator[Event]:
            other = self._by_tid.get(tid)
            if other in ready:
                ready.remove(other)
                yield from self._run(other, begun, ready, strangers)

        for frame, seconds in begun[index]:
            child = self._births.get((index, frame.span.first))
            if child in self._unborn:
                begin(child)
            if frame.kind is Kind.SUPERSEDED:
                yield from until_end_of(frame.number)
            for event in self._rejoin.join(frame, seconds):
                if isinstance(event, Syscall):
                    if event.name in _WAITS:
                        yield from until_end_of(event.result.value)
                    elif event.name in CLONES and event.result.value and child is None and strangers:
                        begin(strangers.popleft())  # a number of the caller's own PID namespace
                yield event


class _Returns:
    """Calls that lasted (-T), held until the time they came back; of a held one the entry is told."""

    def __init__(self) -> None:
        self._held: list[tuple[float, int, int, Syscall]] = []
        self._serial = 0

    def pass_on(self, event: Event, index: int, following: float) -> Iterator[Event]:
        """`event` of source `index`, or its beginning; another source speaks next at `following`."""
        if isinstance(event, Syscall) and event.entry_seen and event.seconds is not None:
            end = event.seconds + (event.elapsed or 0.0)
            if end > following:
                self._serial += 1
                heapq.heappush(self._held, (end, index, self._serial, event))
                yield Entered(event.tid, event.time, event.seconds, event.call, event.span)
                return
        yield event

    def due(self, now: float | None, index: int | None) -> Iterator[Event]:
        """What came back before `now`, and before source `index` speaks again; all at the end."""
        while self._held and (now is None or self._held[0][0] <= now):
            yield heapq.heappop(self._held)[3]
        mine = [held for held in self._held if held[1] == index]
        if mine:
            self._held = [held for held in self._held if held[1] != index]
            heapq.heapify(self._held)
            yield from (held[3] for held in sorted(mine))
