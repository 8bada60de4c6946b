"""Takes steps, gives sockets' lives: each internet socket becomes one row when its last descriptor
is closed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from strace_analyzer.analysis.traffic import Traffics
from strace_analyzer.findings import Location, ProcessRef, SocketKind, SocketLife
from strace_analyzer.kernel.socket_state import Evidence, Options, Socket
from strace_analyzer.kernel.step import Step
from strace_analyzer.rules.evidence import Context, endpoint, local_address, process_ref, record
from strace_analyzer.trace.events import Syscall


class Lives:
    """The sockets of one trace, in order of first sight. With `keep` False it holds nothing."""

    def __init__(
        self,
        context: Context,
        keep: bool,
        traffics: Traffics,
        verdicts: Callable[[], Mapping[Location, tuple[str, ...]]],
    ) -> None:
        """`verdicts` gives the rules that flag a socket, by the lines of the flagged calls; it is
        called when all findings have been judged."""
        self._context = context
        self._keep = keep
        self._traffics = traffics
        self._verdicts = verdicts
        self._opened: dict[int, tuple[Step, Location]] = {}
        self._ended: dict[int, SocketLife] = {}

    def feed(self, step: Step) -> None:
        """Follow `step`'s socket."""
        if not self._keep:
            return
        key = step.description.id
        self._traffics.step(step)
        if step.was is None and key not in self._opened:
            span = step.event.span
            at = Location(self._context.source_name(span.source), span.first)
            self._opened[key] = (step, at)
        if step.now is None:
            self._ended[key] = self._life(key, step)

    def close(self) -> None:
        """The end of the trace: what is still open stays open."""
        for key, (step, _) in tuple(self._opened.items()):
            if not step.description.socket.is_inet:  # a later call showed this
                del self._opened[key]
                self._ended.pop(key, None)
            elif key not in self._ended:
                self._ended[key] = self._life(key, step.leading_to(step.description.socket))

    def __len__(self) -> int:
        return len(self._ended)

    def __iter__(self) -> Iterator[SocketLife]:
        verdicts = self._verdicts() if self._opened else {}
        for key in self._opened:
            life = self._ended[key]
            places = {Location(call.source, call.line) for call in life.trail} if verdicts else ()
            rules = {rule for place in places for rule in verdicts.get(place, ())}
            yield life._replace(verdict=tuple(sorted(rules))) if rules else life

    def _life(self, key: int, step: Step) -> SocketLife:
        first, opened = self._opened[key]
        socket = step.description.socket
        traffic = self._traffics.take(key)
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
            id=f"{self._context.trace}:{key}",
            fds=tuple(sorted(traffic.fds)),
            processes=tuple(sorted(f"{self._context.trace}:{id}" for id in traffic.processes)),
            options=_options(socket.options),
            history=traffic.history,
            bytes_sent=traffic.sent,
            bytes_received=traffic.received,
            closed_first=None if closed is None else traffic.closed_first,
            connect_seconds=traffic.connect_seconds,
            opened_seconds=self._context.since_start(first.event.seconds),
            closed_seconds=(
                None if closed is None else self._context.since_start(step.event.seconds)
            ),
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


_OPTIONS = {
    "no_port": "IP_BIND_ADDRESS_NO_PORT",
    "reuse_address": "SO_REUSEADDR",
    "reuse_port": "SO_REUSEPORT",
    "port_range": "IP_LOCAL_PORT_RANGE",
    "linger_zero": "SO_LINGER",
    "ipv6_only": "IPV6_V6ONLY",
    "transparent": "IP_TRANSPARENT",
}


def _options(options: Options) -> tuple[str, ...]:
    return tuple(name for field, name in _OPTIONS.items() if getattr(options, field))
