"""The ledger's peaks, streamed, equal a count over the whole history, kept and counted by hand."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ports.histories import ANY, History, Sock, at, process

from strace_analyzer.kernel.socket_state import Binding, Options
from strace_analyzer.kernel.time_wait import HOLD
from strace_analyzer.ports import PortLedger, namespace_ledger
from strace_analyzer.ports.late_peak import LatePeak

REMOTE = [("192.0.2.1", 80), ("192.0.2.1", 81), ("198.51.100.7", 80), ("2001:db8::9", 80)]
SOURCE = {"192.0.2.1": "10.0.0.1", "198.51.100.7": "10.0.0.2", "2001:db8::9": "fd00::1"}
OWN = "10.0.0.1"


@dataclass
class Interval:
    """[begin, end) in steps; with `waits`, the port goes on for 60 s after the time of `end`."""

    begin: int
    process: int
    counts: bool
    end: int | None = None
    waits: bool = False
    remote: tuple[str, int] = ("", 0)
    bound: str | None = None


@dataclass
class Witness:
    """Writes down what happens, and counts afterwards, for each step, what was open then."""

    times: list[float] = field(default_factory=list)
    pins: list[Interval] = field(default_factory=list)
    connections: list[Interval] = field(default_factory=list)
    learned: dict[tuple[str, int], int] = field(default_factory=dict)
    """since which step the source address of a destination is known"""

    def _open(self, interval: Interval, step: int, time_wait: bool) -> bool:
        if not interval.counts or step < interval.begin:
            return False
        if interval.end is None or step < interval.end:
            return True
        over = self.times[interval.end] + HOLD
        return time_wait and interval.waits and self.times[step] < over

    def pinned(self, process: int | None, time_wait: bool) -> int:
        return max(
            (
                sum(
                    self._open(pin, step, time_wait)
                    for pin in self.pins
                    if process in (None, pin.process)
                )
                for step in range(len(self.times))
            ),
            default=0,
        )

    def needed(self, process: int | None, time_wait: bool) -> int:
        highest = 0
        for step in range(len(self.times)):
            counts: dict[object, int] = {}
            for connection in self.connections:
                if process not in (None, connection.process):
                    continue
                if self._open(connection, step, time_wait):
                    source = connection.bound
                    if source is None and self.learned.get(connection.remote, step + 1) <= step:
                        source = SOURCE[connection.remote[0]]
                    key = connection.remote, source
                    counts[key] = counts.get(key, 0) + 1
            highest = max(highest, *counts.values(), 0)
        return highest


BINDS = ("bind", "bind-own", "no-port")
CONNECTS = ("connect", "connect", "progress", "refused", "no-route", "settle", "fail", "name")
ENDS = ("eof", "disconnect", "listen", "close", "close")
VERBS = st.sampled_from((*BINDS, *CONNECTS, *ENDS))
MOVES = st.lists(
    st.tuples(
        VERBS,
        st.integers(0, 5),
        st.integers(0, len(REMOTE) - 1),
        st.sampled_from([0.0, 0.0, 0.5, 20.0, 60.0]),
    ),
    max_size=60,
)


class Play:
    """Does each verb that makes sense now, to the ledger and to the witness."""

    def __init__(self, timed: bool) -> None:
        self.history = History(0.0 if timed else None)
        self.clock = 0.0
        self.ledger = PortLedger((40000, 40999))
        self.witness = Witness()
        self.processes = [process(100), process(200)]
        self.socks: dict[int, Sock] = {}
        self.pin: dict[int, Interval] = {}
        self.connection: dict[int, Interval] = {}

    def move(self, verb: str, slot: int, remote: int, passed: float) -> None:
        self.clock += passed
        if self.history.now is not None:
            self.history.now = self.clock
        sock = self.socks.get(slot) or self._open(slot)
        state, now = sock.socket, len(self.witness.times)
        to = REMOTE[remote]
        unbound = state.binding in (Binding.UNBOUND, Binding.DEFERRED)
        up, listens = state.connection.value in ("connected", "connecting"), False
        listens = state.connection.value == "listening"
        free = not up and not listens
        match verb:
            case "bind" | "bind-own" if unbound and free:
                address = ANY if verb == "bind" else at(OWN)
                self._took_port(slot, verb == "bind" and not state.options.no_port, now)
                step = sock.bind(address)
            case "no-port" if unbound and free and state.local is None:
                step = sock.step("setsockopt", state._replace(options=Options(no_port=True)))
            case "connect" | "progress" if free:
                self._connects(slot, to, now)
                step = sock.connect(at(*to), None if verb == "connect" else "EINPROGRESS")
            case "refused" if free:
                self._connects(slot, to, now).end = now + 1
                del self.connection[slot]
                self._gave_port(slot, now, waits=False)
                step = sock.connect(at(*to), "ECONNREFUSED", released=True)
            case "no-route" if free:
                if slot in self.pin:
                    self.pin[slot].counts = True
                step = sock.connect(at(*to), "ENETUNREACH", 0.00001)
            case "settle" | "fail" if state.connection.value == "connecting":
                if verb == "fail":
                    self._ended(slot, now, waits=False)
                step = sock.settle(verb == "settle")
            case "name" if up and state.binding is Binding.AUTOBOUND and state.local is None:
                remote_now = self.connection[slot].remote
                self.witness.learned.setdefault(remote_now, now)
                step = sock.name(SOURCE[remote_now[0]])
            case "eof" if state.connection.value == "connected":
                step = sock.eof()
            case "disconnect" if up:
                self._ended(slot, now, waits=False)
                step = sock.disconnect()
            case "listen" if free and state.binding is Binding.EPHEMERAL:
                self._gave_port(slot, now, waits=False)
                step = sock.listen()
            case "close":
                waits = up and state.ending.value == "open"
                self._ended(slot, now, waits)
                step = sock.close()
                del self.socks[slot]
            case _:
                return
        self.ledger.step(step)
        self.witness.times.append(self.clock)

    def _open(self, slot: int) -> Sock:
        self.socks[slot] = self.history.open(self.processes[slot % 2])
        return self.socks[slot]

    def _took_port(self, slot: int, wildcard: bool, now: int) -> None:
        if wildcard:
            self.pin[slot] = Interval(now, slot % 2, counts=False)
            self.witness.pins.append(self.pin[slot])

    def _connects(self, slot: int, to: tuple[str, int], now: int) -> Interval:
        if slot in self.pin:
            self.pin[slot].counts = True
        local = self.socks[slot].socket.local
        bound = local.address if local is not None and not local.is_wildcard else None
        connection = Interval(now, slot % 2, counts=True, remote=to, bound=bound)
        self.connection[slot] = connection
        self.witness.connections.append(connection)
        return connection

    def _gave_port(self, slot: int, now: int, waits: bool) -> None:
        pin = self.pin.pop(slot, None)
        if pin is not None:
            pin.end, pin.waits = now, waits

    def _ended(self, slot: int, now: int, waits: bool) -> None:
        self._gave_port(slot, now, waits)
        connection = self.connection.pop(slot, None)
        if connection is not None:
            connection.end, connection.waits = now, waits


@pytest.mark.parametrize("kept", [namespace_ledger.MANY, 1])
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(MOVES, st.booleans())
def test_peaks_equal_a_count_over_the_history(
    kept: int,
    monkeypatch: pytest.MonkeyPatch,
    moves: list[tuple[str, int, int, float]],
    timed: bool,
) -> None:
    """Also where only the figures are kept of processes that hold nothing."""
    monkeypatch.setattr(namespace_ledger, "MANY", kept)
    play = Play(timed)
    for move in moves:
        play.move(*move)
    uses = play.ledger.close(play.clock if timed else None)
    if not uses:
        assert not play.witness.pins
        assert not play.witness.connections
        return
    (use,) = uses
    witness = play.witness
    assert use.peak_pinned == witness.pinned(None, time_wait=False)
    assert use.peak_needed == witness.needed(None, time_wait=False)
    assert use.total_pinned == sum(pin.counts for pin in witness.pins)
    assert use.total_connections == len(witness.connections)
    assert use.censored == sum(pin.counts and pin.end is None for pin in witness.pins)
    high = (use.peak_pinned_with_time_wait, use.peak_needed_with_time_wait)
    if timed:
        assert high == (witness.pinned(None, True), witness.needed(None, True))
    else:
        assert high == (None, None)
    for part in use.by_process:
        number = int(part.process) // 100 - 1
        assert part.peak_pinned == witness.pinned(number, time_wait=False)
        assert part.peak_needed == witness.needed(number, time_wait=False)
        mine = [pin for pin in witness.pins if pin.process == number]
        assert part.total_pinned == sum(pin.counts for pin in mine)
        high = part.peak_pinned_with_time_wait, part.peak_needed_with_time_wait
        if timed:
            assert high == (witness.pinned(number, True), witness.needed(number, True))
            assert high == (part.most_pinned, part.most_needed)
        else:
            assert high == (None, None)


LATE_MOVES = st.sampled_from(["begin", "confirm", "end", "wait", "expire"])


@settings(max_examples=300)
@given(st.lists(st.tuples(LATE_MOVES, st.integers(0, 7))))
def test_late_peak_equals_a_count(moves: list[tuple[str, int]]) -> None:
    peak = LatePeak()
    open_now, waiting, intervals, moment = {}, [], [], 0
    for verb, slot in moves:
        if verb == "begin" and slot not in open_now:
            moment += 1
            open_now[slot] = peak.begin(float(moment)), [moment, None, None, False]
            intervals.append(open_now[slot][1])
        elif verb == "confirm" and slot in open_now:
            peak.confirm(open_now[slot][0])
            open_now[slot][1][3] = True
        elif verb in ("end", "wait") and slot in open_now:
            interval, written = open_now.pop(slot)
            peak.end(interval, waits=verb == "wait")
            written[1] = moment  # what begins later does not meet it
            if verb == "end" or not interval.confirmed:
                written[2] = moment
            else:
                waiting.append(written)
        elif verb == "expire" and waiting:
            waiting.pop(slot % len(waiting))[2] = moment
            peak.expire()

    def counts(which: int) -> list[int]:
        return [
            sum(
                one[3] and one[0] <= at and (one[which] is None or at <= one[which])
                for one in intervals
            )
            for at in range(1, moment + 1)
        ]

    highest = max(counts(1), default=0)
    assert peak.peak == (highest, float(counts(1).index(highest) + 1) if highest else None)
    assert peak.peak_with_waiting == max(counts(2), default=0)
    assert peak.total == sum(one[3] for one in intervals)
    assert peak.count == sum(one[3] and one[1] is None for one in intervals)
    assert peak.waiting == len(waiting)
    assert peak.is_idle == (not open_now and not waiting)
