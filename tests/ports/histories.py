"""Build Steps as the tracker would yield them, from a few verbs, with real Socket values.

The tables of `kernel.transitions` decide the effect of a call, as in the tracker; no text is
parsed.
"""

from __future__ import annotations

from typing import NamedTuple

from strace_analyzer.exhaustion import Exhaustion
from strace_analyzer.kernel.objects import FdTable, OpenFileDescription, Task, ThreadGroup
from strace_analyzer.kernel.socket_state import (
    Binding,
    Connection,
    Ending,
    Evidence,
    Options,
    Origin,
    Outcome,
    Socket,
)
from strace_analyzer.kernel.step import Step
from strace_analyzer.kernel.transitions import BIND, PORT_AT_CONNECT, Request, release
from strace_analyzer.trace.events import Result, Span, Syscall
from strace_analyzer.trace.sockaddr import SocketAddress
from strace_analyzer.trace.values import Field, MacroCall, Name, Struct, Text, Value

DEFAULT = Options()
ANY = SocketAddress("AF_INET", "0.0.0.0", 0)


def at(address: str, port: int = 0) -> SocketAddress:
    """Return an internet address, of the family that its text shows."""
    return SocketAddress("AF_INET6" if ":" in address else "AF_INET", address, port)


class Call(NamedTuple):
    """A parsed call, as far as the later rooms inspect it."""

    name: str
    args: tuple[Value, ...]
    result: Result
    duration: float | None
    text: str = ""


def process(number: int, namespace: int = 0) -> Task:
    """Return a process with one thread."""
    return Task(number, ThreadGroup(str(number), number), FdTable(), namespace)


class History:
    """Makes Steps. `now` is the time of the next one, None for a trace without times."""

    def __init__(self, now: float | None = 0.0) -> None:
        self.now = now
        self.line = 0
        self._sockets = 0
        self.exhaustion = Exhaustion()

    def open(
        self,
        task: Task,
        *,
        domain: str = "AF_INET",
        protocol: str | None = "TCP",
        type: str | None = "SOCK_STREAM",
        origin: Origin = Origin.CREATED,
        options: Options = DEFAULT,
    ) -> Sock:
        """Create a socket; its step is the first of the result's `steps`."""
        socket = Socket(
            self._sockets, task.namespace, origin, domain, type, protocol, options=options
        )
        self._sockets += 1
        return Sock(self, task, OpenFileDescription(socket, task, 3))


class Sock:
    """A socket of a History; each verb returns the Step it made."""

    def __init__(self, history: History, task: Task, description: OpenFileDescription) -> None:
        self._history = history
        self._task = task
        self._description = description

    @property
    def socket(self) -> Socket:
        """The socket in its current state."""
        return self._description.socket

    def bind(self, address: SocketAddress = ANY, errno: str | None = None) -> Step:
        """Call bind(); with an error it changes nothing."""
        if errno is not None:
            return self.step("bind", self.socket, errno, args=(3, _struct(address)))
        request = Request.PORT if address.port else Request.ANY_PORT
        if self.socket.options.no_port and not address.port:
            request = Request.LATER
        return self.step(
            "bind",
            self.socket._replace(
                binding=BIND[self.socket.binding, request],
                local=address,
                connects=0,
                was_released=False,
            ),
        )

    def connect(
        self,
        to: SocketAddress,
        errno: str | None = None,
        duration: float | None = None,
        released: bool = False,
    ) -> Step:
        """Call connect(); with an error it fails, and `released` says whether it released the
        port."""
        was = self.socket
        now = was._replace(peer=to, connects=was.connects + 1)
        if errno == "EINPROGRESS":
            now = now._replace(
                binding=PORT_AT_CONNECT.get(was.binding, was.binding),
                connection=Connection.CONNECTING,
                outcome=Outcome.IN_PROGRESS,
            )
        elif errno is not None:
            now = now._replace(outcome=Outcome.FAILED)
            if released:
                evidence = (Evidence("bind", self._call("bind", None, (), None), 3),)
                now = release(now._replace(trail=evidence))._replace(trail=())
        else:
            now = now._replace(
                binding=PORT_AT_CONNECT.get(was.binding, was.binding),
                connection=Connection.CONNECTED,
                outcome=Outcome.CONNECTED,
            )
        return self.step("connect", now, errno, duration=duration)

    def settle(self, fine: bool) -> Step:
        """Read SO_ERROR after EINPROGRESS: connected, or failed and released."""
        if fine:
            now = self.socket._replace(connection=Connection.CONNECTED, outcome=Outcome.CONNECTED)
        else:
            now = release(self.socket)._replace(
                connection=Connection.UNCONNECTED, outcome=Outcome.FAILED
            )
        return self.step("outcome", now)

    def listen(self, errno: str | None = None) -> Step:
        """Call listen(); a socket without a port gets one."""
        if errno is not None:
            return self.step("listen", self.socket, errno)
        binding = PORT_AT_CONNECT.get(self.socket.binding, self.socket.binding)
        return self.step(
            "listen", self.socket._replace(binding=binding, connection=Connection.LISTENING)
        )

    def name(self, address: str) -> Step:
        """Call getsockname(), which shows the address chosen by the route."""
        return self.step("getsockname", self.socket._replace(local=at(address, 40000)))

    def eof(self) -> Step:
        """The peer closes first."""
        return self.step("eof", self.socket._replace(ending=Ending.PEER_CLOSED))

    def disconnect(self) -> Step:
        """connect(AF_UNSPEC), RST, or shutdown() after the peer's end: the port is released."""
        now = release(self.socket)._replace(connection=Connection.UNCONNECTED)
        return self.step("release", now)

    def send(self, errno: str) -> Step:
        """A first send fails."""
        return self.step("send", self.socket, errno)

    def close(self) -> Step:
        """The last descriptor is closed."""
        return self.step("close", None)

    def step(
        self,
        role: str,
        now: Socket | None,
        errno: str | None = None,
        *,
        duration: float | None = None,
        args: tuple[Value, ...] = (),
    ) -> Step:
        """Make any step: the socket becomes `now`."""
        was = self.socket
        if now is not None:
            self._description.socket = now
        event = self._call(role, errno, args, duration)
        step = Step(event, role, self._task, 3, self._description, was, now)
        self._history.exhaustion.judge(step)
        return step

    def _call(
        self, name: str, errno: str | None, args: tuple[Value, ...], duration: float | None
    ) -> Syscall:
        history = self._history
        history.line += 1
        result = Result(0 if errno is None else -1, errno)
        time = None if history.now is None else str(history.now)
        return Syscall(
            self._task.tid,
            time,
            history.now,
            Call(name, args, result, duration),
            Span(0, history.line, history.line),
        )


def _struct(address: SocketAddress) -> Struct:
    """`{sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}`."""
    text = Text((address.address or "").encode())
    return Struct(
        (
            Field("sa_family", Name("AF_INET")),
            Field("sin_port", MacroCall("htons", (address.port or 0,))),
            Field("sin_addr", MacroCall("inet_addr", (text,))),
        )
    )


__all__ = ["ANY", "Binding", "Call", "History", "Sock", "at", "process"]
