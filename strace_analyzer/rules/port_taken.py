"""Flags bind() to a port that another socket has, and says whose.

It is long because each kind of holder has its own words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from strace_analyzer.exhaustion import bind_address
from strace_analyzer.findings import CallRecord, Confidence, Endpoint, Finding, Level, Summary
from strace_analyzer.kernel.destination import Family, destination, family, space, specific
from strace_analyzer.kernel.doubts import Doubt
from strace_analyzer.kernel.objects import Shown, ThreadGroup
from strace_analyzer.kernel.socket_state import Binding, Connection, Origin, Socket
from strace_analyzer.kernel.step import Step
from strace_analyzer.kernel.time_wait import HOLD, leaves_time_wait
from strace_analyzer.machine.facts import DEFAULT_RANGE
from strace_analyzer.rules.evidence import Context, Held, endpoint
from strace_analyzer.rules.remarks import remark
from strace_analyzer.rules.remedies import LISTING
from strace_analyzer.rules.rule import Clean, Flagged, Rule
from strace_analyzer.rules.words import Advice, Case
from strace_analyzer.trace.events import Syscall
from strace_analyzer.trace.sockaddr import SocketAddress

_ERROR = "EADDRINUSE"


class _Gone(NamedTuple):
    """A socket that had the port before, in its state when it was closed (without its trail): on
    which line, when, and whose."""

    socket: Socket
    line: int
    seconds: float | None
    program: str | None
    pid: int | None

    def has_port_from(self, socket: Socket, asked: SocketAddress | None, now: float | None) -> bool:
        """Whether what the socket left in TIME_WAIT can explain why `socket` does not get the port
        at `asked`, at time `now`. It cannot if both have SO_REUSEADDR (docs/kernel.md)."""
        if now is not None and self.seconds is not None and now - self.seconds > HOLD:
            return False
        share = self.socket.options.reuse_address and socket.options.reuse_address
        return not share and _conflicts(self.socket, socket, asked)

    def details(self) -> Iterator[tuple[str, str | int | None]]:
        """Who it was, for the details of a finding."""
        yield "holder_line", self.line
        socket = self.socket
        if socket.connection is Connection.LISTENING:
            return
        to = destination(socket.peer)
        yield "holder", _what(socket)
        yield "holder_peer", None if to is None else str(Endpoint(to.address, to.port))
        yield "holder_program", self.program
        yield "holder_pid", self.pid
        yield "holder_reuses", socket.options.reuse_address
        named = socket.binding is Binding.BOUND
        accepted = socket.origin is Origin.ACCEPTED
        yield "holder_port", "accepted" if accepted else "named" if named else "given"


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
        an earlier or later line), or the list of sockets given with --ss: a listener, another bound
        socket, the local end of an outgoing connection, a listener that a child process inherited,
        connections that outlive their listener, or those of a predecessor, or an outgoing one, in
        TIME_WAIT.

    Why it matters:
        A server that cannot have its port serves nobody.

    What to do instead:
        It depends on the holder. A port inside net.ipv4.ip_local_port_range can be given to any
        outgoing connection: reserve it in net.ipv4.ip_local_reserved_ports. After a restart:
        SO_REUSEADDR before bind(). A listener that children keep: SOCK_CLOEXEC. Else stop the holder,
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
    roles = frozenset({"bind", "close", "connect", "listen"})
    is_failure = True
    counted = "FAILED"
    apart = "port"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._pending: dict[int, Finding] = {}
        """by description: failures of sockets that may yet get another port"""
        self._gone: dict[tuple[int, str | None, int], _Gone] = {}
        """by namespace, protocol and port: the last socket that had it"""
        self._failed: dict[tuple[str, str | None, int], list[_Failed]] = {}
        """by process, protocol and port"""
        self._got_over: set[str] = set()
        self._moved: dict[int, Finding] = {}
        """by description: failures of sockets that have got another port since"""
        self._unnamed: dict[str, Step] = {}
        """the calls of findings without a holder, in case a later line shows it"""
        self._given_up: dict[str, _GivenUp] = {}
        """by process: its failures since it last got or closed a socket with a port"""
        self._had: set[str] = set()
        """processes that have served: the holder may be their own doing"""

    def step(self, step: Step) -> Iterable[Finding]:
        id = step.description.id
        if step.role == "close":
            has_port = step.socket.assigned_port or step.socket.binding in _HAS_PORT
            if has_port and id not in self._pending:
                self._given_up.pop(self._process(step), None)
            self._note_close(step)
            if id in self._pending or id in self._moved:
                yield from self._said_of(id)
            return
        if step.errno is not None:
            port = _port_asked(step)
            if step.errno == _ERROR and port and not _is_injected(step):
                self._pending.setdefault(id, self._taken(step, port))  # the first was preferred
            return
        self._given_up.pop(self._process(step), None)
        if step.role == "listen" or (step.role == "bind" and step.space == "UDP"):
            self._had.add(self._process(step))
        if step.role == "connect":
            self._moved.pop(id, None)  # a client that tries one port after another, and got one
            pending = self._pending.pop(id, None)
            if pending is not None:  # a client: it connects from another port after all
                self._got_over.add(pending.id)
                yield pending
        elif step.role == "bind":
            yield from self._note_move(step)
            self._note_success(step)
        elif step.role == "listen" and id in self._moved:
            yield self._moved.pop(id)

    def close(self) -> Iterable[Finding]:
        yield from self._pending.values()
        yield from self._moved.values()

    def _named(self, finding: Finding) -> Finding:
        """The same finding, with a holder that only a later line shows."""
        step, port = self._unnamed.get(finding.id), finding.detail("port")
        if step is None or not isinstance(port, int):
            return finding
        shown = self._shown(step, port)
        if shown is None or shown.line <= step.event.span.first:
            return finding
        cause, who = _by_note(shown)
        return finding._replace(cause=cause, details=(*finding.details, *who))

    def _said_of(self, id: int) -> Iterable[Finding]:
        """What is left to report about a socket that is closed."""
        for waiting in (self._pending, self._moved):
            finding = waiting.pop(id, None)
            if finding is not None:
                yield finding

    def _note_move(self, step: Step) -> Iterable[Finding]:
        """The socket got a port after all: the one that it had asked for, or another one, where
        nobody will look for a server."""
        pending = self._pending.pop(step.description.id, None)
        asked = bind_address(step)
        if pending is None or asked is None:
            return
        self._got_over.add(pending.id)
        if asked.port == pending.detail("port"):
            yield pending
            return
        moved = pending._replace(
            details=(*pending.details, ("instead", asked.port or None), ("moved", True))
        )
        self._moved[step.description.id] = moved

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
        cause, details = self._holder(step, port)
        if cause in _UNCERTAIN:
            details = (*details, *self._may_have_inherited(step, port))
        asked = bind_address(step)
        socket = step.socket._replace(doubts=frozenset())
        found = self.finding(
            step,
            socket if asked is None else socket._replace(local=asked),
            at="failure",
            cause=cause,
            details=(("port", port), *details),
        )
        key = found.process.id, space(step.socket), port
        failed = _Failed(found.id, step.description.id, asked)
        self._failed.setdefault(key, []).append(failed)
        group = step.task.group
        self._given_up.setdefault(self._process(step), _GivenUp(group, set())).findings.add(
            found.id
        )
        if cause == "unknown" and len(self._unnamed) < _MOST_UNNAMED:
            self._unnamed[found.id] = step
        return found

    def _shown(self, step: Step, port: int) -> Shown | None:
        """Who has the port according to a descriptor's note, at an address that conflicts."""
        socket = step.socket
        shown = self.context.shown(socket.namespace, space(socket), port)
        if shown is None or shown.socket.local is None or shown.socket.domain is None:
            return None
        local = SocketAddress(shown.socket.domain, *shown.socket.local)
        one = socket._replace(domain=local.family, local=local)
        asked = bind_address(step) or socket.local
        return shown if _conflicts(one, socket, asked) else None

    def _holder(
        self, step: Step, port: int
    ) -> tuple[str, tuple[tuple[str, str | int | None], ...]]:
        """The cause, and the holder: looked for in the trace first, then in the machine's list,
        then in the past."""
        socket = step.socket
        asked = bind_address(step) or socket.local
        held = [
            one
            for one in self.context.held(socket.namespace, port)
            if one.description is not step.description
            and _space(one.socket) == space(socket)
            and _conflicts(one.socket, socket, asked)
        ]
        shown = self._shown(step, port)
        if shown is not None and shown.is_gone:
            shown = None
        if held:
            one = min(
                held, key=lambda one: (not _is_own(one, step), not _is_maker(one), *_weight(one))
            )
            if shown is None or one.socket.origin is not Origin.ACCEPTED:
                return _kind(one, held, step, asked), (
                    *_who(one, step, self.context),
                    *_sharer(one.socket, socket),
                )
        if shown is not None:
            return _by_note(shown)
        machine, protocol = self.context.machine, space(socket)
        for row in machine.at(port, protocol) if machine is not None and protocol else ():
            owner = row.owners[0] if row.owners else None
            details = (
                ("holder", row.what),
                ("holder_program", owner.command if owner else None),
                ("holder_pid", owner.pid if owner else None),
                ("holder_fd", owner.fd if owner else None),
                ("holder_others", ", ".join(map(str, row.owners[1:])) or None),
                ("listed", True),
            )
            return _BY_STATE.get(row.state, "outgoing-connection"), details
        gone = self._gone.get((socket.namespace, space(socket), port))
        if gone is not None and gone.has_port_from(socket, asked, step.event.seconds):
            return "time-wait", tuple(gone.details())
        if machine is None or not machine.is_answer:
            return "unknown", ()
        lacks = protocol if protocol and machine.lacks(protocol) else None
        return "unknown", (("listed", False), ("list_lacks", lacks))

    def _may_have_inherited(self, step: Step, port: int) -> Iterator[tuple[str, str | int | None]]:
        """Who has a listener on the port if execve() did not close its descriptor after all."""
        socket = step.socket
        asked = bind_address(step) or socket.local
        for one in self.context.closed_on_exec(socket.namespace, port):
            if space(one.socket) == space(socket) and _conflicts(one.socket, socket, asked):
                yield "may_hold_program", one.group.command
                yield "may_hold_pid", one.group.tgid
                yield "may_hold_fd", one.fd
                return

    def _note_close(self, step: Step) -> None:
        """Remember what can have left something in TIME_WAIT: a listener, or a connection."""
        was = step.was
        if was is None or was.protocol in _WITHOUT_TIME_WAIT:
            return
        is_bound = was.binding is Binding.BOUND and was.origin is not Origin.ACCEPTED
        listens = was.connection is Connection.LISTENING and is_bound
        is_up = was.connection is Connection.CONNECTED or is_bound
        port = was.assigned_port if was.local is None else was.local.port or was.assigned_port
        if not port or not (listens or (is_up and leaves_time_wait(was, None))):
            return
        group = step.task.group
        self._gone[was.namespace, _space(was), port] = _Gone(
            was._replace(trail=()),
            step.event.span.first,
            step.event.seconds,
            group.command,
            group.tgid,
        )

    def _note_success(self, step: Step) -> None:
        """The process has got the port, or the one after a port that failed and was given up."""
        asked = bind_address(step)
        if asked is None or not asked.port:
            return
        process, protocol = f"{self.context.trace}:{step.description.group.id}", space(step.socket)
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
        port = case.sample.detail("port")
        moved, instead = case.sample.detail("moved"), case.sample.detail("instead")
        if moved:
            other = f"port {instead}" if instead else "a port of the kernel's choice"
            return f"port {port} is taken, {case.who} took {other} instead: {case.failures}"
        if case.sample.detail("ended_well"):
            return f"port {port} is taken, {case.who} ended without an error: {case.failures}"
        return f"port {port} is taken, {case.who} cannot have it: {case.failures}"

    @classmethod
    def why(cls, case: Case) -> tuple[str, ...]:
        heir = _heir(case)
        said = cls._who_has_it(case)
        if case.sample.detail("ended_well"):
            said = (*said, _SERVED)
        if not heir:
            return said
        maybe = (
            f"Or {heir} has it: it was started while the listener was open, and whether it inherited "
            "that the trace does not show (ioctl and fcntl change what execve() closes)."
        )
        return (*said, maybe)

    @classmethod
    def _who_has_it(cls, case: Case) -> tuple[str, ...]:
        who, program = case.sample.detail("holder"), case.sample.detail("holder_program")
        pid, line = case.sample.detail("holder_pid"), case.sample.detail("holder_line")
        fd = case.sample.detail("holder_fd")
        name = f"{program or 'process'} (pid {pid}" if pid else f"{program or 'The program'} ("
        if _is_nobody_named(case):
            return (
                f"By the list of the machine's sockets {who} has it, whose the list does not say.",
            )
        held = f"{name}{'' if fd is None else f', fd {fd}'})".replace(" ()", "").replace("(, ", "(")
        file = case.sample.detail("holder_file")
        of_file = "" if file is None else f" of {file}"
        since = "bound on line" if case.sample.detail("holder_bound") else "since line"
        where = f", {since} {line:,}{of_file}" if isinstance(line, int) else ""
        seen = case.sample.detail("seen_line")
        if isinstance(seen, int):
            where = f", as line {seen:,}{of_file} shows"
        match case.cause:
            case "unknown" if case.sample.detail("listed") is False:
                lacks = case.sample.detail("list_lacks")
                if lacks:
                    option = LISTING.get(str(lacks), "-tanp")
                    return (
                        "Another socket has this port; this trace does not show whose.",
                        f"The list of the machine's sockets has no {lacks} socket: give the output of "
                        f"ss {option} (--ss FILE) as well.",
                    )
                return (
                    "Another socket had this port: neither this trace nor the list of the machine's "
                    "sockets shows whose.",
                    "It was gone when the list was made, or the list is another network namespace's, "
                    "or the socket is only bound.",
                )
            case "unknown":
                return ("Another socket has this port; this trace does not show whose.",)
            case "time-wait":
                at = f" (closed on line {line:,})" if isinstance(line, int) else ""
                on = f", on line {line:,}" if isinstance(line, int) else ""
                if who is not None and not case.sample.detail("listed"):
                    return (
                        f"{held} had {who} on this port, and closed it first{on}: that is probably in "
                        "TIME_WAIT, which keeps the port for 60 s.",
                    )
                return (
                    f"A socket that had this port before{at} has left connections in TIME_WAIT, "
                    "it seems: they keep the port for 60 s.",
                )
            case "own-socket" | "own-connection" | "own-dual-stack":
                return (f"The process has the port itself: {who} on fd {fd}{where}.",)
            case "inherited-listener":
                return (
                    f"{held} has {who} on it{where}: it inherited the descriptor and did not make "
                    "it.",
                )
        others = case.sample.detail("holder_others")
        too = f" So have, with the same socket: {others}." if others else ""
        if case.sample.detail("may_be_closed"):
            too += " Or its TIME_WAIT has it, for 60 s: this trace shows no close()."
        return (f"{held} has it: {who}{where}.{too}",)

    @classmethod
    def advice(cls, case: Case) -> Advice:
        port = case.sample.detail("port")
        fix, waiting = (*_FIX[case.cause], *_sharing(case)), tuple(_time_wait(case))
        is_closed = case.sample.detail("may_be_closed")
        sentences = [*waiting, *fix] if is_closed else [*fix, *waiting]
        if case.sample.detail("ended_well"):
            sentences = [_NO_FIX, *(_FIX["unknown"] if case.cause == "unknown" else (_ELSE,))]
        if _is_nobody_named(case) or (_heir(case) and case.cause == "time-wait"):
            sentences += _FIX["unknown"]
        low, high = DEFAULT_RANGE if case.ports is None else case.ports.range
        is_named = case.cause == "own-connection" or case.sample.detail("holder_port") == "named"
        if isinstance(port, int) and low <= port <= high and not is_named:
            reserve = (
                f"Port {port} lies in the ephemeral range ({low}-{high}), so any outgoing "
                f"connection may get it: reserve it with sysctl "
                f"net.ipv4.ip_local_reserved_ports={port}, or take one outside of it."
            )
            is_given = case.sample.detail("holder_port") == "given"
            is_first = (case.cause == "outgoing-connection" and not is_closed) or is_given
            sentences.insert(0 if is_first else len(sentences), reserve)
        protocol = case.sample.socket.protocol or "TCP"
        words = {
            "port": port,
            "list": LISTING.get(protocol, "-tanp"),
            "unlisted": "" if protocol in LISTING else _ONLY_BOUND,
        }
        return Advice("", tuple(each.format(**words) for each in sentences))

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


_BY_STATE = {"LISTEN": "listener", "UNCONN": "bound-socket", "TIME-WAIT": "time-wait"}
"""what a state in the machine's list says about the holder; all other states are connections"""
_UNCERTAIN = frozenset({"time-wait", "unknown"})
"""Causes that are guesses, because no holder is seen."""
_MOST_UNNAMED = 1000
_WITHOUT_TIME_WAIT = ("UDP", "UDPLITE", "SCTP")
"""protocols in which a closed socket leaves nothing behind on its port"""
_MAY_SERVE = frozenset({"bound-socket", "listener", "unknown"})
"""causes in which another instance of the program may have the port"""
_HAS_PORT = frozenset({Binding.BOUND, Binding.EPHEMERAL})
_AT_ONCE = 1.0
"""seconds from the failure to the end of the process"""
_SERVED = (
    "The program that asked then ended with exit status 0, as one does that leaves the port to another "
    "instance."
)
_NO_FIX = "nothing is needed if another instance of the program has the port."
_STOP = "stop the holder, or choose another port."
_ELSE = f"Else {_STOP}"
_CHOOSE = (
    "let the kernel choose the port of each connection: leave the bind() out, or bind to port 0."
)
_SAME = (
    "If the port must be the same: SO_REUSEADDR on each of the sockets before bind(), which allows "
    "that to different destinations."
)
_FIX: dict[str, tuple[str, ...]] = {
    "listener": (_STOP,),
    "bound-socket": (_STOP,),
    "outgoing-connection": ("End the connection that has the port now, or wait for its end.",),
    "inherited-listener": (
        "make the listener with SOCK_CLOEXEC (or set FD_CLOEXEC), so that execve() closes it, and "
        "close it in children that do not serve.",
        "For now: stop the child that has it.",
    ),
    "connection": (
        "End the connections that have the port, or set SO_REUSEADDR on each of the sockets, the "
        "listener too, before bind().",
    ),
    "own-socket": ("bind once: use the socket that has the port, or close it first.",),
    "own-dual-stack": (
        "set IPV6_V6ONLY on the IPv6 socket before bind(), or bind that one alone: without the option "
        "it serves IPv4 too.",
    ),
    "own-connection": (_CHOOSE, _SAME),
    "time-wait": (),
    "unknown": (
        "see who has it with: ss {list} 'sport = :{port}' (as root, in the same network namespace: "
        "nsenter -t PID -n).{unlisted}",
    ),
}
_ONLY_BOUND = (
    " ss does not list a TCP socket that is only bound: strace-analyzer holders does (Linux 6.8)."
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


def _heir(case: Case) -> str:
    """Who may have inherited the port: `sleep (pid 7, fd 3)`; "" if nobody."""
    program, pid, fd = (case.sample.detail(f"may_hold_{what}") for what in ("program", "pid", "fd"))
    if fd is None:
        return ""
    return f"{program or 'process'} ({'' if pid is None else f'pid {pid}, '}fd {fd})"


def _sharing(case: Case) -> Iterable[str]:
    """What is wrong if only one of the two sockets has SO_REUSEPORT, or both have it."""
    sharer = case.sample.detail("reuse_port")
    if sharer == "both":
        yield (
            "Both sockets have SO_REUSEPORT set, which shares a port only among processes of one "
            "effective user (socket(7))."
        )
    elif sharer is not None:
        yield (
            "If they are to share the port: set SO_REUSEPORT on both sockets before bind(); only "
            f"{'this one' if sharer == 'here' else 'that which has the port'} has it set."
        )


def _is_nobody_named(case: Case) -> bool:
    """The machine's list has the holder, but not its process: it is another user's, or ss ran
    without -p."""
    is_listed = case.sample.detail("listed") and case.cause != "time-wait"
    return bool(is_listed) and not case.sample.detail("holder_pid")


def _time_wait(case: Case) -> Iterable[str]:
    """What helps against a predecessor's connections in TIME_WAIT: both servers must set
    SO_REUSEADDR (docs/kernel.md)."""
    if case.sample.socket.protocol in _WITHOUT_TIME_WAIT:
        return
    calls = (call.option for call in case.sample.trail if call.option is not None)
    before = case.sample.detail("holder_port")
    if any(option.name == "SO_REUSEADDR" and option.value for option in calls):
        other = "the program that had the port before must set it too"
        if before == "given":
            other = "the socket of that connection must have it too, before its connect()"
        fix = f"SO_REUSEADDR is set here: {other}"
    elif before == "named":
        fix = "If the port must be the same: SO_REUSEADDR on each of the sockets before bind()"
    elif before == "given" and not case.sample.detail("holder_reuses"):
        fix = (
            "For now: SO_REUSEADDR on both sockets, before bind() here and before connect() on that "
            "of the connection (on one alone it does not help)"
        )
    elif before == "given":
        fix = "For now: SO_REUSEADDR before bind(), which the socket of that connection has set"
    else:
        fix = "set SO_REUSEADDR before bind(), as servers do"
    if case.sample.detail("may_be_closed"):
        yield f"{fix} (both sockets need it), or wait 60 s."
    elif case.cause == "time-wait":
        if before == "named":
            yield _CHOOSE
        yield f"{fix}, or wait 60 s."
    elif case.cause == "unknown":
        yield f"If that shows only TIME-WAIT: {fix}."


def _port_asked(step: Step) -> int:
    """The port that bind() named, or on which listen() found another listener; 0 for any other
    call."""
    if step.role == "bind":
        asked = bind_address(step)
        return 0 if asked is None else asked.port or 0
    socket = step.socket
    if step.role == "listen" and socket.binding is Binding.BOUND and socket.local is not None:
        return socket.local.port or 0
    return 0


def _space(socket: Socket) -> str | None:
    """The port space, also of an incoming connection: it takes no port, but keeps its
    listener's."""
    return space(socket._replace(origin=Origin.INHERITED))


def _conflicts(one: Socket, other: Socket, asked: SocketAddress | None) -> bool:
    """Whether `one` and, at the address `asked`, `other` cannot have the same port; True if one of
    the addresses is unknown."""
    if one.local is None or asked is None:
        return True
    families = {family(one, one.local), family(other, asked)}
    if families == {Family.V4, Family.V6}:
        return False
    here, there = specific(one.local), specific(asked)
    return here is None or there is None or here == there


def _weight(one: Held) -> tuple[bool, bool]:
    """Sort key: listeners first, and of the processes that have one its maker first."""
    listens = one.socket.connection is Connection.LISTENING
    return not listens, one.group is not one.description.group


def _is_own(one: Held, step: Step) -> bool:
    """The process that asks made the socket and has it. False if it may be another process's,
    because nothing tells how the two are related."""
    return (
        one.group is step.task.group
        and _is_maker(one)
        and not step.task.shares_by_assumption(one.description.maker)
    )


def _is_maker(one: Held) -> bool:
    """True unless the process inherited a copy."""
    return one.group is one.description.group


def _is_got(failed: _Failed, asked: SocketAddress) -> bool:
    """The port at `asked` is what the failed call wanted, not the same port at another address."""
    was = specific(failed.address)
    return was is None or specific(asked) in (None, was)


def _sharer(holder: Socket, socket: Socket) -> Iterator[tuple[str, str]]:
    """Which of the two have SO_REUSEPORT, if any has: `here` means `socket`."""
    if holder.options.reuse_port and socket.options.reuse_port:
        yield "reuse_port", "both"
    elif holder.options.reuse_port != socket.options.reuse_port:
        yield "reuse_port", "here" if socket.options.reuse_port else "holder"


def _is_dual_stack(one: Socket, other: Socket, asked: SocketAddress | None) -> bool:
    """One is a wildcard for both families, the other the IPv4 wildcard (`other` may be any IPv4
    address): whichever came first serves what the second would have."""
    first, second = family(one, one.local), family(other, asked)
    if (first, second) == (Family.DUAL, Family.V4):
        return True
    return (first, second) == (Family.V4, Family.DUAL) and specific(one.local) is None


def _kind(one: Held, all_held: list[Held], step: Step, asked: SocketAddress | None) -> str:
    """What the holder is, in a word."""
    description = one.description
    if one.socket.origin is Origin.ACCEPTED:
        return "connection"
    if _is_own(one, step):
        is_up = one.socket.connection in (Connection.CONNECTED, Connection.CONNECTING)
        is_named = one.socket.binding is Binding.BOUND and is_up
        if is_named or not is_up:
            if is_named:
                return "own-connection"
            both = _is_dual_stack(one.socket, step.socket, asked)
            return "own-dual-stack" if both else "own-socket"
        return "outgoing-connection"  # connect() chose its port: nobody meant to have it
    if one.socket.connection is Connection.LISTENING:
        same = (item for item in all_held if item.description is description)
        is_kept = any(item.group is description.group for item in same)
        return "listener" if is_kept else "inherited-listener"
    if one.socket.connection in (Connection.CONNECTED, Connection.CONNECTING):
        return "outgoing-connection"
    return "bound-socket"


def _who(one: Held, step: Step, context: Context) -> tuple[tuple[str, str | int | None], ...]:
    """The holder, for the details of a finding: since which line, or on which it is first seen, and
    in which file if that differs from the finding's."""
    socket = one.socket
    made = next(filter(None, map(socket.evidence, _MADE)), None)
    first = made or next(iter(socket.trail), None)
    span = None if first is None else first.call.span
    line = None if span is None else span.first
    what = _what(socket)
    found: tuple[tuple[str, str | int | None], ...] = (
        ("holder", what),
        ("holder_program", one.group.command),
        ("holder_pid", one.group.tgid),
        ("holder_fd", one.fd),
        ("seen_line" if made is None and line is not None else "holder_line", line),
    )
    if what == _LISTENER and socket.evidence("bind"):
        found += (("holder_bound", True),)  # the line is its bind()'s, before it was a listener
    if span is not None and span.source != step.event.span.source:
        found += (("holder_file", context.source_name(span.source)),)
    return found


_LISTENER = "a listener"
_MADE = ("bind", "connect", "listen", "accept", "socket")
"""what gave a socket its port, in the order in which they are tried"""


def _by_note(shown: Shown) -> tuple[str, tuple[tuple[str, str | int | None], ...]]:
    """The cause, and the holder, like `_holder`."""
    peer = shown.socket.peer
    if shown.listens:
        cause, what = "listener", "a listener"
    elif peer is None:
        cause, what = "bound-socket", "a socket that is bound to it"
    else:
        cause, what = "connection", f"a connection with {Endpoint(*peer)}"
    return cause, (
        ("holder", what),
        ("holder_program", shown.group.command),
        ("holder_pid", shown.group.tgid),
        ("holder_fd", shown.fd),
        ("seen_line", shown.line),
    )


def _what(socket: Socket) -> str:
    if socket.connection is Connection.LISTENING:
        return _LISTENER
    if socket.connection in (Connection.CONNECTED, Connection.CONNECTING):
        peer, came = socket.peer, socket.origin is Origin.ACCEPTED
        if peer is None or peer.address is None:
            return "a connection that came in" if came else "an outgoing connection"
        what = "a connection from" if came else "the local end of an outgoing connection to"
        return f"{what} {endpoint(peer) or peer.address}"
    return "a bound socket"


def _is_injected(step: Step) -> bool:
    return isinstance(step.event, Syscall) and step.event.result.injected
