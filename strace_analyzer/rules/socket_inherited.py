"""Flags listeners and connections that a program inherited over execve() and never uses, so that
they only keep a port busy.

It is long because a listener and a connection need words and examples of their own.
"""

from __future__ import annotations

from collections.abc import Iterable

from strace_analyzer.findings import CallRecord, Confidence, Finding, Level
from strace_analyzer.kernel.objects import ThreadGroup
from strace_analyzer.kernel.socket_state import Connection, Origin
from strace_analyzer.kernel.step import Step
from strace_analyzer.rules.evidence import Context, endpoint, process_ref
from strace_analyzer.rules.remarks import remark
from strace_analyzer.rules.rule import Clean, Flagged, Rule
from strace_analyzer.rules.words import Advice, Case
from strace_analyzer.trace.events import Syscall

STANDARD = 3
"""Descriptors below it are given to a program on purpose: inetd serves on 0 to 2."""


_CLONE = (
    "clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD, "
    "child_tidptr=0x7f1) = 71"
)


def _server(*after: str, kind: str = "SOCK_STREAM", mark: str = " #!") -> str:
    """Process 70 listens, its child 71 executes another program; then `after`."""
    return "\n".join(
        (
            '70 execve("/bin/server", ["server"], 0x7ffd1 /* 3 vars */) = 0',
            f"70 socket(AF_INET, {kind}, IPPROTO_IP) = 3",
            '70 bind(3, {sa_family=AF_INET, sin_port=htons(6140), sin_addr=inet_addr("0.0.0.0")}, 16) = 0',
            f"70 listen(3, 5) = 0{mark}",
            f"70 {_CLONE}",
            '71 execve("/bin/helper", ["helper"], 0x7ffd1 /* 3 vars */) = 0',
            *after,
        )
    )


def _client(*after: str, mark: str = " #!") -> str:
    """Process 70 connects, its child 71 executes another program; then `after`, in which `{}`
    stands for the beginning of a time."""
    at = "17000000"
    return "\n".join(
        (
            f'70 {at}00.1 execve("/bin/agent", ["agent"], 0x7ffd1 /* 3 vars */) = 0',
            f"70 {at}00.2 socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3",
            f"70 {at}00.3 connect(3, {{sa_family=AF_INET, sin_port=htons(443), "
            f'sin_addr=inet_addr("192.0.2.7")}}, 16) = 0{mark}',
            f"70 {at}00.4 {_CLONE}",
            f'71 {at}00.5 execve("/bin/helper", ["helper"], 0x7ffd1 /* 3 vars */) = 0',
            *(line.replace("{}", at) for line in after),
        )
    )


class SocketInherited(Rule):
    """A program keeps another program's listener or connection open, and does not know it.

    What it flags:
        A listening socket that was created without SOCK_CLOEXEC, so that a child process kept it over
        execve(), and on which the child never accepted, if the child is the last to hold it, or still
        holds it at the end of the trace. Also an outgoing TCP connection that such a child still holds
        after the program that created it has closed it; that is only probable, because data sent and
        received over it is not examined.

    Why it matters:
        The port stays taken as long as the child lives. When the server is restarted, its bind() fails
        with EADDRINUSE, and clients that connect meanwhile are never answered. A connection is not over
        before its last copy is closed: the peer waits, and its local port stays taken.

    What to do instead:
        Make the socket with SOCK_CLOEXEC (Python and Go do; SO_REUSEADDR does not help here), or close
        it in the child before execve(): close_range(2), Popen(close_fds=True).

    When it is fine:
        If the socket is handed over on purpose (socket activation, a helper that continues the
        connection) and used later.

    References:
        execve(2), socket(2) SOCK_CLOEXEC; docs/kernel.md "A port that is taken".
    """

    id = "socket-inherited"
    title = "a socket inherited over execve() and not used"
    level = Level.NOTE
    roles = frozenset({
        "accept", "close", "eof", "getsockname", "left", "listen", "reset", "send", "setsockopt",
        "shutdown",
    })  # fmt: skip

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._listeners: dict[int, Step] = {}
        """by description: the listen() that succeeded"""
        self._serving: set[ThreadGroup] = set()
        """processes that have accepted a connection"""
        self._left: dict[int, Step] = {}
        """by description: the step with which its maker let go of a connection"""

    def step(self, step: Step) -> Iterable[Finding]:
        id = step.description.id
        if step.role == "listen":
            if step.errno is None:
                self._listeners[id] = step
            return
        if step.role == "accept":
            self._serving.add(step.task.group)
            return
        if step.role == "left":
            if _is_outgoing(step):
                self._left[id] = step
            return
        if step.role != "close":
            self._left.pop(id, None)  # it is used
            return
        left = self._left.pop(id, None)
        if left is not None and step.task.group.programs and _lasted(left, step):
            yield self._still_has(left, step.task.group, step.fd, step)
        listened = self._listeners.pop(id, None)
        if listened is not None and step.now is None and self._is_idle(listened, step.task.group):
            yield self._kept(listened, step.task.group, step.fd)

    def close(self) -> Iterable[Finding]:
        for listened in self._listeners.values():
            socket = listened.description.socket
            port = socket.assigned_port if socket.local is None else socket.local.port
            for held in self.context.held(socket.namespace, port or socket.assigned_port or 0):
                is_it = held.description is listened.description
                if is_it and held.fd >= STANDARD and self._is_idle(listened, held.group):
                    yield self._kept(listened, held.group, held.fd)

        namespaces = {left.socket.namespace for left in self._left.values()}
        for held in (one for name in namespaces for one in self.context.held(name)):
            left = self._left.get(held.description.id)
            if left is not None and held.fd >= STANDARD and held.group.programs:
                del self._left[held.description.id]
                yield self._still_has(left, held.group, held.fd, None)

    def _still_has(self, left: Step, group: ThreadGroup, fd: int, until: Step | None) -> Finding:
        maker, peer = left.description.group, endpoint(left.socket.peer)
        found = self.finding(
            left,
            left.socket,
            at="connect",
            confidence=Confidence.PROBABLE,
            cause="connection",
            details=(
                ("port", left.socket.assigned_port),
                ("peer", None if peer is None else str(peer)),
                ("made_by_program", maker.command),
                ("made_by_pid", maker.tgid),
                ("holder_fd", fd),
                ("left_line", left.event.span.first),
                ("until_line", None if until is None else until.event.span.first),
            ),
        )
        return self._of(found, group, fd)

    def _is_idle(self, listened: Step, group: ThreadGroup) -> bool:
        """A program other than the one that listens, and it has accepted nothing."""
        return (
            group is not listened.description.group
            and group is not listened.task.group
            and bool(group.programs)
            and group not in self._serving
            and listened.description.socket.connection is Connection.LISTENING
        )

    def _kept(self, listened: Step, group: ThreadGroup, fd: int) -> Finding:
        owner = listened.description.group
        port = listened.socket.assigned_port
        if listened.socket.local is not None:
            port = listened.socket.local.port or port
        found = self.finding(
            listened,
            listened.socket,
            at="listen",
            details=(
                ("port", port),
                ("made_by_program", owner.command),
                ("made_by_pid", owner.tgid),
                ("holder_fd", fd),
            ),
        )
        return self._of(found, group, fd)

    def _of(self, found: Finding, group: ThreadGroup, fd: int) -> Finding:
        """The finding as one about the process that inherited the socket."""
        place = f"{found.at}:{group.id}"
        return found._replace(
            id=f"{self.context.trace}:{self.id}:{place}",
            process=process_ref(self.context, group, group.tids[0] if group.tids else None),
            fd=fd,
        )

    # its words

    @classmethod
    def summary(cls, case: Case) -> str:
        port, fd = case.sample.detail("port"), case.sample.detail("holder_fd")
        if case.cause == "connection":
            maker = case.sample.detail("made_by_program") or "the program that made it"
            to = case.sample.detail("peer") or "its peer"
            return (
                f"{case.who} keeps the connection to {to} open on fd {fd}, which {maker} has closed"
            )
        where = f" on port {port}" if port else ""
        return f"{case.who} keeps a listener{where} open on fd {fd} and never uses it"

    @classmethod
    def why(cls, case: Case) -> tuple[str, ...]:
        program, pid = case.sample.detail("made_by_program"), case.sample.detail("made_by_pid")
        name = f"{program or 'a process'} (pid {pid})" if pid else program or "another process"
        if case.cause == "connection":
            left, until = case.sample.detail("left_line"), case.sample.detail("until_line")
            end = f"to line {until:,}" if isinstance(until, int) else "to the end of the trace"
            return (
                f"It inherited the descriptor from {name} over execve(), without SOCK_CLOEXEC, and has "
                f"kept it open from line {left:,}, where the other process closed it, {end}.",
                "Until then the peer sees no end of the connection, and the local port stays in use.",
            )
        return (
            f"It inherited the descriptor from {name} over execve(), as it was made without SOCK_CLOEXEC.",
            "The port stays taken for as long as it runs, whatever becomes of the server.",
        )

    @classmethod
    def advice(cls, case: Case) -> Advice:
        if case.cause == "connection":
            made = "make the socket with SOCK_CLOEXEC, or close it in the child before execve()."
            end = "To end the connection at once, whoever has a copy: shutdown(2) before close()."
            return Advice("", (made, end))
        return Advice(
            "",
            (
                "make the listener with SOCK_CLOEXEC, or close it in the child before execve().",
                "SO_REUSEADDR does not help: the listener is alive.",
            ),
        )

    @classmethod
    def remark(cls, record: CallRecord, finding: Finding) -> str:
        if record.role == "socket" and "SOCK_CLOEXEC" not in record.text:
            return "without SOCK_CLOEXEC"
        return remark(record, finding)

    examples = (
        Flagged(
            "the server is gone, its helper lives and has the port",
            _server("70 +++ exited with 0 +++", "71 +++ exited with 0 +++"),
        ),
        Flagged("the trace ends, and it still has it", _server()),
        Flagged(
            "a connection is closed, and a helper that was started meanwhile keeps it",
            _client("70 {}00.6 close(3) = 0", "71 {}60.7 +++ exited with 0 +++"),
        ),
        Clean(
            "a helper that ends at the same time",
            _client("70 {}00.6 close(3) = 0", "71 {}00.7 +++ exited with 0 +++", mark=""),
        ),
        Clean(
            "a connection that is handed over: the helper ends it",
            _client(
                "70 {}00.6 close(3) = 0",
                "71 {}50.6 shutdown(3, SHUT_WR) = 0",
                "71 {}60.7 close(3) = 0",
                mark="",
            ),
        ),
        Clean(
            "SOCK_CLOEXEC",
            _server(
                "70 +++ exited with 0 +++",
                "71 +++ exited with 0 +++",
                kind="SOCK_STREAM|SOCK_CLOEXEC",
                mark="",
            ),
        ),
        Clean(
            "the helper is gone before the server",
            _server("71 +++ exited with 0 +++", "70 +++ exited with 0 +++", mark=""),
        ),
        Clean(
            "it was handed over on purpose: the program accepts on it",
            _server(
                '71 accept(3, {sa_family=AF_INET, sin_port=htons(50000), sin_addr=inet_addr("192.0.2.7")}, [16]) = 4',
                mark="",
            ),
        ),
    )


_AT_LEAST = 1.0
"""seconds by which a copy must outlive the maker's"""


def _is_outgoing(step: Step) -> bool:
    socket = step.socket
    return (
        socket.origin is Origin.CREATED
        and step.space == "TCP"
        and socket.connection is Connection.CONNECTED
    )


def _lasted(left: Step, end: Step) -> bool:
    """The copy outlived its maker's: one that ends together with it is nobody's fault. Without
    times, it must not have ended with its process."""
    before, after = left.event.seconds, end.event.seconds
    if before is None or after is None:
        return isinstance(left.event, Syscall) and isinstance(end.event, Syscall)
    return after - before >= _AT_LEAST
