"""Count the lines of a source by kind: every examined line is in exactly one class."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from strace_analyzer.errors import DamagedError, InterruptedReadError
from strace_analyzer.faults import Fault
from strace_analyzer.plain import count
from strace_analyzer.trace.input.content import BLOCK_SIZE, Alteration, Block, rows
from strace_analyzer.trace.input.gaps import Gap
from strace_analyzer.trace.input.kinds import BEGINNING
from strace_analyzer.trace.input.source import SourceInput

_KEPT_FAULTS = 10
_LAST = 40
"""Lines kept if the last one has no end; those before it show how lines begin."""
_BEFORE = 1 << 13
"""Bytes of the block before the last one that are searched for them."""


@dataclass(slots=True)
class Accounting:
    """Line counts of one source, filled while its events are read. A line counts by its first
    record."""

    name: str
    thread: int | None = None
    """The thread whose lines these are, from the name of a -ff file; None if the lines name
    others."""
    lines: int = 0
    """Physical lines, including those that a sieve proved irrelevant."""
    call_lines: int = 0
    """Lines of calls that were read, whole or in pieces."""
    signals: int = 0
    exits: int = 0
    notices: int = 0
    quote: str = field(default="", repr=False, compare=False)
    """The first of strace's own messages, other than that it attached to a task or detached."""
    tables: int = 0
    frames: int = 0
    """Lines that belong to the call above them: stack frames and dumps."""
    foreign: int = 0
    unparsed: int = 0
    calls: int = 0
    """Calls, not lines: a call in two halves counts once."""
    half_calls: int = 0
    """Halves without a partner, except those explained by the end of their task."""
    unended: tuple[bytes, ...] = ()
    """The last lines, if the last one has no end."""
    breaks_off: bool = False
    """Whether that line was cut."""
    shortened: int = 0
    """Lines too long to be read whole (content.LONGEST_LINE)."""
    read_through: list[str] = field(default_factory=list)
    """Descriptions of the wrappings that were removed from its lines: `"> " quoting, 2 levels`."""
    has_returns: bool = False
    """Its lines ended in carriage returns alone."""
    has_colours: bool = False
    """Its records contained terminal colours."""
    unescaped: int = 0
    """Lines with plain quotes, in a source where others have them escaped as HTML."""
    folded_results: int = 0
    """Records whose results may have been folded; the source does not show whether they were."""
    gaps: tuple[Gap, ...] = ()
    """Where the line numbers before its lines jump."""
    interrupted: str | None = None
    """How far reading got, if a signal ended it early."""
    signal: int | None = None
    """The number of that signal."""
    is_saved: bool = False
    """Whether what it ended early can be read again, from its beginning."""
    damage: str | None = None
    """Why only its beginning could be read."""
    refused: str | None = None
    """Why it could not be read at all, while other traces could."""
    elsewhere: int = 0
    """Lines of other traces in the same file. Once everything is read, they are not counted in
    `lines`."""
    failed: int = 0
    """Lines on which this package failed because of a bug of its own."""
    faults: list[Fault] = field(default_factory=list)
    """The first of these faults."""

    def __repr__(self) -> str:
        return (
            f"<Accounting of {self.name[-80:]}: {count(self.lines, 'line')}, {self.calls:,} calls>"
        )

    def has_failed(self, fault: Fault) -> None:
        """Record a line that could not be read because of a bug of ours, to be reported in any
        case."""
        self.failed += 1
        if len(self.faults) < _KEPT_FAULTS:
            self.faults.append(fault)

    def was_unwrapped(
        self, notes: list[str], unescaped: int, folded_results: int, gaps: tuple[Gap, ...]
    ) -> None:
        """Record what the unwrapping stage did: it has read all lines."""
        own = {"carriage returns as line ends": self.has_returns, "colours": self.has_colours}
        shown = [name for name, is_so in own.items() if is_so]
        self.read_through = list(dict.fromkeys((*shown, *notes)))
        self.unescaped = unescaped
        self.folded_results = folded_results
        self.gaps = gaps

    def settle(self) -> None:
        """Finish counting: lines on which we failed before they were counted count as unparsed."""
        self.lines -= self.elsewhere
        self.elsewhere = 0
        if self.failed:
            self.unparsed += max(0, self.lines - self.examined)

    beginning: bytes = field(default=b"", repr=False, compare=False)
    """Its first bytes, decompressed; they tell what it is if it is no trace."""

    def was_changed(self, change: Alteration) -> None:
        """Record a change: the middle of the next line was left out, or all following lines had
        other ends."""
        if change is Alteration.SHORTENED:
            self.shortened += 1
        else:
            self.has_returns = True

    @property
    def was_not_begun(self) -> bool:
        """Whether no line of it was read, so that what it lacks says nothing about strace's
        options."""
        return self.refused is not None or (self.interrupted is not None and not self.lines)

    @property
    def examined(self) -> int:
        """Lines that were looked at: the sum of all classes."""
        return (
            self.call_lines
            + self.signals
            + self.exits
            + self.notices
            + self.tables
            + self.frames
            + self.foreign
            + self.unparsed
        )

    @property
    def looks_like_strace(self) -> bool:
        """Whether at least one line is a call, a signal, an exit or a row of strace's table."""
        return self.call_lines + self.signals + self.exits + self.tables > 0

    @property
    def is_understood(self) -> bool:
        """Whether it looks like strace, and most of its lines are not another program's."""
        return self.looks_like_strace and 2 * (self.foreign + self.unparsed) < self.examined


class Interruption(NamedTuple):
    """A signal that ended the reading of what is saved, and how far reading got."""

    how_far: str
    signal: int


def interruption(accounts: Iterable[Accounting]) -> Interruption | None:
    """Return the first one; None if everything was read, or what was not is no file: nobody can
    read that again."""
    for account in accounts:
        if account.is_saved and account.signal is not None and account.interrupted is not None:
            return Interruption(account.interrupted, account.signal)
    return None


def blocks_of(source: SourceInput, account: Accounting, size: int = BLOCK_SIZE) -> Iterator[Block]:
    """Yield the blocks of `source`. If its compressed data is damaged, yield those before the
    damage and record it in `account`.

    Raises TraceError if it cannot be read, or is damaged before its first line ends.
    """
    before = last = b""
    try:
        for block in source.blocks(size, account.was_changed):
            account.beginning = account.beginning or block[:BEGINNING]
            yield block
            before, last = last[-_BEFORE:], block
        if last and not last.endswith(b"\n"):
            account.unended = tuple(rows(before + last)[-_LAST:])
    except InterruptedReadError as stopped:
        account.interrupted = f"interrupted after {account.lines:,} lines{stopped.share}"
        account.signal = stopped.signal
        account.is_saved = source.can_be_read_again
    except DamagedError as damage:
        if not account.lines:
            raise
        account.damage = str(damage)
