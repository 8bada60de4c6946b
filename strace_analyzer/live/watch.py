"""One trace that is still being written: takes its input, gives each finding as soon as the line
that completes it is read, and at the end the Analysis."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from strace_analyzer.analysis import Analysis, Settings
from strace_analyzer.analysis.analyze import joined, opened, result
from strace_analyzer.errors import TraceError
from strace_analyzer.findings import Finding, Level
from strace_analyzer.kernel.seed import ExistingProcess
from strace_analyzer.live.refusals import TracingError
from strace_analyzer.live.targets import Untraced, not_traced, trees
from strace_analyzer.rules.evidence import made
from strace_analyzer.trace.events import Event, Syscall
from strace_analyzer.trace.reader import TraceInput


class ToldFinding(NamedTuple):
    """A finding as it stands now; `is_new` the first time, else something about it has changed."""

    finding: Finding
    is_new: bool


class Progress(NamedTuple):
    """How far it has come. Levels are provisional: only the end of the trace decides them."""

    lines: int
    open_sockets: int
    pinned: int
    """ports that bind() with port 0 and the wildcard address holds now"""
    port_range: tuple[int, int]
    findings: Counter[Level]


class Watch:
    """Go through `findings()` once; `analysis()` is there afterwards, `progress()` at any time and
    from any thread.

    `existing` are the processes that ran already when the trace began. Where strace was started by
    us, `may_be_empty` says that a trace without a line is no error: the program made no call that
    matters. `program` is what strace was to run, whose execve() then comes first. `apart` are
    processes below those that are traced, which are not. `headed` lines stand before strace's.
    """

    def __init__(
        self,
        trace: TraceInput,
        settings: Settings,
        *,
        existing: Iterable[ExistingProcess] | None = None,
        may_be_empty: bool = False,
        program: str | None = None,
        apart: Sequence[Untraced] = (),
        headed: int = 0,
    ) -> None:
        self._settings = settings
        self._reader, self._trace = opened(trace, settings, once=True)
        self._may_be_empty = may_be_empty
        self._program = program
        self._headed = headed
        self._found: Counter[Level] = Counter()
        if existing is not None:
            self._trace.seed(existing)
        if apart:
            self._trace.not_traced(len(apart), not_traced(apart), trees(apart))

    def findings(self) -> Iterator[ToldFinding]:
        """Each finding when it becomes provable, and again whenever a later line changes it.

        Raises TraceError as TraceReader does, TracingError where `program` could not be run.
        """
        known: set[int] = set()
        for finding in self._changes():
            key = hash(finding.id)  # 64 bits each: a trace can have findings by the million
            is_new = key not in known
            if is_new:
                known.add(key)
                self._found[finding.level] += 1
            yield ToldFinding(finding, is_new)

    def analysis(self) -> Analysis:
        """Everything found, judged. Only after `findings()`."""
        return joined([(self._trace, result(self._reader, self._trace))], self._settings)

    def provisional(self) -> Iterator[Finding]:
        """The findings as they were last told, in the order of `analysis().findings`."""
        return self._trace.provisional()

    def progress(self) -> Progress:
        """How far it has come."""
        standing = self._trace.standing()
        return Progress(
            sum(account.lines for account in self._reader.accounting),
            standing.open,
            standing.pinned,
            self._trace.context.port_range(0),
            Counter(self._found),
        )

    def _changes(self) -> Iterator[Finding]:
        for event in self._events():
            yield from map(made, self._trace.feed((event,)))
        yield from map(made, self._trace.close())

    def _events(self) -> Iterator[Event]:
        events = iter(self._reader)
        try:
            if self._program is not None:
                yield from self._until_program_runs(events, self._program)
            yield from events
        except TraceError:
            lines = sum(account.lines for account in self._reader.accounting)
            if not self._may_be_empty or lines > self._headed:
                raise

    def _until_program_runs(self, events: Iterator[Event], program: str) -> Iterator[Event]:
        """The events up to the first call, which is the execve() of `program`. Raises TracingError
        where the kernel refused it: no interpreter, another machine's code."""
        for event in events:
            if isinstance(event, Syscall):
                if event.name == "execve" and event.result.failed:
                    why = event.result.note or event.result.errno
                    raise TracingError(f"{program}: cannot be run: {why}")
                yield event
                return
            yield event
