"""The account of one network namespace: takes the Steps of its TCP sockets, gives a PortUse.

For every step, the account of the socket is compared with its new state, which gives the moves: a
port pinned or released, a connection begun or ended. So it does not matter which call did it. It is
long because all that is counted of a namespace is counted here.
"""

from __future__ import annotations

from collections.abc import Iterator

from strace_analyzer.findings import AddressUse, PortUse, ProcessUse
from strace_analyzer.kernel.destination import Destination, destination, specific
from strace_analyzer.kernel.objects import ThreadGroup
from strace_analyzer.kernel.socket_state import Socket
from strace_analyzer.kernel.step import Step
from strace_analyzer.kernel.time_wait import BRIEFLY, HOLD, gives_again, leaves_time_wait
from strace_analyzer.ports.account import Account, CountedConnection, refused
from strace_analyzer.ports.chosen import Chosen
from strace_analyzer.ports.claim import NOTHING, Own, claim, is_up, own_both, pins
from strace_analyzer.ports.clock import StepClock
from strace_analyzer.ports.concurrency import Sources, begin, end
from strace_analyzer.ports.destinations import DestinationCount, Destinations
from strace_analyzer.ports.headroom import Headroom
from strace_analyzer.ports.port_range import PortRange, narrowed
from strace_analyzer.ports.shortage import Shortage
from strace_analyzer.ports.time_wait import Holds
from strace_analyzer.ports.timeline import Timeline
from strace_analyzer.ports.usage import Usage, together

MANY = 256
"""once this many processes are active, idle ones are reduced to their figures"""


class NamespaceLedger:
    """See the module. `has_moved` is False until a socket is bound or connected."""

    def __init__(
        self, namespace: int, whole: PortRange, autobind_reuse: bool, tw_reuse: int | None = None
    ) -> None:
        self.has_moved = False
        self._namespace = namespace
        self._whole = whole
        self._autobind_reuse = autobind_reuse
        self._tw_reuse = tw_reuse
        self._accounts: dict[int, Account] = {}
        self._sources = Sources()
        self._usage = Usage()
        self._by_process: dict[ThreadGroup, ProcessUse | None] = {}
        """for each process with a part in this, in order of first sight: its figures up to the last
        fold"""
        self._active: dict[ThreadGroup, Usage] = {}
        """their usage since then"""
        self._many = MANY
        self._destinations = Destinations()
        self._shortage = Shortage()
        self._clock = StepClock()
        self._holds = Holds()
        self._brief_holds = Holds(BRIEFLY)
        """of ports that connect() would take again after a second"""
        self._wanted: set[tuple[int, int] | None] = set()
        """the ranges to which sockets that took a port were limited"""
        self._headroom = Headroom(whole)
        self.size, self.source = whole.size, whole.source
        """of the range in force, as far as it is known by now"""
        self.early = self.early_in_all = 0
        """how many sockets have a port of bind() with port 0 now, and how many ever had one"""
        self._held = 0
        """ports held now by bind() with port 0 and the wildcard"""
        self._in_time_wait = 0
        """how many of the ports pinned so far went to TIME_WAIT"""
        self._timeline: Timeline | None = None
        self._chosen = Chosen()

    def step(self, step: Step) -> None:
        """Account for one step of a TCP socket of this namespace."""
        seconds = self._clock.at(step.event.seconds)
        if seconds is not None:
            if seconds >= self._holds.due:
                self._holds.expire(seconds)
            if seconds >= self._brief_holds.due:
                self._brief_holds.expire(seconds)
        if step.dry is not None and self._shortage.is_met_by_client(step.dry):
            self._usages(step.task.group)[1].exhausted = True
            self.has_moved = True
        if step.socket.assigned_port is not None and self._chosen.note(step.socket):
            self._judge_range()
        now, id = step.now, step.description.id
        if now is None:
            account = self._accounts.pop(id, None)
            if account is None:
                return
            self._close(account, step.was, seconds)
        else:
            own, account = own_both(now, self._autobind_reuse), self._accounts.get(id)
            if account is None:
                is_new = step.role in ("bind", "connect")
                if not is_new and claim(now, self._autobind_reuse) is None:
                    return
                account = self._accounts[id] = Account(now.protocol or "unknown", step.task.group)
            self._change(account, step, now, own, seconds)
        at = self._clock.order if seconds is None else seconds
        if self._timeline is None:
            self._timeline = Timeline(at, 1.0 if seconds is None else 0.001)
        taken = max(self._held + self._usage.pinned.waiting, self._headroom.as_is.high.used)
        self._timeline.record(at, self._held, self._usage.needed.now, taken)
        self.has_moved = True

    # the figures of rules.evidence.PortState: the ports as they are now

    @property
    def pinned(self) -> int:
        """Ports that bind() with port 0 holds."""
        return self._held + self._usage.pinned_at_address

    @property
    def waiting(self) -> int:
        """Ports that bind() with port 0 took, in TIME_WAIT."""
        return self._usage.pinned.waiting

    @property
    def needed(self) -> int:
        """Ports that would be enough for the connections."""
        return self._usage.needed.now

    @property
    def needed_with_time_wait(self) -> int:
        """The same, for those in TIME_WAIT too."""
        return self._usage.needed_high.now

    @property
    def used(self) -> int:
        """All ports in use."""
        return self._headroom.as_is.open.used

    @property
    def used_with_time_wait(self) -> int:
        """The same, including those in TIME_WAIT."""
        return self._headroom.as_is.high.used

    def close(self, begin: float | None, end: float | None) -> PortUse:
        """The whole account; `begin` and `end` are the seconds of the trace's first and last
        event."""
        clock, usage = self._clock, self._usage
        timed = clock.begin is not None
        begin = clock.begin if begin is None else begin
        seconds = end - begin if timed and begin is not None and end is not None else None
        peak, when = usage.pinned.peak
        taken = self._range()
        as_is, without = self._headroom.as_is, self._headroom.without
        left = max(0, taken.size - as_is.open.peak)
        without_bind = max(0, taken.size - without.open.peak)
        shortage = self._shortage
        connections = self._destinations.connections
        return PortUse(
            namespace=self._namespace,
            range=(taken.low, taken.high),
            range_source=taken.source,
            total_connections=connections,
            total_pinned=usage.pinned.total,
            peak_pinned=peak,
            peak_needed=usage.needed.peak,
            peak_pinned_with_time_wait=usage.pinned.peak_with_waiting if timed else None,
            peak_needed_with_time_wait=usage.needed_high.peak if timed else None,
            peak_time=None if when is None or begin is None else round(when - begin, 6),
            headroom=shortage.left(left),
            headroom_without_bind=without_bind if shortage.explains(left) else None,
            headroom_with_time_wait=shortage.left(max(0, taken.size - as_is.high.peak)),
            headroom_without_bind_with_time_wait=(
                max(0, taken.size - without.high.peak) if shortage.explains(left) else None
            ),
            connections_per_second=connections / seconds if seconds else None,
            sustainable_as_is=taken.size / HOLD,
            sustainable_without_bind_per_destination=taken.size / HOLD,
            censored=usage.pinned.count,
            by_process=tuple(self._parts(timed)),
            destinations=self._destinations.table(),
            by_address=tuple(AddressUse(*row) for row in usage.addresses()),
            timeline=() if self._timeline is None else self._timeline.points(begin or 0.0),
            dry_after=None if shortage.found else self._dry_after(left, seconds),
            most_pinned=usage.pinned.peak_with_waiting,
            most_needed=usage.needed_high.peak,
            ran_out=shortage.found,
            chosen=self._chosen.told(taken),
        )

    def _dry_after(self, headroom: int, seconds: float | None) -> float | None:
        """Seconds until no port is left, at the rate at which pinned ports went to TIME_WAIT in
        these `seconds`; None if that rate can be sustained."""
        if not seconds or not self._in_time_wait:
            return None
        rate = self._in_time_wait / seconds
        return headroom / rate if rate * HOLD > headroom else None

    def _change(
        self, account: Account, step: Step, now: Socket, own: Own, seconds: float | None
    ) -> None:
        """The socket, still open, is `now`, and has `own` for itself."""
        held, account.own = account.own, own
        pinned = own[0] is not None and pins(now, self._autobind_reuse)
        if pinned and not account.pins:
            self._pin(account, step.task.group, now, seconds)
        if now.connects > 0:
            for peak, interval in account.pins:
                peak.confirm(interval)
        if account.pins and not pinned:
            self._unpin(account)
        connection = account.connection
        if not is_up(now):
            if connection is not None:
                self._disconnect(account, connection)
            elif refused(step):
                self._attempt(account, step, now, held)
        elif connection is None:
            self._connect(account, step, now, own)
        else:
            self._recount(account, connection, specific(now.local))
        if own != held:
            self._headroom.move(held, own)
        self._headroom.note()

    def _close(self, account: Account, was: Socket | None, seconds: float | None) -> None:
        """The socket is gone, but what it held may be in TIME_WAIT: without times, for good."""
        connection, waits = account.connection, was is not None and leaves_time_wait(was, None)
        if account.own != NOTHING:
            self._headroom.move(account.own, NOTHING, waits=waits)
        if account.pins:
            self._unpin(account, waits=waits)
        if connection is not None:
            self._disconnect(account, connection, waits=waits)
        if not waits or seconds is None:
            return
        if account.pins or account.own != NOTHING:
            self._holds.hold(seconds, self._expire, account)
        if connection is not None:
            again = gives_again(self._tw_reuse, connection.to)
            holds = self._brief_holds if again else self._holds
            holds.hold(seconds, self._expire_connection, connection)

    def _expire(self, account: Account) -> None:
        """TIME_WAIT is over for the port that this socket had for itself."""
        for peak, interval in account.pins:
            if interval.confirmed:
                peak.expire()
        self._headroom.expire(account.own)

    def _expire_connection(self, connection: CountedConnection) -> None:
        # the place may differ from a minute ago
        end(connection.high, self._sources.place(connection.to, connection.local))

    def _pin(
        self, account: Account, group: ThreadGroup, now: Socket, seconds: float | None
    ) -> None:
        account.group = group
        address = specific(now.local)
        account.wildcard = address is None
        whole, mine = self._usages(group)
        account.pins = whole.pin(address, seconds), mine.pin(address, seconds)
        self.early += 1
        self.early_in_all += 1
        self._held += account.wildcard
        self._note_range(now)

    def _unpin(self, account: Account, *, waits: bool = False) -> None:
        """The port is given back; with `waits` it goes to TIME_WAIT, and the account keeps it."""
        for peak, interval in account.pins:
            peak.end(interval, waits=waits)
        self.early -= 1
        self._held -= account.wildcard
        if waits:
            self._in_time_wait += account.wildcard
        else:
            account.pins = ()

    def _attempt(self, account: Account, step: Step, now: Socket, held: Own) -> None:
        """A connect() took a port, and released it before the call returned."""
        self._connect(account, step, now, held)
        self._headroom.note()
        if account.connection is not None:
            self._disconnect(account, account.connection)

    def _connect(self, account: Account, step: Step, now: Socket, own: Own) -> None:
        to = destination(now.peer)
        if to is None:
            return
        early = step.was is not None and pins(step.was) and specific(step.was.local) is None
        if not account.pins and not early:
            account.group = step.task.group
        row = self._destinations.connect(to, account.protocol, early)
        self._count(account, own, to, specific(now.local), row)
        self._note_range(now)

    def _count(
        self, account: Account, own: Own, to: Destination, local: str | None, row: DestinationCount
    ) -> None:
        """The connection is one of its process, of all, and of those that share ports if it has
        none for itself."""
        (whole, mine), headroom = self._usages(account.group), self._headroom
        open, high = [whole.needed, mine.needed], [whole.needed_high, mine.needed_high]
        for ports, owned in zip((headroom.as_is, headroom.without), own, strict=True):
            if owned is None:
                open.append(ports.open.shared)
                high.append(ports.high.shared)
        place = self._sources.place(to, local)
        begin(open, place)
        begin(high, place)
        account.connection = CountedConnection(to, local, row, open, high)

    def _disconnect(
        self, account: Account, connection: CountedConnection, *, waits: bool = False
    ) -> None:
        """The connection is over; with `waits` it goes to TIME_WAIT."""
        place = self._sources.place(connection.to, connection.local)
        end(connection.open, place)
        if not waits:
            end(connection.high, place)
        connection.row.now -= 1
        account.connection = None

    def _recount(self, account: Account, connection: CountedConnection, local: str | None) -> None:
        """getsockname() may have shown where this connection comes from; the same holds for others
        to this destination."""
        if local == connection.local and len(connection.open) == 2 + account.own.count(None):
            return
        to = connection.to
        place = self._sources.place(to, connection.local)
        end(connection.open, place)
        end(connection.high, place)
        if local is not None and local != connection.local and self._sources.learn(to, local):
            for usage in (self._usage, *self._active.values()):
                usage.learned((to, local))
            self._headroom.learned((to, local))
        self._count(account, account.own, to, local, connection.row)

    def _usages(self, group: ThreadGroup) -> tuple[Usage, Usage]:
        usage = self._active.get(group)
        if usage is None:
            if len(self._active) >= self._many and self._clock.begin is not None:
                self._fold()
            usage = self._active[group] = Usage()
            self._by_process.setdefault(group, None)
        return self._usage, usage

    def _fold(self) -> None:
        """Reduce the processes that hold nothing now to their figures: most are gone for good."""
        idle = [group for group, usage in self._active.items() if usage.is_idle]
        for group in idle:
            since = self._active.pop(group).of(group.id, timed=True)
            self._by_process[group] = together(self._by_process[group], since)
        self._many = max(MANY, 2 * len(self._active))

    def _parts(self, timed: bool) -> Iterator[ProcessUse]:
        for group, before in self._by_process.items():
            usage = self._active.get(group)
            if usage is not None:
                yield together(before, usage.of(group.id, timed))
            elif before is not None:
                yield before

    def _note_range(self, socket: Socket) -> None:
        wanted = socket.options.port_range
        if wanted not in self._wanted:
            self._wanted.add(wanted)
            self._judge_range()

    def _judge_range(self) -> None:
        """A socket has shown something new about the range in force."""
        taken = self._range()
        shown = self._chosen.told(taken)
        self.size, self.source = taken.size, taken.source
        if shown is not None and shown.shows_range:
            self.size = shown.high - shown.low + 1
        elif shown is not None:
            self.source = "assumed"

    def _range(self) -> PortRange:
        """The range that all sockets take their ports from, if it is one and the same."""
        ranges = {narrowed(self._whole, wanted) for wanted in self._wanted}
        return ranges.pop() if len(ranges) == 1 else self._whole
