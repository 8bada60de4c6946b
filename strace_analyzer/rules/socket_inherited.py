"""Flags listeners that a program inherited over execve() and never uses, while they keep a port busy."""

from __future__ import annotations

from collections.abc import Iterable

from strace_analyzer.findings import CallRecord, Finding, Level
from strace_analyzer.kernel.objects import ThreadGroup
from strace_analyzer.kernel.socket_state import Connection
from strace_analyzer.kernel.step import Step
from strace_analyzer.rules.evidence import Context, process_ref
from strace_analyzer.rules.remarks import remark
from strace_analyzer.rules.rule import Clean, Flagged, Rule
from strace_analyzer.rules.words import Advice, Case

STANDARD = 3
"""Descriptors below it are given to a program on purpose: inetd serves on 0 to 2."""


class SocketInherited(Rule):
    """A program keeps another program's listener open, and does not know it.

    What it flags:
        A listening socket that a child process kept over execve(), since it was made without
        SOCK_CLOEXEC, and never accepted on: where the child is the last that holds it, or still has it
        as the trace ends.

    Why it matters:
        The port stays taken as long as the child lives. When the server is restarted, its bind() fails
        with EADDRINUSE, and clients that connect meanwhile are never answered.

    What to do instead:
        Make the socket with SOCK_CLOEXEC (Python and Go do; SO_REUSEADDR does not help here), or close
        it in the child before execve(): close_range(2), Popen(close_fds=True).

    When it is fine:
        When the listener is handed over on purpose (socket activation) and used later.

    References:
        execve(2), socket(2) SOCK_CLOEXEC; docs/kernel.md "A port that is taken".
    """

    id = "socket-inherited"
    title = "a listener inherited over execve() and not used"
    level = Level.NOTE
    roles = frozenset({"accept", "close", "listen"})

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._listeners: dict[int, Step] = {}
        """by description: the listen() that succeeded"""
        self._serving: set[ThreadGroup] = set()
        """processes that have accepted a connection"""

    def step(self, step: Step) -> Iterable[Finding]:
        id = step.description.id
        if step.role == "listen":
            if step.errno is None:
                self._listeners[id] = step
            return
        if step.role == "accept":
            self._serving.add(step.task.group)
            return
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

    def _is_idle(self, listened: Step, group: ThreadGroup) -> bool:
        """Another program than the one that listens, and it has accepted nothing."""
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
        where = f" on port {port}" if port else ""
        return f"{case.who} keeps a listener{where} open on fd {fd} and never uses it"

    @classmethod
    def why(cls, case: Case) -> tuple[str, ...]:
        program, pid = case.sample.detail("made_by_program"), case.sample.detail("made_by_pid")
        name = f"{program or 'a process'} (pid {pid})" if pid else program or "another process"
        return (
            f"It inherited the descriptor from {name} over execve(): without SOCK_CLOEXEC.",
            "The port stays taken as long as it lives, whatever becomes of the server.",
        )

    @classmethod
    def advice(cls, case: Case) -> Advice:
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
            """
            70 execve("/bin/server", ["server"], 0x7ffd1 /* 3 vars */) = 0
            70 socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3
            70 bind(3, {sa_family=AF_INET, sin_port=htons(6140), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
            70 listen(3, 5) = 0 #!
            70 clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD, child_tidptr=0x7f1) = 71
            71 execve("/bin/helper", ["helper"], 0x7ffd1 /* 3 vars */) = 0
            70 +++ exited with 0 +++
            71 +++ exited with 0 +++
            """,
        ),
        Flagged(
            "the trace ends, and it still has it",
            """
            70 execve("/bin/server", ["server"], 0x7ffd1 /* 3 vars */) = 0
            70 socket(AF_INET6, SOCK_STREAM, IPPROTO_IP) = 3
            70 bind(3, {sa_family=AF_INET6, sin6_port=htons(6140), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "::", &sin6_addr), sin6_scope_id=0}, 28) = 0
            70 listen(3, 5) = 0 #!
            70 clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD, child_tidptr=0x7f1) = 71
            71 execve("/bin/helper", ["helper"], 0x7ffd1 /* 3 vars */) = 0
            """,
        ),
        Clean(
            "SOCK_CLOEXEC",
            """
            70 execve("/bin/server", ["server"], 0x7ffd1 /* 3 vars */) = 0
            70 socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 3
            70 bind(3, {sa_family=AF_INET, sin_port=htons(6140), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
            70 listen(3, 5) = 0
            70 clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD, child_tidptr=0x7f1) = 71
            71 execve("/bin/helper", ["helper"], 0x7ffd1 /* 3 vars */) = 0
            70 +++ exited with 0 +++
            71 +++ exited with 0 +++
            """,
        ),
        Clean(
            "the helper is gone before the server",
            """
            70 execve("/bin/server", ["server"], 0x7ffd1 /* 3 vars */) = 0
            70 socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3
            70 bind(3, {sa_family=AF_INET, sin_port=htons(6140), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
            70 listen(3, 5) = 0
            70 clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD, child_tidptr=0x7f1) = 71
            71 execve("/bin/helper", ["helper"], 0x7ffd1 /* 3 vars */) = 0
            71 +++ exited with 0 +++
            70 +++ exited with 0 +++
            """,
        ),
        Clean(
            "it was handed over on purpose: the program accepts on it",
            """
            70 execve("/bin/activator", ["activator"], 0x7ffd1 /* 3 vars */) = 0
            70 socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3
            70 bind(3, {sa_family=AF_INET, sin_port=htons(6140), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
            70 listen(3, 5) = 0
            70 clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD, child_tidptr=0x7f1) = 71
            71 execve("/bin/server", ["server"], 0x7ffd1 /* 3 vars */) = 0
            71 accept(3, {sa_family=AF_INET, sin_port=htons(50000), sin_addr=inet_addr("192.0.2.7")}, [16]) = 4
            """,
        ),
    )
