"""Select rows, and describe what there was if none is selected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from strace_analyzer.errors import ConfigurationError
from strace_analyzer.plain import listed, short_duration
from strace_analyzer.report.events.row import EventRow
from strace_analyzer.report.moment import Moment
from strace_analyzer.report.nearest import nearest
from strace_analyzer.report.window import extent

_DAY = 86_400.0


class Wanted(NamedTuple):
    """The user's conditions, all of which must hold. Without any, everything is selected."""

    syscalls: frozenset[str] = frozenset()
    pids: frozenset[int] = frozenset()
    """thread or process ids"""
    failed: bool = False
    errnos: frozenset[str] = frozenset()
    since: Moment | None = None
    until: Moment | None = None
    slower_than: float | None = None
    """seconds"""

    def takes(self, row: EventRow, clock: str) -> bool:
        """Whether `row` is selected; `clock` is that of its trace."""
        if self.syscalls and (row.type != "syscall" or row.name not in self.syscalls):
            return False
        if self.pids and row.tid not in self.pids and row.tgid not in self.pids:
            return False
        if (self.failed or self.errnos) and row.errno is None:
            return False
        if self.errnos and row.errno not in self.errnos:
            return False
        if self.slower_than is not None and (row.duration or 0.0) <= self.slower_than:
            return False
        return self.in_time(row, clock)

    def in_time(self, row: EventRow, clock: str) -> bool:
        """Whether it began between `since` and `until`."""
        if self.since is None and self.until is None:
            return True
        if row.seconds is None or row.at is None:
            return False
        now = Moment(
            elapsed=row.seconds,
            clock=row.at % _DAY if clock == "time-of-day" else None,
            epoch=row.at if clock == "epoch" else None,
        )
        return not (
            (self.since is not None and now.before(self.since))
            or (self.until is not None and now.after(self.until))
        )


class Selector:
    """Filters the rows of traces; remembers what there was to choose from."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._asks = wanted != Wanted()
        self._names: Counter[str] = Counter()
        self._pids: Counter[int] = Counter()
        self._errnos: Counter[str] = Counter()
        self._clocks: set[str] = set()
        self._longest: float | None = None
        self._is_in_time = False
        self._extents: list[str] = []
        """from when to when each trace runs, as text"""
        self.taken = 0

    def choose(self, rows: Iterable[EventRow], clock: Callable[[], str]) -> Iterator[EventRow]:
        """Yield the selected rows of one trace; `clock` returns the kind of its times."""
        if not self._asks:
            yield from rows
            return
        takes, in_time = self._wanted.takes, self._wanted.in_time
        began: float | None = None
        lasts = 0.0
        for row in rows:
            if not self.taken:
                self._note(row)
            if row.at is not None and row.seconds is not None:
                began = row.at - row.seconds if began is None else began
                lasts = max(lasts, row.seconds)
            self._is_in_time = self._is_in_time or in_time(row, clock())
            if takes(row, clock()):
                self.taken += 1
                yield row
        self._clocks.add(clock())
        if began is not None:
            self._extents.append(extent(clock(), began, lasts))

    def close(self) -> None:
        """Raises ConfigurationError if there were conditions and no row met them."""
        if not self._asks or self.taken:
            return
        raise ConfigurationError(f"no event is what was asked for; {self._reason()}")

    def _note(self, row: EventRow) -> None:
        if row.type == "syscall" and row.name is not None:
            self._names[row.name] += 1
        if row.errno is not None:
            self._errnos[row.errno] += 1
        if row.tid is not None:
            self._pids[row.tid] += 1
        if row.duration is not None:
            self._longest = max(row.duration, self._longest or 0.0)

    def _reason(self) -> str:
        """Say which condition no row meets, and what there is instead."""
        wanted = self._wanted
        if wanted.slower_than is not None and self._longest is None:
            return "the trace has no durations (strace -T)"
        if (wanted.since or wanted.until) and self._clocks <= {"none"}:
            return "the trace has no times (strace -t, -tt, -ttt, -r)"
        if not self._is_in_time:
            return f"nothing is between --since and --until: {self._extents[0]}"
        missing = sorted(wanted.syscalls - set(self._names))
        if missing:
            return (
                f"no {missing[0]}() in it{nearest(missing[0], self._names)}; {_some(self._names)}"
            )
        if wanted.pids and not wanted.pids & set(self._pids):
            return f"its threads: {_some(self._pids)}"
        missing = sorted(wanted.errnos - set(self._errnos))
        if missing or (wanted.failed and not self._errnos):
            return f"its errors: {_some(self._errnos) or 'none'}"
        if wanted.slower_than is not None and (self._longest or 0.0) <= wanted.slower_than:
            return f"its longest call took {short_duration(self._longest or 0.0)}"
        return "none meets all of the conditions at once"


def _some(there: Counter[Any]) -> str:
    return listed((str(name) for name, _ in there.most_common()), limit=8)
