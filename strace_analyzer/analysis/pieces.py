"""Which calls the trace shows only in part: takes its events, counts halves without a partner."""

from __future__ import annotations

from strace_analyzer.kernel.interest import BEGINNING, WHEN
from strace_analyzer.kernel.process_calls import ENTRIES as CLONES
from strace_analyzer.kernel.tracker import tracked_calls
from strace_analyzer.trace.events import (
    Attached,
    Detached,
    Entered,
    Event,
    Exited,
    Identified,
    Killed,
    Syscall,
    TableRow,
    Unparsed,
)

_EXITS = frozenset({"exit", "exit_group"})


class Pieces:
    """Of one trace. `feed` every event, then read.

    `began_midway` counts tasks whose first line is the end of a call; `lost` counts halves in the
    middle whose other half is missing; `broke_off` counts what was under way at the end. The latter
    two of calls that always matter to the model: others a reader may skip.
    """

    def __init__(self) -> None:
        self.began_midway = 0
        self.lost = 0
        self._known: set[int] = set()
        self._inside: dict[int, Entered] = {}
        self._is_cut = False
        self._has_ended = False
        self._calls = 0
        self._matters = tracked_calls() - WHEN.keys()

    @property
    def broke_off(self) -> int:
        """Calls under way, and a last line that was cut, where nothing says that the trace
        ended."""
        if self._has_ended:
            return 0
        return self._is_cut + sum(half.name in self._matters for half in self._inside.values())

    def feed(self, event: Event) -> None:
        """Note what `event` shows."""
        self._is_cut = isinstance(event, Unparsed)
        match event:
            case Syscall():
                self._whole(event)
                self._has_ended = event.name in _EXITS
            case Entered():
                self._lose(self._inside.get(event.tid))
                self._inside[event.tid] = event
                self._known.add(event.tid)
                self._has_ended = self._has_ended or event.name in _EXITS
            case Exited() | Killed() | Detached():
                self._inside.pop(event.tid, None)
                self._known.discard(event.tid)
                self._has_ended = not self._known
                if isinstance(event, Exited) and event.superseded_by is not None:
                    self._renamed(event.superseded_by, event.tid)
            case Identified():
                self._renamed(0, event.tid)
            case Attached() | Unparsed():
                self._has_ended = False
            case TableRow():
                self._has_ended = True
            case _:
                return

    def _whole(self, call: Syscall) -> None:
        self._calls += 1
        began = self._inside.pop(call.tid, None)
        if began is not None and began.span[:2] != call.span[:2]:
            self._lose(began)
        if not call.entry_seen:
            if call.tid in self._known:
                self.lost += call.name in self._matters
            elif call.name not in CLONES and self._calls < BEGINNING:
                self.began_midway += 1  # the first line of a child can be the end of its clone
        self._known.add(call.tid)

    def _lose(self, half: Entered | None) -> None:
        if half is not None and half.name in self._matters:
            self.lost += 1

    def _renamed(self, old: int, new: int) -> None:
        if old in self._inside:
            self._inside[new] = self._inside.pop(old)
        if old in self._known:
            self._known.discard(old)
            self._known.add(new)
