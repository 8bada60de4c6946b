"""Counts, from steps: which processes made sockets, how each connected, and to how many
destinations."""

from __future__ import annotations

from collections.abc import Collection

from strace_analyzer.alike import with_one
from strace_analyzer.findings import Process
from strace_analyzer.kernel.doubts import Doubt
from strace_analyzer.kernel.objects import ThreadGroup
from strace_analyzer.kernel.socket_state import TCP, Binding, Connection, Origin, Outcome, Socket
from strace_analyzer.kernel.step import MAKING, Step

Peer = tuple[str | None, int | None]


class _Tally:
    __slots__ = (
        "address_bound", "connected", "destinations", "early_bound", "failed", "group", "no_port",
        "not_told", "sockets", "tcp_connections", "unknown_kind", "unread",
    )  # fmt: skip

    def __init__(self, group: ThreadGroup) -> None:
        self.group = group
        self.not_told = 0
        self.sockets = 0
        self.unknown_kind = 0
        self.tcp_connections = 0
        self.unread = 0
        self.early_bound = 0
        self.no_port = 0
        self.address_bound = 0
        self.connected = 0
        self.failed = 0
        self.destinations: Collection[Peer] = frozenset()


class Census:
    """The processes of one trace. `feed` every step with one of `roles`, then ask `processes`."""

    roles = frozenset({*MAKING, "connect", "outcome", "reset"}) - {"accept"}

    def __init__(self, trace: str) -> None:
        self._trace = trace
        self._tallies: dict[str, _Tally] = {}

    @property
    def tcp_connections(self) -> int:
        """Outgoing TCP connections so far, over all processes."""
        return sum(tally.tcp_connections for tally in self._tallies.values())

    @property
    def sockets(self) -> int:
        """Sockets so far that can be internet sockets, over all processes, without accepted
        ones."""
        return sum(tally.sockets + tally.unknown_kind for tally in self._tallies.values())

    @property
    def decoded(self) -> int:
        """Connections so far whose bind() strace decoded too, if there was one."""
        return sum(tally.tcp_connections - tally.unread for tally in self._tallies.values())

    def feed(self, step: Step) -> None:
        """Count what `step` did."""
        was, now = step.was, step.now
        if was is None:
            if now is not None and now.origin is not Origin.ACCEPTED:
                tally = self._tally(step)
                tally.sockets += now.domain is not None
                tally.unknown_kind += now.domain is None  # of a listener's number, for instance
            return
        if now is not None and (now.protocol in TCP or now.protocol is None):
            self._connection(self._tally(step), step.role, was, now)

    def processes(
        self, findings: dict[str, dict[str, int]], living: Collection[ThreadGroup]
    ) -> tuple[Process, ...]:
        """Every process with a socket, in order of first sight. `findings` counts them by process
        and rule; `living` are the processes whose end the trace does not show."""
        return tuple(
            Process(
                id=f"{self._trace}:{tally.group.id}",
                trace=self._trace,
                tgid=tally.group.tgid or None,
                tids=tuple(tid for tid in tally.group.tids if tid),
                parent=f"{self._trace}:{tally.group.parent.id}" if tally.group.parent else None,
                command=tally.group.command,
                argv=tally.group.argv,
                argv_truncated=tally.group.argv_truncated,
                programs=tuple(tally.group.programs),
                sockets=tally.sockets,
                tcp_connections=tally.tcp_connections,
                early_bound=tally.early_bound,
                connected=tally.connected,
                failed=tally.failed,
                destinations=len(tally.destinations),
                findings=findings.get(f"{self._trace}:{tally.group.id}", {}),
                no_port=tally.no_port,
                address_bound=tally.address_bound,
                not_told=tally.not_told,
                argv_cut=tally.group.argv_cut,
                has_ended=tally.group not in living,
            )
            for tally in self._tallies.values()
        )

    def _tally(self, step: Step) -> _Tally:
        group = step.description.group
        tally = self._tallies.get(group.id)
        if tally is None:
            tally = self._tallies[group.id] = _Tally(group)
        return tally

    def _connection(self, tally: _Tally, role: str, was: Socket, now: Socket) -> None:
        begins = role == "connect" and was.connection is Connection.UNCONNECTED
        if begins and now.peer is not None:
            tally.tcp_connections += 1
            tally.unread += Doubt.UNDECODED in now.doubts
            tally.destinations = with_one(tally.destinations, (now.peer.address, now.peer.port))
            if was.is_bound_early:
                tally.early_bound += 1
            elif was.binding in (Binding.EPHEMERAL, Binding.BOUND):
                is_told = Doubt.UNDECODED not in was.doubts
                tally.address_bound += is_told
                tally.not_told += not is_told
            elif was.binding is Binding.DEFERRED and not was.was_released:
                tally.no_port += 1
            elif _may_have_been_bound(was):
                tally.not_told += 1
        if now.outcome is not was.outcome or begins:
            if now.outcome is Outcome.CONNECTED:
                tally.connected += 1
            elif now.outcome is Outcome.FAILED:
                tally.failed += 1


_BEFORE_THE_TRACE = frozenset({Doubt.OLDER, Doubt.RECEIVED, Doubt.UNDECODED})


def _may_have_been_bound(was: Socket) -> bool:
    """True if the trace does not show whether the socket was bound: it was created before the trace
    or in another process, its bind() was not decoded, or getsockname() showed a port that no call
    in the trace asked for."""
    if was.binding is not Binding.UNBOUND or was.was_released:
        return False
    return not was.doubts.isdisjoint(_BEFORE_THE_TRACE) or was.assigned_port is not None
