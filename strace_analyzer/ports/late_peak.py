"""The highest number of intervals open at once, where only a later event decides whether an
interval counts.

A bind() becomes an early bind by the connect() that follows it, perhaps much later; it has then
held its port since the bind. So each interval has a beginning, and is *confirmed* later or never.

How: time is cut at the beginnings of the intervals that are still unconfirmed, and each piece
stores the highest count within it. Confirming an interval adds 1 to its own piece and all later
ones, and removes its cut. The pieces are a linked list, and an addition to all later pieces is
stored once, at the piece where it begins, so every operation takes constant time; memory is one
piece for each open unconfirmed interval.
"""

from __future__ import annotations

from collections.abc import Iterator


class Interval:
    """One interval of a LatePeak, and the piece of time that begins with it."""

    __slots__ = ("_add", "_after", "_before", "_high", "_high_waiting", "_when", "confirmed")

    def __init__(
        self, high: int, high_waiting: int, when: float | None, before: Interval | None
    ) -> None:
        self.confirmed = False
        self._high = high
        """highest count in the piece, less the sum of `_add` over this and all earlier pieces"""
        self._high_waiting = high_waiting
        """the same, of open and waiting intervals together"""
        self._add = 0
        self._when = when
        self._before = before
        self._after: Interval | None = None


class LatePeak:
    """Counts confirmed intervals. `count` is how many are open now, `waiting` how many are over but
    still wait (a port in TIME_WAIT), `total` how many there ever were."""

    __slots__ = ("_added", "_first", "_last", "count", "total", "waiting")

    def __init__(self) -> None:
        self._first = self._last = Interval(0, 0, None, None)
        self._added = 0
        """the sum of `_add` over all pieces"""
        self.count = 0
        self.waiting = 0
        self.total = 0

    def begin(self, when: float | None) -> Interval:
        """An interval begins; it may or may not be confirmed later. `peak` returns `when`."""
        high = self.count - self._added
        piece = Interval(high, high + self.waiting, when, self._last)
        self._last._after = piece
        self._last = piece
        return piece

    def confirm(self, interval: Interval) -> None:
        """The interval counts, and has counted since it began. Repeated calls do nothing."""
        if interval.confirmed:
            return
        interval.confirmed = True
        interval._add += 1
        self._added += 1
        self.count += 1
        self.total += 1
        self._join(interval)

    def end(self, interval: Interval, *, waits: bool = False) -> None:
        """The interval is over; with `waits` it counts as waiting until `expire`. If it was not
        confirmed before, it never counted, and `expire` must not be called."""
        if not interval.confirmed:
            self._join(interval)
            return
        self.count -= 1
        if waits:
            self.waiting += 1

    def expire(self) -> None:
        """One interval no longer waits."""
        self.waiting -= 1

    @property
    def is_idle(self) -> bool:
        """No interval is open, confirmed or not, or waiting."""
        return not self.count and not self.waiting and self._first is self._last

    @property
    def peak(self) -> tuple[int, float | None]:
        """The highest count ever, and the `when` of the beginning that first reached it."""
        best, when, add = 0, None, 0
        for piece in self._pieces():
            add += piece._add
            if piece._high + add > best:
                best, when = piece._high + add, piece._when
        return best, when

    @property
    def peak_with_waiting(self) -> int:
        """The highest count ever of open and waiting intervals together."""
        best = add = 0
        for piece in self._pieces():
            add += piece._add
            best = max(best, piece._high_waiting + add)
        return best

    def _pieces(self) -> Iterator[Interval]:
        piece: Interval | None = self._first
        while piece is not None:
            yield piece
            piece = piece._after

    def _join(self, piece: Interval) -> None:
        """The cut at the beginning of `piece` is no longer needed."""
        before, after = piece._before, piece._after
        assert before is not None  # the first piece belongs to no interval
        if piece._high + piece._add > before._high:
            before._high, before._when = piece._high + piece._add, piece._when
        if piece._high_waiting + piece._add > before._high_waiting:
            before._high_waiting = piece._high_waiting + piece._add
        before._after = after
        if after is None:
            self._last = before
            self._added -= piece._add
        else:
            after._before = before
            after._add += piece._add
