"""Flags bind() to a port that another socket has, and says whose.

It is long because each kind of holder has its own example.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from strace_analyzer.exhaustion import bind_address
from strace_analyzer.findings import CallRecord, Confidence, Finding, Level, Summary
from strace_analyzer.kernel.destination import specific
from strace_analyzer.kernel.doubts import Doubt
from strace_analyzer.kernel.objects import ThreadGroup
from strace_analyzer.kernel.socket_state import Binding
from strace_analyzer.kernel.step import Step
from strace_analyzer.rules import port_taken_words
from strace_analyzer.rules.evidence import Context
from strace_analyzer.rules.port_conflict import port_asked
from strace_analyzer.rules.port_holder import Details, PortHolders, by_note
from strace_analyzer.rules.remarks import remark
from strace_analyzer.rules.rule import Clean, Flagged, Rule
from strace_analyzer.rules.words import Advice, Case
from strace_analyzer.trace.events import Syscall
from strace_analyzer.trace.sockaddr import SocketAddress

_ERROR = "EADDRINUSE"
_UNCERTAIN = frozenset({"time-wait", "unknown"})
"""Causes that are guesses, because no holder is seen."""
_Place = tuple[int, str | None, int]
"""network namespace, port space, port"""
_MOST_UNNAMED = 1000
_MAY_SERVE = frozenset({"bound-socket", "listener", "unknown"})
"""causes in which another instance of the program may have the port"""
_HAS_PORT = frozenset({Binding.BOUND, Binding.EPHEMERAL})
_AT_ONCE = 1.0
"""seconds from the failure to the end of the process"""


class _Failed(NamedTuple):
    """A call that found a port taken: its finding, its socket, and the address that it asked
    for."""

    finding: str
    description: int
    address: SocketAddress | None


class _GivenUp(NamedTuple):
    """A process that found ports taken and has got none since: the ids of these findings."""

    group: ThreadGroup
    findings: set[str]


class PortTaken(Rule):
    """A program asks for a port of its own choice, and another socket has it.

    What it flags:
        bind() to a port that is not 0, or listen() on it, that fails with EADDRINUSE. The holder is
        named where the trace shows it (if only by the note that -yy prints behind a descriptor, on
        an earlier or later line, or by a later getsockname()), or the list of sockets given with
        --ss: a listener, another bound socket, the local end of an outgoing connection, a connection
        with itself, a listener that a child process inherited, a socket that was passed to another
        process (SCM_RIGHTS), connections that outlive their listener, or those of a predecessor, or
        an outgoing one, in TIME_WAIT.

    Why it matters:
        A server that cannot have its port serves nobody.

    What to do instead:
        It depends on the holder. A port inside net.ipv4.ip_local_port_range can be given to any
        outgoing connection: reserve it in net.ipv4.ip_local_reserved_ports. After a restart:
        SO_REUSEADDR before bind(). A listener that children keep: SOCK_CLOEXEC. A client that connects
        to a port of that range on its own host until a server is up can be given that very port, and
        then meets itself: take the server's port from outside of the range. Else stop the holder,
        which `ss -tanp 'sport = :PORT'` shows, or choose another port.

    When it is fine:
        When the program looks for a free port: where the process gets the port later, or the next
        one, or a server's socket gets another port (at which nobody may look for it), it is a note.
        A client's socket that is bound to another port and then connects is not reported. A process
        that ends with exit status 0 right after (as epmd does) takes it that another instance
        serves: a note, unless what has the port is known to be none. A program that binds :: and
        0.0.0.0 to one port without IPV6_V6ONLY is served in both families all the same: a note.

    References:
        bind(2), listen(2) EADDRINUSE; socket(7) SO_REUSEADDR; docs/kernel.md "A port that is taken".
    """

    id = "port-taken"
    title = "the port is taken"
    level = Level.ERROR
    least = Level.NOTE
    roles = frozenset({"bind", "close", "connect", "getsockname", "listen"})
    is_failure = True
    counted = "FAILED"
    apart = "port"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._pending: dict[int, Finding] = {}
        """by description: failures of sockets that may yet get another port"""
        self._holders = PortHolders(context)
        self._failed: dict[tuple[str, str | None, int], list[_Failed]] = {}
        """by process, protocol and port"""
        self._got_over: set[str] = set()
        self._moved: dict[int, Finding] = {}
        """by description: failures of sockets that have got another port since"""
        self._unnamed: dict[str, Step] = {}
        """the calls of findings without a holder, in case a later line shows it"""
        self._unnamed_at: dict[_Place, list[str]] = {}
        """these findings by where the port was found taken"""
        self._shown_later: dict[str, tuple[str, Details]] = {}
        """by finding: its cause and holder, as a later getsockname() told them"""
        self._given_up: dict[str, _GivenUp] = {}
        """by process: its failures since it last got or closed a socket with a port"""
        self._had: set[str] = set()
        """processes that have served: the holder may be their own doing"""

    def step(self, step: Step) -> Iterable[Finding]:
        role, id = step.role, step.description.id
        if role == "close":
            return self._note_close(step)
        if role == "getsockname":
            if self._unnamed:
                self._note_shown(step)
            return ()
        if step.errno is not None:
            port = port_asked(step) if step.errno == _ERROR else 0
            if port and not _is_injected(step):
                self._pending.setdefault(id, self._taken(step, port))  # the first was preferred
            return ()
        if self._given_up:
            self._given_up.pop(self._process(step), None)
        if role == "listen" or (role == "bind" and step.space == "UDP"):
            self._had.add(self._process(step))
        told: Finding | None = None
        if role == "connect":
            self._moved.pop(id, None)  # a client that tries one port after another, and got one
            told = self._pending.pop(id, None)
            if told is not None:  # a client: it connects from another port after all
                self._got_over.add(told.id)
        elif role == "bind":
            told = self._note_move(step)
            self._note_success(step)
        elif role == "listen":
            told = self._moved.pop(id, None)
        return () if told is None else (told,)

    def close(self) -> Iterable[Finding]:
        yield from self._pending.values()
        yield from self._moved.values()

    def _named(self, finding: Finding) -> Finding:
        """The same finding, with a holder that only a later line shows."""
        later = self._shown_later.get(finding.id)
        if later is not None:
            return finding._replace(cause=later[0], details=(*finding.details, *later[1]))
        step, port = self._unnamed.get(finding.id), finding.detail("port")
        if step is None or not isinstance(port, int):
            return finding
        shown = self._holders.shown(step, port)
        if shown is None or shown.line <= step.event.span.first:
            return finding
        cause, who = by_note(shown)
        return finding._replace(cause=cause, details=(*finding.details, *who))

    def _note_shown(self, step: Step) -> None:
        """getsockname() shows which port the kernel had chosen: perhaps one that was found taken."""
        port = step.socket.assigned_port
        if port is None:
            return
        for id in self._unnamed_at.get((step.socket.namespace, step.space, port), ()):
            told = self._holders.named_later(self._unnamed[id], port, step)
            if told is not None:
                self._shown_later.setdefault(id, told)

    def _note_close(self, step: Step) -> Iterable[Finding]:
        """Remember what can have the port still; gives what is left to report about the socket."""
        id, socket = step.description.id, step.socket
        has_port = socket.assigned_port or socket.binding in _HAS_PORT
        if self._given_up and has_port and id not in self._pending:
            self._given_up.pop(self._process(step), None)
        self._holders.note_close(step)
        if id not in self._pending and id not in self._moved:
            return ()
        waiting = self._pending.pop(id, None), self._moved.pop(id, None)
        return [finding for finding in waiting if finding is not None]

    def _note_move(self, step: Step) -> Finding | None:
        """The socket got a port after all: the one that it had asked for, which is reported, or
        another one, where nobody will look for a server."""
        pending = self._pending.pop(step.description.id, None)
        asked = None if pending is None else bind_address(step)
        if pending is None or asked is None:
            return None
        self._got_over.add(pending.id)
        if asked.port == pending.detail("port"):
            return pending
        moved = pending._replace(
            details=(*pending.details, ("instead", asked.port or None), ("moved", True))
        )
        self._moved[step.description.id] = moved
        return None

    def judge(self, finding: Finding, summary: Summary) -> Finding:
        finding = self._named(finding)
        finding = _end_unseen(_inheritance(finding, summary), summary)
        if self._ended_well(finding):
            return finding._replace(details=(*finding.details, ("ended_well", True)))
        mild = finding.id in self._got_over or finding.cause == "own-dual-stack"
        return finding if mild else finding._replace(level=self.level)

    def _process(self, step: Step) -> str:
        """The process that made the call, by the name that its findings have."""
        return f"{self.context.trace}:{step.task.group.id}"

    def _ended_well(self, finding: Finding) -> bool:
        """The process ended with exit status 0 after this, and had or got no port in between, within
        a second if there are times; and nothing shows that the holder is no other instance."""
        given_up = self._given_up.get(finding.process.id)
        if given_up is None or finding.id not in given_up.findings:
            return False
        if finding.process.id in self._had or _is_other_program(finding):
            return False
        group, failing = given_up.group, finding.failing_call
        if finding.cause not in _MAY_SERVE or group.exit_status != 0:
            return False
        if self.context.is_running(group):
            return False
        since = None if failing is None else failing.seconds
        ended = self.context.since_start(group.ended_at)
        return since is None or ended is None or ended - since <= _AT_ONCE

    def _taken(self, step: Step, port: int) -> Finding:
        cause, details = self._holders.of(step, port)
        if cause in _UNCERTAIN:
            details = (*details, *self._holders.may_have_inherited(step, port))
        asked = bind_address(step)
        socket = step.socket._replace(doubts=frozenset())
        found = self.finding(
            step,
            socket if asked is None else socket._replace(local=asked),
            at="failure",
            cause=cause,
            details=(("port", port), *details),
        )
        key = found.process.id, step.space, port
        failed = _Failed(found.id, step.description.id, asked)
        self._failed.setdefault(key, []).append(failed)
        group = step.task.group
        self._given_up.setdefault(self._process(step), _GivenUp(group, set())).findings.add(
            found.id
        )
        if cause == "unknown" and len(self._unnamed) < _MOST_UNNAMED:
            self._unnamed[found.id] = step
            place = step.socket.namespace, step.space, port
            self._unnamed_at.setdefault(place, []).append(found.id)
        return found

    def _note_success(self, step: Step) -> None:
        """The process has got the port, or the one after a port that failed and was given up."""
        asked = bind_address(step) if self._failed else None
        if asked is None or not asked.port:
            return
        process, protocol = f"{self.context.trace}:{step.description.group.id}", step.space
        port, is_over = asked.port, _is_got
        while port > 0:
            all_failed = self._failed.pop((process, protocol, port), [])
            left = [one for one in all_failed if not is_over(one, asked)]
            self._got_over |= {one.finding for one in all_failed if one not in left}
            if left:
                self._failed[process, protocol, port] = left
            if port < asked.port and len(left) == len(all_failed):
                return
            port, is_over = port - 1, self._is_given_up

    def _is_given_up(self, failed: _Failed, asked: SocketAddress) -> bool:
        """The program was looking for a free port: it closed the failed socket, and asked for the
        next port of the same address."""
        was = failed.address
        is_closed = failed.description not in self._pending
        is_same = was is not None and (was.family, was.address) == (asked.family, asked.address)
        return is_closed and is_same

    # its words

    @classmethod
    def summary(cls, case: Case) -> str:
        return port_taken_words.summary(case)

    @classmethod
    def why(cls, case: Case) -> tuple[str, ...]:
        return port_taken_words.why(case)

    @classmethod
    def advice(cls, case: Case) -> Advice:
        return port_taken_words.advice(case)

    @classmethod
    def remark(cls, record: CallRecord, finding: Finding) -> str:
        if record.errno == _ERROR:
            return f"port {finding.detail('port')} is taken"
        return remark(record, finding)

    examples = (
        Flagged(
            "the holder is not in the trace",
            """
            socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 12
            setsockopt(12, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0
            bind(12, {sa_family=AF_INET, sin_port=htons(6140), sin_addr=inet_addr("0.0.0.0")}, 16) = -1 EADDRINUSE (Address already in use) #!
            close(12)                               = 0
            """,
        ),
        Flagged(
            "an outgoing connection was given the port of a server",
            """
            socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 3
            connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
            getsockname(3, {sa_family=AF_INET, sin_port=htons(40004), sin_addr=inet_addr("192.0.2.1")}, [16]) = 0
            socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 4
            bind(4, {sa_family=AF_INET, sin_port=htons(40004), sin_addr=inet_addr("0.0.0.0")}, 16) = -1 EADDRINUSE (Address already in use) #!
            close(4) = 0
            """,
        ),
        Flagged(
            "an outgoing connection had it, which was closed here first and is in TIME_WAIT",
            """
            7 socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 3
            7 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
            7 getsockname(3, {sa_family=AF_INET, sin_port=htons(40004), sin_addr=inet_addr("192.0.2.1")}, [16]) = 0
            7 close(3) = 0
            9 socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 3
            9 bind(3, {sa_family=AF_INET, sin_port=htons(40004), sin_addr=inet_addr("0.0.0.0")}, 16) = -1 EADDRINUSE (Address already in use) #!
            """,
        ),
        Flagged(
            "a client was given the very port that it went to, and has a connection with itself",
            """
            socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 3
            connect(3, {sa_family=AF_INET, sin_port=htons(40004), sin_addr=inet_addr("127.0.0.1")}, 16) = 0
            socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 4
            bind(4, {sa_family=AF_INET, sin_port=htons(40004), sin_addr=inet_addr("127.0.0.1")}, 16) = -1 EADDRINUSE (Address already in use) #!
            close(4) = 0
            getsockname(3, {sa_family=AF_INET, sin_port=htons(40004), sin_addr=inet_addr("127.0.0.1")}, [16]) = 0
            """,
        ),
        Flagged(
            "a child inherited the listener and lives on",
            """
            70 socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3
            70 bind(3, {sa_family=AF_INET, sin_port=htons(6140), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
            70 listen(3, 5) = 0
            70 clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD, child_tidptr=0x7f1) = 71
            70 +++ exited with 0 +++
            72 execve("/bin/server", ["server"], 0x7ffd1 /* 3 vars */) = 0
            72 socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3
            72 bind(3, {sa_family=AF_INET, sin_port=htons(6140), sin_addr=inet_addr("0.0.0.0")}, 16) = -1 EADDRINUSE (Address already in use) #!
            """,
        ),
        Flagged(
            "two sockets may be bound to one port with SO_REUSEADDR, but only one can listen",
            """
            socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 3
            setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0
            bind(3, {sa_family=AF_INET, sin_port=htons(6140), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
            listen(3, 5)                            = -1 EADDRINUSE (Address already in use) #!
            """,
        ),
        Flagged(
            "UDP",
            """
            socket(AF_INET, SOCK_DGRAM|SOCK_CLOEXEC, IPPROTO_IP) = 3
            bind(3, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("0.0.0.0")}, 16) = -1 EADDRINUSE (Address already in use) #!
            """,
        ),
        Flagged(
            "a server that takes the next port: nobody looks for it there",
            """
            socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 3
            bind(3, {sa_family=AF_INET, sin_port=htons(6140), sin_addr=inet_addr("0.0.0.0")}, 16) = -1 EADDRINUSE (Address already in use) #!
            bind(3, {sa_family=AF_INET, sin_port=htons(6141), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
            listen(3, 5) = 0
            """,
        ),
        Flagged(
            "UDP, by a socket that had the port before: UDP knows no TIME_WAIT, so it is somebody else",
            """
            socket(AF_INET, SOCK_DGRAM|SOCK_CLOEXEC, IPPROTO_IP) = 3
            bind(3, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
            close(3) = 0
            socket(AF_INET, SOCK_DGRAM|SOCK_CLOEXEC, IPPROTO_IP) = 3
            bind(3, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("0.0.0.0")}, 16) = -1 EADDRINUSE (Address already in use) #!
            """,
        ),
        Flagged(
            "a client's own port again, the last connection from it in TIME_WAIT",
            """
            socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 3
            bind(3, {sa_family=AF_INET, sin_port=htons(46000), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
            connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
            close(3) = 0
            socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 3
            bind(3, {sa_family=AF_INET, sin_port=htons(46000), sin_addr=inet_addr("0.0.0.0")}, 16) = -1 EADDRINUSE (Address already in use) #!
            """,
        ),
        Clean(
            "the same socket tries the next port, and gets it (bindresvport)",
            """
            socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3
            bind(3, {sa_family=AF_INET, sin_port=htons(1023), sin_addr=inet_addr("0.0.0.0")}, 16) = -1 EADDRINUSE (Address already in use)
            bind(3, {sa_family=AF_INET, sin_port=htons(1022), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
            connect(3, {sa_family=AF_INET, sin_port=htons(514), sin_addr=inet_addr("192.0.2.7")}, 16) = 0
            """,
        ),
        Clean(
            "port 0: no port was left, which is another rule's case",
            """
            socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 3
            bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = -1 EADDRINUSE (Address already in use)
            """,
        ),
        Clean(
            "a listener that gets its port",
            """
            socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 3
            bind(3, {sa_family=AF_INET, sin_port=htons(6140), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
            listen(3, 5) = 0
            """,
        ),
    )


def _inheritance(finding: Finding, summary: Summary) -> Finding:
    """Probable if a program may have inherited the listener, because the trace does not show
    whether FD_CLOEXEC was changed; if the trace would show that, nobody has inherited it."""
    if finding.detail("may_hold_fd") is None:
        return finding
    if Doubt.CLOEXEC_HIDDEN not in summary.hidden:
        kept = tuple(item for item in finding.details if not item[0].startswith("may_hold"))
        return finding._replace(details=kept)
    doubts = finding.doubts | {Doubt.CLOEXEC_HIDDEN}
    return finding._replace(confidence=Confidence.PROBABLE, doubts=doubts)


def _end_unseen(finding: Finding, summary: Summary) -> Finding:
    """Probable if a connection of the trace has the port and no close() is shown: it may have been
    closed, and its TIME_WAIT has the port."""
    is_of_trace = finding.detail("holder_fd") is not None and not finding.detail("listed")
    is_connection = finding.cause in ("connection", "outgoing-connection")
    if not (is_of_trace and is_connection and Doubt.DESCRIPTORS_HIDDEN in summary.hidden):
        return finding
    doubts = finding.doubts | {Doubt.DESCRIPTORS_HIDDEN}
    details = (*finding.details, ("may_be_closed", True))
    return finding._replace(confidence=Confidence.PROBABLE, doubts=doubts, details=details)


def _is_other_program(finding: Finding) -> bool:
    """What has the port is known to run another program; ss(8) shows 15 bytes of its name."""
    holder, own = finding.detail("holder_program"), finding.process.command
    return isinstance(holder, str) and own is not None and holder[:15] != own[:15]


def _is_got(failed: _Failed, asked: SocketAddress) -> bool:
    """The port at `asked` is what the failed call wanted, not the same port at another address."""
    was = specific(failed.address)
    return was is None or specific(asked) in (None, was)


def _is_injected(step: Step) -> bool:
    return isinstance(step.event, Syscall) and step.event.result.injected
