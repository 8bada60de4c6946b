"""Select from blocks of lines those that can matter to a model; the others are only counted.

It is long because the cases of one question, can this line matter, belong together.

Most lines of a trace say nothing about sockets: their calls have other names, or are about files.
The search (scan.py) finds the places with a name that can matter; here each of them is checked, as
bytes, against what the model holds at that moment. A line is left out only if that proves that the
model would ignore it; anything unusual is given.

All this relies on what the beginning of the trace has shown (`Layout`). A later line that
contradicts it raises EveryLineMattersError, and the trace is then read again without a sieve. If it
can be read only once, every line is given from there on.
"""

from __future__ import annotations

import re
from bisect import insort
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum
from functools import lru_cache
from itertools import pairwise
from typing import Any, Protocol

from strace_analyzer.errors import StraceAnalyzerError
from strace_analyzer.trace.constants import NETWORK_CALLS
from strace_analyzer.trace.input.content import Block, rows
from strace_analyzer.trace.prefilter.columns import Columns
from strace_analyzer.trace.prefilter.hits import (
    COPIED,
    EXAMINE,
    GIVEN,
    HELD,
    IDLE,
    KIND_BITS,
    OUTGOING,
    RESUMED,
    RESUMED_GIVEN,
    SHOWN,
    Hit,
)
from strace_analyzer.trace.prefilter.idle import (
    COPIED_HALF,
    COPIES,
    PLAIN_RESULT,
    UNFINISHED,
    breaks_off,
    end_of_line,
    result,
)
from strace_analyzer.trace.prefilter.scan import Scan, Searched
from strace_analyzer.trace.prefilter.watch import ModelView

_KIND = IDLE - 1
_UNRETURNED = b"= ?"
_SIGNAL = b"--- "
_SHOWN = re.compile(rb"<((?:(?:TCP|MPTCP|UDP|UDPLITE)(?:v6)?:\[[^>\n:]*+:|\\x)[^>\n]*+)>")
"""A note with a local port."""
_NUMBER = re.compile(rb"(?:0|[1-9][0-9]{0,8})(?=[<, )])")
_RESUMED = re.compile(rb"<\.\.\. ([a-z0-9_]+) resumed>")
_FEW = 16
_NEAR = 1 << 12
"""Bytes."""
_BEFORE_TIME = rb"\n[0-9]+ +"
_TIMES = {
    "time-of-day": rb"([0-9]{2}:[0-9]{2}:[0-9]{2}[0-9.,]*)",
    "epoch": rb"([0-9]{10}[0-9.,]*)",
}
"""Times as printed by -t, -tt and -ttt, for which text order is time order."""
_FIRST_TIME = re.compile(
    rb"\n[ \t]*+(?:[0-9]+ +)?(?:[0-9]{2}:[0-9]{2}:[0-9]{2}[., ]|[0-9]{9,}[., ])"
).search
_MOST_OUTPUT = 64
"""Lines."""
_HALF_A_DAY = 12
_HOUR = re.compile(rb"(?:[0-9]+ +)?([0-9]{2}):")
_SPEAKER = re.compile(rb"\n([0-9]{1,9}) ")


class EveryLineMattersError(StraceAnalyzerError):
    """The trace is not what its beginning promised, and must be read line by line."""


class Awaited(Protocol):
    """The tasks from which a line is awaited at this moment."""

    def __contains__(self, tid: object) -> bool: ...
    def __iter__(self) -> Iterator[int]: ...


class Layout(Enum):
    """What precedes the records of a source."""

    PIDS = "each begins with a pid (strace -f -o)"
    BARE = "no pid: one task, or a file of -ff"
    MIXED = "anything else"


def layout_of(text: bytes, tid: int | None) -> Layout:
    """Return the layout of one record, which names `tid` (None: no task)."""
    if tid is None:
        return Layout.BARE
    return Layout.PIDS if text[: text.find(b" ")].isdigit() else Layout.MIXED


class Sieve:
    """Selects lines of one source, from some line on."""

    def __init__(
        self,
        watch: ModelView,
        scan: Scan,
        *,
        bare_tid: int | None,
        under_way: Awaited,
        awaits_next: Callable[[], bool],
        once: bool = False,
        clock: str = "none",
    ) -> None:
        """`bare_tid` is the task of lines without a pid, None if all lines have one. `under_way`
        are the tasks inside a call whose first half was given. `awaits_next` says, after each given
        line, whether the next one is needed too. `once`: the source cannot be read again. `clock`
        is the kind of times at the beginning of lines: a time of day does not show the day, and the
        times of lines that are left out show whether the clock was set back."""
        self._watch = watch
        self._numbers = watch.numbers
        self._scan = scan
        self._bare_tid = bare_tid
        self._awaits_next = awaits_next
        self._once = once
        pid = rb"\n" if bare_tid is not None else _BEFORE_TIME
        self._has_hours = clock == "time-of-day"
        time = _TIMES.get(clock)
        self._times = None if time is None else re.compile(pid + time)
        self._has_no_times = clock == "none"
        self.gives_all = False
        """the trace is not what it seemed: every line is given"""
        self.left_out = 0
        """lines of the blocks so far"""
        self._shown: set[str] | None = None if watch.is_unfiltered else set()
        """names of calls that were given once; in a filtered trace each name is informative"""
        self._under_way = under_way
        self._inside: dict[int, int] = {}
        """tasks inside a call whose first half was left out because its second half moves data over
        an established connection; with the descriptor"""
        self._gone: set[int] = set()
        """tasks that have a call that was given and did not return; their next line shows whether
        they are gone"""
        self._has_left_out = False
        self._aside = 0
        """lines still to be passed without search, most of which are expected to matter"""
        self._seen_hits = self._seen_lines = 0
        self._found: Searched | None = None
        """in the next block, if it was searched already"""
        self._data = b""
        self._columns: Columns | None = None
        self._width = 0
        self._tids: dict[bytes, int] = {}
        """the pids of the block, by the bytes of their column, which has this width, if the block
        has columns"""
        self._has_shown = watch.has_shown
        """as the watch said after the last line"""
        self._hits: list[Hit] = []

    def every_line_matters(self, why: str) -> None:
        """Note that the trace is not what its beginning promised, and give every line from now on.

        Raises EveryLineMattersError if it can be read again.
        """
        if self._has_left_out and not self._once:
            raise EveryLineMattersError(why)
        self.gives_all = True

    def steps_aside(self, data: Block) -> bool:
        """Return whether every line of this block is to be read, because selecting would take
        longer: most lines matter, or did a few blocks ago. Call it before `lines`."""
        if self._aside > 0:
            self._aside -= data.count(b"\n")
            return True
        self._found = self._scan(data)
        self._seen_hits += sum(hit & _KIND == EXAMINE for hit in self._found.hits)
        self._seen_lines += self._found.lines
        if self._seen_lines < _ENOUGH:
            return False
        is_dense = self._seen_hits * _DENSE >= self._seen_lines
        self._seen_hits = self._seen_lines = 0
        if is_dense:
            self._found = None
            self._aside = _LINES_ASIDE
            self._inside.clear()
        return is_dense

    def scan_by(self, scan: Scan) -> None:
        """Use another search for the following blocks."""
        self._scan = scan

    def lines(self, number: int, data: Block) -> Iterator[tuple[int, bytes]]:
        """Yield the lines of a block that can matter, with their numbers: `number` is that of the
        first line. The first and the last line are always given. Request the next line only after
        the model has seen the last: what it holds decides."""
        # The first line is always given, since the search needs what precedes a name, and so is the
        # last, which may lack its end.
        self._has_left_out = True
        found, seen, _ = self._scan(data) if self._found is None else self._found
        self._found = None
        hits = self._hits = [_at(1), *found, _at(len(data))]
        self._data, self._columns = data, seen
        width = self._width = 0 if seen is None else seen.width
        self._tids = {} if seen is None else seen.tids
        self._has_shown = self._watch.has_shown
        if not (seen is not None and seen.is_in_order) and not self._is_in_order():
            self.every_line_matters("the clock was set back")
            yield from enumerate(rows(data), number)
            return
        if self._times is not None and seen is None:
            insort(hits, _at(self._last_timed(self._times)))
        if self._has_hours and not (seen is not None and seen.is_in_order and seen.is_one_hour):
            for place in self._turns_of_the_hour():
                insort(hits, _at(place))
        if self._bare_tid is not None and b"\n)" in data:
            hits += map(_at, self._cut_by_output())
            hits.sort()
        for tid in self._speaking((*self._under_way, *self._inside, *self._gone)):
            self._expect(tid, 0)
        find, rfind, count, endswith = data.find, data.rfind, data.count, data.endswith
        can_matter, awaits_next, watch = self._can_matter, self._awaits_next, self._watch
        has_pids = self._bare_tid is None
        free: set[bytes] = set()
        """pids, as in their column, of tasks that hold nothing, as far as known since the last line
        that was given"""
        first, given = number, 0
        counted = place = 0
        next_too = children_too = False
        index = 0
        while index < len(hits):
            hit = hits[index]
            to, kind = hit >> KIND_BITS, hit & _KIND
            if hit & IDLE and width and not (next_too or children_too):
                start = rfind(b"\n", place, to - 1) + 1 or place
                pid = data[start : start + width]
                if pid in free or self._is_free(pid):
                    free.add(pid)
                    index += 1
                    continue
            while to > place:
                if next_too or children_too:
                    start, end = place, end_of_line(data, place)
                    if not (next_too or self._speaks_first(start)):
                        if to > end + 1:
                            place = end + 1
                            continue
                        if kind and not can_matter(kind, start, to):
                            break
                else:
                    start = rfind(b"\n", place, to - 1) + 1 or place
                    if kind and not can_matter(kind, start, to):
                        break
                    end = find(b"\n", to - 1)
                    if end < 0:
                        end = len(data)
                number += count(b"\n", counted, start)
                counted = start
                is_begun = endswith((UNFINISHED, _UNRETURNED), start, end)
                if is_begun:
                    self._begun(start, end)
                place = end + 1
                given += 1
                yield number, data[start:end]
                free.clear()
                if has_pids and not is_begun:
                    self._still_inside(start, end)
                self._has_shown = watch.has_shown
                next_too = awaits_next()
                if self.gives_all:
                    self.left_out += number - first + 1 - given
                    yield from enumerate(rows(data[place:]), number + 1)
                    return
                children_too = has_pids and watch.awaits_children
                if hits[index] != hit:
                    break  # the next line of this task comes before that hit
            if hits[index] == hit:
                index += 1
        self.left_out += number - first + 1 - given

    def _is_in_order(self) -> bool:
        """Whether no line of the block is earlier than the one before it, midnight aside, including
        the first line with a time."""
        if self._times is None:
            return not self._has_no_times or _FIRST_TIME(self._data) is None
        times = self._times.findall(self._data)
        if times == sorted(times):
            return True
        falls = [pair for pair in pairwise(times) if pair[1] < pair[0]]
        return self._has_hours and all(
            int(before[:2]) - int(after[:2]) > _HALF_A_DAY for before, after in falls
        )

    def _last_timed(self, times: re.Pattern[bytes]) -> int:
        """Return the offset of the last line of the block with a time: at the end of a trace, it is
        the trace's end."""
        data = self._data
        end = len(data) - 1
        while (end := data.rfind(b"\n", 0, end)) >= 0:
            if times.match(data, end):
                return end + 2
        return 1

    def _turns_of_the_hour(self) -> list[int]:
        """Return the offsets where lines have another hour than the line before, and of those lines
        before: a time of day shows a new day only to a reader who sees every hour."""
        data, before = self._data, _BEFORE_TIME if self._bare_tid is None else b"\n"
        head = _HOUR.match(data)
        hour = head[1] if head else b"--"
        place = 0
        found: list[int] = []
        while True:  # usually one search per block, as all lines have the same hour
            turn = re.compile(rb"%b(?!%b:)([0-9]{2}):" % (before, hour)).search(data, place)
            if turn is None:
                return found
            place, hour = turn.end(), turn[1]
            found += (turn.start() or 1, place)

    def _cut_by_output(self) -> list[int]:
        """Return the offsets of the lines before each that is the end of a call, `)  = 1`, back to
        the call: output of the program, with a line feed, stands in between. Such an end is given
        (strays.py), and without the rest nobody knows which call it was."""
        data, found, at = self._data, list[int](), 1
        while (at := data.find(b"\n)", at)) >= 0:
            end, at = at, at + 2
            for _ in range(_MOST_OUTPUT):
                found.append(end + 1)
                start = data.rfind(b"\n", 0, end) + 1
                if not start or data.find(b"(", start, end) >= 0 or data.startswith(b")", start):
                    break
                end = start - 1
        return found

    def _speaks_first(self, start: int) -> bool:
        """Whether the line belongs to a task that the model has not seen yet."""
        tid = self._tid(start)
        return tid is None or self._watch.is_awaited(tid)

    def _tid(self, start: int) -> int | None:
        if self._bare_tid is not None:
            return self._bare_tid
        column = self._data[start : start + _LONGEST_PID].partition(b" ")[0]
        return _tid_of(column)

    def _name(self, start: int) -> str:
        """Return the name of the call that begins on this line."""
        data = self._data
        head = data[start : data.find(b"(", start, end_of_line(data, start))]
        return head.rpartition(b" ")[2].decode("latin-1")

    def _is_named(self, start: int) -> bool:
        """Whether it is a call that shows addresses or options of sockets, or the second half of
        one: its name decides whether it matters."""
        data = self._data
        if self._name(start) in NETWORK_CALLS:
            return True
        resumed = _RESUMED.match(data, data.find(b"<", start, end_of_line(data, start)))
        return resumed is not None and resumed[1].decode("ascii") in NETWORK_CALLS

    def _begun(self, start: int, end: int) -> None:
        """After the first half of a call was given, expect the next line of its task: the other
        half, unless that was lost. The same after a call that did not return."""
        tid = self._tid(start)
        if tid is not None:
            self._inside.pop(tid, None)
            self._expect(tid, end)
            if self._data.endswith(_UNRETURNED, start, end):
                self._gone.add(tid)
                if self._bare_tid is not None and end + 1 < len(self._data):
                    insort(self._hits, _at(end + 2))

    def _still_inside(self, start: int, end: int) -> None:
        """After a line was given of a task that is inside a call, expect the next one too: this was
        not the end of the call (but a signal)."""
        tid = self._tid(start)
        if tid is not None and tid in self._under_way:
            self._expect(tid, end)

    def _speaking(self, tids: tuple[int, ...]) -> Iterable[int]:
        """Return those of `tids` that may have lines in this block."""
        if self._columns is not None and self._bare_tid is None:
            return set(tids).intersection(self._tids.values())
        if len(tids) <= _FEW or self._bare_tid is not None:
            return tids
        # searching for each takes long if hundreds wait in accept()
        return set(tids) & {self._tid(0), *map(int, _SPEAKER.findall(self._data))}

    def _expect(self, tid: int, place: int) -> None:
        """Make the next line of `tid` a hit, if it is in this block, from `place` on."""
        if self._bare_tid is None:
            begin = self._next_line(tid, place)
            if begin is not None:
                insort(self._hits, begin + 1 << KIND_BITS | RESUMED)

    def _next_line(self, tid: int, place: int) -> int | None:
        """Return the offset of the next line of `tid` in this block that begins after `place`, or
        with the block; None if there is none."""
        data, head = self._data, b"\n%d " % tid
        if not place and data.startswith(head[1:]):
            return 0
        seen = self._columns
        # most calls return a few lines later; a search of the whole block takes much longer
        begin = data.find(head, place, len(data) if seen is None else place + _NEAR) + 1
        if begin or seen is None:
            return begin or None
        return seen.next_line(tid, place)

    def _is_free(self, pid: bytes) -> bool:
        """Whether the task with this pid, as it stands in the column, holds nothing and is in no
        call that matters."""
        tid = self._tids.get(pid)
        if tid is None or tid in self._gone or tid in self._inside or self._shown is not None:
            return False
        is_asked = self._has_shown or self._watch.all_data
        return not is_asked and self._numbers(tid) == {}

    def _can_matter(self, kind: int, start: int, to: int) -> bool:
        """Whether a hit that ends at `to`, on the line starting at `start`, can matter; not for
        hits that are examined in any case."""
        inside, tid = self._inside, self._bare_tid
        if tid is None:
            tid = self._tids.get(self._data[start : start + self._width]) or self._tid(start)
            if tid is None:
                return True
        if self._gone and tid in self._gone:
            if not self._data.startswith(_SIGNAL, self._data.find(b"-", start)):
                self._gone.discard(tid)
            return True
        if kind == SHOWN:
            return not self._is_named(start)
        if kind == RESUMED:
            return tid in self._under_way or (tid in inside and self._is_news(tid, start))
        numbers = self._numbers(tid)
        if kind == RESUMED_GIVEN:
            return self._was_given(numbers, tid, start, to)
        if inside:
            inside.pop(tid, None)
        if self._shown is not None and self._is_first(start):
            return True
        if numbers is not None:
            if kind == HELD and not (numbers or self._has_shown or self._watch.all_data):
                return False
            if not self._tells(kind, numbers, tid, start):
                return False
        return True

    def _was_given(self, numbers: Mapping[int, Any] | None, tid: int, start: int, to: int) -> bool:
        """Handle a second half that may return a descriptor, and whose first half was left out;
        what it adds begins at `to`."""
        if numbers is not None and (tid in self._inside or tid in self._under_way):
            return False
        returned = self._returned(start, to + 1 if self._data.startswith(b")", to) else None)
        is_free = numbers is not None and not numbers and not self._has_shown
        if is_free and returned is not None:
            return False
        if returned is None or self._watch.holds(tid, returned):
            self.every_line_matters("a number that is held was given to another file")
            return True
        return numbers is None

    def _returned(self, start: int, closed: int | None = None) -> int | None:
        """Return what the call on this line returned: -1 for an error or nothing, None if that is
        not certain. `closed` is the end of its arguments, if known."""
        data = self._data
        if closed is not None:
            match = PLAIN_RESULT.match(data, closed)
            if match is not None:
                return int(match[1]) if match[1] else -1
        match = result(data, start)
        if match is None:
            return None
        return int(match[1], 0) if match[1] else -1

    def _returned_one_of(self, numbers: Mapping[int, Any], start: int) -> bool:
        returned = self._returned(start)
        return returned is None or returned in numbers

    def _hides(self, tid: int, start: int) -> bool:
        """Whether the call returned a number at which a note has shown a socket, which must have
        been closed."""
        shown = self._watch.shown(tid) if self._has_shown else None
        return bool(shown) and self._returned_one_of(shown or {}, start)

    def _is_copy(self, tid: int, numbers: Mapping[int, Any], start: int) -> bool:
        """Whether this line is a call that copies or marks a descriptor, and returned none of
        `numbers`. Every byte of it must be understood, since anything else would have to be
        reported. For the first half of fcntl(), the second must be in this block."""
        data = self._data
        match = COPIES.match(data, start)
        if match is None:
            return False
        if match[0].endswith(b" = "):
            result = PLAIN_RESULT.match(data, match.end() - 3)
            if result is not None:
                return not result[1] or int(result[1]) not in numbers
            if match.end() != data.rfind(b" = ", start, end_of_line(data, start)) + 3:
                return False
        elif self._bare_tid is not None or self._has_shown:
            return False
        else:
            start = data.find(b"\n%d " % tid, match.end() - 1) + 1
            if not start or COPIED_HALF.match(data, start) is None:
                return False
        returned = self._returned(start)
        return returned is not None and returned not in numbers

    def _moved_data(self, start: int) -> bool:
        returned = self._returned(start)
        return returned is not None and returned > 0

    def _is_first(self, start: int) -> bool:
        """Whether this is the first call of its name, which is given whole."""
        assert self._shown is not None
        name = self._name(start)
        if name in self._shown:
            return False
        self._shown.add(name)
        return True

    def _tells(self, kind: int, numbers: Mapping[int, Any], tid: int, start: int) -> bool:
        """Whether a call, or its first half, says something about one of `numbers`."""
        if kind == GIVEN:  # if the call is not over, its second half decides
            return not breaks_off(self._data, start) and (
                self._returned_one_of(numbers, start) or self._hides(tid, start)
            )
        data = self._data
        number = _NUMBER.match(data, data.find(b"(", start) + 1)
        if number is None:
            return True
        fd = int(number[0])
        held = numbers.get(fd)
        if kind == HELD:
            return held is not None or self._is_shown(kind, tid, start)
        if kind == OUTGOING:
            if held is None or not self._watch.is_incoming(held):
                return True
            if breaks_off(self._data, start):
                self._left_out(tid, fd, start)
            return False
        if kind == COPIED:
            return (
                held is not None
                or not self._is_copy(tid, numbers, start)
                or self._hides(tid, start)
            )
        end = end_of_line(data, start)
        if held is None:  # a send can connect
            return data.find(b"_family=", start, end) >= 0 or self._is_shown(kind, tid, start)
        if not self._watch.is_quiet(held):
            return True
        if not breaks_off(self._data, start):
            return not self._moved_data(start)
        second = self._second_half(tid, end)
        if second and self._moved_data(second):
            self._left_out(tid, fd, start)
            return False
        return True

    def _left_out(self, tid: int, fd: int, start: int) -> None:
        """Leave out the first half of a call on `fd` that begins here: look at the second."""
        self._inside[tid] = fd
        self._expect(tid, end_of_line(self._data, start))

    def _is_shown(self, kind: int, tid: int, start: int) -> bool:
        """For a call on a number that is not held: whether the note shows another socket there than
        was known, or the call may close the known one."""
        data = self._data
        number = _NUMBER.match(data, data.find(b"(", start) + 1)
        shown = None if number is None else self._watch.shown(tid)
        if number is None or shown is None:
            return False
        known = shown.get(int(number[0]))
        if known is not None and kind == HELD:
            return True
        note = _SHOWN.match(data, number.end())
        return note is not None and (known is None or known.note.encode() != note[1])

    def _second_half(self, tid: int, place: int) -> int:
        """Return the offset in this block of the next line of `tid` after `place`, if on it the
        call returns that `tid` is inside; else 0."""
        start = self._next_line(tid, place)
        return start if start and self._is_resumed(start) else 0

    def _is_resumed(self, start: int) -> bool:
        return self._data.find(b" resumed>", start, end_of_line(self._data, start)) >= 0

    def _is_news(self, tid: int, start: int) -> bool:
        """For the next line of a task inside a call that moves data, and whose first half was left
        out: return False, unless the call returns there and the connection has changed
        meanwhile."""
        if not self._is_resumed(start):
            self._expect(tid, end_of_line(self._data, start))
            return False
        held = (self._numbers(tid) or {}).get(self._inside.pop(tid))
        if held is None or not self._watch.is_quiet(held):
            self.every_line_matters("a connection changed while a call on it was under way")
            return True
        return False


@lru_cache(maxsize=10_000)
def _tid_of(column: bytes) -> int | None:
    return int(column) if column.isdigit() and len(column) < _LONGEST_PID else None


_DENSE = 3
"""If one line in this many must be examined in any case, decoding everything takes no longer than
selecting."""
_ENOUGH = 2_000
"""Lines needed to judge that."""
_LINES_ASIDE = 150_000
_LONGEST_PID = 12


def _at(place: int) -> int:
    """Return a hit for the line that ends or begins here, to be given in any case."""
    return place << KIND_BITS | EXAMINE
