"""The highest number of intervals open at once, where an interval is only later known to count.

A bind() becomes an early bind by the connect() that follows it, perhaps much later; then it has
held its port since the bind. So each interval has a beginning, and is *confirmed* afterwards or
never.

How: time is cut at the beginnings of the intervals still unconfirmed. Each piece knows the highest
count within it. Confirming one adds 1 to its own piece and to all later ones, and its cut is no
longer needed. The pieces are a linked list, and "all later ones" is a number that stands once, at
the piece where it begins, so every operation costs the same whatever is open; memory is one piece
for each open interval that is not confirmed.
"""

from __future__ import annotations


class Interval:
    """One interval of a LatePeak, and the piece of time that begins with it."""

    __slots__ = ("_add", "_after", "_before", "_high", "_when", "confirmed")

    def __init__(self, high: int, when: float | None, before: Interval | None) -> None:
        self.confirmed = False
        self._high = high
        """highest count in the piece, less what `_add` of this and all earlier pieces adds to it"""
        self._add = 0
        self._when = when
        self._before = before
        self._after: Interval | None = None


class LatePeak:
    """Counts confirmed intervals. `count` is how many are open now, `total` how many there ever
    were."""

    __slots__ = ("_added", "_first", "_last", "count", "total")

    def __init__(self) -> None:
        self._first = self._last = Interval(0, None, None)
        self._added = 0
        """what the `_add`s of all pieces come to"""
        self.count = 0
        self.total = 0

    def begin(self, when: float | None) -> Interval:
        """An interval begins, and may or may not come to count. `when` is given back by `peak`."""
        piece = Interval(self.count - self._added, when, self._last)
        self._last._after = piece
        self._last = piece
        return piece

    def confirm(self, interval: Interval) -> None:
        """It counts, and has counted since it began. Nothing happens the second time."""
        if interval.confirmed:
            return
        interval.confirmed = True
        interval._add += 1
        self._added += 1
        self.count += 1
        self.total += 1
        self._join(interval)

    def end(self, interval: Interval) -> None:
        """It is over; it never counted if it was not confirmed before."""
        if interval.confirmed:
            self.count -= 1
        else:
            self._join(interval)

    @property
    def is_idle(self) -> bool:
        """None is open, be it confirmed or not."""
        return not self.count and self._first is self._last

    @property
    def peak(self) -> tuple[int, float | None]:
        """The highest count ever, and the `when` of the beginning that first reached it."""
        best, when, add = 0, None, 0
        piece: Interval | None = self._first
        while piece is not None:
            add += piece._add
            if piece._high + add > best:
                best, when = piece._high + add, piece._when
            piece = piece._after
        return best, when

    def _join(self, piece: Interval) -> None:
        """The cut at the beginning of `piece` is not needed any more."""
        before, after = piece._before, piece._after
        assert before is not None  # the first piece is nobody's interval
        if piece._high + piece._add > before._high:
            before._high, before._when = piece._high + piece._add, piece._when
        before._after = after
        if after is None:
            self._last = before
            self._added -= piece._add
        else:
            after._before = before
            after._add += piece._add
