"""What the rules, and all who describe a trace, may ask about it while it is followed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from strace_analyzer.analysis.holding import closed_on_exec, closing, held
from strace_analyzer.analysis.settings import Settings
from strace_analyzer.kernel import Tracker
from strace_analyzer.kernel.destination import Destination
from strace_analyzer.kernel.objects import Shown, ThreadGroup
from strace_analyzer.kernel.socket_state import Socket
from strace_analyzer.kernel.time_wait import gives_again
from strace_analyzer.machine import Listing
from strace_analyzer.ports import PortLedger
from strace_analyzer.ports.port_range import PortRange, narrowed
from strace_analyzer.rules.evidence import Held
from strace_analyzer.rules.traffic import Traffic


class TraceContext:
    """The answers to rules.evidence.Context for one trace."""

    def __init__(
        self,
        id: str,
        source_names: Sequence[str],
        settings: Settings,
        port_range: PortRange,
        tracker: Tracker,
        ledger: PortLedger,
    ) -> None:
        self.trace = id
        self.now: float | None = None
        """seconds of the latest step; the corridor sets it"""
        self.start: float | None = None
        """the first time that the trace shows; the corridor sets it"""
        self.traffic = Traffic()
        self.port_state = ledger.of
        self._source_names = source_names
        self._range = port_range
        self._tracker = tracker
        self._tw_reuse = settings.tw_reuse
        self._machine = settings.machine
        self._ask_machine = settings.ask_machine

    def source_name(self, source: int) -> str:
        """The name of a source of this trace, as the user gave it."""
        return self._source_names[source]

    def since_start(self, seconds: float | None) -> float | None:
        """Seconds since the first time that the trace shows."""
        if seconds is None or self.start is None:
            return None
        return round(seconds - self.start, 6)

    def port_range(self, namespace: int) -> tuple[int, int]:
        """The ephemeral range that is assumed to be in force."""
        return self._range.low, self._range.high

    def limit(self, socket: Socket) -> tuple[int, int] | None:
        """The range to which IP_LOCAL_PORT_RANGE limits `socket`, or None."""
        if socket.options.port_range is None:
            return None
        part = narrowed(self._range, socket.options.port_range)
        return (part.low, part.high) if part.size < self._range.size else None

    def gives_again(self, to: Destination) -> bool:
        """connect() to this destination reuses ports in TIME_WAIT after a second."""
        return gives_again(self._tw_reuse, to)

    def held(self, namespace: int, port: int | None = None) -> Iterator[Held]:
        """Who has open sockets in a network namespace: all of them, or those with this local
        port."""
        return held(self._tracker.tasks, namespace, port)

    def closing(self, namespace: int, port: int) -> Iterator[Held]:
        """Whose close() of a socket with this local port is under way."""
        return closing(self._tracker.closing(), namespace, port)

    def closed_on_exec(self, namespace: int, port: int) -> Iterator[Held]:
        """Who would still have such sockets if the FD_CLOEXEC flag, by which execve() closed them,
        was cleared unseen."""
        return closed_on_exec(self._tracker.tasks, namespace, port)

    def is_running(self, group: ThreadGroup) -> bool:
        """The trace, as far as it was read, does not show the end of this process."""
        return any(task.group is group for task in self._tracker.tasks)

    def shown(self, namespace: int, protocol: str | None, port: int) -> Shown | None:
        """A socket with this local port that is known only by a descriptor's note."""
        return self._tracker.shown.get((namespace, protocol, port))

    @property
    def machine(self) -> Listing | None:
        """The sockets of the traced machine, if there is a list of them; this machine is asked only
        once."""
        if self._machine is None and self._ask_machine is not None:
            self._machine = self._ask_machine() or Listing(())
        return self._machine
