"""Takes what the observers of one trace have seen, gives the reasons why finding nothing in it
proves nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from strace_analyzer.analysis.beginning import ends_as_a_thread, is_of_a_child
from strace_analyzer.analysis.blind import lines_missing, not_read, not_seen, not_shown
from strace_analyzer.analysis.census import Census
from strace_analyzer.analysis.counted import Counted
from strace_analyzer.analysis.ended import Ended
from strace_analyzer.analysis.told import Told
from strace_analyzer.analysis.unknowns import Unknowns
from strace_analyzer.analysis.unread import Unread
from strace_analyzer.analysis.visibility import Visibility
from strace_analyzer.kernel import Tracker
from strace_analyzer.kernel.doubts import Doubt
from strace_analyzer.trace.events import EXECS
from strace_analyzer.trace.reader import Accounting


class Seen(NamedTuple):
    """What has been found out about one trace, by whom."""

    tracker: Tracker
    visibility: Visibility
    unread: Unread
    unknowns: Unknowns
    ended: Ended
    counted: Counted
    census: Census

    def reasons(
        self,
        accounts: tuple[Accounting, ...],
        sources: Sequence[str],
        first_call: str | None,
        apart: Told | None,
        *,
        shows_connect: bool,
        is_worse_than_a_note: bool,
    ) -> Iterator[Told]:
        """Why finding nothing proves nothing, the weightiest reason first.

        `accounts` and `sources` are those of the trace's files; `first_call` is the name of its
        first call; `apart` tells of processes that were not traced; `shows_connect` says whether a
        finding shows a connect(), `is_worse_than_a_note` whether one is more than a note.
        """
        names, pieces, census = self.visibility.names, self.visibility.pieces, self.census
        if not names and any(account.tables for account in accounts):
            yield Told(Doubt.SUMMARY, 1)
        missing = list(
            not_read(
                accounts,
                self.unread,
                sources,
                is_program=first_call in EXECS,
                all_succeeded=self.visibility.all_succeeded,
            )
        )
        if names:
            missing += not_shown(self.counted.beyond(self.visibility.on_sockets))
        yield from missing
        if any(account.was_not_begun for account in accounts):
            return
        thread = accounts[0].thread if len(accounts) == 1 else None
        unseen = not_seen(
            self._unseen,
            pieces.let_go,
            pieces.unseen_after_execve,
            self.unknowns.count(Doubt.GIVEN_TWICE),
            is_part=is_of_a_child(first_call, thread)
            or (self.ended.all_are_gone and ends_as_a_thread(names)),
            one_without_number=self.ended.one_without_number,
        )
        for told in unseen:
            missing.append(told)
            yield told
        if apart is not None and not census.tcp_connections:
            yield apart
        if not missing and not shows_connect:
            hidden = self._hidden_by_options()
            if hidden is not None:
                yield hidden
                return
        if is_worse_than_a_note:
            return
        yield from lines_missing(
            self.tracker.unclosed,
            census.tcp_connections,
            listens="listen" in names,
            shows_close=self.tracker.shows_close,
        )

    @property
    def _unseen(self) -> tuple[int, ...]:
        """The tasks that were made and never seen. If only some calls are traced, a child that
        strace follows may have nothing to show; but its exit is always printed."""
        tasks, ended, visibility = self.tracker.tasks, self.ended, self.visibility
        is_whole = not visibility.is_filtered or visibility.pieces.ends_in_exits
        if not is_whole and tasks.children_are_shown:
            return ()
        all_count = is_whole or not ended.several_spoke
        unseen = (*tasks.unseen, *ended.unseen) if all_count else tasks.unseen
        return tuple(dict.fromkeys(unseen))  # numbers are given again

    def _hidden_by_options(self) -> Told | None:
        """What the options of strace hid of bind() and connect(). Not to be asked if a finding
        shows both, or if lines are missing or unread, which may be the ones that seem hidden."""
        census, unknowns = self.census, self.unknowns
        told = self.visibility.inconclusive(
            census.sockets,
            census.tcp_connections,
            unknowns.count(Doubt.CONNECT_HIDDEN),
            unknowns.count(Doubt.BIND_HIDDEN),
        )
        undecoded = unknowns.count(Doubt.UNDECODED)
        broke_off = self.visibility.pieces.broke_off
        if told is None and undecoded and not census.decoded and not broke_off:
            calls = " and ".join(f"{name}()" for name in sorted(self.unread.undecoded))
            words = f"the options of this trace hid the addresses of {calls}" if calls else ""
            return Told(Doubt.ADDRESSES_HIDDEN, undecoded, words)
        return told
