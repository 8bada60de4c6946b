"""What was sent over each socket, and what happened to it in which order: takes the calls before
the model does, and the model's steps, gives a Traffic for each socket.

A history is a string as in Zeek: one letter for each kind of event, in order, upper case for ours
and lower case for the peer's as far as our calls show them. docs/events.md lists them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from strace_analyzer.kernel.arguments import argument
from strace_analyzer.kernel.data_calls import RECEIVING, SENDING
from strace_analyzer.kernel.socket_state import Outcome
from strace_analyzer.kernel.step import Step
from strace_analyzer.kernel.tasks import Tasks
from strace_analyzer.trace.constants import MSG_FLAGS, includes
from strace_analyzer.trace.events import Syscall
from strace_analyzer.trace.values import Array, Struct, Value, plain

_FLAGS = {"recv": 3, "recvfrom": 3, "recvmsg": 2, "recvmmsg": 3}
_LETTERS = {
    "socket": "S", "accept": "A", "inherited": "I", "bind": "B", "listen": "L", "connect": "C",
    "shutdown": "H", "eof": "f", "reset": "r",
}  # fmt: skip
_LONGEST = 64


@dataclass(slots=True)
class SocketTraffic:
    """The traffic of one socket. Byte counts are None if no call that moves data was seen."""

    history: str = ""
    sent: int | None = None
    received: int | None = None
    fds: set[int] = field(default_factory=set)
    processes: set[str] = field(default_factory=set)
    connecting_since: float | None = None
    connect_seconds: float | None = None

    def note(self, letter: str) -> None:
        """Add an event; a repetition is noted once, data once per direction."""
        if len(self.history) >= _LONGEST:
            return
        tail = self.history[len(self.history.rstrip("Dd")) :] if letter in "Dd" else ""
        if letter not in tail and not self.history.endswith(letter):
            self.history += letter

    @property
    def closed_first(self) -> str | None:
        """`us`, `peer` or `unknown`; None if there was no connection, or it is still open."""
        if "c" not in self.history and "A" not in self.history:
            return None
        for letter in self.history:
            if letter in "fr":
                return "peer"
            if letter in "HF":  # an end of file that was never read would not show
                return "us" if self.received is not None else "unknown"
        return None


class Traffics:
    """The traffic of one trace's sockets, by the ids of their descriptions."""

    def __init__(self, tasks: Tasks) -> None:
        self._tasks = tasks
        self._of: dict[int, SocketTraffic] = {}

    def take(self, key: int) -> SocketTraffic:
        """What is known of a socket, removed from here: its key may belong to another from now
        on."""
        return self._of.pop(key, None) or SocketTraffic()

    def call(self, call: Syscall) -> None:
        """A call that may move data; call this before the model takes it in."""
        name = call.name
        is_sent = name in SENDING
        row = SENDING.get(name) or RECEIVING.get(name)
        if row is None:
            return
        task = self._tasks.by_tid.get(call.tid)
        if task is None or not task.table.slots:
            return
        fd = row.descriptor(call, task.table.slots)
        held = None if fd is None or not fd.may_be_socket else task.table.slots.get(fd.fd)
        if fd is None or held is None:
            return
        traffic = self._at(held.description.id)
        traffic.fds.add(fd.fd)
        traffic.processes.add(task.group.id)
        moved = _moved(call)
        if is_sent:
            traffic.sent = (traffic.sent or 0) + moved
        else:
            traffic.received = (traffic.received or 0) + moved
        if moved:
            if traffic.connecting_since is not None:
                self._connected(traffic, call)
            traffic.note("D" if is_sent else "d")

    def step(self, step: Step) -> None:
        """What a call did to a socket; call this before the socket's life is folded."""
        traffic = self._at(step.description.id)
        traffic.fds.add(step.fd)
        traffic.processes.add(step.task.group.id)
        if step.now is None:
            traffic.note("F")
            return
        call = step.event
        if step.role in _LETTERS and (step.errno is None or step.role in ("connect", "reset")):
            traffic.note(_LETTERS[step.role])
        if step.role == "connect" and isinstance(call, Syscall):
            traffic.connecting_since = call.seconds
        was = Outcome.NONE if step.was is None else step.was.outcome
        if step.now.outcome is not was or step.role == "connect":
            if step.now.outcome is Outcome.CONNECTED and isinstance(call, Syscall):
                self._connected(traffic, call)
            elif step.now.outcome is Outcome.FAILED:
                traffic.connecting_since = None
                traffic.note("x")

    def _at(self, key: int) -> SocketTraffic:
        traffic = self._of.get(key)
        if traffic is None:
            traffic = self._of[key] = SocketTraffic()
        return traffic

    def _connected(self, traffic: SocketTraffic, call: Syscall) -> None:
        since, traffic.connecting_since = traffic.connecting_since, None
        traffic.note("c")
        if since is None or call.seconds is None:
            return
        end = call.seconds
        if call.name == "connect":
            if call.elapsed is None:
                return
            end += call.elapsed
        traffic.connect_seconds = round(end - since, 6)


def _moved(call: Syscall) -> int:
    """How many bytes the call moved out of or into the socket's buffers."""
    value = call.result.value
    if call.result.failed or value is None or value <= 0:
        return 0
    flags = argument(call.args, _FLAGS.get(call.name, 99))
    if flags is not None and includes(flags, "MSG_PEEK", MSG_FLAGS):
        return 0  # the data stays there
    if call.name in ("sendmmsg", "recvmmsg"):
        return _of_messages(argument(call.args, 1), value)
    return value


def _of_messages(messages: Value | None, count: int) -> int:
    """The sum of msg_len over the first `count` messages, as the kernel sets it."""
    inner = None if messages is None else plain(messages)
    if not isinstance(inner, Array):
        return 0
    total = 0
    for item in inner.items[:count]:
        message = plain(item)
        length = message.get("msg_len") if isinstance(message, Struct) else None
        total += length if isinstance(length, int) else 0
    return total
