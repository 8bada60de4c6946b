"""What the analysis of one trace needs to see at the moment, for a reader that skips the rest."""

from __future__ import annotations

from collections.abc import Mapping

from strace_analyzer.analysis.visibility import TELLING, Visibility
from strace_analyzer.kernel.interest import Interest
from strace_analyzer.kernel.order import WAITS
from strace_analyzer.trace.events import EXITS
from strace_analyzer.trace.prefilter.watch import When


class Attention:
    """The Watch (trace/prefilter/watch.py) of one trace: what interests the model, and what reveals
    the options of strace."""

    def __init__(
        self, interest: Interest, visibility: Visibility, *, all_data: bool = False
    ) -> None:
        """With `all_data` every call that moves data over a socket is wanted, to count them."""
        self._interest = interest
        self._visibility = visibility
        self.all_data = all_data
        self.numbers = interest.numbers
        self.holds = interest.holds
        self.is_quiet = interest.is_quiet
        self.is_incoming = interest.is_incoming
        self.is_awaited = interest.is_awaited
        self.shown = interest.shown

    @property
    def when(self) -> Mapping[str, When]:
        """By name, when a call matters. In a trace that looks filtered, other calls matter too:
        they can show how it was filtered, or that it was not."""
        wanted = dict.fromkeys(WAITS, When.ALWAYS) | self._interest.when
        if self.all_data:
            moved = (name for name, when in wanted.items() if when is When.MOVED)
            wanted = wanted | dict.fromkeys(moved, When.HELD)
        if not self._visibility.names & {"bind", "connect"}:
            wanted = dict.fromkeys(EXITS, When.ALWAYS) | wanted
        if self._visibility.is_surely_unfiltered:
            return wanted
        return dict.fromkeys(TELLING, When.ALWAYS) | wanted

    @property
    def has_shown(self) -> bool:
        return self._interest.has_shown

    @property
    def awaits_children(self) -> bool:
        return self._interest.awaits_children

    @property
    def has_begun(self) -> bool:
        return self._interest.has_begun and self._visibility.is_settled

    @property
    def is_unfiltered(self) -> bool:
        return self._interest.close_was_seen and self._visibility.is_surely_unfiltered
