"""Sockets' lives, from steps: each internet socket folded into one row when its last descriptor
goes."""

from __future__ import annotations

from collections.abc import Iterator

from strace_analyzer.findings import Location, ProcessRef, SocketKind, SocketLife
from strace_analyzer.kernel.socket_state import Evidence, Socket
from strace_analyzer.kernel.step import Step
from strace_analyzer.rules.evidence import Context, endpoint, local_address, process_ref, record
from strace_analyzer.trace.events import Syscall


class Lives:
    """The sockets of one trace, in order of first sight. Off (`keep` False), it holds nothing."""

    def __init__(self, context: Context, keep: bool) -> None:
        self._context = context
        self._keep = keep
        self._opened: dict[int, tuple[Step, Location]] = {}
        self._ended: dict[int, SocketLife] = {}

    def feed(self, step: Step) -> None:
        """Follow `step`'s socket."""
        if not self._keep:
            return
        key = step.description.id
        if step.was is None and key not in self._opened:
            span = step.event.span
            at = Location(self._context.source_name(span.source), span.first)
            self._opened[key] = (step, at)
        if step.now is None:
            self._ended[key] = self._life(key, step)

    def close(self) -> None:
        """The end of the trace: what is still open stays open."""
        for key, (step, _) in self._opened.items():
            if key not in self._ended:
                self._ended[key] = self._life(key, step._replace(now=step.description.socket))

    def __len__(self) -> int:
        return len(self._ended)

    def __iter__(self) -> Iterator[SocketLife]:
        for key in self._opened:
            yield self._ended[key]

    def _life(self, key: int, step: Step) -> SocketLife:
        first, opened = self._opened[key]
        socket = step.description.socket
        closed = None
        if step.now is None:
            span = step.event.span
            closed = Location(self._context.source_name(span.source), span.first)
        return SocketLife(
            trace=self._context.trace,
            process=self._process(first),
            fd=first.fd,
            socket=SocketKind(socket.domain, socket.type, socket.protocol),
            namespace=socket.namespace,
            origin=socket.origin.value,
            binding=socket.binding.value,
            connection=socket.connection.value,
            outcome=socket.outcome,
            local=local_address(socket),
            peer=endpoint(socket.peer),
            opened=opened,
            closed=closed,
            seconds_open=self._seconds(first, step),
            trail=self._trail(socket, step),
        )

    def _process(self, first: Step) -> ProcessRef:
        tid = first.event.tid
        return process_ref(self._context, first.description.group, tid or None)

    def _seconds(self, first: Step, last: Step) -> float | None:
        begin, end = first.event.seconds, last.event.seconds
        if begin is None or end is None or last.now is not None:
            return None
        return round(end - begin, 6)

    def _trail(self, socket: Socket, step: Step) -> tuple:  # type: ignore[type-arg]
        trail = [record(self._context, item) for item in socket.trail]
        if step.now is None and isinstance(step.event, Syscall):
            trail.append(record(self._context, Evidence("close", step.event, step.fd)))
        return tuple(trail)
