"""Wires the rooms for one trace: events -> tracker -> steps -> rules, ports, census.

It is long because every room is named here once, and nowhere else together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeGuard

from strace_analyzer.analysis.attention import Attention
from strace_analyzer.analysis.census import Census
from strace_analyzer.analysis.context import TraceContext
from strace_analyzer.analysis.counted import Counted
from strace_analyzer.analysis.deciding import (
    MAY_LACK_RESULT,
    READ_IN_PART,
    is_unnamed,
    may_decide,
)
from strace_analyzer.analysis.ended import Ended
from strace_analyzer.analysis.failures import Failures
from strace_analyzer.analysis.genealogy import Genealogy
from strace_analyzer.analysis.groups import Groups
from strace_analyzer.analysis.idle import Idle
from strace_analyzer.analysis.lives import Lives
from strace_analyzer.analysis.reasons import Seen
from strace_analyzer.analysis.results import TraceResult
from strace_analyzer.analysis.settings import Settings
from strace_analyzer.analysis.standing import Standing, standing
from strace_analyzer.analysis.told import Told
from strace_analyzer.analysis.traffic import Traffics
from strace_analyzer.analysis.unknowns import Unknowns
from strace_analyzer.analysis.unread import Unread, UnreadLine
from strace_analyzer.analysis.visibility import Visibility
from strace_analyzer.analysis.warnings import hidden, warnings
from strace_analyzer.exhaustion import ASKING, Exhaustion
from strace_analyzer.faults import Fault, Guard
from strace_analyzer.findings import (
    Failure,
    Finding,
    Level,
    Location,
    PortUse,
    Process,
    ProcessLife,
    ProcessUse,
    Summary,
    Warning,
)
from strace_analyzer.kernel import Step, Tracker
from strace_analyzer.kernel.doubts import Doubt
from strace_analyzer.kernel.order import WAITS
from strace_analyzer.kernel.seed import ExistingProcess
from strace_analyzer.kernel.socket_state import Binding, Origin
from strace_analyzer.kernel.step import FAILED, LOCAL
from strace_analyzer.ports import PortLedger, WhatIf
from strace_analyzer.ports.port_range import of_namespace
from strace_analyzer.rules import Engine, Rule, catalogue
from strace_analyzer.rules.engine import RuleFailure
from strace_analyzer.rules.evidence import Found
from strace_analyzer.rules.traffic import Traffic
from strace_analyzer.rules.waste import if_at_once_only
from strace_analyzer.trace.events import (
    Entered,
    Event,
    Exited,
    Foreign,
    Killed,
    Notice,
    SignalDelivered,
    Syscall,
    TableRow,
    Unparsed,
)
from strace_analyzer.trace.reader import Accounting

Timed = Syscall | Entered | Exited | Killed | SignalDelivered
_ACCEPTED = Origin.ACCEPTED
_TIMED = (Syscall, Entered, Exited, Killed, SignalDelivered)
_CALLS = (Syscall, Entered)
_Kind = tuple[type[Event], str | None]
"""the type of an event and, for a call or its first half, the name"""


class Asked(NamedTuple):
    """Who receives one kind of step: the rules come last, because they may ask the observers."""

    observers: tuple[Callable[[Step], None], ...]
    rules: tuple[Rule, ...]


class TraceAnalysis:
    """One trace on its way through the house. `feed` events, `close`, then read the results."""

    def __init__(self, id: str, name: str, source_names: list[str], settings: Settings) -> None:
        self.name = name
        self._first_call: str | None = None
        self._started: tuple[str, ...] | None = None
        """the command line of the program with which the trace begins"""
        self._reasons: list[Told] = []
        self._apart: Told | None = None
        """processes that are missing from the trace"""
        self._warnings: list[Told] = []
        self._source_names = source_names
        self._settings = settings
        assumed = of_namespace(settings.port_range, settings.host_range)
        strangers = set(settings.rules).difference(catalogue())
        self._tracker = Tracker(
            incoming=settings.keep_sockets or bool(strangers),
            script=settings.started_script,
            port_range=(assumed.low, assumed.high),
        )
        self._unread = Unread(
            self._tracker.may_hold_socket,
            lambda: not self._tracker.interest.has_begun,
            self._not_understood,
            lambda: self._listening.clear(),
        )
        self.visibility = Visibility(
            self._tracker, settings.nothing_hidden, settings.something_hidden
        )
        self._pieces = self.visibility.pieces
        self._doubts = self._tracker.doubts
        self._ledger = PortLedger(
            port_range=settings.port_range,
            host_range=settings.host_range,
            autobind_reuse=settings.autobind_reuse,
            tw_reuse=settings.tw_reuse,
        )
        self.context = context = TraceContext(
            id, source_names, settings, assumed, self._tracker, self._ledger
        )
        self._engine = Engine(settings.rules, context)
        self._what_if = (
            None if settings.what_if is None else WhatIf(settings.what_if, settings.autobind_reuse)
        )
        self._census = Census(id)
        self._failed = Failures(context)
        self._counted = Counted()
        self._ended = Ended(self._tracker.tasks)
        self.attention = Attention(
            self._tracker.interest, self.visibility, all_data=settings.keep_sockets
        )
        self._unknowns = Unknowns(context)
        self._seen = Seen(
            self._tracker,
            self.visibility,
            self._unread,
            self._unknowns,
            self._ended,
            self._counted,
            self._census,
        )
        self._traffics = Traffics(self._tracker.tasks)
        self.lives = Lives(context, settings.keep_sockets, self._traffics, self._verdicts)
        self._genealogy = (
            Genealogy(context, self._tracker.tasks) if settings.keep_processes else None
        )
        self._listening: dict[_Kind, tuple[Callable[[Any], None], ...]] = {}
        """who receives events of a kind; filled as they first occur"""
        self._asked: dict[tuple[str, Binding | None, bool], Asked] = {}
        """who receives steps, by role, the socket's previous binding, and whether it came from
        accept(); filled as they first occur"""
        self._exhaustion = Exhaustion()
        self._last: Timed | None = None
        """the last event with a time"""
        self._quotes: list[str] = []
        self._guard = Guard()
        self._faults: list[tuple[int, Fault]] = []
        """our own faults, each with the source of the event"""
        self._ports: tuple[PortUse, ...] = ()
        self._summary = Summary()
        self._groups = Groups(settings.rules, self._judged_again)
        self._is_worse_than_a_note = False
        """something was found that is"""
        self._shows_connect = False
        """a finding shows a connect()"""
        self._doubted: Counter[str] = Counter()
        self._counts: dict[str, dict[str, int]] = {}

    # the way through

    def seed(self, processes: Iterable[ExistingProcess]) -> None:
        """Add processes that were running when the trace began. Call it before the first event."""
        self._tracker.seed(processes, self.context.port_range(0))

    def not_traced(self, count: int, words: str, options: str) -> None:
        """`count` processes below the traced ones are not traced, as `words` say; `attach` with
        `options` would trace them."""
        fix = Doubt.CHILDREN_APART.remedy.replace("--tree PID", options)
        self._apart = Told(Doubt.CHILDREN_APART, count, words, fix)

    def keep_order(self) -> None:
        """No clock tells the order between the files of this trace. Call it before the first
        event."""
        self._tracker.keep_order()

    def expect_entry_times(self) -> None:
        """The files of this trace share a clock that tells when calls were entered."""
        self._tracker.expect_entry_times()

    def standing(self) -> Standing:
        """The internet sockets that are open now."""
        return standing(self._tracker.tasks)

    def feed(self, events: Sequence[Event]) -> list[Found]:
        """Take in events; returns the findings that they made or changed, or drafts of them (level
        and confidence provisional). A fault of our own costs its event and is reported in the
        result."""
        changed: list[Found] = []
        listening, steps, doubts = self._listening, self._tracker.steps, self._doubts
        coming = iter(events)
        self._note_ends(events)
        while True:
            with self._guard:
                for event in coming:
                    kind = type(event), event.name if isinstance(event, _CALLS) else None
                    for hear in listening.get(kind) or self._subscribe(kind, event):
                        hear(event)
                    if steps or doubts:
                        told = steps.copy()
                        steps.clear()
                        changed += self._tell(told)
                break
            span = event.span
            self._faults.append((span.source, self._guard.fault(span.first)))
        return changed

    def _note_ends(self, events: Sequence[Event]) -> None:
        """Note which of all events are the last, and the first and the last with a time."""
        if not events:
            return
        self._pieces.last = events[-1]
        if self.context.start is None:
            self.context.start = next((event.seconds for event in events if _has_time(event)), None)
        for event in reversed(events):
            if _has_time(event):
                self._last = event
                break

    def _subscribe(self, kind: _Kind, event: Event) -> tuple[Callable[[Any], None], ...]:
        """Who receives events like this one, which is the first of its kind since nobody knew."""
        hears: list[Callable[[Any], None]] = []
        if self._unread.unreturned and isinstance(event, (Syscall, Entered, Exited, Killed)):
            hears.append(self._unread.went_on)
        if isinstance(event, (Syscall, Entered)) and self._first_call is None:
            self._first_call = event.name
        if isinstance(event, Notice):
            hears += (self._noticed, self._unread.foreign)
        elif isinstance(event, Entered):
            self.visibility.began(event.name)
            if is_unnamed(event.name):
                hears.append(self._unread.entered)
        elif isinstance(event, TableRow):
            hears.append(self._counted.row)
        elif isinstance(event, Unparsed):
            hears.append(self._unread.feed)
        elif isinstance(event, Foreign):
            hears.append(self._unread.foreign)
        elif isinstance(event, Syscall) and event.name in READ_IN_PART:
            hears.append(self._unread.call)
        elif isinstance(event, Syscall) and event.name in MAY_LACK_RESULT:
            hears.append(self._unread.without_result)
        elif isinstance(event, Syscall) and may_decide(event.name):
            hears.append(self._unread.strange)
        if isinstance(event, Syscall) and event.name in WAITS:
            hears.append(self._ended.call)
        elif isinstance(event, SignalDelivered):
            hears.append(self._ended.signal)
        elif isinstance(event, (Exited, Killed)):
            hears.append(self._ended.end)
        hears += self._pieces.listening(event)
        if isinstance(event, Syscall):
            hears += self.visibility.hears_of(event.name)
            if self.visibility.needs_every_call:
                hears.append(self._was_counted)
            if self._settings.keep_sockets:
                hears.append(self._traffics.call)
        hears += self._tracker.listening(*kind)
        if kind == (Syscall, "execve") and self._first_call == "execve":
            hears.append(self._executed)
        if self._genealogy is not None:
            hears.append(self._genealogy.feed)
        self._listening[kind] = told = tuple(hears)
        return told

    def _was_counted(self, call: Syscall) -> None:
        if not self.visibility.needs_every_call:
            self._listening.clear()  # nobody counts calls any more

    def _executed(self, call: Syscall) -> None:
        """Keep the words of the first execve(), if the line shows all of them."""
        if self._started is None:
            group = self._tracker.tasks.by_tid[call.tid].group
            self._started = () if group.argv_truncated else group.argv

    def _noticed(self, event: Notice) -> None:
        self._quotes.append(event.text)

    def close(self) -> list[Found]:
        """The end of the trace; returns the findings that only it completes."""
        changed = self._tell(self._tracker.close())
        changed += self._engine.close()
        self.lives.close()
        reuse = self._settings.tw_reuse
        self._ports = tuple(
            use._replace(tw_reuse=reuse)
            for use in self._ledger.close(self._end, self.context.start)
        )
        self._summarize()
        return changed

    def _tell(self, steps: list[Step]) -> list[Found]:
        """Pass steps, and doubts that have come up, to all who asked for them."""
        changed: list[Found] = []
        for step in steps:
            was = step.was
            came_in = step.socket.origin is _ACCEPTED
            kind = step.role, None if was is None else was.binding, came_in
            asked = self._asked.get(kind)
            if asked is None:
                asked = self._asked[kind] = self._asking(*kind)
            self.context.now = step.event.seconds
            for hear in asked.observers:
                hear(step)
            if asked.rules:
                changed += self._engine.feed((step, asked.rules))
            if step.now is None and step.description.id in self._engine.open:
                self._engine.finish(step.description.id)
        if self._doubts:
            for doubt in self._doubts:
                self._unknowns.feed(doubt)
            self._doubts.clear()
        return changed

    def _not_understood(self, line: UnreadLine) -> None:
        self.visibility.names.add(line.name)  # no option hid it
        at = Location(self.context.source_name(line.source), line.line)
        self._unknowns.add(Doubt.UNREAD, None, None, at)

    def _asking(self, role: str, binding: Binding | None, came_in: bool) -> Asked:
        """Who receives steps with this role, of sockets with this previous binding, made by
        accept() or not."""
        if role == LOCAL:
            return Asked((self._failed.feed,), ())
        observers: list[Callable[[Step], None]] = []
        if role in ASKING:
            observers.append(self._exhaustion.judge)
        if role in Census.roles:
            observers.append(self._census.feed)
        if role == Idle.role and "connect" not in self.visibility.names:
            observers.append(self.visibility.idle.feed)
        if role in Failures.roles:
            observers.append(self._failed.feed)
        if role in Traffic.roles and binding in Traffic.bindings:
            observers.append(self.context.traffic.step)
        if role in PortLedger.roles and not came_in:  # those use their listener's port
            observers.append(self._ledger.step)
        if self._what_if is not None and role != FAILED:
            observers.append(self._what_if.step)
        if self._settings.keep_sockets and role != FAILED:
            observers.append(self.lives.feed)
        return Asked(tuple(observers), self._engine.asked(role, binding, came_in))

    @property
    def _end(self) -> float | None:
        """When the last event happened or, if known, ended."""
        last = self._last
        ended = last.ended if isinstance(last, Syscall) else None
        return ended or (None if last is None else last.seconds)

    def _summarize(self) -> None:
        uses: dict[tuple[str, int], ProcessUse] = {
            (f"{self.context.trace}:{use.process}", ports.namespace): use
            for ports in self._ports
            for use in ports.by_process
        }
        self._summary = Summary(
            uses=uses,
            ports={ports.namespace: ports for ports in self._ports},
            hidden=hidden(
                self.visibility,
                self._unknowns.count(Doubt.CONNECT_HIDDEN),
                has_unseen_copies=self._tracker.has_unseen_copies,
            ),
            autobind_reuse=self._settings.autobind_reuse,
            showing_ports=self._tracker.shows_bound_ports,
        )
        counts: dict[str, Counter[str]] = {}
        for number, finding in enumerate(self._engine.judged(self._summary)):
            self._groups.add(finding, number)
            self._is_worse_than_a_note |= finding.level > Level.NOTE
            self._shows_connect = self._shows_connect or "connect" in finding.calls
            self._doubted.update(finding.doubts)
            counts.setdefault(finding.process.id, Counter())[finding.rule] += 1
        alike: dict[tuple[tuple[str, int], ...], dict[str, int]] = {}
        for process, count in counts.items():
            items = tuple(sorted(count.items()))
            self._counts[process] = alike.setdefault(items, dict(items))
        for failure in self._engine.failures:
            self._unknowns.add(
                Doubt.RULE_FAILED, None, None, Location(failure.source, failure.line)
            )

    # what came out

    def __len__(self) -> int:
        return len(self._engine.store)

    def __iter__(self) -> Iterator[Finding]:
        """The findings, judged and grouped, in order of first sight."""
        for finding in self._engine.judged(self._summary):
            yield finding._replace(group=self._groups.id_of(finding))

    def _judged_again(self, number: int) -> Finding:
        return self._engine.judged_again(number, self._summary)

    def _verdicts(self) -> dict[Location, tuple[str, ...]]:
        """The rules that flag a socket, by the lines that they flag."""
        found: dict[Location, tuple[str, ...]] = {}
        for finding in self._engine.judged(self._summary):
            found[finding.at] = (*found.get(finding.at, ()), finding.rule)
        return found

    def provisional(self) -> Iterator[Finding]:
        """The findings as `feed` and `close` last returned them, in order of first sight."""
        return iter(self._engine.store)

    @property
    def groups(self) -> Groups:
        """The causes that the findings share."""
        return self._groups

    @property
    def unknowns(self) -> Unknowns:
        """What this trace leaves open."""
        return self._unknowns

    @property
    def failures(self) -> tuple[RuleFailure, ...]:
        """The rules that raised an error."""
        return tuple(self._engine.failures)

    def process_lives(self) -> tuple[ProcessLife, ...]:
        """Every process that spoke, if process lives are kept."""
        return () if self._genealogy is None else tuple(self._genealogy.lives())

    def processes(self) -> tuple[Process, ...]:
        """Every process that made a socket."""
        return self._census.processes(self._counts, {task.group for task in self._tracker.tasks})

    @property
    def failed_calls(self) -> tuple[Failure, ...]:
        """The socket calls that failed."""
        seen = self.visibility
        shows_outcomes = "getsockopt" in seen.names or seen.is_surely_unfiltered
        return self._failed.all(shows_outcomes=shows_outcomes)

    def warnings(self) -> list[Warning]:
        """What was not read, not seen, or hidden."""
        told = {one.doubt: one for one in (*self._warnings, *self._reasons)}
        return [one.of(self.context.trace) for one in told.values()]

    def result(
        self, clock: str, accounts: tuple[Accounting, ...], steps_back: int = 0, left_out: int = 0
    ) -> TraceResult:
        """The trace itself, as the report names it; `clock` is how its reader found the clock,
        `left_out` how many lines it skipped too early."""
        for source, fault in self._faults:
            accounts[source].has_failed(fault)
        self._faults.clear()
        self._pieces.cut_ends = sum(account.breaks_off for account in accounts)
        self._reasons = list(
            self._seen.reasons(
                accounts,
                self._source_names,
                self._first_call,
                self._apart,
                shows_connect=self._shows_connect,
                is_worse_than_a_note=self._is_worse_than_a_note,
            )
        )
        self._warnings = list(
            warnings(
                self.visibility,
                self._doubted,
                connections=self._census.tcp_connections,
                hidden_connects=self._unknowns.count(Doubt.CONNECT_HIDDEN),
                steps_back=steps_back,
                unordered=self._unknowns.count(Doubt.NO_COMMON_CLOCK),
                left_out=left_out,
                shortened=sum(account.shortened for account in accounts),
                injected=self._tracker.injected,
                untimed=sum(if_at_once_only(ports.by_process, ports) for ports in self._ports),
            )
        )
        if self._apart is not None:
            self._warnings.append(self._apart)
        if any(account.was_not_begun for account in accounts):
            self._warnings = []  # what no line shows is not strace's doing
        return TraceResult(
            id=self.context.trace,
            name=self.name,
            clock=clock,
            seconds=self.context.since_start(self._end),
            began=self.context.start,
            sources=accounts,
            ports=tuple(
                ports._replace(
                    by_process=tuple(
                        use._replace(process=f"{self.context.trace}:{use.process}")
                        for use in ports.by_process
                    ),
                )
                for ports in self._ports
            ),
            forecasts=() if self._what_if is None else self._what_if.close(self.context.start),
            tcp_connections=self._census.tcp_connections,
            quotes=tuple(self._quotes),
            inconclusive=self._reasons[0].headline if self._reasons else None,
            started=self._started or (),
            may_hide_bind=self.visibility.may_hide_bind,
        )


def _has_time(event: Event) -> TypeGuard[Timed]:
    return isinstance(event, _TIMED) and event.seconds is not None
