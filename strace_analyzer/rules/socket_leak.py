"""Flags sockets that are not closed although the peer has closed, or the connection broke.

It is long because the examples need several connections each.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from strace_analyzer.findings import CallRecord, Finding, Level, Rows, Summary
from strace_analyzer.kernel.step import AFTER_END, Step
from strace_analyzer.plain import count
from strace_analyzer.rules.evidence import Context
from strace_analyzer.rules.holders import fills_half
from strace_analyzer.rules.remarks import remark
from strace_analyzer.rules.rule import Clean, Flagged, Rule
from strace_analyzer.rules.store import FindingStore
from strace_analyzer.rules.waste import process_use, with_hidden_calls
from strace_analyzer.rules.words import Case, Figures
from strace_analyzer.trace.events import EXECS, Syscall

FEW = 3
"""Fewer than this in one process are not a leak, but what was in use at the end."""
LATER = 3
"""Sockets that the process made after the peer had closed: it went on, and did not return to this
one."""
IDLE = 1.0
"""Seconds since the peer closed; less may be work in progress."""
MANY = 10
"""This many, none of them closed while the process made other sockets, are a leak even in less
time."""
POINTS = 8
"""points in the table of growth"""


class _Ended(NamedTuple):
    """The step that showed the end of a connection; when it was last used (then, or when data was
    sent after it), and how many sockets its process had made by that time."""

    step: Step
    used: float | None
    made: int


class _Closing(NamedTuple):
    """A connection that was closed late, by a process that has made no socket since: the program
    may be about to end."""

    ended: _Ended
    seconds: float | None


class _Left(NamedTuple):
    """A connection that was left open: the number of its finding in the store; whether it was left
    for long, and until when, if it was closed in the end; when the connection ended: source, line,
    seconds."""

    number: int
    is_long: bool
    until: str
    source: int
    line: int
    seconds: float | None


_PORTS_RAN_OUT, _END = "local ports have run out", "it ends"
_NO_PORT = frozenset({"EADDRINUSE", "EADDRNOTAVAIL"})


class SocketLeak(Rule):
    """The peer has closed a connection, and the program never closes its own end.

    What it flags:
        Three or more TCP sockets of a process on which it read end of file, or got a reset, and which
        it did not close within a second of that, or of a send on it (without times: before it created
        three more sockets), until the end of the trace or of the process, or which it closed in a row
        as the last thing it did with sockets, within a second of its end. If everything was over
        within a second, ten or more that it left open while it created others are a note. Those that
        filled half of the port range when a call found no port are flagged even if they were closed
        later.

    Why it matters:
        Each keeps a descriptor, and one that read end of file also its local port, in CLOSE_WAIT, for
        as long as the process lives. In the end there are no descriptors or no ports left.

    What to do instead:
        Close the socket when a read gives 0 or an error: `with`, defer, try-with-resources, also on
        the way out of an error. Read HTTP bodies to the end and close them.

    When it is fine:
        Never for long; a program that is about to exit gets away with it. Not flagged: a connection
        of which the peer has ended its half only (shutdown(2) SHUT_WR), and on which the program sends
        for a second or more.

    References:
        read(2) RETURN VALUE; tcp(7); `ss -tanp state close-wait` shows them.
    """

    id = "socket-leak"
    title = "sockets are not closed after the peer closed"
    level = Level.WARNING
    least = Level.NOTE
    roles = frozenset({"accept", "bind", "close", "connect", "eof", "reset", "socket", AFTER_END})
    counted = "NOT CLOSED"
    things = "socket"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._made: dict[str, int] = {}
        """sockets made, by process"""
        self._ended: dict[int, _Ended] = {}
        """by description: connections that are over and not closed"""
        self._left: dict[str, list[_Left]] = {}
        """by process: those that its exit closed"""
        self._closing: dict[str, list[_Closing]] = {}
        """by process: those that it closed late, and it has made no connection since"""
        self._tidies: set[str] = set()
        """processes that closed some late and then went on: they do not wait for their end"""
        self._store = FindingStore()
        """their findings, which may never be reported: most of them on disk"""
        self._now: float | None = None
        self._ran_dry: set[int] = set()
        """by description: connections that were over and not closed when their process found no
        port"""
        self._filled: set[int] = set()
        """those of these that filled half of the range then: closing them later was too late"""

    def step(self, step: Step) -> Iterable[Finding]:
        id, process = step.description.id, step.description.group.id
        self._now = step.event.seconds
        if step.dry is not None and step.space == "TCP":
            self._fill(step.socket.namespace)
        if step.errno in _NO_PORT and step.role in ("bind", "connect"):
            self._ran_dry |= {
                other
                for other, ended in self._ended.items()
                if ended.step.description.group.id == process
            }
            return ()
        if process in self._closing and step.role != "close":
            self._goes_on(process)
        if step.role in ("socket", "accept"):
            self._made[process] = self._made.get(process, 0) + 1
        elif step.role == AFTER_END:
            ended = self._ended.get(id)
            if ended is not None:  # the peer may have ended its half only
                self._use(id, ended, process)
        elif step.role in ("eof", "reset"):
            if id not in self._ended and step.now is not None:
                self._ended[id] = _Ended(step, self._now, self._made.get(process, 0))
        else:
            ended = self._ended.pop(id, None)
            if ended is not None:
                self._close(ended, step)
        return ()

    def _use(self, id: int, ended: _Ended, process: str) -> None:
        """Data was sent after end of file: if that goes on for a while, the connection is in use."""
        if self._is_late(ended, ended.step.event.seconds, self._now):
            del self._ended[id]
        else:
            made = self._made.get(process, 0)
            self._ended[id] = ended._replace(used=self._now, made=made)

    def _close(self, ended: _Ended, step: Step) -> None:
        """It is closed, or its socket is used for another connection."""
        event, process = step.event, ended.step.description.group.id
        if step.now is None and (not isinstance(event, Syscall) or event.name in EXECS):
            self._leave(ended, event.seconds)
        elif ended.step.description.id in self._filled:
            self._leave(ended, event.seconds, _PORTS_RAN_OUT)
        elif step.now is None and self._is_long(ended, event.seconds) and self._went_on(ended):
            self._closing.setdefault(process, []).append(_Closing(ended, event.seconds))

    def _goes_on(self, process: str) -> None:
        """The process has not ended after it closed the connections in `_closing`."""
        if len(self._closing.pop(process)) >= FEW:
            self._tidies.add(process)

    def _fill(self, namespace: int) -> None:
        """A call found no port in this namespace: do the connections that are over and not closed
        hold most of them?"""
        left = {
            id
            for id, ended in self._ended.items()
            if ended.step.role == "eof" and ended.step.socket.namespace == namespace
        }
        if fills_half(len(left), self.context.port_state(namespace).size):
            self._filled |= left
            self._ran_dry |= left

    def close(self) -> Iterable[Finding]:
        for ended in self._ended.values():
            self._leave(ended, self._now)
        for process, closing in self._closing.items():
            if process not in self._tidies and self._was_the_last(closing):
                for ended, seconds in closing:
                    self._leave(ended, seconds, _END)
        for leaks in self._left.values():
            long = [left for left in leaks if left.is_long]
            is_short = len(long) < FEW
            told = leaks if is_short else long
            if len(told) < (MANY if is_short else FEW):
                continue
            told.sort(key=lambda left: (left.source, left.line))
            until = next((left.until for left in told if left.until), "")
            details = (("growth", self._growth(told)), ("short", is_short), ("until", until))
            for left in told:
                yield self._store[left.number]._replace(details=details)

    def judge(self, finding: Finding, summary: Summary) -> Finding:
        use = process_use(finding, summary)
        level = Level.NOTE if finding.detail("short") else self.level
        if use is not None and use.exhausted:
            level = Level.ERROR
        finding = finding._replace(level=level)
        return with_hidden_calls(finding, summary, options=False)

    def _was_the_last(self, closing: list[_Closing]) -> bool:
        """The process ended at once after it had closed these."""
        group, last = closing[-1].ended.step.description.group, closing[-1].seconds
        if self.context.is_running(group):
            return False
        return last is None or group.ended_at is None or group.ended_at - last <= IDLE

    def _leave(self, ended: _Ended, now: float | None, until: str = "") -> None:
        """It was open to the end of the process or of the trace, or was closed too late."""
        is_long = self._is_long(ended, now)
        if not is_long and not self._went_on(ended):
            return
        step, number = ended.step, len(self._store)
        finding = self.finding(step, step.socket, at="failure")
        self._store.put(finding)
        self._store.finish(finding.id)
        at = step.event.span
        left = _Left(number, is_long, until, at.source, at.first, step.event.seconds)
        self._left.setdefault(step.description.group.id, []).append(left)

    def _is_long(self, ended: _Ended, now: float | None) -> bool:
        """The process went on without closing it, if only until it found no port."""
        is_dry = ended.step.description.id in self._ran_dry
        return is_dry or self._is_late(ended, ended.used, now)

    def _is_late(self, ended: _Ended, since: float | None, now: float | None) -> bool:
        """More time has passed since `since` than work in progress may take."""
        if since is not None and now is not None:
            return now - since >= IDLE
        return self._went_on(ended)

    def _went_on(self, ended: _Ended) -> bool:
        """The process has made other sockets since, and did not return to this one."""
        return self._made.get(ended.step.description.group.id, 0) - ended.made >= LATER

    def _growth(self, told: list[_Left]) -> Rows:
        """When how many were left open, at a few points: (seconds, or lines without times;
        count)."""
        every = max(1, len(told) // POINTS)
        at = [*range(every - 1, len(told), every)]
        if at[-1] != len(told) - 1:
            at[-1] = len(told) - 1
        return tuple(
            (self.context.since_start(told[number].seconds) or told[number].line, number + 1)
            for number in at
        )

    # its words

    @classmethod
    def summary(cls, case: Case) -> str:
        sockets = count(case.group.count, "socket")
        until = case.sample.detail("until")
        late = f" until {until}" if until else ""
        return f"{case.who} does not close {sockets} after the peer closed{late}"

    @classmethod
    def figures(cls, case: Case) -> Iterable[Figures]:
        growth = case.sample.rows("growth")
        timed = any(call.seconds is not None for call in case.sample.trail)
        if len(growth) > 1:
            head = "AFTER" if timed else "BY LINE"
            rows = tuple(
                (f"{at:,.1f} s" if timed else f"{at:,.0f}", f"{left:,.0f}") for at, left in growth
            )
            yield Figures((f">{head}", ">LEFT OPEN"), rows)

    @classmethod
    def remark(cls, record: CallRecord, finding: Finding) -> str:
        if record.role in ("eof", "reset"):
            how = "the peer closed" if record.role == "eof" else "the connection broke"
            return f"{how}: to be closed"
        return remark(record, finding)

    examples = (
        Flagged(
            "three answers read to their end, and none closed a second later",
            """
            10:00:00.000000 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
            10:00:00.000100 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
            10:00:00.000200 read(3, "", 512) = 0 #!
            10:00:00.100000 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 4
            10:00:00.100100 connect(4, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
            10:00:00.100200 read(4, "", 512) = 0 #!
            10:00:00.200000 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 5
            10:00:00.200100 connect(5, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
            10:00:00.200200 read(5, 0x7ffd1, 512) = -1 ECONNRESET (Connection reset by peer) #!
            10:00:02.000000 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 6
            """,
        ),
        Flagged(
            "without times: the process went on making sockets",
            """
            socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
            connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
            recvfrom(3, "", 512, 0, NULL, NULL) = 0 #!
            socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 4
            connect(4, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
            recvfrom(4, "", 512, 0, NULL, NULL) = 0 #!
            socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 5
            connect(5, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
            recvfrom(5, "", 512, 0, NULL, NULL) = 0 #!
            socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 6
            socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 7
            socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 8
            """,
        ),
        Flagged(
            "closed, but only as the program ends",
            """
            7 10:00:00.000000 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
            7 10:00:00.000100 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
            7 10:00:00.000200 read(3, "", 512) = 0 #!
            7 10:00:01.000000 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 4
            7 10:00:01.000100 connect(4, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
            7 10:00:01.000200 read(4, "", 512) = 0 #!
            7 10:00:02.000000 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 5
            7 10:00:02.000100 connect(5, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
            7 10:00:02.000200 read(5, "", 512) = 0 #!
            7 10:00:03.000000 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 6
            7 10:00:03.000100 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 7
            7 10:00:04.000000 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 8
            7 10:00:09.000000 close(3) = 0
            7 10:00:09.000100 close(4) = 0
            7 10:00:09.000200 close(5) = 0
            7 10:00:09.000300 exit_group(0) = ?
            7 10:00:09.000400 +++ exited with 0 +++
            """,
        ),
        Clean(
            "closed, if late",
            """
            10:00:00.000000 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
            10:00:00.000100 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
            10:00:00.000200 read(3, "", 512) = 0
            10:00:00.100000 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 4
            10:00:00.100100 connect(4, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
            10:00:00.100200 read(4, "", 512) = 0
            10:00:00.200000 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 5
            10:00:00.200100 connect(5, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
            10:00:00.200200 read(5, "", 512) = 0
            10:00:09.000000 close(5) = 0
            10:00:09.000000 close(4) = 0
            10:00:09.000000 close(3) = 0
            """,
        ),
        Clean(
            "one that is left over at the end",
            """
            10:00:00.000000 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
            10:00:00.000100 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
            10:00:00.000200 read(3, "", 512) = 0
            10:00:09.000000 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 4
            """,
        ),
        Clean(
            "nothing was asked for: read() of 0 bytes is no end of file",
            """
            10:00:00.000000 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
            10:00:00.000100 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
            10:00:00.000200 read(3, "", 0) = 0
            10:00:09.000000 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 4
            """,
        ),
    )
